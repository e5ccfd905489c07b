"""The figures of a body and of everything below it, for an office that stands above it.

Read from facts only, never from cases, so a page costs the same whatever lies below. An office
looks at itself and at its subtree; of others' figures, counts of one to four are not said, since a
matter can be told from a small count (the rule of five of official statistics), and neither is a
second cell of the same column where one alone could be worked out from the sum.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, TextClause, select, text
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.supervision.errors import FiguresInvalid
from minsheng_tenants import Tenant, find_body, tenant_of

FLOWS = ("messages", "cases", "joined", "closed", "late")
"""Counted by day: in the window of the wish."""
STOCKS = ("open", "overdue")
"""As they stand now, whatever the window."""
COLUMNS = (*FLOWS, *STOCKS)
LEAST_SAID = 5
LONGEST_DAYS = 366
OPEN_AGES = (7, 30, 90)
"""Days since the case was opened, up to and including; what is older stands in a last group."""
LATE_AGES = (7, 30)
"""Days beyond the deadline."""
CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class FiguresWish:
    """Whose figures, over which days (both included); an empty code is the asking office."""

    office: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class OfficeFigures:
    """One line: a body with everything below it. None = between one and four, not said.

    ``itself``: only the body's own, where the others are bodies directly below it.
    """

    code: str
    name: str
    kind: str
    itself: bool
    counts: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Figures:
    """What the page shows, with the window and the day it was asked on.

    ``open_ages`` and ``late_ages`` count open cases by days since opening and beyond the deadline
    (one more group than OPEN_AGES, LATE_AGES), ``channels`` messages by plugin, ``days`` the new
    messages of each day of the window.
    """

    office: OfficeFigures
    lines: Sequence[OfficeFigures]
    open_ages: Sequence[int | None]
    late_ages: Sequence[int | None]
    channels: Mapping[str, int | None]
    days: Sequence[tuple[date, int]]
    since: date
    until: date
    today: date
    above: Sequence[tuple[str, str]] = field(default=())


_SUMS = text("""
    select office_id, measure, sum(value)::bigint as value from facts
    where tenant_id = :tenant and measure = any(:measures) and day between :since and :until
    group by office_id, measure
    union all
    select office_id, 'open', sum(value)::bigint from facts
    where tenant_id = :tenant and measure = 'open' group by office_id
    union all
    select office_id, 'overdue', sum(value)::bigint from facts
    where tenant_id = :tenant and measure = 'due' and day < :today group by office_id
""")
_AGES = text("""
    select width_bucket(:today - day, cast(:edges as integer[])) as age, sum(value)::bigint as value
    from facts where tenant_id = :tenant and measure = :measure and day <= :latest
    group by 1 having sum(value) <> 0
""")
_CHANNELS = text("""
    select channel, sum(value)::bigint as value from facts
    where tenant_id = :tenant and measure = 'messages' and day between :since and :until
    group by channel having sum(value) <> 0 order by 2 desc, 1
""")
_DAYS = text("""
    select day, sum(value)::bigint as value from facts
    where tenant_id = :tenant and measure = 'messages' and day between :since and :until
    group by day order by day
""")


def figures_of(session: Session, tools: Tools, wish: FiguresWish) -> Figures:
    """The figures of a body of the session's subtree, or of the session's office.

    Raises BodyNotFound for a body elsewhere and FiguresInvalid for a window that makes no sense.
    """
    today = tools.clock.now().astimezone(CHINA).date()
    since, until = _window(wish, today)
    own = tenant_of(session)
    body = find_body(session, wish.office) if wish.office else _body(session, own)
    children = session.scalars(select(Tenant).where(Tenant.parent_id == body.id)).all()
    above = _line_above(session, body)
    with tools.database.session(body.id) as theirs:
        read = _Read(theirs, {"since": since, "until": until, "today": today})
        return read.figures(body, children, above, discreet=body.id != own)


@dataclass(frozen=True, slots=True)
class _Read:
    """One body's facts in a window."""

    session: Session
    window: Mapping[str, date]

    def figures(
        self,
        body: Tenant,
        children: Sequence[Tenant],
        above: Sequence[tuple[str, str]],
        *,
        discreet: bool,
    ) -> Figures:
        counts = self._counts()
        total = {name: sum(each[name] for each in counts.values()) for name in COLUMNS}
        lines = self._lines(body, children, counts, discreet=discreet)
        return Figures(
            office=_line(body, hide_small([total])[0] if discreet else total),
            lines=lines,
            open_ages=_say(self._ages("open", OPEN_AGES, offset=0), discreet),
            late_ages=_say(self._ages("due", LATE_AGES, offset=1), discreet),
            channels=self._channels(discreet),
            days=[] if discreet and _is_small(total["messages"]) else self._days(),
            since=self.window["since"],
            until=self.window["until"],
            today=self.window["today"],
            above=above,
        )

    def _lines(
        self,
        body: Tenant,
        children: Sequence[Tenant],
        counts: Mapping[int, Mapping[str, int]],
        *,
        discreet: bool,
    ) -> list[OfficeFigures]:
        """The bodies directly below, then the body's own part, which it may know exactly."""
        shown = [child for child in children if child.id in counts or child.status == "active"]
        bodies = [*shown, body] if shown and body.id in counts else list(shown)
        rows = [counts.get(each.id, _nothing()) for each in bodies]
        said = hide_small(rows if discreet else rows[: len(shown)])
        exact = [dict[str, int | None](row) for row in rows[len(said) :]]
        pairs = zip(bodies, [*said, *exact], strict=True)
        return [_line(each, row, itself=each.id == body.id) for each, row in pairs]

    def _counts(self) -> dict[int, dict[str, int]]:
        found: dict[int, dict[str, int]] = defaultdict(_nothing)
        for row in self._rows(_SUMS, measures=list(FLOWS)):
            found[row.office_id][row.measure] = row.value
        return found

    def _ages(self, measure: str, ages: Sequence[int], offset: int) -> list[int]:
        edges = [age + 1 for age in ages]
        latest = self.window["today"] - timedelta(days=offset)
        counts = [0] * (len(ages) + 1)
        for row in self._rows(_AGES, measure=measure, edges=edges, latest=latest):
            counts[row.age] = row.value
        return counts

    def _channels(self, discreet: bool) -> dict[str, int | None]:
        rows = self._rows(_CHANNELS)
        said = _say([row.value for row in rows], discreet)
        return {row.channel: value for row, value in zip(rows, said, strict=True)}

    def _days(self) -> list[tuple[date, int]]:
        found = {row.day: int(row.value) for row in self._rows(_DAYS)}
        since, until = self.window["since"], self.window["until"]
        every = [since + timedelta(days=number) for number in range((until - since).days + 1)]
        return [(day, found.get(day, 0)) for day in every]

    def _rows(self, statement: TextClause, **more: object) -> Sequence[Row[Any]]:
        asked = {"tenant": tenant_of(self.session), **self.window, **more}
        return self.session.execute(statement, asked).all()


def hide_small(rows: Sequence[Mapping[str, int]]) -> list[dict[str, int | None]]:
    """The rows with None where a count says too much, column by column.

    Hidden is what lies between one and four; and where that is one cell of several only, the
    smallest other that is not zero too, for the sum would give the one away.
    """
    said = [dict[str, int | None](row) for row in rows]
    for column in rows[0] if rows else ():
        values = [row[column] for row in rows]
        for place, value in enumerate(_say(values, True)):
            said[place][column] = value
    return said


def _say(values: Sequence[int], discreet: bool) -> list[int | None]:
    if not discreet:
        return list(values)
    hidden = {place for place, value in enumerate(values) if _is_small(value)}
    others = [place for place, value in enumerate(values) if value and place not in hidden]
    if len(hidden) == 1 and others:
        hidden.add(min(others, key=lambda place: values[place]))
    return [None if place in hidden else value for place, value in enumerate(values)]


def _is_small(value: int) -> bool:
    return 0 < value < LEAST_SAID


def _nothing() -> dict[str, int]:
    return dict.fromkeys(COLUMNS, 0)


def _line(body: Tenant, counts: Mapping[str, int | None], *, itself: bool = False) -> OfficeFigures:
    return OfficeFigures(body.code, body.name, body.kind, itself, counts)


def _body(session: Session, office: int) -> Tenant:
    return session.scalars(select(Tenant).where(Tenant.id == office)).one()


def _line_above(session: Session, body: Tenant) -> list[tuple[str, str]]:
    """The bodies between the asking office and ``body``, both left out where nothing is between."""
    chosen = select(Tenant.id, Tenant.code, Tenant.name).where(Tenant.id.in_(body.ancestors))
    found = {row.id: (row.code, row.name) for row in session.execute(chosen)}
    return [found[each] for each in body.ancestors if each in found]


def _window(wish: FiguresWish, today: date) -> tuple[date, date]:
    until = wish.until or today
    since = wish.since or until - timedelta(days=29)
    if since > until:
        message = f"the window ends on {until} before it begins on {since}: swap the two"
        raise FiguresInvalid("since", message)
    if (until - since).days >= LONGEST_DAYS:
        message = f"a window holds at most {LONGEST_DAYS} days: ask for less"
        raise FiguresInvalid("since", message)
    return since, until
