"""Looking after people: finding them, letting them back in, a new initial password, an end date.

An office has up to some 3,000 accounts. A list is paged by user name, which is unique and which
people expect; searching looks at all of the office's rows, which takes a few milliseconds.

A system administrator who could give the security administrator a new password could grant
roles alone, and one who could give it to the audit administrator could read the trail: both keep
their passwords from them (GB/T 22239-2019 8.1.4.2). Who lost theirs is turned off and another
account takes the role, by two people.
"""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from sqlalchemy import ColumnElement, and_, any_, exists, func, not_, or_, select
from sqlalchemy.orm import Session

from minsheng.accounts.errors import AccountInvalid, AccountNotFound
from minsheng.accounts.models import RoleChange, User
from minsheng.accounts.passwords import hash_password
from minsheng.accounts.role_changes import ASKED
from minsheng.accounts.roles import ROLES
from minsheng.accounts.users import ACTIVE, INITIAL_DAYS, OFF, end_sessions, find_user
from minsheng.audit import Actor, Tools

GUARDED = frozenset({"security_admin", "audit_admin"})
"""Roles whose holders are checked by others than the system administrator."""

OFFICE_CLOCK = timezone(timedelta(hours=8), "CST")
"""All offices live in one zone, without summer time."""
STATES = ("active", "off", "expired", "locked", "waiting")
MAX_PAGE = 200
_LONGEST_WISH = 50
_SIGNS = "abcdefghijkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 4, 5
"""20 signs of 32: 100 random bits."""


class PersonGuarded(Exception):
    """The system administrator may not do this to this account."""

    def __init__(self, reason: str) -> None:
        """``reason`` is ``own`` (the actor's own account) or ``administrator``."""
        said = {
            "own": "nobody turns off their own account: another administrator does",
            "administrator": "a security or audit administrator gets no new password from here: "
            "turn the account off and give the role to another one, by two people",
        }
        super().__init__(said[reason])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class UserQuery:
    """Which accounts to list: ``q`` in user name, name or unit; ``cursor`` the last user name."""

    q: str = ""
    role: str = ""
    state: str = ""
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class UserPage:
    """Accounts by user name; ``waiting`` holds the roles asked for and not yet decided."""

    users: Sequence[User]
    waiting: Mapping[uuid.UUID, Sequence[str]]
    next_cursor: str | None


def list_users(session: Session, tools: Tools, query: UserQuery) -> UserPage:
    """A page of the office's accounts; raises AccountInvalid for a wish that makes no sense."""
    _check(query)
    chosen = select(User).where(User.username > query.cursor, *_filters(tools, query))
    found = session.scalars(chosen.order_by(User.username).limit(query.limit + 1)).all()
    shown = found[: query.limit]
    more = shown[-1].username if len(found) > query.limit else None
    return UserPage(shown, waiting_roles(session, [user.id for user in shown]), more)


def waiting_roles(session: Session, users: Sequence[uuid.UUID]) -> dict[uuid.UUID, Sequence[str]]:
    """The roles asked for by open role changes of these users; of several the newest."""
    if not users:
        return {}
    rows = session.execute(
        select(RoleChange.user_id, RoleChange.roles)
        .where(RoleChange.state == ASKED, RoleChange.user_id.in_(users))
        .order_by(RoleChange.asked_at, RoleChange.id)
    )
    return {row.user_id: row.roles for row in rows}


def find_username(session: Session, username: str) -> User:
    """The user of a name in the session's office; raises AccountNotFound."""
    user = session.scalar(select(User).where(User.username == username))
    if user is None:
        raise AccountNotFound
    return user


def state_of(user: User, now: datetime) -> str:
    """``off``, ``expired``, ``locked`` or ``active``: the first that holds."""
    if user.status == OFF:
        return "off"
    if user.expires_at is not None and user.expires_at <= now:
        return "expired"
    if user.locked_until is not None and user.locked_until > now:
        return "locked"
    return "active"


def turn_on_user(session: Session, tools: Tools, actor: Actor, user_id: uuid.UUID) -> User:
    """Let a user in again, with the roles it had; raises AccountNotFound."""
    user = find_user(session, user_id)
    user.status = ACTIVE
    tools.auditor.record(session, actor, "user.turn_on", "user", user_id)
    return user


def set_expiry(
    session: Session, tools: Tools, actor: Actor, user_id: uuid.UUID, until: datetime | None
) -> User:
    """Let a user in until a moment, or without an end; raises AccountNotFound."""
    user = find_user(session, user_id)
    user.expires_at = until
    said = until.isoformat() if until else "none"
    tools.auditor.record(session, actor, "user.set_expiry", "user", user_id, result=said)
    return user


def give_password(session: Session, tools: Tools, actor: Actor, user_id: uuid.UUID) -> str:
    """A new initial password, told this once; ends the sessions and frees a lock.

    Raises AccountNotFound, or PersonGuarded for a security or audit administrator.
    """
    user = find_user(session, user_id)
    demand_unguarded(user)
    password = new_password()
    user.password_hash = hash_password(password)
    user.initial_until = tools.clock.now() + timedelta(days=INITIAL_DAYS)
    user.failures, user.locked_until = 0, None
    end_sessions(session, user_id)
    tools.auditor.record(session, actor, "user.give_password", "user", user_id)
    return password


def demand_unguarded(user: User) -> None:
    """Raise PersonGuarded unless a system administrator may renew what lets this user in."""
    if GUARDED & set(user.roles):
        raise PersonGuarded("administrator")


def demand_other(user_id: uuid.UUID, actor_id: uuid.UUID) -> None:
    """Raise PersonGuarded when somebody is about to turn off their own account."""
    if user_id == actor_id:
        raise PersonGuarded("own")


def end_of_day(typed: str, now: datetime) -> datetime | None:
    """The end of a typed day (``2026-12-31``) on an office's clock; None for nothing typed.

    Raises AccountInvalid when it is no day, or one that is over.
    """
    if not typed.strip():
        return None
    try:
        day = date.fromisoformat(typed.strip())
        until = (datetime.combine(day, time(), OFFICE_CLOCK) + timedelta(days=1)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = "write the last day as 2026-12-31"
        raise AccountInvalid("expires", message) from error
    if until <= now:
        message = "the last day is over: choose today or later"
        raise AccountInvalid("expires", message)
    return until


def new_password() -> str:
    """A random password of 100 bits in four groups of letters and digits that look unlike."""
    signs = [secrets.choice(_SIGNS) for _ in range(_GROUPS * _GROUP)]
    groups = ("".join(signs[at : at + _GROUP]) for at in range(0, len(signs), _GROUP))
    return "-".join(groups)


def _filters(tools: Tools, query: UserQuery) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = []
    if wish := query.q.strip().lower():
        named = (User.username, func.lower(User.name), func.lower(User.unit))
        filters.append(or_(*(column.contains(wish, autoescape=True) for column in named)))
    if query.role:
        filters.append(any_(User.roles) == query.role)
    if query.state:
        filters.append(_in_state(query.state, tools.clock.now()))
    return filters


def _in_state(state: str, now: datetime) -> ColumnElement[bool]:
    expired = and_(User.status == ACTIVE, User.expires_at.is_not(None), User.expires_at <= now)
    asked = and_(RoleChange.tenant_id == User.tenant_id, RoleChange.user_id == User.id)
    ways: dict[str, ColumnElement[bool]] = {
        "off": User.status == OFF,
        "expired": expired,
        "active": and_(User.status == ACTIVE, not_(func.coalesce(User.expires_at <= now, False))),
        "locked": and_(User.status == ACTIVE, User.locked_until > now),
        "waiting": exists().where(asked, RoleChange.state == ASKED),
    }
    return ways[state]


def _check(query: UserQuery) -> None:
    for field, value, known in (("role", query.role, ROLES), ("state", query.state, STATES)):
        if value and value not in known:
            message = f"unknown {field} {value!r}: use one of {', '.join(known)}"
            raise AccountInvalid(field, message)
    if not 1 <= query.limit <= MAX_PAGE:
        message = f"a page holds 1 to {MAX_PAGE} accounts"
        raise AccountInvalid("limit", message)
    if len(query.q) > _LONGEST_WISH:
        message = f"search for at most {_LONGEST_WISH} characters"
        raise AccountInvalid("q", message)
