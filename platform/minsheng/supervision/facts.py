"""How figures grow: differences become facts, and each body tells the one above its totals.

A trigger on ``cases`` writes what each change makes of the figures (migration 0029). The work
kind ``roll_up`` adds those up into the office's facts, then gives the office above the absolute
totals of what has changed, and has that office do the same. Telling absolute totals makes a second
telling harmless; ``stamp`` keeps a worker that was stopped from overwriting newer ones.

Measures, by day: ``cases`` opened, ``messages`` in them (by plugin), ``joined`` = messages beyond
each case's first, and ``open`` = still open: by the day the case was opened. A citizen's follow-up
of an earlier message is neither a message nor joined here (migration 0033). ``due`` = open cases by
the day of their deadline, ``closed`` and ``late`` by the day of closing. Complaints about the
office itself count nowhere.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import Claim, add_work, finish_work, hold_work
from minsheng_tenants import Tenant, tenant_of

ROLL_UP = "roll_up"
MOST_TOLD = 20_000
"""How many changed figures one telling takes; more are told in the next."""

_NOW = text("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")
_FOLD = text("""
    with taken as (
        delete from fact_changes where tenant_id = :tenant
        returning measure, day, channel, change
    ), summed as (
        select measure, day, channel, sum(change) as change from taken
        group by measure, day, channel having sum(change) <> 0
    )
    insert into facts as f (tenant_id, office_id, measure, day, channel, value, stamp, fresh)
    select :tenant, :tenant, measure, day, channel, change, :stamp, 1 from summed
    on conflict (tenant_id, office_id, measure, day, channel)
    do update set value = f.value + excluded.value, stamp = excluded.stamp, fresh = f.fresh + 1
    where f.tenant_id = :tenant
""")
_FRESH = text("""
    select office_id, measure, day, channel, fresh from facts
    where tenant_id = :tenant and fresh > 0 limit :most
""")
_TOTALS = text("""
    with wanted as (
        select distinct * from unnest(cast(:measures as text[]), cast(:days as date[]),
            cast(:channels as text[])) as t(measure, day, channel)
    )
    select f.measure, f.day, f.channel, sum(f.value)::bigint as value
    from wanted join facts f using (measure, day, channel)
    where f.tenant_id = :tenant group by 1, 2, 3
""")
_TELL = text("""
    insert into facts as f (tenant_id, office_id, measure, day, channel, value, stamp, fresh)
    select :tenant, :office, t.measure, t.day, t.channel, t.value, :stamp, 1
    from unnest(cast(:measures as text[]), cast(:days as date[]), cast(:channels as text[]),
        cast(:values as bigint[])) as t(measure, day, channel, value)
    on conflict (tenant_id, office_id, measure, day, channel)
    do update set value = excluded.value, stamp = excluded.stamp,
        fresh = f.fresh + (f.value <> excluded.value)::integer
    where f.tenant_id = :tenant and f.stamp < excluded.stamp
""")
_TOLD = text("""
    update facts f set fresh = f.fresh - t.fresh
    from unnest(cast(:offices as integer[]), cast(:measures as text[]), cast(:days as date[]),
        cast(:channels as text[]), cast(:freshes as integer[]))
        as t(office_id, measure, day, channel, fresh)
    where f.tenant_id = :tenant and f.office_id = t.office_id and f.measure = t.measure
      and f.day = t.day and f.channel = t.channel
""")


@dataclass(frozen=True, slots=True)
class _Telling:
    """What an office has to tell: the rows that changed, the totals they lead to, and when read."""

    fresh: Mapping[str, list[Any]]
    totals: Mapping[str, list[Any]]
    stamp: int
    parent: int | None

    @property
    def is_last(self) -> bool:
        return len(self.fresh["offices"]) < MOST_TOLD


class RollUp:
    """The handler of the kind of work ``roll_up``."""

    def __init__(self, tools: Tools, lease: timedelta) -> None:
        """``tools`` give the sessions of each office and of the one above; ``lease`` is held."""
        self._tools = tools
        self._lease = lease

    def work(self, claims: Sequence[Claim]) -> None:
        """Add up the office's changes and tell the office above, as often as it takes."""
        while not self._roll(claims):
            continue

    def _roll(self, claims: Sequence[Claim]) -> bool:
        """One telling; returns whether it was the last, with which the claims end."""
        tenant_id = claims[0].tenant_id
        with self._tools.database.session(tenant_id) as session:
            hold_work(session, claims, self._tools.clock.now() + self._lease)
            telling = _add_up(session)
        if telling.parent is not None:
            self._tell(tenant_id, telling.parent, telling)
        with self._tools.database.session(tenant_id) as session:
            session.execute(_TOLD, {**telling.fresh, "tenant": tenant_id})
            if telling.is_last:
                finish_work(session, claims)
        return telling.is_last

    def _tell(self, office: int, parent: int, telling: _Telling) -> None:
        if not telling.fresh["offices"]:
            return
        with self._tools.database.session(parent) as session:
            said = {"tenant": parent, "office": office, "stamp": telling.stamp}
            session.execute(_TELL, {**telling.totals, **said})
            add_work(session, ROLL_UP, [new_id()], self._tools.clock.now())


def _add_up(session: Session) -> _Telling:
    tenant = {"tenant": tenant_of(session)}
    stamp = session.scalars(_NOW).one()
    session.execute(_FOLD, tenant | {"stamp": stamp})
    fresh = _columns(session.execute(_FRESH, tenant | {"most": MOST_TOLD}), _FRESH_NAMES)
    totals = _columns(session.execute(_TOTALS, {**fresh, **tenant}), _TOTAL_NAMES)
    parent = session.scalar(select(Tenant.parent_id).where(Tenant.id == tenant["tenant"]))
    return _Telling(fresh, totals, stamp, parent)


_FRESH_NAMES = ("offices", "measures", "days", "channels", "freshes")
_TOTAL_NAMES = ("measures", "days", "channels", "values")


def _columns(rows: Iterable[Sequence[Any]], names: Sequence[str]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for row in rows:
        for name, value in zip(names, row, strict=True):
            columns[name].append(value)
    return columns
