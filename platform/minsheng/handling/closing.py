"""Closing a case (办结), opening it for another round, and stated exemptions."""

from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.ledger import Wish
from minsheng.cases.models import Case
from minsheng.cases.standing import place_case
from minsheng.handling.acting import Act, acting, short
from minsheng.handling.checks import demand_needs, demand_other, demand_owner
from minsheng.handling.dating import redate
from minsheng.handling.errors import CloseRefused, HandlingInvalid
from minsheng.handling.flows import flow_in_use, plan_of
from minsheng.handling.guards import EXEMPTIONS, reasons_against
from minsheng.handling.office import ways_of
from minsheng.handling.settling import drop_timers, give_person
from minsheng.handling.steps import step_of

OUTCOMES = ("resolved", "explained", "promised", "refused", "invalid")
"""解决, 解释说明, 承诺办理, 不予受理, 无效."""


def close(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    outcome: str,
    *,
    person: str = "",
    words: str = "",
    version: int | None = None,
) -> Case:
    """Close a case, once nothing stands in the way; closing it again changes nothing.

    Promises that are open do not hinder it: they stay, with their day. Raises CloseRefused with
    every reason, HandlingInvalid, PersonUnfit, SamePerson or HandlingStale.
    """
    with acting(session, tools, wish, number, "close", closed=True) as act:
        if act.case.closed_at is not None:
            return act.case
        act.current(version)
        if outcome not in OUTCOMES:
            message = f"unknown outcome {outcome!r}: use one of {', '.join(OUTCOMES)}"
            raise HandlingInvalid("outcome", message)
        name, said = act.person(person), short(words, "words")
        reasons = reasons_against(session, act.case)
        if reasons:
            raise CloseRefused([f"{number}: {each}" for each in reasons])
        if "flow" not in act.row.exempt:
            demand_owner(act, step_of(act), name)
            demand_needs(act, step_of(act), name)
        act.row.outcome = outcome
        place_case(session, act.case.id, stage="closed", closed_at=act.now)
        drop_timers(session, act.case)
        act.tell(outcome=outcome, person=name, words=said, round=act.case.round)
        return act.case


def reopen(
    session: Session, tools: Tools, wish: Wish, number: str, *, version: int | None = None
) -> Case:
    """Open a closed case for another round, with a reason; what was done before is kept.

    The round begins the flow anew, by its newest version, with a deadline of its own; what was
    exempt is not any more. A case that is open is left alone. Raises ReasonNeeded or
    HandlingStale.
    """
    with acting(session, tools, wish, number, "reopen", closed=True) as act:
        reason = act.reason()
        if act.case.closed_at is None:
            return act.case
        act.current(version)
        _begin_round(act)
        act.tell(round=act.case.round, reason=reason, person=act.case.handler)
        return act.case


def mark_exempt(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    what: str,
    *,
    person: str = "",
    version: int | None = None,
) -> Case:
    """Exempt a case from its call-back, its reply or the steps left, with a reason.

    Who handled it may not. Raises HandlingInvalid, ReasonNeeded, SamePerson or HandlingStale.
    """
    with acting(session, tools, wish, number, "mark_exempt") as act:
        if what not in EXEMPTIONS:
            message = f"unknown exemption {what!r}: use one of {', '.join(EXEMPTIONS)}"
            raise HandlingInvalid("what", message)
        reason = act.reason()
        if act.row.exempt.get(what) == reason:
            return act.case
        act.current(version)
        name = person or wish.actor.name
        demand_other(act, name, "exempt it")
        act.row.exempt = {**act.row.exempt, what: reason}
        act.tell(what=what, person=name, reason=reason)
        return act.case


def _begin_round(act: Act) -> None:
    flow = flow_in_use(act.session, act.tools, ways_of(act.session).flow)
    first = plan_of(flow).steps[0]
    row = act.row
    row.flow_id, row.step, row.step_at = flow.id, first.code, act.now
    row.filed_at, row.fixed_at, row.fixed_on, row.extended_days = act.now, None, None, 0
    row.exempt, row.outcome, row.handled_by = {}, "", []
    place_case(
        act.session,
        act.case.id,
        stage=first.stage,
        round=act.case.round + 1,
        closed_at=None,
        reply_state="none",
        paused=False,
    )
    act.session.flush()
    act.session.refresh(act.case)
    give_person(act.session, act.tools, act.case, row, quiet=True)
    redate(act.session, act.case)
