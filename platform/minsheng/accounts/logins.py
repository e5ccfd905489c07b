"""Logging in by password.

A try is counted and committed before its password is checked, so that a thousand tries at once
are stopped at the tenth like ten in a row, and so that neither the count nor the audit entry of
a refusal is lost when the caller's transaction is rolled back. An unknown, locked or switched-off
account costs the same work as a known one.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, or_, select, text, update
from sqlalchemy.orm import Session

from minsheng.accounts.errors import LoginRefused
from minsheng.accounts.models import User
from minsheng.accounts.passwords import (
    hash_password,
    is_outdated,
    nobodys_hash,
    password_fits,
)
from minsheng.accounts.users import ACTIVE, USERNAME, find_user
from minsheng.audit import Actor, Tools
from minsheng_tenants import tenant_of

TRIES = 10
LOCK = timedelta(minutes=15)
"""NIST SP 800-63B 3.2.2 asks to limit tries; ten, then a quarter of an hour, is our figure."""

UNKNOWN = "unknown"

# A try that is forgotten when the machine loses power within a moment is no loss, and without
# the wait for the disk a known user's try takes no longer than an unknown one's.
_NO_WAIT = text("set local synchronous_commit = off")


@dataclass(frozen=True, slots=True)
class _Try:
    """What a password is to be checked against; no ``user_id`` = nobody can pass."""

    user_id: uuid.UUID | None
    password_hash: str


def authenticate(session: Session, tools: Tools, username: str, password: str, origin: str) -> User:
    """The user of the session's office whose name and password these are; raises LoginRefused.

    Call it first in its session: it counts the try in a transaction of its own, which must not
    wait for rows that the session holds. ``origin`` is the caller's network address.
    """
    tenant_id = tenant_of(session)
    name = _known_form(username)
    attempt = _count_try(tools, tenant_id, name)
    fits = password_fits(attempt.password_hash, password)
    if attempt.user_id is None or not fits:
        _record_refusal(tools, tenant_id, name, origin)
        raise LoginRefused
    user = find_user(session, attempt.user_id)
    user.failures, user.locked_until = 0, None
    if is_outdated(attempt.password_hash):
        user.password_hash = hash_password(password)
    actor = Actor("user", user.username, origin)
    tools.auditor.record(session, actor, "user.login", "user", user.id)
    return user


def _known_form(username: str) -> str:
    """The user name as it is stored, or none when no user can bear it."""
    name = username.strip().lower()
    return name if USERNAME.fullmatch(name) else ""


def _count_try(tools: Tools, tenant_id: int, name: str) -> _Try:
    now = tools.clock.now()
    # A lock that has run out leaves one try counted: this one.
    failures = case((User.locked_until.is_not(None), 1), else_=User.failures + 1)
    statement = (
        update(User)
        .where(User.tenant_id == tenant_id, User.username == name, User.status == ACTIVE)
        .where(or_(User.locked_until.is_(None), User.locked_until <= now))
        .values(failures=failures, locked_until=case((failures >= TRIES, now + LOCK), else_=None))
        .returning(User.id, User.password_hash)
        .execution_options(synchronize_session=False)
    )
    with tools.database.session(tenant_id) as session:
        session.execute(_NO_WAIT)
        row = session.execute(statement).one_or_none()
    if row is None or row.password_hash is None:
        return _Try(None, nobodys_hash())
    return _Try(row.id, row.password_hash)


def _record_refusal(tools: Tools, tenant_id: int, name: str, origin: str) -> None:
    """Say in the audit trail who was refused and why; a name that nobody bears is not kept.

    People type their password, or a citizen's name, where the user name belongs.
    """
    now = tools.clock.now()
    with tools.database.session(tenant_id) as session:
        user = session.scalar(select(User).where(User.username == name))
        actor = Actor("user", user.username if user else UNKNOWN, origin)
        object_id = user.id if user else UNKNOWN
        reason = _reason(user, now)
        tools.auditor.record(session, actor, "user.login", "user", object_id, result=reason)


def _reason(user: User | None, now: datetime) -> str:
    if user is None:
        return "refused: unknown"
    if user.status != ACTIVE:
        return "refused: off"
    if user.locked_until is not None and user.locked_until > now:
        return "refused: locked"
    return "refused: wrong password"
