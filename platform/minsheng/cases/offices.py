"""The bodies of the tree as cases speak of them: their names, and where they stand.

An office sees itself and what stands below it; of the bodies above it knows the ids only.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng_tenants import Tenant, tenant_of

Line = tuple[int, ...]
"""A body's ids from the root down to itself."""


@dataclass(frozen=True, slots=True)
class Complained:
    """An office complained of; code and name are empty for one that the viewer's cannot see."""

    code: str
    name: str


def name_offices(session: Session, office_ids: Collection[int]) -> list[Complained]:
    """The offices of these ids, by code; those out of the office's subtree without their name."""
    if not office_ids:
        return []
    chosen = select(Tenant.id, Tenant.code, Tenant.name).where(Tenant.id.in_(office_ids))
    rows = session.execute(chosen.order_by(Tenant.code)).all()
    named = [Complained(row.code, row.name) for row in rows]
    return [*named, *[Complained("", "")] * (len(set(office_ids)) - len(named))]


def lines_of(session: Session, office_ids: Collection[int]) -> dict[int, Line]:
    """Where bodies stand, as far as the session's office can know it.

    Known are the office itself, what stands below it, and the bodies above it; another one is
    missing.
    """
    own = tenant_of(session)
    wanted = {*office_ids, own}
    chosen = select(Tenant.id, Tenant.ancestors).where(Tenant.id.in_(wanted))
    lines: dict[int, Line] = {row.id: (*row.ancestors, row.id) for row in session.execute(chosen)}
    mine = lines.get(own, (own,))
    above = {each: mine[: at + 1] for at, each in enumerate(mine)}
    return {each: lines.get(each) or above[each] for each in wanted if each in lines | above}


def bodies_in_sight(session: Session) -> Sequence[tuple[int, str, str, Line]]:
    """The id, name, kind and line of the office and of every active body below it."""
    rows = session.execute(
        select(Tenant.id, Tenant.name, Tenant.kind, Tenant.ancestors).where(
            Tenant.status == "active"
        )
    )
    return [(row.id, row.name, row.kind, (*row.ancestors, row.id)) for row in rows]
