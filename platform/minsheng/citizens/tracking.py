"""What a citizen sees of their own message: its state, the answer, what they said since.

Never another's word: not the case's subject (it may be somebody else's), no count of messages, no
handler, no internal note. Of a merged case each citizen sees their own message and the one answer.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.service import Sight, Wish
from minsheng.citizens.models import FOLLOW_UP, LinkedMessage
from minsheng.citizens.portals import citizen_actor, portal_of
from minsheng.citizens.ratings import RatingView, case_of, is_answered, own_ratings
from minsheng.citizens.reopening import may_reopen
from minsheng.citizens.visits import Visit, message_of
from minsheng.intake.models import Message
from minsheng.replies.finding import private_text_of
from minsheng.replies.models import OFFERED, Outgoing
from minsheng.replies.service import official_reply_of, take_offered

STEPS = ("received", "handling", "replied", "closed")
"""收到, 办理, 答复, 办结: the office's own stages in the four words a citizen needs."""
_STEP_OF = {
    "received": "received",
    "assigned": "handling",
    "handling": "handling",
    "reviewing": "handling",
    "replied": "replied",
    "callback": "replied",
    "closed": "closed",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What the citizen wrote, numbers as placeholders, and when."""

    words: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """The official answer in force; ``private`` is the part for the citizens of the case only."""

    text: str
    private: str
    correction: bool
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Tracked:
    """A citizen's own message and how it stands.

    ``step`` is one of STEPS; ``due_at`` only while an answer is owed, ``due_estimated`` where the
    calendar of that year is not out yet. ``rated``: this round's rating; ``may_rate`` also says
    that it may still be changed, until ``rate_until``.
    """

    subject: str
    body: str
    received_at: datetime
    step: str
    round: int
    due_at: datetime | None
    due_estimated: bool
    closed_at: datetime | None
    answer: Answer | None
    added: Sequence[Said]
    rated: RatingView | None
    may_rate: bool
    may_reopen: bool
    reopen_days: int
    until: datetime


def tracked(session: Session, tools: Tools, visit: Visit) -> Tracked:
    """The message of a visit; raises VisitEnded when the office has none such."""
    message = message_of(session, visit)
    case = case_of(session, message.id)
    turn = case.round if case else 1
    own = [each for each in own_ratings(session, visit) if each.round == turn]
    answered = case is not None and is_answered(case)
    open_still = not own or own[0].until > tools.clock.now()
    return Tracked(
        subject=message.subject,
        body=message.body,
        received_at=message.received_at,
        step=_step(case, answered=answered),
        round=turn,
        due_at=case.due_at if case and not answered else None,
        due_estimated=bool(case and case.due_estimated),
        closed_at=case.closed_at if case else None,
        answer=_answer(session, tools, message.id, case),
        added=_added(session, message.id),
        rated=own[0] if own else None,
        may_rate=answered and open_still,
        may_reopen=may_reopen(session, tools, visit, case),
        reopen_days=portal_of(session).reopen_days,
        until=visit.until,
    )


def _step(case: Case | None, *, answered: bool) -> str:
    """One of STEPS; who can read the answer is told so, wherever the office's own flow stands."""
    step = _STEP_OF.get(case.stage, "handling") if case else "received"
    return "replied" if answered and step in ("received", "handling") else step


def _answer(
    session: Session, tools: Tools, message_id: uuid.UUID, case: Case | None
) -> Answer | None:
    """The official answer of the case where the message stands, else of the one it came from."""
    if case is None:
        return None
    home = session.scalar(select(CaseMessage.home_id).where(CaseMessage.message_id == message_id))
    for case_id in dict.fromkeys((case.id, home or case.id)):
        reply = official_reply_of(session, case_id)
        if reply is not None and reply.approved_at is not None:
            private = private_text_of(tools, reply)
            correction = reply.kind == "correction"
            return Answer(reply.public_text, private, correction, reply.approved_at)
    return None


def _added(session: Session, message_id: uuid.UUID) -> list[Said]:
    here = and_(
        Message.tenant_id == LinkedMessage.tenant_id, Message.id == LinkedMessage.message_id
    )
    chosen = select(Message.body, Message.received_at).join(LinkedMessage, here)
    own = LinkedMessage.to_id == message_id, LinkedMessage.kind == FOLLOW_UP
    rows = session.execute(chosen.where(*own).order_by(Message.received_at, Message.id))
    return [Said(row.body, row.received_at) for row in rows]


def note_read(session: Session, tools: Tools, origin: str, visit: Visit) -> int:
    """Note that the citizen has read what was offered to their message; how many answers that is.

    An answer to a message of the portal is offered there and goes out nowhere else.
    """
    case = case_of(session, visit.message_id)
    if case is None:
        return 0
    waiting = Outgoing.case_id == case.id, Outgoing.state == OFFERED
    rows = session.scalars(select(Outgoing).where(*waiting).order_by(Outgoing.id)).all()
    own = str(visit.message_id)
    mine = [row.id for row in rows if own == str(row.message_id) or own in map(str, row.also)]
    wish = Wish(citizen_actor(origin), sight=Sight(confidential=True))
    for delivery_id in mine:
        take_offered(session, tools, wish, delivery_id)
    return len(mine)
