"""Waiting for the citizen: the deadline stands still meanwhile."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.ledger import Wish
from minsheng.cases.models import Case
from minsheng.cases.standing import place_case
from minsheng.handling.acting import acting
from minsheng.handling.dating import REMIND, redate
from minsheng.handling.models import Pause
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import drop_work


def pause(
    session: Session, tools: Tools, wish: Wish, number: str, *, version: int | None = None
) -> Case:
    """Wait for the citizen, with a reason; pausing twice changes nothing.

    Working days at whose end the case waits do not count. Raises ReasonNeeded or HandlingStale.
    """
    with acting(session, tools, wish, number, "pause") as act:
        reason = act.reason()
        if act.case.paused:
            return act.case
        act.current(version)
        session.add(
            Pause(
                id=new_id(),
                case_id=act.case.id,
                round=act.case.round,
                reason=reason,
                paused_by=str(wish.actor),
                paused_at=act.now,
            )
        )
        place_case(session, act.case.id, paused=True)
        drop_work(session, REMIND, act.case.id)
        act.tell(reason=reason)
        return act.case


def resume(
    session: Session, tools: Tools, wish: Wish, number: str, *, version: int | None = None
) -> Case:
    """Go on; the deadline moves by the working days that were waited. Again changes nothing."""
    with acting(session, tools, wish, number, "resume") as act:
        if not act.case.paused:
            return act.case
        act.current(version)
        waiting = Pause.case_id == act.case.id, Pause.resumed_at.is_(None)
        for each in session.scalars(select(Pause).where(*waiting)):
            each.resumed_at = max(act.now, each.paused_at)
        place_case(session, act.case.id, paused=False)
        found = redate(session, act.case)
        act.tell(due_at=found.due_at.isoformat(), estimated=found.estimated)
        return act.case
