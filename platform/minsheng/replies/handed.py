"""The answer and the handovers of a case: up to those who handed it here, and what went out.

A handover is the one row that both offices see, so it is also the gate between them. An answer
takes the handover's next step in the approving transaction, under the row's lock: the receiver
answers it, the sender who answers by itself recalls it, and the database lets only one side. So an
answer to another office needs no outbox, and cannot be given twice.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.models import Case
from minsheng.handling.custody import answer_of
from minsheng.handling.handover_models import ANSWERED, LEAD, RECALLED, RETURNED, WAITING, Handover
from minsheng.handling.handovers import answer_handover, recall_locked
from minsheng.handling.handovers_errors import HandoverConflict
from minsheng.handling.handovers_places import incoming_of, outgoing_of
from minsheng.replies.errors import AnsweredAlready
from minsheng.replies.finding import private_text_of
from minsheng.replies.models import Reply
from minsheng.replies.wording import frames

_MOST_REASON = 900


@dataclass(frozen=True, slots=True)
class Passed:
    """The handovers of a case, each way, as they stood when they were read."""

    outgoing: Sequence[Handover]
    incoming: Sequence[Handover]


def passed_of(session: Session, case: Case) -> Passed:
    """Read a case's handovers; what is done with them locks them and looks again."""
    states = ANSWERED, *WAITING
    return Passed(
        _of(outgoing_of(session, [case.id], states), case),
        _of(incoming_of(session, [case.id]), case),
    )


def demand_unanswered_elsewhere(
    session: Session, tools: Tools, reply: Reply, case: Case, passed: Passed
) -> None:
    """Raise AnsweredAlready when the office at the other end of a handover has answered.

    What the lead answered may be framed, with a greeting say, and not be left out or changed.
    """
    for handover in passed.outgoing:
        ended = handover.role == LEAD and handover.state == ANSWERED
        if ended and not _of_earlier_round(session, handover, case):
            _compare(session, tools, reply, handover)
    for handover in passed.incoming:
        _demand_not_recalled(reply, handover)


def answer_senders(
    session: Session, tools: Tools, actor: Actor, reply: Reply, passed: Passed
) -> int:
    """Give the answer to the offices that handed the case here; how many there are.

    What this office handed to a lead that has not answered is recalled: it has answered itself.
    Raises AnsweredAlready when the other side was quicker.
    """
    for handover in passed.outgoing:
        if handover.role == LEAD and handover.state in WAITING:
            _recall(session, tools, actor, reply, handover)
    incoming = _locked(session, passed.incoming)
    for handover in incoming:
        _demand_not_recalled(reply, handover)
    told = [
        each
        for each in incoming
        if each.state not in (RECALLED, RETURNED) and each.to_message is not None
    ]
    private = private_text_of(tools, reply) if told else ""
    for handover in told:
        try:
            answer_handover(
                session, tools, actor, _message(handover), reply.public_text, private, reply.id
            )
        except HandoverConflict as error:
            raise _refusal(reply, handover.from_name, str(error)) from error
    return len(told)


def _recall(session: Session, tools: Tools, actor: Actor, reply: Reply, handover: Handover) -> None:
    _locked(session, [handover])
    if handover.state == ANSWERED:
        _compare(session, tools, reply, handover)
    elif handover.state in WAITING:
        reason = f"本单位已直接答复：{reply.public_text[:_MOST_REASON]}"
        recall_locked(session, tools, actor, handover, reason)


def _demand_not_recalled(reply: Reply, handover: Handover) -> None:
    """A recall that was not carried out here yet: the sender has answered, or takes it back."""
    if handover.state == RECALLED and handover.told_to < len(handover.steps):
        raise _refusal(reply, handover.from_name, handover.reason)


def _locked(session: Session, handovers: Sequence[Handover]) -> Sequence[Handover]:
    """The same handovers under their locks, as they stand now and not as they were read."""
    ids = [each.id for each in handovers]
    chosen = select(Handover).where(Handover.id.in_(ids)).order_by(Handover.id)
    locked = chosen.with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).all() if ids else []


def _compare(session: Session, tools: Tools, reply: Reply, handover: Handover) -> None:
    answer = answer_of(session, tools, handover.id)
    if answer is not None and not frames(reply.public_text, answer.public_text):
        raise _refusal(reply, handover.to_name, answer.public_text)


def _of_earlier_round(session: Session, handover: Handover, case: Case) -> bool:
    """Whether the lead's answer was adopted in a round that is over."""
    wanted = Reply.case_id == case.id, Reply.source_id == handover.reply_id
    round_ = session.scalar(select(Reply.round).where(*wanted).limit(1))
    return round_ is not None and round_ < case.round


def _of(found: dict[uuid.UUID, list[Handover]], case: Case) -> Sequence[Handover]:
    return found.get(case.id, [])


def _message(handover: Handover) -> uuid.UUID:
    assert handover.to_message is not None
    return handover.to_message


def _refusal(reply: Reply, office: str, text: str) -> AnsweredAlready:
    members: dict[str, Any] = {
        "winner": {"by": office, "text": text},
        "yours": {"reply": str(reply.id), "text": reply.public_text},
    }
    message = f"{office} has answered this matter: its answer stands, issue a correction instead"
    return AnsweredAlready(message, members)
