""" "Not the same matter": what a person said once, no matcher and no re-pull may override."""

import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.models import NotSame
from minsheng_tenants import tenant_of


def remember_not_same(
    session: Session,
    tools: Tools,
    actor: Actor,
    ours: Sequence[uuid.UUID],
    theirs: Sequence[uuid.UUID],
) -> None:
    """Keep for ever that none of ``ours`` is the same matter as any of ``theirs``."""
    tenant_id, now = tenant_of(session), tools.clock.now()
    rows = [
        {
            "tenant_id": tenant_id,
            "low_id": min(one, other),
            "high_id": max(one, other),
            "said_by": str(actor),
            "said_at": now,
        }
        for one in ours
        for other in theirs
    ]
    if rows:
        session.execute(insert(NotSame).on_conflict_do_nothing(), rows)


_ANY = text("""
    select 1 from not_same where tenant_id = :tenant
      and ((low_id = any(:ours) and high_id = any(:theirs))
        or (low_id = any(:theirs) and high_id = any(:ours)))
    limit 1
""")


def any_not_same(
    session: Session, ours: Collection[uuid.UUID], theirs: Collection[uuid.UUID]
) -> bool:
    """Whether somebody has said so of any two of them."""
    asked = {"tenant": tenant_of(session), "ours": list(ours), "theirs": list(theirs)}
    return session.scalar(_ANY, asked) is not None


def forbidden_partners(
    session: Session, message_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, set[uuid.UUID]]:
    """For each message that has any: the messages it must not be joined with."""
    partners: dict[uuid.UUID, set[uuid.UUID]] = {}
    chosen = select(NotSame.low_id, NotSame.high_id).where(
        NotSame.low_id.in_(message_ids) | NotSame.high_id.in_(message_ids)
    )
    for low, high in session.execute(chosen):
        partners.setdefault(low, set()).add(high)
        partners.setdefault(high, set()).add(low)
    return partners
