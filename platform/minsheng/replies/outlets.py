"""How sending by a channel goes: one sender at a time, patience while it is down, and the alarm.

A channel is down when every reply of a batch failed in a way that a later try may mend, three at
most being tried. It is then tried again with growing patience, and what waits for it keeps its
order. After half an hour, or at once where somebody has to change something, an alarm is raised:
a mark on the channel, an audit entry and a line in the log.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Result, and_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.intake.models import Channel
from minsheng.replies.models import Outlet
from minsheng.runtime.work import StaleClaim
from minsheng_tenants import tenant_of

_log = structlog.get_logger(__name__)
PATIENCE_MINUTES = (1, 5, 15, 20, 20, 30, 60)
"""Minutes to the next try of a channel that is down, by failures; the last one repeats."""
ALARM_AFTER = timedelta(minutes=30)
"""With the patience above the alarm comes 41 minutes after the first failure (demanded: 1 h)."""
MOST_FAILED = 3


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to send by a channel until its time is over."""

    channel_id: uuid.UUID
    fence: int
    next_try_at: datetime | None
    down: bool = False
    """Whether it was marked as down when the right was taken."""


@dataclass(frozen=True, slots=True)
class Down:
    """A channel that takes nothing at the moment."""

    channel: str
    name: str
    since: datetime
    next_try_at: datetime | None
    alarmed_at: datetime | None
    trouble: str


_TAKE = text("""
    update outlets set lease_until = :until, fence = fence + 1
    where tenant_id = :tenant and channel_id = :channel
      and (lease_until is null or lease_until < :now)
    returning fence, next_try_at, down_since
""")


def take_outlet(
    session: Session, channel_id: uuid.UUID, now: datetime, until: datetime
) -> Lease | None:
    """The sole right to send by a channel; None while another worker has it."""
    asked = {"tenant": tenant_of(session), "channel": channel_id, "now": now, "until": until}
    row = session.execute(_TAKE, asked).one_or_none()
    if row is None:
        ensure_outlet(session, channel_id)
        row = session.execute(_TAKE, asked).one_or_none()
    if row is None:
        return None
    return Lease(channel_id, row.fence, row.next_try_at, row.down_since is not None)


_KEEP = text("""
    update outlets set lease_until = :until
    where tenant_id = :tenant and channel_id = :channel and fence = :fence
""")


def keep_outlet(session: Session, lease: Lease, until: datetime) -> None:
    """Make the right last longer; raises StaleClaim when another worker has taken it."""
    asked = {"tenant": tenant_of(session), "channel": lease.channel_id, "fence": lease.fence}
    _demand_ours(session.execute(_KEEP, asked | {"until": until}))


def leave_outlet(session: Session, lease: Lease) -> None:
    """Give the right back; raises StaleClaim when another worker has taken it."""
    _change(session, lease, lease_until=None)


def note_up(session: Session, lease: Lease) -> None:
    """The channel took a reply: whatever was wrong with it is over."""
    _change(
        session, lease, failures=0, down_since=None, next_try_at=None, alarmed_at=None, trouble=""
    )


def note_down(
    session: Session, tools: Tools, lease: Lease, trouble: str, *, person: bool, wait: timedelta
) -> datetime:
    """The channel takes nothing: when it is tried next. ``person``: somebody has to mend it.

    ``wait`` is what the source asked for at least.
    """
    now = tools.clock.now()
    outlet = session.scalars(select(Outlet).where(Outlet.channel_id == lease.channel_id)).one()
    minutes = PATIENCE_MINUTES[min(outlet.failures, len(PATIENCE_MINUTES) - 1)]
    since = outlet.down_since or now
    next_try = now + max(timedelta(minutes=minutes), min(wait, timedelta(hours=1)))
    alarm = outlet.alarmed_at is None and (person or now - since >= ALARM_AFTER)
    _change(
        session,
        lease,
        failures=outlet.failures + 1,
        down_since=since,
        next_try_at=next_try,
        alarmed_at=now if alarm else outlet.alarmed_at,
        trouble=trouble[:300],
    )
    if alarm:
        _log.error("channel.down", tenant=tenant_of(session), channel=str(lease.channel_id))
        tools.auditor.record(session, SYSTEM, "channel.down", "channel", lease.channel_id)
    return next_try


def ensure_outlet(session: Session, channel_id: uuid.UUID) -> None:
    """See that the channel has its row."""
    row = {"tenant_id": tenant_of(session), "channel_id": channel_id}
    session.execute(insert(Outlet).values(row).on_conflict_do_nothing())


def channels_down(session: Session) -> Sequence[Down]:
    """The office's channels that take nothing, those with an alarm first."""
    source = and_(Channel.tenant_id == Outlet.tenant_id, Channel.id == Outlet.channel_id)
    chosen = select(Outlet, Channel.code, Channel.name).join(Channel, source)
    rows = session.execute(
        chosen.where(Outlet.down_since.is_not(None)).order_by(
            Outlet.alarmed_at.nulls_last(), Channel.code
        )
    )
    return [
        Down(code, name, each.down_since, each.next_try_at, each.alarmed_at, each.trouble)
        for each, code, name in rows
        if each.down_since is not None
    ]


def _change(session: Session, lease: Lease, **values: object) -> None:
    mine = Outlet.channel_id == lease.channel_id, Outlet.fence == lease.fence
    done = session.execute(
        update(Outlet).where(*mine).values(**values),
        execution_options={"synchronize_session": False},
    )
    _demand_ours(done)


def _demand_ours(done: Result[Any]) -> None:
    if getattr(done, "rowcount", 0) != 1:
        message = "another worker sends by this channel now, nothing was changed"
        raise StaleClaim(message)
