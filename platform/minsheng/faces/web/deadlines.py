"""Deadlines as people say them, in working days of the office's own calendar."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from minsheng.faces.web.times import local
from minsheng.faces.web.words import _
from minsheng.handling.calendar import Calendar

_MOST_DAYS = 400
_SOON = 1
"""Working days from which on a deadline is near (our figure)."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A state as a shape and a word; ``exact`` is the moment behind it, for hovering."""

    words: str
    icon: str
    tone: str
    exact: datetime | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """What a chip is made of: the deadline, whether it rests on an estimate, and if it stands."""

    at: datetime | None
    estimated: bool = False
    paused: bool = False


def deadline_chip(due: Due, now: datetime, calendar: Calendar) -> Chip | None:
    """剩 2 工作日, 今日 17:30 前, 逾期 1 工作日 or 暂停; None where there is no deadline."""
    if due.at is None:
        return None
    if due.paused:
        return Chip(_("暂停"), "pause", "", due.at)
    there, today = local(due.at), local(now).date()
    if due.at < now:
        late = working_days(calendar, there.date(), today)
        words = _("逾期 %(count)s 工作日", count=late) if late else _("已逾期")
        return Chip(words, "alert", "danger", due.at)
    if there.date() == today:
        return Chip(_("今日 %(clock)s 前", clock=there.strftime("%H:%M")), "timer", "warn", due.at)
    left = working_days(calendar, today, there.date())
    words = _("约剩 %(count)s 工作日", count=left) if due.estimated else ""
    tone = "warn" if left <= _SOON else "quiet"
    return Chip(words or _("剩 %(count)s 工作日", count=left), "clock", tone, due.at)


def working_days(calendar: Calendar, after: date, until: date) -> int:
    """The working days behind ``after`` up to ``until``, at most _MOST_DAYS of the calendar."""
    days = min((until - after).days, _MOST_DAYS)
    return sum(calendar.works(after + timedelta(days=n)) for n in range(1, days + 1))
