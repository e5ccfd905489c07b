"""Settling: a case that was opened gets its flow, its first step, a deadline and a person."""

from datetime import datetime, timedelta

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.ledger import case_event
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.standing import place_case
from minsheng.handling.alerts import raise_alert
from minsheng.handling.dating import REMIND, redate, redate_and_tell
from minsheng.handling.deadlines import CHINA, working_moment
from minsheng.handling.flows import flow_in_use, plan_of
from minsheng.handling.models import CaseHandling
from minsheng.handling.office import calendar_of, ways_of
from minsheng.handling.people import InCharge, away, choose_liaison, own_name
from minsheng.intake.models import Message
from minsheng.runtime.work import drop_work, hasten_work

UNCLAIMED = "unclaimed"
"""The kind of work that looks whether a case was claimed in time."""
AGAIN = timedelta(hours=1)
"""When an office without anybody to take a case in is looked at again; our figure."""


def settle(session: Session, tools: Tools, case: Case) -> bool:
    """Settle an open case, or count it anew where it is settled; whether somebody is in charge.

    The caller has locked the case. Doing it again changes nothing that stands.
    """
    row = session.scalar(select(CaseHandling).where(CaseHandling.case_id == case.id))
    if row is not None:
        redate_and_tell(session, tools, case, "joined")
        return bool(case.handler) or give_person(session, tools, case, row)
    row = _begin(session, tools, case)
    found = redate(session, case)
    given = give_person(session, tools, case, row, quiet=True)
    data = {"step": row.step, "person": case.handler, "unit": case.unit, "grade": case.grade,
            "due_at": found.due_at.isoformat(), "estimated": found.estimated}  # fmt: skip
    session.add(case_event(tools.clock.now(), SYSTEM, case.id, "settled", data))
    tools.auditor.record(session, SYSTEM, "case.settle", "case", case.number)
    return given


def handling_of(session: Session, tools: Tools, case: Case) -> CaseHandling:
    """How a locked case is handled; settles it first where nobody did yet."""
    chosen = select(CaseHandling).where(CaseHandling.case_id == case.id)
    row = session.scalar(chosen)
    if row is None:
        settle(session, tools, case)
        row = session.scalars(chosen).one()
    return row


def hand_to(
    session: Session, tools: Tools, case: Case, row: CaseHandling, person: InCharge
) -> None:
    """Give a case to a person who has yet to claim it, and start the timer."""
    ways = ways_of(session)
    until = working_moment(calendar_of(session), ways.hours, tools.clock.now(), ways.claim_minutes)
    row.claimed_at, row.claim_until = None, until
    place_case(session, case.id, handler=person.username, unit=person.unit, claimed=False)
    hasten_work(session, UNCLAIMED, case.id, until)


def watch_claim(session: Session, tools: Tools, case: Case) -> datetime | None:
    """Look whether a case was claimed in time; when to look again, None when that is settled.

    A liaison who went on leave meanwhile is replaced by the deputy, who gets a time of their own.
    """
    row = session.scalar(select(CaseHandling).where(CaseHandling.case_id == case.id))
    if row is None or row.claimed_at or not row.claim_until or case.closed_at:
        return None
    if tools.clock.now() < row.claim_until:
        return row.claim_until
    until = row.claim_until.astimezone(CHINA).isoformat()
    data = {"person": case.handler, "until": until}
    raise_alert(session, tools, case, "unclaimed", until, for_user="", data=data)
    other = choose_liaison(session, case, tools.clock.now(), without={case.handler})
    if other is None or not _is_away(session, tools, case.handler):
        return None
    before = case.handler
    row.liaison = other.username if row.liaison == before else row.liaison
    hand_to(session, tools, case, row, other)
    said = {"person": other.username, "before": before, "why": "leave"}
    session.add(case_event(tools.clock.now(), SYSTEM, case.id, "deputy", said))
    tools.auditor.record(session, SYSTEM, "case.deputy", "case", case.number)
    row.version += 1
    return row.claim_until


def _begin(session: Session, tools: Tools, case: Case) -> CaseHandling:
    now = tools.clock.now()
    flow = flow_in_use(session, tools, ways_of(session).flow)
    first = plan_of(flow).steps[0]
    row = CaseHandling(
        case_id=case.id,
        flow_id=flow.id,
        step=first.code,
        step_at=now,
        liaison="",
        handled_by=[],
        filed_at=_filed_at(session, case),
        extended_days=0,
        exempt={},
        outcome="",
        settled_at=now,
        version=1,
    )
    session.add(row)
    session.flush()
    place_case(session, case.id, stage=first.stage)
    return row


def _filed_at(session: Session, case: Case) -> datetime:
    """When the citizen wrote: the first of the messages that stand in the case."""
    here = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    first = select(func.min(Message.received_at)).join(CaseMessage, here)
    return session.scalar(first.where(CaseMessage.case_id == case.id)) or case.opened_at


def give_person(
    session: Session, tools: Tools, case: Case, row: CaseHandling, *, quiet: bool = False
) -> bool:
    """Put somebody in charge; where nobody may, the desk is told once and the office keeps it."""
    person = choose_liaison(session, case, tools.clock.now())
    if person is None:
        if not case.unit:
            place_case(session, case.id, unit=own_name(session))
        raise_alert(session, tools, case, "nobody", str(case.round))
        return False
    row.liaison = person.username
    hand_to(session, tools, case, row, person)
    if not quiet:
        data = {"person": person.username, "unit": person.unit}
        session.add(case_event(tools.clock.now(), SYSTEM, case.id, "in_charge", data))
        tools.auditor.record(session, SYSTEM, "case.in_charge", "case", case.number)
    return True


def _is_away(session: Session, tools: Tools, username: str) -> bool:
    return username in away(session, [username], tools.clock.now())


def drop_timers(session: Session, case: Case) -> None:
    """Stop the timers of a case that is closed."""
    for kind in (UNCLAIMED, REMIND):
        drop_work(session, kind, case.id)
