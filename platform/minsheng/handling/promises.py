"""Dated promises to the citizen (承诺): made, reminded of on their day, kept with evidence.

A promise that is open does not keep a case from being closed: the answer of the case may be that
something will be done by a day, and the promise outlives the closing.
"""

import uuid
from datetime import date, datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.ledger import Wish, case_event
from minsheng.cases.models import Case
from minsheng.handling.acting import Act, acting, words
from minsheng.handling.alerts import raise_alert
from minsheng.handling.deadlines import CHINA
from minsheng.handling.errors import HandlingConflict, HandlingInvalid, HandlingNotFound
from minsheng.handling.models import Commitment
from minsheng.handling.office import ways_of
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import add_work, drop_work

PROMISE = "promise"
PROMISE_KEPT = "promise_kept"
"""The kind of work by which the asker is told that a promise has landed (row = the promise)."""
KINDS = ("promised", "ongoing")
LONGEST_YEARS = 10


def commit(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    text: str,
    due_on: date,
    *,
    kind: str = "promised",
    promise_id: uuid.UUID | None = None,
) -> Commitment:
    """Promise something by a day; ``ongoing`` (持续推进) promises the next report by that day.

    The same ``promise_id`` again is the same promise. Raises HandlingInvalid for a day that has
    passed.
    """
    with acting(session, tools, wish, number, "commit", closed=True) as act:
        known = _known(act, promise_id)
        if known is not None:
            return known
        _check_day(due_on, act.now)
        if kind not in KINDS:
            message = f"unknown kind {kind!r}: use one of {', '.join(KINDS)}"
            raise HandlingInvalid("kind", message)
        promise = Commitment(
            id=promise_id or new_id(),
            case_id=act.case.id,
            kind=kind,
            text=words(text, "text"),
            due_on=due_on,
            state="open",
            made_by=str(wish.actor),
            made_at=act.now,
        )
        session.add(promise)
        add_work(session, PROMISE, [promise.id], _morning(session, due_on), ring=False)
        act.tell(promise=str(promise.id), kind=kind, text=promise.text, due_on=due_on.isoformat())
        return promise


def land(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    promise_id: uuid.UUID,
    evidence: str,
) -> Commitment:
    """Say with evidence that a promise was kept; the asker is told by a work row of its own.

    Again changes nothing. Raises HandlingNotFound or HandlingConflict.
    """
    with acting(session, tools, wish, number, "land", closed=True) as act:
        promise = _find(act, promise_id)
        if promise.state == "landed":
            return promise
        _end(act, promise, "landed", words(evidence, "evidence"))
        add_work(session, PROMISE_KEPT, [promise.id], act.now)
        act.tell(promise=str(promise.id), text=promise.text, evidence=promise.evidence)
        return promise


def withdraw(
    session: Session, tools: Tools, wish: Wish, number: str, promise_id: uuid.UUID
) -> Commitment:
    """Take a promise back, with a reason; raises ReasonNeeded, HandlingNotFound or Conflict."""
    with acting(session, tools, wish, number, "withdraw", closed=True) as act:
        promise = _find(act, promise_id)
        if promise.state != "withdrawn":
            _end(act, promise, "withdrawn", act.reason())
            act.tell(promise=str(promise.id), text=promise.text)
        return promise


def remind_promise(session: Session, tools: Tools, promise_id: uuid.UUID) -> datetime | None:
    """Tell the handler on the promised day; when to look again, None when it was told."""
    promise = session.scalar(select(Commitment).where(Commitment.id == promise_id))
    if promise is None or promise.state != "open":
        return None
    morning = _morning(session, promise.due_on)
    if tools.clock.now() < morning:
        return morning
    case = session.scalars(select(Case).where(Case.id == promise.case_id)).one()
    due = promise.due_on.isoformat()
    data = {"promise": str(promise.id), "text": promise.text, "due_on": due}
    mark = f"{promise.id}:{due}"
    if raise_alert(session, tools, case, "promise_due", mark, for_user=case.handler, data=data):
        session.add(case_event(tools.clock.now(), SYSTEM, case.id, "promise_due", data))
    return None


def promise_of(session: Session, promise_id: uuid.UUID) -> tuple[Commitment, Case]:
    """A promise with its case, for who tells the asker; raises HandlingNotFound."""
    here = and_(Case.tenant_id == Commitment.tenant_id, Case.id == Commitment.case_id)
    chosen = select(Commitment, Case).join(Case, here).where(Commitment.id == promise_id)
    row = session.execute(chosen).one_or_none()
    if row is None:
        message = "this office has no such promise"
        raise HandlingNotFound(message)
    promise, case = row
    return promise, case


def _end(act: Act, promise: Commitment, state: str, said: str) -> None:
    if promise.state != "open":
        message = f"the promise is {promise.state} already: make another one"
        raise HandlingConflict(message)
    promise.state, promise.evidence = state, said
    promise.ended_by, promise.ended_at = str(act.wish.actor), act.now
    drop_work(act.session, PROMISE, promise.id)


def _known(act: Act, promise_id: uuid.UUID | None) -> Commitment | None:
    if promise_id is None:
        return None
    mine = Commitment.id == promise_id, Commitment.case_id == act.case.id
    return act.session.scalar(select(Commitment).where(*mine))


def _find(act: Act, promise_id: uuid.UUID) -> Commitment:
    found = _known(act, promise_id)
    if found is None:
        message = f"{act.case.number} has no such promise: open the case again"
        raise HandlingNotFound(message)
    return found


def _check_day(due_on: date, now: datetime) -> None:
    today = now.astimezone(CHINA).date()
    if not today <= due_on or due_on.year > today.year + LONGEST_YEARS:
        message = f"{due_on} is no day to promise: use today or a later one, within ten years"
        raise HandlingInvalid("due_on", message)


def _morning(session: Session, day: date) -> datetime:
    return datetime.combine(day, ways_of(session).hours.opens, CHINA)
