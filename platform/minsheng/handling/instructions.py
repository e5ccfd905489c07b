"""Leaders' instructions (批示): signed once, never changed, followed up until they are done.

The signature is an HMAC-SHA-256 over office, case, message, person, words and moment, with a key
of the service that lies outside the database (as each audit entry has its seal). The words are
sealed with the office's key; a trigger of the database refuses to change or delete them.
"""

import hashlib
import hmac
import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from minsheng.accounts.models import User
from minsheng.audit import Tools
from minsheng.cases.ledger import case_event, lock_case
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.service import PLAIN, Sight, Wish, find_case
from minsheng.handling.handover_models import FollowUp, Instruction
from minsheng.handling.handovers_errors import HandoverConflict, InstructionNotFound, OrderInvalid
from minsheng.intake.models import Message
from minsheng.intake.text import clean_text
from minsheng.runtime.crypto import FieldCipher
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

BODY, DONE_WORDS, WORDS = (
    "instructions.body",
    "instructions.done_words",
    "instruction_follow_ups.words",
)
LONGEST = 2000
"""Characters of an instruction, and of each word about what became of it."""
_OPEN, _DONE = "open", "done"


@dataclass(frozen=True, slots=True)
class FollowUpView:
    """What somebody did about an instruction."""

    id: uuid.UUID
    at: datetime
    actor: str
    words: str


@dataclass(frozen=True, slots=True)
class InstructionView:
    """An instruction in clear; ``genuine`` says whether its signature holds."""

    id: uuid.UUID
    leader: str
    leader_name: str
    text: str
    signed_at: datetime
    state: str
    done_at: datetime | None
    done_by: str
    done_words: str
    genuine: bool
    follow_ups: Sequence[FollowUpView]


@dataclass(frozen=True, slots=True)
class InstructionCounts:
    """Instructions signed within a window, and how many of those are done; ``leaders`` by name."""

    signed: int
    done: int
    leaders: Mapping[str, int]


def sign_instruction(
    session: Session, tools: Tools, wish: Wish, number: str, words: str
) -> InstructionView:
    """Sign an instruction on a case in sight, dispatched or closed ones too (阅批、批示).

    For a person with the permission instructions.sign: ``wish.actor`` is the user whose name
    stands under it. Raises OrderInvalid, CaseNotFound or CaseConflict.
    """
    text = _checked("text", words)
    if wish.actor.kind != "user":
        message = "an instruction is signed by a person: log in as the leader"
        raise OrderInvalid("leader", message)
    leader = session.scalar(select(User).where(User.username == wish.actor.name))
    case = lock_case(session, number, wish.sight)
    instruction_id = new_id()
    instruction = Instruction(
        tenant_id=tenant_of(session),
        id=instruction_id,
        case_id=case.id,
        message_id=first_message(session, case),
        leader=wish.actor.name,
        leader_name=leader.name if leader else wish.actor.name,
        body=_cipher(session, tools).seal(BODY, instruction_id, text),
        signed_at=tools.clock.now(),
        state=_OPEN,
        done_by="",
    )
    instruction.seal = signature(tools, instruction, text)
    session.add(instruction)
    data = {"instruction": str(instruction_id), "leader": instruction.leader_name}
    now = tools.clock.now()
    session.add(case_event(now, wish.actor, case.id, "instructed", data))
    tools.auditor.record(session, wish.actor, "instruction.sign", "instruction", instruction_id)
    session.flush()
    return _view(_cipher(session, tools), tools, instruction, [])


def follow_up(
    session: Session, tools: Tools, wish: Wish, instruction_id: uuid.UUID, words: str
) -> FollowUpView:
    """Say what was done about an open instruction.

    Raises OrderInvalid, InstructionNotFound or HandoverConflict.
    """
    text = _checked("words", words)
    instruction, case = _lock(session, wish.sight, instruction_id)
    now, follow_id = tools.clock.now(), new_id()
    sealed = _cipher(session, tools).seal(WORDS, follow_id, text)
    row = FollowUp(
        tenant_id=tenant_of(session), id=follow_id, instruction_id=instruction.id, at=now,
        actor=str(wish.actor), words=sealed,
    )  # fmt: skip
    session.add(row)
    _tell(session, tools, wish, case, "follow_up", instruction)
    return FollowUpView(follow_id, now, str(wish.actor), text)


def finish_instruction(
    session: Session, tools: Tools, wish: Wish, instruction_id: uuid.UUID, words: str
) -> None:
    """Mark an instruction as done, with words; it stays in the leader's view.

    Raises OrderInvalid, InstructionNotFound or HandoverConflict when it is done already.
    """
    text = _checked("words", words)
    instruction, case = _lock(session, wish.sight, instruction_id)
    instruction.state, instruction.done_at = _DONE, tools.clock.now()
    instruction.done_by = str(wish.actor)
    cipher = _cipher(session, tools)
    instruction.done_words = cipher.seal(DONE_WORDS, instruction.id, text)
    _tell(session, tools, wish, case, "done", instruction)


def instructions_of(
    session: Session, tools: Tools, number: str, sight: Sight = PLAIN
) -> list[InstructionView]:
    """The instructions on a case and on what was joined with it, oldest first.

    Raises CaseNotFound. Three queries whatever their number.
    """
    case = find_case(session, number, sight)
    found = session.scalars(_standing([case.id]).order_by(Instruction.id)).all()
    notes: dict[uuid.UUID, list[FollowUp]] = defaultdict(list)
    chosen = select(FollowUp).where(FollowUp.instruction_id.in_([each.id for each in found]))
    for note in session.scalars(chosen.order_by(FollowUp.id)):
        notes[note.instruction_id].append(note)
    cipher = _cipher(session, tools)
    return [_view(cipher, tools, each, notes[each.id]) for each in found]


def instruction_counts(session: Session, since: datetime, until: datetime) -> InstructionCounts:
    """How many instructions were signed from ``since`` until before ``until`` (both aware)."""
    chosen = select(Instruction.leader_name, Instruction.state, func.count().label("many"))
    window = Instruction.signed_at >= since, Instruction.signed_at < until
    rows = session.execute(
        chosen.where(*window).group_by(Instruction.leader_name, Instruction.state)
    ).all()
    leaders = Counter[str]()
    for row in rows:
        leaders[row.leader_name] += row.many
    done = sum(row.many for row in rows if row.state == _DONE)
    return InstructionCounts(leaders.total(), done, dict(leaders))


def open_instructions(session: Session, case_ids: Collection[uuid.UUID]) -> int:
    """How many instructions on these cases wait to be done."""
    return len(session.scalars(_standing(case_ids).where(Instruction.state == _OPEN)).all())


def no_open_instruction(session: Session, case: Case) -> str | None:
    """A guard of closing (A8): why a case may not close against a leader's open instruction."""
    waiting = open_instructions(session, [case.id])
    if not waiting:
        return None
    return f"{waiting} instruction(s) of a leader not done: say what became of them first"


def signature(tools: Tools, instruction: Instruction, text: str) -> bytes:
    """The signature of an instruction over its canonical JSON."""
    signed = [
        instruction.tenant_id, str(instruction.id), str(instruction.case_id),
        str(instruction.message_id), instruction.leader, instruction.leader_name, text,
        instruction.signed_at.timestamp(),
    ]  # fmt: skip
    body = json.dumps(signed, ensure_ascii=False)
    key = tools.master.purpose("instructions")
    return hmac.new(key, body.encode(), hashlib.sha256).digest()


def first_message(session: Session, case: Case) -> uuid.UUID:
    """The message that a note on a case hangs on, and goes with: the case's earliest one."""
    told = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    chosen = select(Message.id).join(CaseMessage, told).where(CaseMessage.case_id == case.id)
    return session.scalars(chosen.order_by(Message.received_at, Message.id).limit(1)).one()


def _standing(case_ids: Collection[uuid.UUID]) -> Select[Instruction]:
    """The instructions whose message stands in one of these cases now."""
    place = and_(
        CaseMessage.tenant_id == Instruction.tenant_id,
        CaseMessage.message_id == Instruction.message_id,
    )
    chosen = select(Instruction).join(CaseMessage, place)
    return chosen.where(CaseMessage.case_id.in_(case_ids))


def _lock(session: Session, sight: Sight, instruction_id: uuid.UUID) -> tuple[Instruction, Case]:
    """An open instruction and the case where it stands now, in sight."""
    chosen = select(Instruction).where(Instruction.id == instruction_id)
    instruction = session.scalar(chosen.with_for_update())
    case = None
    if instruction is not None:
        here = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
        stands = select(Case).join(CaseMessage, here)
        case = session.scalar(stands.where(CaseMessage.message_id == instruction.message_id))
    if instruction is None or case is None or (case.secret and not sight.confidential):
        message = "this office has no such instruction: open its case again"
        raise InstructionNotFound(message)
    if instruction.state == _DONE:
        message = "the instruction is done already: nothing is added to it any more"
        raise HandoverConflict(message)
    return instruction, case


def _tell(
    session: Session, tools: Tools, wish: Wish, case: Case, verb: str, instruction: Instruction
) -> None:
    data = {"instruction": str(instruction.id), "leader": instruction.leader_name}
    now = tools.clock.now()
    session.add(case_event(now, wish.actor, case.id, f"instruction_{verb}", data))
    tools.auditor.record(session, wish.actor, f"instruction.{verb}", "instruction", instruction.id)
    session.flush()


def _view(
    cipher: FieldCipher, tools: Tools, each: Instruction, notes: Sequence[FollowUp]
) -> InstructionView:
    text = cipher.open_text(BODY, each.id, each.body)
    return InstructionView(
        id=each.id,
        leader=each.leader,
        leader_name=each.leader_name,
        text=text,
        signed_at=each.signed_at,
        state=each.state,
        done_at=each.done_at,
        done_by=each.done_by,
        done_words=cipher.open_text(DONE_WORDS, each.id, each.done_words),
        genuine=hmac.compare_digest(bytes(each.seal), signature(tools, each, text)),
        follow_ups=[
            FollowUpView(note.id, note.at, note.actor, cipher.open_text(WORDS, note.id, note.words))
            for note in notes
        ],
    )


def _cipher(session: Session, tools: Tools) -> FieldCipher:
    return tools.keyring.cipher(tenant_of(session))


def _checked(field: str, words: str) -> str:
    text = clean_text(words)
    if not text or len(text) > LONGEST:
        message = f"use 1 to {LONGEST} characters"
        raise OrderInvalid(field, message)
    return text
