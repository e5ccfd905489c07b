"""Role changes as a security administrator reads them: what waits, what was decided."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from minsheng.accounts.models import RoleChange, User
from minsheng.accounts.role_changes import ASKED, decide_roles
from minsheng.audit import Actor, Tools

MOST_AT_ONCE = 200
"""How many role changes are shown, and decided, at once."""


@dataclass(frozen=True, slots=True)
class RoleChangeLine:
    """A role change with the person it is about, who asked and who decided.

    ``asker`` is None when a machine or the operator asked, ``decider`` while it waits.
    """

    change: RoleChange
    user: User
    asker: User | None
    decider: User | None


def waiting_lines(session: Session) -> Sequence[RoleChangeLine]:
    """What waits, oldest first, at most MOST_AT_ONCE."""
    return _lines(session, waiting=True, limit=MOST_AT_ONCE)


def decided_lines(session: Session, limit: int = 30) -> Sequence[RoleChangeLine]:
    """The last decisions, newest first."""
    return _lines(session, waiting=False, limit=limit)


def count_waiting(session: Session) -> int:
    """How many role changes wait."""
    counted = select(func.count()).select_from(RoleChange).where(RoleChange.state == ASKED)
    return session.scalar(counted) or 0


def decide_many(
    session: Session,
    tools: Tools,
    actor: Actor,
    decider_id: uuid.UUID,
    change_ids: Sequence[uuid.UUID],
    *,
    granted: bool,
) -> None:
    """Grant or refuse several role changes, all or none.

    Raises RoleChangeNotFound or OwnRoleChange when one of them cannot be decided.
    """
    for change_id in change_ids:
        decide_roles(session, tools, actor, decider_id, change_id, granted=granted)


def _lines(session: Session, *, waiting: bool, limit: int) -> Sequence[RoleChangeLine]:
    asker, decider = aliased(User), aliased(User)
    same = RoleChange.tenant_id
    order = (
        (RoleChange.asked_at, RoleChange.id)
        if waiting
        else (RoleChange.decided_at.desc(), RoleChange.id.desc())
    )
    rows = session.execute(
        select(RoleChange, User, asker, decider)
        .join(User, (User.tenant_id == same) & (User.id == RoleChange.user_id))
        .outerjoin(asker, (asker.tenant_id == same) & (asker.id == RoleChange.asked_by_id))
        .outerjoin(decider, (decider.tenant_id == same) & (decider.id == RoleChange.decided_by_id))
        .where(RoleChange.state == ASKED if waiting else RoleChange.state != ASKED)
        .order_by(*order)
        .limit(limit)
    )
    return [RoleChangeLine(*row) for row in rows]
