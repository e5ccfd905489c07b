"""Finding a reply with its case, showing it, and keeping what was refused."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.errors import CaseError
from minsheng.cases.models import Case
from minsheng.cases.service import PLAIN, Sight, find_case
from minsheng.cases.sight import in_sight
from minsheng.replies.errors import ReplyError, ReplyNotFound
from minsheng.replies.models import Reply, ReplyWarning
from minsheng.replies.policy import cited_by
from minsheng.replies.records import Cited, PublicReply, ReplyView, Warned
from minsheng_tenants import tenant_of

PRIVATE = "replies.private_text"
_SHOWN = (
    "id", "round", "kind", "corrects", "state", "official", "version", "public_text", "flags",
    "source", "note", "drafted_by", "drafted_at", "changed_by", "changed_at", "submitted_by",
    "submitted_at", "approved_by", "approved_at",
)  # fmt: skip


@contextmanager
def refusals_kept(
    session: Session, tools: Tools, actor: Actor, action: str, object_id: uuid.UUID | str
) -> Iterator[None]:
    """Leave one audit entry when the block is refused, though its transaction is rolled back."""
    try:
        yield
    except (ReplyError, CaseError) as error:
        with tools.database.session(tenant_of(session)) as own:
            result = f"refused: {type(error).__name__}"
            tools.auditor.record(own, actor, action, "reply", object_id, result=result)
        raise


def find_reply(session: Session, reply_id: uuid.UUID, sight: Sight = PLAIN) -> tuple[Reply, Case]:
    """A reply and the case it was written for; raises ReplyNotFound, out of sight too."""
    here = and_(Case.tenant_id == Reply.tenant_id, Case.id == Reply.case_id)
    chosen = select(Reply, Case).join(Case, here).where(Reply.id == reply_id, *in_sight(sight))
    row = session.execute(chosen).one_or_none()
    if row is None:
        message = "this office has no such reply: open its case again"
        raise ReplyNotFound(message)
    return row[0], row[1]


def private_text_of(tools: Tools, reply: Reply) -> str:
    """The sealed part of a reply in the clear."""
    cipher = tools.keyring.cipher(reply.tenant_id)
    return cipher.open_text(PRIVATE, reply.id, reply.private_text)


def seal_private(tools: Tools, tenant_id: int, reply_id: uuid.UUID, text: str) -> bytes | None:
    """A private text as it is stored; nothing for an empty one."""
    return tools.keyring.cipher(tenant_id).seal(PRIVATE, reply_id, text) if text else None


def shown(
    session: Session,
    tools: Tools,
    reply: Reply,
    number: str,
    sight: Sight = PLAIN,
    *,
    cites: Sequence[Cited] | None = None,
    warnings: Sequence[Warned] | None = None,
) -> ReplyView:
    """A reply as its page shows it, with what it cites and the warnings about it.

    Who has read ``cites`` or ``warnings`` already gives them along, and they are not asked for.
    """
    values = {name: getattr(reply, name) for name in _SHOWN}
    return ReplyView(
        case=number,
        private_text=private_text_of(tools, reply),
        cites=cited_by(session, reply.id) if cites is None else cites,
        warnings=warnings_of(session, reply.id, sight) if warnings is None else warnings,
        **values,
    )


def replies_of(
    session: Session, tools: Tools, number: str, sight: Sight = PLAIN
) -> list[ReplyView]:
    """Every reply written for a case, oldest first; raises CaseNotFound."""
    case = find_case(session, number, sight)
    chosen = select(Reply).where(Reply.case_id == case.id).order_by(Reply.id)
    return [shown(session, tools, each, number, sight) for each in session.scalars(chosen)]


def reply_view(
    session: Session, tools: Tools, reply_id: uuid.UUID, sight: Sight = PLAIN
) -> ReplyView:
    """One reply; raises ReplyNotFound."""
    reply, case = find_reply(session, reply_id, sight)
    return shown(session, tools, reply, case.number, sight)


def warnings_of(session: Session, reply_id: uuid.UUID, sight: Sight) -> Sequence[Warned]:
    """The earlier answers in sight that say something else than this one."""
    theirs = and_(Reply.tenant_id == ReplyWarning.tenant_id, Reply.id == ReplyWarning.other_id)
    here = and_(Case.tenant_id == Reply.tenant_id, Case.id == Reply.case_id)
    chosen = select(ReplyWarning, Reply, Case.number).join(Reply, theirs).join(Case, here)
    wanted = ReplyWarning.reply_id == reply_id, *in_sight(sight)
    return [
        Warned(other.id, number, other.public_text, other.approved_at, warning.differs,
               warning.acknowledged_by)
        for warning, other, number in session.execute(chosen.where(*wanted).order_by(Reply.id))
    ]  # fmt: skip


def official_reply_of(
    session: Session, case_id: uuid.UUID, round_: int | None = None
) -> Reply | None:
    """The official reply in force of a case: of a round, or of the latest that has one."""
    chosen = select(Reply).where(Reply.case_id == case_id, Reply.official.is_(True))
    if round_ is not None:
        chosen = chosen.where(Reply.round == round_)
    return session.scalars(chosen.order_by(Reply.round.desc()).limit(1)).one_or_none()


def public_reply_of(session: Session, case_id: uuid.UUID) -> PublicReply | None:
    """What everybody may read of a case's answer: never the private part."""
    reply = official_reply_of(session, case_id)
    if reply is None or reply.approved_at is None:
        return None
    cites = cited_by(session, reply.id)
    return PublicReply(reply.id, reply.kind, reply.public_text, cites, reply.approved_at)
