"""Who wrote: hidden when they asked for it, and shown unmasked for a purpose only.

Each look at a citizen's contact leaves one audit entry with its purpose, each refusal one with its
reason (DESIGN invariants 9 and 10; 信访工作条例 第四十六条（五）).
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import Select, and_, select, update
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.errors import MessageNotFound, PurposeInvalid, ReasonMissing, RevealRefused
from minsheng.cases.ledger import Wish, case_event
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.search import index_cases
from minsheng.cases.sight import PLAIN, Sight, in_sight
from minsheng.intake.confidential import hide_person
from minsheng.intake.messages import open_citizen
from minsheng.intake.models import Message
from minsheng_sdk import Citizen
from minsheng_tenants import tenant_of

PURPOSES = ("contact", "visit", "verify", "deliver", "other")
"""What a contact is looked at for: 联系核实情况, 上门办理, 核对是否同一人, 送达答复, 其他."""
LONGEST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why a contact is looked at: one of PURPOSES, and words of one's own (for ``other``, must)."""

    kind: str
    words: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.words.strip()}" if self.words.strip() else self.kind


def reveal_citizen(
    session: Session,
    tools: Tools,
    actor: Actor,
    viewer: Sight,
    message_id: uuid.UUID,
    purpose: Purpose,
) -> Citizen:
    """The name, telephone and mail address of a message's citizen, unmasked, this once.

    The caller holds ``citizens.read`` (pages) or ``citizens:read`` (API); where the citizen or
    another message of the case asks for secrecy, ``viewer`` needs ``confidential`` too. Raises
    PurposeInvalid, MessageNotFound or RevealRefused; the last is kept in the audit trail.
    """
    check_purpose(purpose)
    message, case_id = _message(session, message_id, viewer)
    secret = people_in_secret(session, case_id)
    if is_confidential(message, secret) and not viewer.confidential:
        with tools.database.session(tenant_of(session)) as own:
            result = f"refused: confidential; {purpose}"
            tools.auditor.record(own, actor, "citizen.reveal", "message", message_id, result=result)
        text = "this citizen asked not to be named: ask those who work on petitions"
        raise RevealRefused(text)
    cipher = tools.keyring.cipher(message.tenant_id)
    result = str(purpose)
    tools.auditor.record(session, actor, "citizen.reveal", "message", message_id, result=result)
    return open_citizen(cipher, message.id, message.citizen)


def mark_confidential(session: Session, tools: Tools, wish: Wish, message_id: uuid.UUID) -> None:
    """Note that a message's citizen asks not to be named; raises MessageNotFound."""
    _set_confidential(session, tools, wish, message_id, confidential=True)


def unmark_confidential(session: Session, tools: Tools, wish: Wish, message_id: uuid.UUID) -> None:
    """Take the mark away, with a reason; for those who may see who wrote.

    Raises ReasonMissing, MessageNotFound or RevealRefused.
    """
    if not wish.reason.strip():
        text = "say why this citizen needs no secrecy any more"
        raise ReasonMissing(text)
    if not wish.sight.confidential:
        text = "who may not know the citizen cannot lift the secrecy: ask those who may"
        raise RevealRefused(text)
    _set_confidential(session, tools, wish, message_id, confidential=False)


def people_in_secret(session: Session, case_id: uuid.UUID | None) -> frozenset[tuple[str, bytes]]:
    """The blind indexes of those whose message in this case asks for secrecy.

    Another message of the same person in the case would name the one who asked, so it is hidden
    like theirs.
    """
    if case_id is None:
        return frozenset()
    told = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    chosen: Select[bytes, bytes, bytes, bytes | None, bytes | None] = (
        select(*_INDEXES)
        .join(CaseMessage, told)
        .where(CaseMessage.case_id == case_id, Message.confidential.is_(True))
    )
    found = set[tuple[str, bytes]]()
    for row in session.execute(chosen):
        found |= _told_of(*row)
        if row.surname_ix:
            # A bare surname (张先生) may be that of the one who asked, so it hides too.
            found.add(("called", bytes(row.surname_ix)))
    return frozenset(found)


def is_confidential(message: Message, secret: frozenset[tuple[str, bytes]]) -> bool:
    """Whether its citizen asked for secrecy here or in another message of the same case."""
    return message.confidential or bool(
        secret
        & _told_of(
            message.phone_ix,
            message.email_ix,
            message.name_ix,
            message.phone_part_ix,
            message.surname_ix,
        )
    )


_INDEXES = (
    Message.phone_ix,
    Message.email_ix,
    Message.name_ix,
    Message.phone_part_ix,
    Message.surname_ix,
)


def _told_of(
    phone: bytes, email: bytes, name: bytes, part: bytes | None, surname: bytes | None
) -> set[tuple[str, bytes]]:
    """What a message tells of its citizen: the surname counts where it stands alone (张先生)."""
    kinds = ("phone", "email", "name", "part", "called")
    told = zip(kinds, (phone, email, name, part, b"" if name else surname), strict=True)
    return {(kind, bytes(index)) for kind, index in told if index}


def _set_confidential(
    session: Session, tools: Tools, wish: Wish, message_id: uuid.UUID, *, confidential: bool
) -> None:
    message, case_id = _message(session, message_id, wish.sight)
    if message.confidential == confidential:
        return
    session.execute(
        update(Message).where(Message.id == message_id).values(confidential=confidential)
    )
    verb = "confidential" if confidential else "not_confidential"
    if case_id is not None:
        data = {"message": str(message_id), "reason": wish.reason}
        session.add(case_event(tools.clock.now(), wish.actor, case_id, verb, data))
        _hide_subject(session, case_id)
        session.flush()
        index_cases(session, [case_id])
    tools.auditor.record(session, wish.actor, f"message.{verb}", "message", message_id)


def _hide_subject(session: Session, case_id: uuid.UUID) -> None:
    """A case's subject is that of its first message, so a name goes from it too, for good."""
    case = session.scalars(select(Case).where(Case.id == case_id)).one()
    case.subject = hide_person(case.subject)


def _message(
    session: Session, message_id: uuid.UUID, sight: Sight = PLAIN
) -> tuple[Message, uuid.UUID | None]:
    """The message and its case; one that is not matched yet shows to nobody but who may see all."""
    place = and_(CaseMessage.tenant_id == Message.tenant_id, CaseMessage.message_id == Message.id)
    here = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    chosen = select(Message, Case.id).outerjoin(CaseMessage, place).outerjoin(Case, here)
    wanted = [] if sight.confidential else [Case.id.is_not(None), *in_sight(sight)]
    row = session.execute(chosen.where(Message.id == message_id, *wanted)).one_or_none()
    if row is None:
        text = "this office has no such message: open its case again"
        raise MessageNotFound(text)
    return row[0], row[1]


def check_purpose(purpose: Purpose) -> None:
    """Raise PurposeInvalid for a purpose that is none of PURPOSES, or too long or missing words."""
    if purpose.kind not in PURPOSES:
        text = f"a contact is shown for a purpose only: use one of {', '.join(PURPOSES)}"
        raise PurposeInvalid("purpose", text)
    words = purpose.words.strip()
    if purpose.kind == "other" and len(words) < 2:
        text = "say in a few words what the contact is needed for"
        raise PurposeInvalid("words", text)
    if len(words) > LONGEST_WORDS or not purpose.words.isprintable():
        text = f"use at most {LONGEST_WORDS} printable characters"
        raise PurposeInvalid("words", text)
