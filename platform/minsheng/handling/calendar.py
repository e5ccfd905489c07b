"""The working calendar of the PRC with 调休: what kind of day is it, and why.

A year is known by the State Council's notice (``published``), or guessed from the statutory days
(``estimated``); a year without any file is an estimate of weekends and the fixed days, never an
error. An office's own days (closed for a storm, open on a Sunday) stand above both.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from minsheng.handling.errors import HandlingInvalid

Why = Literal["weekday", "weekend", "holiday", "makeup", "closed", "opened"]
PUBLISHED, ESTIMATED = "published", "estimated"
FIRST_YEAR, LAST_YEAR = 1949, 2200
_SATURDAY = 5
_FIXED = {(1, 1): "元旦", (5, 1): "劳动节", (5, 2): "劳动节", (10, 1): "国庆节", (10, 2): "国庆节",
          (10, 3): "国庆节"}  # fmt: skip
"""Statutory days with a fixed date (全国年节及纪念日放假办法, as amended for 2025)."""


@dataclass(frozen=True, slots=True)
class YearDays:
    """What differs from the plain week in a year: days of rest and working weekends, by name."""

    year: int
    status: str
    source: str
    rest: Mapping[date, str]
    work: Mapping[date, str]


@dataclass(frozen=True, slots=True)
class OwnDay:
    """An office's own word on a day: whether it works, and why in words."""

    works: bool
    name: str


@dataclass(frozen=True, slots=True)
class DayKind:
    """One day: whether people work, the rule that says so, its name, and if that is a guess."""

    day: date
    works: bool
    why: Why
    name: str
    estimated: bool


@dataclass(frozen=True)
class Calendar:
    """Years by number, those of the product where an office has none of its own."""

    years: Mapping[int, YearDays] = field(default_factory=dict)
    own: Mapping[date, OwnDay] = field(default_factory=dict)

    def year(self, number: int) -> YearDays:
        """The year as it is known here."""
        return self.years.get(number) or shipped_year(number)

    def kind_of(self, day: date) -> DayKind:
        """What kind of day it is."""
        year = self.year(day.year)
        guess = year.status != PUBLISHED
        own = self.own.get(day)
        if own is not None:
            return DayKind(day, own.works, "opened" if own.works else "closed", own.name, guess)
        if day in year.work:
            return DayKind(day, True, "makeup", year.work[day], guess)
        if day in year.rest:
            return DayKind(day, False, "holiday", year.rest[day], guess)
        if day.weekday() >= _SATURDAY:
            return DayKind(day, False, "weekend", "", guess)
        return DayKind(day, True, "weekday", "", guess)

    def works(self, day: date) -> bool:
        """Whether people work on a day."""
        return self.kind_of(day).works


def read_year(told: Mapping[str, Any]) -> YearDays:
    """A year from the form of the shipped files; raises HandlingInvalid.

    ``{"year": 2027, "status": "published", "source": "…", "rest": {"2027-01-01": "元旦"},
    "work": {"2027-02-14": "春节调休"}}``; every day must lie in the year, and in one list only.
    """
    number, status = told.get("year"), told.get("status")
    if not isinstance(number, int) or not FIRST_YEAR <= number <= LAST_YEAR:
        message = f"year must be a number from {FIRST_YEAR} to {LAST_YEAR}"
        raise HandlingInvalid("year", message)
    if status not in (PUBLISHED, ESTIMATED):
        message = f"status must be {PUBLISHED} or {ESTIMATED}"
        raise HandlingInvalid("status", message)
    rest, work = (_days(number, name, told.get(name)) for name in ("rest", "work"))
    both = sorted(rest.keys() & work.keys())
    if both:
        message = f"{both[0]} cannot be a day of rest and a working day: take one out"
        raise HandlingInvalid("work", message)
    return YearDays(number, status, str(told.get("source", "")), rest, work)


def told_year(year: YearDays) -> dict[str, Any]:
    """A year in the form that :func:`read_year` reads."""
    rest, work = (
        {day.isoformat(): n for day, n in each.items()} for each in (year.rest, year.work)
    )
    return {"year": year.year, "status": year.status, "source": year.source, "rest": rest,
            "work": work}  # fmt: skip


@cache
def shipped_year(number: int) -> YearDays:
    """The year as the product ships it; an estimate of its own where it ships none."""
    file = files("minsheng.handling") / "data" / "calendar" / f"{number}.json"
    if file.is_file():
        return read_year(json.loads(file.read_text(encoding="utf-8")))
    rest = {date(number, month, day): name for (month, day), name in _FIXED.items()}
    return YearDays(number, ESTIMATED, "", rest, {})


def _days(year: int, name: str, told: object) -> dict[date, str]:
    if not isinstance(told, Mapping):
        message = f"{name} must be days with their names"
        raise HandlingInvalid(name, message)
    found: dict[date, str] = {}
    for text, said in told.items():
        try:
            day = date.fromisoformat(str(text))
        except ValueError as error:
            message = f"{text!r} is no day: write it as {year}-01-01"
            raise HandlingInvalid(name, message) from error
        if day.year != year:
            message = f"{day} lies outside of {year}: put it into the file of its year"
            raise HandlingInvalid(name, message)
        found[day] = str(said)
    return found
