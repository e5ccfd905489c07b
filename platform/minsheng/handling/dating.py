"""The deadline of a case: from its terms to its columns, its reminders and what passed unkept."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.ledger import case_event
from minsheng.cases.marks import family_of
from minsheng.cases.models import OPEN, Case
from minsheng.cases.standing import place_case
from minsheng.handling.alerts import raise_alert
from minsheng.handling.deadlines import CHINA, Deadline, Term, earliest, reminder_moment
from minsheng.handling.models import CaseHandling, Overdue, Pause
from minsheng.handling.office import GRADES, calendar_of, grades_of, ways_of
from minsheng.runtime.work import drop_work, hasten_work
from minsheng_tenants import tenant_of

REMIND = "remind"


def deadline_of(session: Session, case: Case) -> Deadline:
    """The deadline of a case that is settled, counted now.

    What is joined with it brings its own term, and the earliest holds (DESIGN invariant 4); days
    that the case was given since, and its waiting, move each of them.
    """
    return earliest(calendar_of(session), ways_of(session).hours, terms_of(session, case))


def terms_of(session: Session, case: Case) -> Sequence[Term]:
    """The terms of a case and of what is joined with it, its own first."""
    session.flush()
    ids = family_of(session, case.id)
    cases = {row.id: row for row in session.scalars(select(Case).where(Case.id.in_(ids)))}
    rows = session.scalars(select(CaseHandling).where(CaseHandling.case_id.in_(ids)))
    handled = {row.case_id: row for row in rows}
    own, terms = handled[case.id], [_term(session, case, handled[case.id], own=None)]
    for case_id in ids:
        other = cases[case_id]
        if case_id != case.id and case_id in handled and other.closed_at is None:
            terms.append(_term(session, other, handled[case_id], own=own))
    return terms


def _term(session: Session, case: Case, row: CaseHandling, own: CaseHandling | None) -> Term:
    """The term of one case; ``own`` is the case it was joined to, whose days count for it too."""
    grade = grades_of(session).get(case.grade) or GRADES["ordinary"]
    waited = select(Pause.paused_at, Pause.resumed_at).where(
        Pause.case_id.in_([row.case_id, *([own.case_id] if own else [])])
    )
    pauses = [(start, end) for start, end in session.execute(waited.order_by(Pause.id))]
    if row.fixed_on is not None:
        pauses = [each for each in pauses if each[0] >= row.fixed_on]
    extended = row.extended_days + (own.extended_days if own else 0)
    begin = row.fixed_on if row.fixed_at and row.fixed_on else row.filed_at
    return Term(begin, grade.days, grade.counts, row.fixed_at, extended, tuple(pauses))


def redate(session: Session, case: Case) -> Deadline:
    """Count the deadline, write it where it changed, and plan its reminder."""
    found = deadline_of(session, case)
    if (case.due_at, case.due_estimated) != (found.due_at, found.estimated):
        place_case(session, case.id, due_at=found.due_at, due_estimated=found.estimated)
    plan_reminder(session, case, found)
    return found


def redate_and_tell(session: Session, tools: Tools, case: Case, why: str) -> bool:
    """Count the deadline anew; a change is an entry of the ledger. Whether it changed."""
    before = case.due_at
    found = redate(session, case)
    if before == found.due_at:
        return False
    data = {"before": before.isoformat() if before else "", "due_at": found.due_at.isoformat(),
            "estimated": found.estimated, "why": why}  # fmt: skip
    session.add(case_event(tools.clock.now(), SYSTEM, case.id, "redated", data))
    tools.auditor.record(session, SYSTEM, "case.redate", "case", case.number)
    return True


def plan_reminder(session: Session, case: Case, found: Deadline) -> None:
    """Have the case looked at when its reminder is due; a case that waits has none."""
    if case.paused or case.closed_at is not None:
        drop_work(session, REMIND, case.id)
    else:
        hasten_work(session, REMIND, case.id, _before(session, case, found.due_at))


def _before(session: Session, case: Case, due_at: datetime) -> datetime:
    filed = session.scalar(select(CaseHandling.filed_at).where(CaseHandling.case_id == case.id))
    hours = ways_of(session).hours
    return reminder_moment(calendar_of(session), hours, filed or due_at, due_at)


def remind(session: Session, tools: Tools, case_id: uuid.UUID) -> datetime | None:
    """Tell what is due of a case's deadline; when to look again, None when there is no more.

    What was told is known by the deadline it was about: a clock that jumps tells nothing twice.
    """
    case = session.scalar(select(Case).where(Case.id == case_id).with_for_update())
    if case is None or case.state != OPEN or case.closed_at or case.paused or not case.due_at:
        return None
    now, due_at = tools.clock.now(), case.due_at
    before = _before(session, case, due_at)
    if now < before:
        return before
    due = due_at.astimezone(CHINA).isoformat()
    if now < due_at:
        mark, data = f"{case.round}:{due}", {"due_at": due}
        raise_alert(session, tools, case, "due_soon", mark, for_user=case.handler, data=data)
        return due_at
    _note_overdue(session, tools, case, due_at)
    return None


def _note_overdue(session: Session, tools: Tools, case: Case, due_at: datetime) -> None:
    """Keep that the deadline passed, once, and tell the handler and the desk."""
    now = tools.clock.now()
    row = insert(Overdue).values(
        tenant_id=tenant_of(session), case_id=case.id, round=case.round, due_at=due_at, noted_at=now
    )
    done = session.execute(row.on_conflict_do_nothing().returning(Overdue.case_id))
    if done.first() is None:
        return
    due = due_at.astimezone(CHINA).isoformat()
    session.add(case_event(now, SYSTEM, case.id, "overdue", {"due_at": due}))
    raise_alert(session, tools, case, "overdue", f"{case.round}:{due}", data={"due_at": due})
