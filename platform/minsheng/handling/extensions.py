"""Changing a deadline: another class, more days that a second person grants, or a set moment."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.ledger import Wish
from minsheng.cases.models import Case
from minsheng.cases.standing import place_case
from minsheng.handling.acting import Act, acting, words
from minsheng.handling.alerts import raise_alert
from minsheng.handling.dating import redate
from minsheng.handling.errors import (
    HandlingConflict,
    HandlingInvalid,
    HandlingNotFound,
    SamePerson,
)
from minsheng.handling.models import Extension
from minsheng.handling.office import find_grade, ways_of
from minsheng.runtime.ids import new_id

MOST_DAYS = 60
"""Working days that can be asked for at once; our figure."""


def set_grade(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    grade: str,
    *,
    version: int | None = None,
) -> Case:
    """Put a case into a deadline class; its deadline is counted anew from the filing.

    Raises HandlingInvalid for an unknown class, or HandlingStale.
    """
    with acting(session, tools, wish, number, "set_grade") as act:
        find_grade(session, grade)
        if act.case.grade == grade:
            return act.case
        act.current(version)
        before = act.case.grade
        place_case(session, act.case.id, grade=grade)
        found = redate(session, act.case)
        act.tell(before=before, grade=grade, due_at=found.due_at.isoformat())
        return act.case


def set_deadline(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    due_at: datetime,
    *,
    version: int | None = None,
) -> Case:
    """Set the deadline to a moment, with a reason; what was granted before falls with it.

    Raises ReasonNeeded, HandlingStale, or HandlingInvalid for a moment that has passed.
    """
    with acting(session, tools, wish, number, "set_deadline") as act:
        reason = act.reason()
        if act.row.fixed_at == due_at:
            return act.case
        act.current(version)
        if due_at <= act.now:
            message = "this deadline has passed already: set one that can be kept"
            raise HandlingInvalid("due_at", message)
        if due_at.year > act.now.year + 5:
            message = "this deadline is more than five years away: check the year"
            raise HandlingInvalid("due_at", message)
        fix_deadline(act, due_at)
        act.tell(due_at=due_at.isoformat(), reason=reason)
        return act.case


def fix_deadline(act: Act, due_at: datetime) -> None:
    """Count from a set moment on."""
    act.row.fixed_at, act.row.fixed_on, act.row.extended_days = due_at, act.now, 0
    redate(act.session, act.case)


def ask_extension(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    days: int,
    *,
    person: str = "",
    extension_id: uuid.UUID | None = None,
    version: int | None = None,
) -> Extension:
    """Ask for more working days, with a reason; another person decides.

    The same ``extension_id`` again is the same wish. Raises HandlingInvalid, ReasonNeeded,
    HandlingStale, or HandlingConflict while one is undecided.
    """
    with acting(session, tools, wish, number, "ask_extension") as act:
        known = _known(act, extension_id)
        if known is not None:
            return known
        reason = act.reason()
        act.current(version)
        if not 1 <= days <= MOST_DAYS:
            message = f"ask for 1 to {MOST_DAYS} working days"
            raise HandlingInvalid("days", message)
        if any(each.state == "asked" for each in extensions_of(session, act.case.id)):
            message = f"{number} has an extension that is not decided yet"
            raise HandlingConflict(message)
        wished = Extension(
            id=extension_id or new_id(),
            case_id=act.case.id,
            round=act.case.round,
            days=days,
            reason=reason,
            asked_by=person or wish.actor.name,
            asked_at=act.now,
            state="asked",
        )
        session.add(wished)
        data = {"days": days, "reason": reason, "extension": str(wished.id)}
        raise_alert(session, tools, act.case, "extension_asked", str(wished.id), data=data)
        act.tell(days=days, reason=reason, person=wished.asked_by, extension=str(wished.id))
        return wished


def decide_extension(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    extension_id: uuid.UUID,
    *,
    grant: bool,
    person: str = "",
    answer: str = "",
) -> Extension:
    """Grant or refuse more working days; who asked may not decide, a refusal needs words.

    The same decision again changes nothing. Raises SamePerson, HandlingNotFound, HandlingConflict
    or ReasonNeeded.
    """
    with acting(session, tools, wish, number, "decide_extension") as act:
        found = _known(act, extension_id)
        if found is None:
            message = f"{number} has no such extension: open the case again"
            raise HandlingNotFound(message)
        state = "granted" if grant else "refused"
        if found.state == state:
            return found
        if found.state != "asked" or found.round != act.case.round:
            message = f"this extension is {found.state} already, or of an earlier round"
            raise HandlingConflict(message)
        name = person or wish.actor.name
        if ways_of(session).two_people and name in (found.asked_by, act.case.handler):
            message = f"{name} asked for it or handles the case: another person decides"
            raise SamePerson(message)
        found.answer = answer.strip() if grant else words(answer or wish.reason, "answer")
        found.state, found.decided_by, found.decided_at = state, name, act.now
        if grant:
            act.row.extended_days += found.days
            redate(session, act.case)
        due_at = act.case.due_at.isoformat() if act.case.due_at else ""
        act.tell(extension=str(found.id), state=state, days=found.days, person=name,
                 words=found.answer, due_at=due_at)  # fmt: skip
        return found


def extensions_of(session: Session, case_id: uuid.UUID) -> Sequence[Extension]:
    """Every extension of a case, oldest first."""
    chosen = select(Extension).where(Extension.case_id == case_id).order_by(Extension.id)
    return session.scalars(chosen).all()


def _known(act: Act, extension_id: uuid.UUID | None) -> Extension | None:
    if extension_id is None:
        return None
    mine = Extension.id == extension_id, Extension.case_id == act.case.id
    return act.session.scalar(select(Extension).where(*mine).with_for_update())
