"""The work table: event, schedule, outbox pointer and sweep list in one (DESIGN invariant 3).

A row says that something is to be done for a row of an office at a time. A worker *claims* it,
which raises its ``fence``; it *finishes* the claim in the same transaction as the effect. A claim
whose fence was overtaken is stale and its transaction is rolled back, so a worker that was stopped
past its lease changes nothing.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, Integer, Result, case, delete, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from minsheng.runtime.database import ask_for_bell
from minsheng_tenants import Base, TenantTable, tenant_of

BATCH = 100
"""How many rows one claim takes at most (DESIGN invariant 3)."""


class StaleClaim(Exception):
    """Another worker has taken the row over; this one's effect must not be committed."""


class Work(TenantTable, Base):
    """One thing to be done: ``kind`` names the handler, ``row_id`` the row it is about."""

    __tablename__ = "work"
    __table_args__ = (
        Index("ix_work_due", "tenant_id", "kind", "due_at"),
        Index("ix_work_due_at", "due_at"),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    row_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(server_default="0")
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    trouble: Mapped[str] = mapped_column(server_default="")


@dataclass(frozen=True, slots=True)
class Claim:
    """A work row that is ours until its lease ends."""

    tenant_id: int
    kind: str
    row_id: uuid.UUID
    due_at: datetime
    fence: int
    attempt: int


_ADD = text("""
    insert into work (tenant_id, kind, row_id, due_at)
    values (:tenant_id, :kind, :row_id, :due_at) on conflict do nothing
""")


def add_work(
    session: Session,
    kind: str,
    row_ids: Sequence[uuid.UUID],
    due_at: datetime,
    *,
    ring: bool = True,
) -> None:
    """Write work rows in the caller's transaction; a row that stands already is left alone.

    ``ring=False`` for what is due much later: the sweep rings when its time has come.
    """
    if not row_ids:
        return
    tenant_id = tenant_of(session)
    rows = [
        {"tenant_id": tenant_id, "kind": kind, "row_id": row_id, "due_at": due_at}
        for row_id in row_ids
    ]
    session.connection().execute(_ADD, rows)
    if ring:
        ask_for_bell(session, tenant_id, kind)


def hasten_work(session: Session, kind: str, row_id: uuid.UUID, due_at: datetime) -> None:
    """Make one row due at ``due_at`` whatever its schedule said, adding it when it is missing."""
    tenant_id = tenant_of(session)
    values = {"tenant_id": tenant_id, "kind": kind, "row_id": row_id, "due_at": due_at}
    statement = insert(Work).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "kind", "row_id"],
            set_={"due_at": due_at, "attempt": 0},
            where=Work.tenant_id == tenant_id,
        )
    )
    ask_for_bell(session, tenant_id, kind)


# The rows are chosen in a step of their own: as a subquery the planner may choose anew for every
# row, each time passing over those it has locked, and so take all there is in place of the limit.
# A fence is the microsecond of its claim, not a count: a row that was struck off and written anew
# (a channel paused and resumed, an arrival replayed) would count from one again, and a worker that
# was stopped meanwhile would find its old fence standing.
_CLAIM = text("""
    with chosen as materialized (
        select row_id from work
        where tenant_id = :tenant and kind = :kind and due_at <= :now
          and (lease_until is null or lease_until < :now)
        order by due_at, row_id limit :limit for update skip locked)
    update work set lease_until = :until, attempt = attempt + 1,
        fence = greatest(fence + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
    from chosen
    where work.tenant_id = :tenant and work.kind = :kind and work.row_id = chosen.row_id
    returning work.row_id, work.due_at, work.fence, work.attempt
""")


def claim_work(
    session: Session, kind: str, now: datetime, lease: timedelta, limit: int = BATCH
) -> list[Claim]:
    """Take up to ``limit`` due rows of the session's office that nobody holds, oldest first."""
    tenant_id = tenant_of(session)
    rows = session.execute(
        _CLAIM,
        {"tenant": tenant_id, "kind": kind, "now": now, "until": now + lease, "limit": limit},
    ).all()
    claims = [Claim(tenant_id, kind, *row) for row in rows]
    return sorted(claims, key=lambda claim: claim.row_id)


_FINISH = text("""
    delete from work
    using unnest(cast(:ids as uuid[]), cast(:fences as bigint[])) as mine(row_id, fence)
    where work.tenant_id = :tenant and work.kind = :kind
      and work.row_id = mine.row_id and work.fence = mine.fence
""")
_HOLD = text("""
    update work set lease_until = :until
    from unnest(cast(:ids as uuid[]), cast(:fences as bigint[])) as mine(row_id, fence)
    where work.tenant_id = :tenant and work.kind = :kind
      and work.row_id = mine.row_id and work.fence = mine.fence
""")


def finish_work(session: Session, claims: Sequence[Claim]) -> None:
    """Strike the claimed rows off; raises StaleClaim when one was taken over meanwhile."""
    if not claims:
        return
    _check_all(claims, session.execute(_FINISH, _mine(claims)))


def hold_work(session: Session, claims: Sequence[Claim], until: datetime) -> None:
    """Make the leases longer while long work goes on; raises StaleClaim when one was taken."""
    if not claims:
        return
    _check_all(claims, session.execute(_HOLD, _mine(claims) | {"until": until}))


def put_off(
    session: Session, claim: Claim, due_at: datetime, trouble: str = "", attempt: int | None = None
) -> None:
    """Give the row back, due at ``due_at``; ``trouble`` is a word for operators, never content.

    Where somebody hastened the row meanwhile, that wish stands.
    """
    attempt = claim.attempt if attempt is None else attempt
    due = case((Work.due_at != claim.due_at, Work.due_at), else_=due_at)
    _change(session, claim, due_at=due, lease_until=None, trouble=trouble, attempt=attempt)


def drop_work(session: Session, kind: str, row_id: uuid.UUID) -> None:
    """Take a row off the table whatever its state, as when a channel is paused."""
    session.execute(delete(Work).where(Work.kind == kind, Work.row_id == row_id))


def _mine(claims: Sequence[Claim]) -> dict[str, object]:
    return {
        "ids": [claim.row_id for claim in claims],
        "fences": [claim.fence for claim in claims],
        "tenant": claims[0].tenant_id,
        "kind": claims[0].kind,
    }


def _check_all(claims: Sequence[Claim], done: Result[Any]) -> None:
    if getattr(done, "rowcount", -1) != len(claims):
        message = f"{claims[0].kind}: another worker took over, nothing was changed"
        raise StaleClaim(message)


def _change(session: Session, claim: Claim, **values: object) -> None:
    mine = (
        Work.tenant_id == claim.tenant_id,
        Work.kind == claim.kind,
        Work.row_id == claim.row_id,
        Work.fence == claim.fence,
    )
    done = session.execute(
        update(Work).where(*mine).values(**values), execution_options={"synchronize_session": False}
    )
    if getattr(done, "rowcount", -1) != 1:
        message = f"{claim.kind}: another worker took over, nothing was changed"
        raise StaleClaim(message)


_DUE = text("""
    select tenant_id, kind, count(*) as waiting, min(due_at) as since from work
    where due_at <= :now and (lease_until is null or lease_until < :now)
    group by tenant_id, kind
""")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much work of a kind waits in an office, and since when."""

    tenant_id: int
    kind: str
    waiting: int
    since: datetime


def list_waiting(session: Session, now: datetime) -> list[Waiting]:
    """What is due over all offices; for a session of the login that sees the whole table."""
    rows = session.execute(_DUE, {"now": now})
    return [Waiting(row.tenant_id, row.kind, row.waiting, row.since) for row in rows]


_LEFT = text("select count(*) from work where kind = any(:kinds)")


def count_left(session: Session, kinds: Sequence[str]) -> int:
    """How many rows of these kinds stand over all offices, due or not, claimed or not."""
    return session.scalar(_LEFT, {"kinds": list(kinds)}) or 0
