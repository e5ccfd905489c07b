"""How an office handles: its settings, deadline classes and calendar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.handling.calendar import FIRST_YEAR, Calendar, OwnDay, YearDays, read_year, told_year
from minsheng.handling.deadlines import Counts, Hours
from minsheng.handling.errors import HandlingInvalid
from minsheng.handling.flows import DEFAULT, find_flow, flow_in_use
from minsheng.handling.models import CalendarYear, Grade, HandlingSettings, OfficeDay
from minsheng_tenants import tenant_of

REDATE = "redate"
"""The kind of work that counts a case's deadline anew."""
CLAIM_MINUTES = 60
_MOST_MINUTES = 60 * 24 * 10
MOST_DAYS = 366
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Ways:
    """The settings of an office; ``claim_minutes`` are minutes of office hours."""

    flow: str = DEFAULT
    hours: Hours = field(default_factory=Hours)
    claim_minutes: int = CLAIM_MINUTES
    two_people: bool = True


@dataclass(frozen=True, slots=True)
class GradeOf:
    """A deadline class: so many days, working days or days of the calendar."""

    code: str
    name: str
    days: int
    counts: Counts = "working"
    retired: bool = False


GRADES: Mapping[str, GradeOf] = {
    "urgent": GradeOf("urgent", "紧要", 0),
    "ordinary": GradeOf("ordinary", "一般", 5),
    "complex": GradeOf("complex", "复杂", 10),
}
"""The classes every office has unless it says otherwise."""


def ways_of(session: Session) -> Ways:
    """How the session's office handles."""
    row = session.scalar(select(HandlingSettings))
    if row is None:
        return Ways()
    hours = Hours(time.fromisoformat(row.opens), time.fromisoformat(row.closes))
    return Ways(row.flow, hours, row.claim_minutes, row.two_people)


def choose_ways(session: Session, tools: Tools, actor: Actor, ways: Ways) -> Ways:
    """Set how the office handles from now on; raises HandlingInvalid or HandlingNotFound.

    Hours that change move the deadlines of open cases, each as a work row.
    """
    if ways.hours.opens >= ways.hours.closes:
        message = "the office must close later than it opens, on the same day"
        raise HandlingInvalid("closes", message)
    if not 1 <= ways.claim_minutes <= _MOST_MINUTES:
        message = f"the time to claim is 1 to {_MOST_MINUTES} minutes of office hours"
        raise HandlingInvalid("claim_minutes", message)
    find_flow(session, ways.flow)
    flow_in_use(session, tools, ways.flow)
    before, now = ways_of(session), tools.clock.now()
    values = {
        "flow": ways.flow,
        "opens": ways.hours.opens.strftime("%H:%M"),
        "closes": ways.hours.closes.strftime("%H:%M"),
        "claim_minutes": ways.claim_minutes,
        "two_people": ways.two_people,
        "changed_by": str(actor),
        "changed_at": now,
    }
    row = insert(HandlingSettings).values(tenant_id=tenant_of(session), **values)
    session.execute(row.on_conflict_do_update(index_elements=["tenant_id"], set_=values))
    if before.hours != ways.hours:
        redate_open(session, now)
    tools.auditor.record(session, actor, "flow.choose", "flow", ways.flow)
    return ways


def grades_of(session: Session) -> dict[str, GradeOf]:
    """The deadline classes of the office by code, retired ones too."""
    own = {
        row.code: GradeOf(row.code, row.name, row.days, _counts(row.counts), row.retired)
        for row in session.scalars(select(Grade).order_by(Grade.code))
    }
    return {**GRADES, **own}


def find_grade(session: Session, code: str) -> GradeOf:
    """A class that may be given to a case; raises HandlingInvalid."""
    known = {code: grade for code, grade in grades_of(session).items() if not grade.retired}
    if code not in known:
        message = f"unknown class {code!r}: use one of {', '.join(known)}"
        raise HandlingInvalid("grade", message)
    return known[code]


def set_grade_of_office(session: Session, tools: Tools, actor: Actor, grade: GradeOf) -> GradeOf:
    """Add or change a deadline class; open cases of it are counted anew. Raises HandlingInvalid."""
    if not grade.code.isascii() or not grade.code.isidentifier() or len(grade.code) > _LONGEST_NAME:
        message = f"{grade.code!r} is no code: use small letters, digits and underscores"
        raise HandlingInvalid("code", message)
    if not grade.name.strip() or len(grade.name) > _LONGEST_NAME or not grade.name.isprintable():
        message = f"a class needs a name of 1 to {_LONGEST_NAME} printable characters"
        raise HandlingInvalid("name", message)
    if not 0 <= grade.days <= MOST_DAYS:
        message = f"a class has 0 to {MOST_DAYS} days"
        raise HandlingInvalid("days", message)
    _counts(grade.counts)
    values = {"name": grade.name.strip(), "days": grade.days, "counts": grade.counts,
              "retired": grade.retired}  # fmt: skip
    row = insert(Grade).values(tenant_id=tenant_of(session), code=grade.code, **values)
    session.execute(row.on_conflict_do_update(index_elements=["tenant_id", "code"], set_=values))
    redate_open(session, tools.clock.now(), grade.code)
    tools.auditor.record(session, actor, "grade.set", "grade", grade.code)
    return grade


def _counts(said: str) -> Counts:
    if said == "calendar":
        return "calendar"
    if said == "working":
        return "working"
    message = "days are counted as working or calendar"
    raise HandlingInvalid("counts", message)


def calendar_of(session: Session) -> Calendar:
    """The calendar of the session's office: its own days over the notices it was given."""
    years = {}
    # The notices began in 1949 at the earliest; a row of before was written by nobody of ours.
    for row in session.scalars(select(CalendarYear).where(CalendarYear.year >= FIRST_YEAR)):
        told = {"year": row.year, "status": row.status, "source": row.source, **row.days}
        years[row.year] = read_year(told)
    own = {row.day: OwnDay(row.works, row.name) for row in session.scalars(select(OfficeDay))}
    return Calendar(years, own)


def publish_year(session: Session, tools: Tools, actor: Actor, year: YearDays) -> int:
    """Give the office a year's notice; how many open cases are to be counted anew.

    The same notice again changes nothing and counts nothing.
    """
    told = told_year(year)
    values = {
        "status": year.status,
        "source": year.source,
        "days": {"rest": told["rest"], "work": told["work"]},
        "published_at": tools.clock.now(),
    }
    if calendar_of(session).years.get(year.year) == year:
        return 0
    row = insert(CalendarYear).values(tenant_id=tenant_of(session), year=year.year, **values)
    session.execute(row.on_conflict_do_update(index_elements=["tenant_id", "year"], set_=values))
    tools.auditor.record(session, actor, "calendar.publish", "calendar", year.year)
    return redate_open(session, tools.clock.now())


def set_office_day(
    session: Session, tools: Tools, actor: Actor, day: date, own: OwnDay | None
) -> None:
    """Close the office on a day, open it, or (None) leave the day to the calendar again.

    Deadlines of open cases are counted anew. Raises HandlingInvalid.
    """
    if own is not None and (not own.name.strip() or len(own.name) > _LONGEST_NAME):
        message = f"say why, in 1 to {_LONGEST_NAME} characters: it stands beside the deadline"
        raise HandlingInvalid("name", message)
    now = tools.clock.now()
    if abs(day - now.date()) > timedelta(days=3 * 366):
        message = f"{day} is more than three years away: check the year"
        raise HandlingInvalid("day", message)
    if own is None:
        session.execute(delete(OfficeDay).where(OfficeDay.day == day))
    else:
        values = {"works": own.works, "name": own.name.strip(), "set_by": str(actor), "set_at": now}
        row = insert(OfficeDay).values(tenant_id=tenant_of(session), day=day, **values)
        session.execute(row.on_conflict_do_update(index_elements=["tenant_id", "day"], set_=values))
    redate_open(session, now)
    tools.auditor.record(session, actor, "calendar.day", "calendar", day.isoformat())


def office_days(session: Session) -> Sequence[OfficeDay]:
    """The office's own days, by date."""
    return session.scalars(select(OfficeDay).order_by(OfficeDay.day)).all()


_REDATE = text("""
    insert into work (tenant_id, kind, row_id, due_at)
    select k.tenant_id, :kind, k.id, :now from cases k
    join case_handling h on h.tenant_id = k.tenant_id and h.case_id = k.id
    where k.tenant_id = :tenant and k.state = 'open' and k.closed_at is null
      and (:grade = '' or k.grade = :grade)
    on conflict (tenant_id, kind, row_id) do update
    set due_at = :now, lease_until = null, attempt = 0, fence = work.fence + 1
""")
"""A worker that is just counting one of them by what was true before is made stale."""


def redate_open(session: Session, now: datetime, grade: str = "") -> int:
    """Have the deadlines of open cases counted anew, each as a work row; how many.

    The sweep rings for them: a notice comes to every office at once.
    """
    session.flush()
    asked = {"kind": REDATE, "now": now, "tenant": tenant_of(session), "grade": grade}
    done = session.execute(_REDATE, asked)
    return max(getattr(done, "rowcount", 0), 0)
