"""What becomes of a handover: accept, return, answer, recall.

Each verb works in its own office's transaction and writes a work row there; the carrier
(:mod:`minsheng.handling.handover_work`) tells the other side, once.
"""

import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.ledger import case_event
from minsheng.cases.models import Case
from minsheng.cases.service import Sight, Wish
from minsheng.handling.handover_models import (
    ACCEPTED,
    ANSWERED,
    RECALLED,
    RETURNED,
    WAITING,
    Handover,
)
from minsheng.handling.handovers_content import seal_answer
from minsheng.handling.handovers_errors import HandoverConflict, HandoverNotFound
from minsheng.handling.handovers_joins import note_join
from minsheng.handling.handovers_leave import leave_case
from minsheng.handling.handovers_places import (
    case_of_message,
    cases_of_handover,
    free_case,
    lock_places,
    outgoing_of,
)
from minsheng.handling.handovers_steps import CORRECTED, take_step
from minsheng.handling.handovers_words import CARRY, demand_reason, named
from minsheng.runtime.failpoints import failpoint
from minsheng.runtime.work import add_work
from minsheng_tenants import tenant_of


def accept_handover(session: Session, tools: Tools, wish: Wish, handover_id: uuid.UUID) -> Handover:
    """Sign for what was handed over (签收): this office owns it from now on (首接首办).

    Accepting twice changes nothing. Raises HandoverNotFound or HandoverConflict.
    """
    handover, case = _lock_received(session, wish.sight, handover_id)
    if handover.state != ACCEPTED:
        _demand_waiting(handover)
        note_join(session, tools, handover, case)
        take_step(handover, ACCEPTED, tools.clock.now())
        _tell(session, tools, wish.actor, handover, case, "accept", {})
    return handover


def return_handover(session: Session, tools: Tools, wish: Wish, handover_id: uuid.UUID) -> Handover:
    """Give a case back to its sender, with a reason (退回); the case here is closed or left.

    Raises ReasonNeeded, HandoverNotFound, or HandoverConflict when it was answered or recalled, or
    a body below has it still.
    """
    reason = demand_reason(wish, "say why the case is returned: its sender has to know")
    handover, case = _lock_received(session, wish.sight, handover_id)
    _demand_waiting(handover)
    below = outgoing_of(session, [case.id], WAITING).get(case.id, [])
    if below:
        message = f"{below[0].to_name} has the case: recall it first, then return it"
        raise HandoverConflict(message)
    take_step(handover, RETURNED, tools.clock.now())
    handover.reason = reason
    _tell(session, tools, wish.actor, handover, case, "return", {"reason": reason})
    leave_case(session, tools, wish.actor, handover, reason)
    return handover


def recall_handover(session: Session, tools: Tools, wish: Wish, handover_id: uuid.UUID) -> Handover:
    """Take back what this office handed over, with a reason, while it is not answered (撤回).

    The receiver's case is closed, or the message taken out of it, when the carrier gets there;
    what it handed further down of it is recalled with it. Raises ReasonNeeded, HandoverNotFound or
    HandoverConflict.
    """
    reason = demand_reason(wish, "say why the case is taken back: the receiver has to know")
    handover = _lock(session, handover_id, sender=True)
    _demand_sight(session, wish.sight, handover)
    _demand_waiting(handover)
    recall_locked(session, tools, wish.actor, handover, reason)
    return handover


def recall_locked(
    session: Session, tools: Tools, actor: Actor, handover: Handover, reason: str
) -> None:
    """Recall a handover of this office that is locked and waits for an answer."""
    take_step(handover, RECALLED, tools.clock.now())
    handover.reason = reason
    for case in cases_of_handover(session, handover.id):
        data = named(handover, sender=True) | {"reason": reason}
        session.add(case_event(tools.clock.now(), actor, case.id, "handover_recall", data))
        free_case(session, case)
    tools.auditor.record(session, actor, "handover.recall", "handover", handover.id)
    add_work(session, CARRY, [handover.id], tools.clock.now())


def answer_handover(
    session: Session,
    tools: Tools,
    actor: Actor,
    message_id: uuid.UUID,
    public_text: str,
    private_text: str,
    reply_id: uuid.UUID,
) -> Handover:
    """Answer what was handed over by the message ``message_id``; the sender gets it once.

    The same ``reply_id`` again changes nothing; another one corrects the first (更正). An answer
    signs for the case too where nobody did. Raises HandoverNotFound or HandoverConflict.
    """
    chosen = select(Handover).where(
        Handover.to_tenant == tenant_of(session), Handover.to_message == message_id
    )
    known = session.scalar(select(Handover.id).where(Handover.to_message == message_id))
    lock_places(session, [known] if known else [])
    handover = session.scalar(chosen.with_for_update())
    if handover is None:
        message = "this message is none that was handed over: answer it on its own channel"
        raise HandoverNotFound(message)
    if handover.reply_id == reply_id:
        return handover
    if handover.state not in (*WAITING, ANSWERED):
        message = f"the handover was {handover.state}: there is nobody to answer"
        raise HandoverConflict(message)
    now, case = tools.clock.now(), case_of_message(session, message_id)
    if case is not None:
        note_join(session, tools, handover, case)
    if handover.state not in (ACCEPTED, ANSWERED):
        take_step(handover, ACCEPTED, now)
    take_step(handover, CORRECTED if handover.state == ANSWERED else ANSWERED, now)
    handover.answer = seal_answer(tools, handover, public_text, private_text)
    handover.reply_id = reply_id
    _tell(session, tools, actor, handover, case, "answer", {"reply": str(reply_id)})
    failpoint("answer.before_commit")
    return handover


def _lock(session: Session, handover_id: uuid.UUID, *, sender: bool) -> Handover:
    lock_places(session, [handover_id])
    side = Handover.from_tenant if sender else Handover.to_tenant
    chosen = select(Handover).where(Handover.id == handover_id, side == tenant_of(session))
    handover = session.scalar(chosen.with_for_update())
    if handover is None:
        raise _absent()
    return handover


def _lock_received(session: Session, sight: Sight, handover_id: uuid.UUID) -> tuple[Handover, Case]:
    """A handover that came here and has its case in sight, locked."""
    handover = _lock(session, handover_id, sender=False)
    case = case_of_message(session, handover.to_message)
    if case is None:
        message = "what was handed over is just being matched: try again in a moment"
        raise HandoverConflict(message)
    if case.secret and not sight.confidential:
        raise _absent()
    return handover, case


def _demand_sight(session: Session, sight: Sight, handover: Handover) -> None:
    if not sight.confidential and any(
        case.secret for case in cases_of_handover(session, handover.id)
    ):
        raise _absent()


def _demand_waiting(handover: Handover) -> None:
    if handover.state not in WAITING:
        message = f"the handover was {handover.state}: nothing is left to be done with it"
        raise HandoverConflict(message)


def _absent() -> HandoverNotFound:
    return HandoverNotFound("this office has no such handover: look at its list again")


def _tell(
    session: Session,
    tools: Tools,
    actor: Actor,
    handover: Handover,
    case: Case | None,
    verb: str,
    data: dict[str, Any],
) -> None:
    """Write what the receiver did: timeline, audit trail, and work for the carrier."""
    now = tools.clock.now()
    said = named(handover, sender=False)
    if case is not None:
        session.add(case_event(now, actor, case.id, f"handover_{verb}", said | data))
    tools.auditor.record(session, actor, f"handover.{verb}", "handover", handover.id)
    add_work(session, CARRY, [handover.id], now)
