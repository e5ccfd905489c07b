"""Figures of matching: added to when something happens, so that reading them scans nothing."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from math import sqrt

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from minsheng.cases.match_models import MatchFigures
from minsheng.cases.numbers import CHINA
from minsheng_tenants import tenant_of

_SURE = 1.96
"""Standard deviations on either side of a 95 % interval."""


@dataclass(slots=True)
class Counts:
    """Columns of :class:`MatchFigures`: what is to be added, or a sum of rows."""

    messages: int = 0
    joined: int = 0
    joined_across: int = 0
    to_review: int = 0
    related: int = 0
    capped: int = 0
    sample_right: int = 0
    sample_wrong: int = 0
    found_right: int = 0
    found_wrong: int = 0

    @property
    def review_share(self) -> float | None:
        """The share of messages that got an open finding on arrival, in percent."""
        return round(100 * self.to_review / self.messages, 2) if self.messages else None


_NAMES = tuple(field.name for field in fields(Counts))
_ADD = text(
    f"insert into match_figures as f (tenant_id, day, algorithm, {', '.join(_NAMES)})"  # noqa: S608 - our own names
    f" values (:tenant, :day, :algorithm, {', '.join(f':{name}' for name in _NAMES)})"
    " on conflict (tenant_id, day, algorithm) do update set "
    + ", ".join(f"{name} = f.{name} + :{name}" for name in _NAMES)
    + " where f.tenant_id = :tenant"
)


def add_figures(session: Session, at: datetime, algorithm: str, counts: Counts) -> None:
    """Add to the figures of the day of ``at`` in China; in the transaction of what happened."""
    day = at.astimezone(CHINA).date()
    asked = {"tenant": tenant_of(session), "day": day, "algorithm": algorithm}
    session.connection().execute(_ADD, asked | asdict(counts))


@dataclass(frozen=True, slots=True)
class Precision:
    """How many joins of a random sample a person found right: the share in percent with its 95 %
    interval (Wilson 1927), None when nobody has said anything yet."""

    right: int
    wrong: int
    share: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, right: int, wrong: int) -> "Precision":
        """The share of ``right`` among both."""
        looked = right + wrong
        if not looked:
            return cls(0, 0, None, None, None)
        share, wide = right / looked, _SURE**2 / looked
        middle = (share + wide / 2) / (1 + wide)
        reach = _SURE * sqrt(share * (1 - share) / looked + wide / (4 * looked)) / (1 + wide)
        bounds = max(0.0, middle - reach), min(1.0, middle + reach)
        return cls(right, wrong, *(round(100 * each, 2) for each in (share, *bounds)))


@dataclass(frozen=True, slots=True)
class Figures:
    """What matching did from ``since`` to ``until`` (days in China, both included)."""

    since: date
    until: date
    total: Counts
    by_algorithm: Mapping[str, Counts]
    precision: Precision


def matching_figures(session: Session, since: date, until: date) -> Figures:
    """The figures of some days, in all and by version of the algorithm."""
    sums = [func.sum(getattr(MatchFigures, name)) for name in _NAMES]
    chosen = (
        select(MatchFigures.algorithm, *sums)
        .where(MatchFigures.day.between(since, until))
        .group_by(MatchFigures.algorithm)
        .order_by(MatchFigures.algorithm)
    )
    found = {row[0]: Counts(*map(int, row[1:])) for row in session.execute(chosen)}
    total = Counts(*(sum(getattr(each, name) for each in found.values()) for name in _NAMES))
    precision = Precision.of(total.sample_right, total.sample_wrong)
    return Figures(since, until, total, found, precision)
