"""Role changes: one person asks, a security administrator who is another person decides.

GB/T 22239-2019 8.1.4.2 asks for separated administrators with the least rights each. The database
holds the same by constraints and triggers (migration 0007), so that neither a slip here nor a
statement of the service's own login can grant a role alone.
"""

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.accounts.errors import (
    AccountInvalid,
    AccountNotFound,
    OwnRoleChange,
    RoleChangeNotFound,
)
from minsheng.accounts.models import RoleChange, User
from minsheng.accounts.roles import ROLES, fit_together
from minsheng.audit import Actor, Tools
from minsheng.runtime.ids import new_id

ASKED, GRANTED, REFUSED = "asked", "granted", "refused"


def check_roles(roles: Iterable[str]) -> list[str]:
    """The roles in the order of the table; raises AccountInvalid unless one user may hold them."""
    wanted = set(roles)
    unknown = sorted(wanted - set(ROLES))
    if unknown:
        message = f"unknown role {unknown[0]!r}: use some of {', '.join(ROLES)}"
        raise AccountInvalid("roles", message)
    if not fit_together(wanted):
        message = "an administrator's role stands alone: give the person no other role"
        raise AccountInvalid("roles", message)
    return [role for role in ROLES if role in wanted]


def ask_roles(
    session: Session,
    tools: Tools,
    actor: Actor,
    user_id: uuid.UUID,
    roles: Iterable[str],
    asked_by_id: uuid.UUID | None = None,
) -> RoleChange:
    """Ask for a user to hold ``roles`` and no others.

    Raises AccountInvalid, AccountNotFound, or OwnRoleChange when the user asks for itself.
    """
    wanted = check_roles(roles)
    if not session.scalar(select(User.id).where(User.id == user_id)):
        raise AccountNotFound
    if asked_by_id == user_id:
        raise OwnRoleChange
    change = RoleChange(
        id=new_id(),
        user_id=user_id,
        roles=wanted,
        asked_by=str(actor),
        asked_by_id=asked_by_id,
        asked_at=tools.clock.now(),
        state=ASKED,
    )
    session.add(change)
    session.flush()
    said = " ".join(wanted) or "none"
    tools.auditor.record(session, actor, "role.ask", "user", user_id, result=said)
    return change


def decide_roles(
    session: Session,
    tools: Tools,
    actor: Actor,
    decider_id: uuid.UUID,
    change_id: uuid.UUID,
    *,
    granted: bool,
) -> RoleChange:
    """Grant a role change, in force at the user's next request, or refuse it.

    Raises RoleChangeNotFound, or OwnRoleChange for the one who asked and for the user itself.
    """
    change = session.scalar(
        select(RoleChange)
        .where(RoleChange.id == change_id, RoleChange.state == ASKED)
        .with_for_update()
    )
    if change is None:
        raise RoleChangeNotFound
    if decider_id in (change.asked_by_id, change.user_id):
        raise OwnRoleChange
    change.state = GRANTED if granted else REFUSED
    change.decided_by_id, change.decided_at = decider_id, tools.clock.now()
    session.flush()
    if granted:
        user = session.scalars(select(User).where(User.id == change.user_id)).one()
        user.roles, user.roles_by = list(change.roles), change.id
        session.flush()
    said = f"{change.state}: {' '.join(change.roles) or 'none'}"
    tools.auditor.record(session, actor, "role.decide", "user", change.user_id, result=said)
    return change


def waiting_role_changes(session: Session, limit: int = 200) -> Sequence[tuple[RoleChange, User]]:
    """The role changes that wait for a decision with their users, oldest first."""
    rows = session.execute(
        select(RoleChange, User)
        .join(User, (User.tenant_id == RoleChange.tenant_id) & (User.id == RoleChange.user_id))
        .where(RoleChange.state == ASKED)
        .order_by(RoleChange.asked_at, RoleChange.id)
        .limit(limit)
    )
    return [(row.RoleChange, row.User) for row in rows]
