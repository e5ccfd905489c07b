"""Who has the case: claim it, give it to somebody, give it back.

The first receiver (the liaison) owns a case until the one it was given to has claimed it.
"""

from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.ledger import Wish
from minsheng.cases.models import Case
from minsheng.cases.standing import place_case
from minsheng.handling.acting import acting
from minsheng.handling.errors import HandlingConflict
from minsheng.handling.models import CaseHandling
from minsheng.handling.people import InCharge, demand_handler, own_name
from minsheng.handling.settling import UNCLAIMED, hand_to
from minsheng.runtime.work import drop_work


def owner_of(case: Case, row: CaseHandling) -> str:
    """Who answers for the case now: the handler once they have claimed it, else the liaison."""
    return case.handler if row.claimed_at or not row.liaison else row.liaison


def claim(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    *,
    person: str = "",
    version: int | None = None,
) -> Case:
    """Take a case on (签收认领); claiming it twice changes nothing.

    A case that was given to somebody may be claimed by another only when it is still unclaimed.
    Raises PersonUnfit, HandlingStale, or HandlingConflict when somebody else has claimed it.
    """
    with acting(session, tools, wish, number, "claim") as act:
        name = act.person(person)
        if act.row.claimed_at and act.case.handler == name:
            return act.case
        act.current(version)
        if act.row.claimed_at:
            message = f"{number} was claimed by {act.case.handler}: ask for it to be assigned"
            raise HandlingConflict(message)
        user = demand_handler(session, name, act.case, act.now)
        act.row.claimed_at, act.row.claim_until = act.now, None
        act.row.liaison = act.row.liaison or name
        note_handler(act.row, name)
        unit = user.unit or act.case.unit or own_name(session)
        place_case(session, act.case.id, handler=name, unit=unit, claimed=True)
        drop_work(session, UNCLAIMED, act.case.id)
        act.tell(person=name, unit=unit)
        return act.case


def assign(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    handler: str,
    *,
    unit: str = "",
    version: int | None = None,
) -> Case:
    """Give the case to a person of the office, who has the claim time to take it on.

    Giving it to who has it already changes nothing. Raises PersonUnfit or HandlingStale.
    """
    with acting(session, tools, wish, number, "assign") as act:
        if act.case.handler == handler and unit in ("", act.case.unit):
            return act.case
        act.current(version)
        user = demand_handler(session, handler, act.case, act.now)
        if act.row.claimed_at:
            # Who had claimed it answers for it until the next one has.
            act.row.liaison = act.case.handler
        before = act.case.handler
        named = unit.strip() or user.unit or own_name(session)
        hand_to(session, tools, act.case, act.row, InCharge(handler, named))
        act.row.liaison = act.row.liaison or handler
        act.tell(person=handler, unit=named, before=before)
        return act.case


def release(
    session: Session, tools: Tools, wish: Wish, number: str, *, version: int | None = None
) -> Case:
    """Give a claim back: the case is the liaison's again, unclaimed; again changes nothing."""
    with acting(session, tools, wish, number, "release") as act:
        if not act.row.claimed_at:
            return act.case
        act.current(version)
        before, liaison = act.case.handler, act.row.liaison or act.case.handler
        hand_to(session, tools, act.case, act.row, InCharge(liaison, act.case.unit))
        act.tell(person=liaison, before=before)
        return act.case


def note_handler(row: CaseHandling, username: str) -> None:
    """Keep that a person had the case in this round: such a one may not check it."""
    if username not in row.handled_by:
        row.handled_by = [*row.handled_by, username]
