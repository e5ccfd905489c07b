"""Deadlines: pure arithmetic over the calendar, day by day, so that a page can show it.

The day a matter is filed does not count (民法典 第二百零一条: 开始的当日不计入); the n-th working
day after it is the last one, until the office closes. A class of 0 days (紧要) is due when the
office closes on the day of filing; what is filed after closing, or on a day of rest, is due when
it closes on the next working day. A day does not count while the case waits for the citizen at
the hour the office closes. Working days that were granted are counted behind.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from minsheng.handling.calendar import Calendar, Why

CHINA = ZoneInfo("Asia/Shanghai")
Counts = Literal["working", "calendar"]
_DAY = timedelta(days=1)
_MOST_DAYS = 4000
"""Days walked at most, so that a calendar without working days ends as a far date."""

Pause = tuple[datetime, datetime | None]
"""From when to when a case waited for the citizen; None = it still does."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When the office opens and closes, in China's time."""

    opens: time = time(8, 30)
    closes: time = time(17, 30)


@dataclass(frozen=True, slots=True)
class Term:
    """What a deadline is made of.

    ``days`` of the class, counted as ``counts`` says; ``fixed_at`` a moment that somebody set in
    their place; ``extended`` working days that were granted; ``pauses`` waiting for the citizen.
    """

    filed_at: datetime
    days: int
    counts: Counts = "working"
    fixed_at: datetime | None = None
    extended: int = 0
    pauses: tuple[Pause, ...] = ()


@dataclass(frozen=True, slots=True)
class CountedDay:
    """One day on the way: its number where it counts, else None, and why."""

    day: date
    number: int | None
    why: Why | Literal["filed", "paused", "late", "fixed"]
    name: str
    estimated: bool


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment, whether it rests on an estimate, and the days it was counted by."""

    due_at: datetime
    estimated: bool
    days: tuple[CountedDay, ...] = field(repr=False)


def deadline(calendar: Calendar, hours: Hours, term: Term) -> Deadline:
    """The deadline of a term."""
    days = tuple(deadline_steps(calendar, hours, term))
    last = days[-1].day
    closes = hours.closes
    if term.fixed_at is not None:
        closes = term.fixed_at.astimezone(CHINA).time()
    due_at = datetime.combine(last, closes, CHINA)
    return Deadline(due_at, any(day.estimated for day in days), days)


def earliest(calendar: Calendar, hours: Hours, terms: Iterable[Term]) -> Deadline:
    """The earliest deadline of several terms, at least one."""
    return min((deadline(calendar, hours, term) for term in terms), key=lambda each: each.due_at)


def deadline_steps(calendar: Calendar, hours: Hours, term: Term) -> Sequence[CountedDay]:
    """Every day from the filing to the deadline, with why it counts or not."""
    walk = _Walk(calendar, hours, term)
    days: list[CountedDay] = []
    if term.fixed_at is not None:
        days += walk.to_fixed(term.fixed_at)
    elif term.days == 0:
        days += walk.same_day()
    else:
        filed = calendar.kind_of(walk.filed)
        days.append(CountedDay(walk.filed, None, "filed", filed.name, filed.estimated))
        days += walk.count(walk.filed, term.days, 0, term.counts)
    if walk.behind:
        number = days[-1].number or 0
        days += walk.count(days[-1].day, walk.behind, number, "working")
    return days


@dataclass
class _Walk:
    """Walks the days of one term; ``behind`` working days are to be counted at the end."""

    calendar: Calendar
    hours: Hours
    term: Term
    behind: int = 0

    def __post_init__(self) -> None:
        self.behind = self.term.extended
        self.filed = self.term.filed_at.astimezone(CHINA).date()

    def to_fixed(self, fixed_at: datetime) -> Iterator[CountedDay]:
        """The day that was set; working days that were paused before it are counted behind it."""
        fixed = fixed_at.astimezone(CHINA).date()
        filed = self.calendar.kind_of(self.filed)
        yield CountedDay(self.filed, None, "filed", filed.name, filed.estimated)
        for day in _days_after(self.filed, until=fixed):
            kind = self.calendar.kind_of(day)
            if kind.works and self._paused(day):
                self.behind += 1
                if day != fixed:
                    yield CountedDay(day, None, "paused", kind.name, kind.estimated)
        kind = self.calendar.kind_of(fixed)
        yield CountedDay(fixed, 0, "fixed", kind.name, kind.estimated)

    def same_day(self) -> Iterator[CountedDay]:
        """The first day on which people work and the office has not closed yet."""
        late = self.term.filed_at.astimezone(CHINA).time() >= self.hours.closes
        every_day = self.term.counts == "calendar"
        for day in (self.filed, *_days_after(self.filed)):
            kind = self.calendar.kind_of(day)
            if late and day == self.filed:
                yield CountedDay(day, None, "late", kind.name, kind.estimated)
            elif self._paused(day):
                yield CountedDay(day, None, "paused", kind.name, kind.estimated)
            elif kind.works or every_day:
                yield CountedDay(day, 0, kind.why, kind.name, kind.estimated)
                return
            else:
                yield CountedDay(day, None, kind.why, kind.name, kind.estimated)

    def count(self, after: date, wanted: int, number: int, counts: Counts) -> Iterator[CountedDay]:
        """The days behind ``after`` until ``wanted`` more have counted."""
        for day in _days_after(after):
            kind = self.calendar.kind_of(day)
            if self._paused(day):
                yield CountedDay(day, None, "paused", kind.name, kind.estimated)
            elif kind.works or counts == "calendar":
                number, wanted = number + 1, wanted - 1
                yield CountedDay(day, number, kind.why, kind.name, kind.estimated)
                if wanted == 0:
                    return
            else:
                yield CountedDay(day, None, kind.why, kind.name, kind.estimated)

    def _paused(self, day: date) -> bool:
        closes = datetime.combine(day, self.hours.closes, CHINA)
        return any(
            start <= closes and end is not None and closes < end for start, end in self.term.pauses
        )


def _days_after(day: date, until: date | None = None) -> Iterator[date]:
    last = until or day + timedelta(days=_MOST_DAYS)
    while day < last:
        day += _DAY
        yield day


def working_moment(calendar: Calendar, hours: Hours, start: datetime, minutes: int) -> datetime:
    """``minutes`` of office hours after ``start``: nights and days of rest do not count."""
    at, left = start.astimezone(CHINA), timedelta(minutes=minutes)
    for _ in range(_MOST_DAYS):
        opens = datetime.combine(at.date(), hours.opens, CHINA)
        closes = datetime.combine(at.date(), hours.closes, CHINA)
        if calendar.works(at.date()) and at < closes:
            begins = max(at, opens)
            if begins + left <= closes:
                return begins + left
            left -= closes - begins
        at = datetime.combine(at.date() + _DAY, time(), CHINA)
    return at


def reminder_moment(
    calendar: Calendar, hours: Hours, filed_at: datetime, due_at: datetime
) -> datetime:
    """When to remind before a deadline.

    When the office opens on the working day before; where the matter was filed later than that,
    two hours before the deadline (our figures).
    """
    due = due_at.astimezone(CHINA)
    day = due.date()
    for _ in range(_MOST_DAYS):
        day -= _DAY
        if calendar.works(day):
            break
    before = datetime.combine(day, hours.opens, CHINA)
    return before if before > filed_at else due - timedelta(hours=2)
