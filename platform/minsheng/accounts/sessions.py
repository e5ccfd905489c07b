"""Login sessions: an opaque token in the browser, its SHA-256 in the database.

A token is ``{tenant_id}.{256 random bits}``: the office is in front so that the caller can open
that office's session; it gives no right by itself, since the hash is over the whole token.
"""

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from minsheng.accounts.errors import RoleDenied, SessionEnded
from minsheng.accounts.models import LoginSession, User
from minsheng.accounts.roles import Permission, allowed
from minsheng.accounts.users import ACTIVE
from minsheng.audit import SYSTEM, Actor, Tools
from minsheng.runtime.ids import new_id
from minsheng.runtime.settings import Settings
from minsheng_tenants import Tenant, tenant_of

TOUCH = timedelta(minutes=1)
"""How often a session's last use is written at most."""

_TOKEN = re.compile(r"([1-9]\d{0,9})\.[A-Za-z0-9_-]{43}")
_LARGEST_TENANT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """A session ends ``idle`` after its last use and ``absolute`` after its start."""

    idle: timedelta
    absolute: timedelta

    @classmethod
    def from_settings(cls, settings: Settings) -> "SessionLimits":
        """Read them from the table of settings."""
        return cls(
            timedelta(seconds=settings.number("MINSHENG_SESSION_IDLE_SECONDS")),
            timedelta(seconds=settings.number("MINSHENG_SESSION_SECONDS")),
        )


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user with a live session; ``csrf`` is what each form of the session must carry."""

    user: User
    session_id: uuid.UUID
    csrf: str

    def csrf_fits(self, given: str) -> bool:
        """Whether a form's token is the session's own, compared in constant time."""
        return hmac.compare_digest(self.csrf.encode(), given.encode(errors="replace"))


def open_session(session: Session, tools: Tools, user: User, origin: str) -> str:
    """Start a session for a user who has just authenticated; the token is told this once."""
    token = f"{tenant_of(session)}.{secrets.token_urlsafe(32)}"
    now = tools.clock.now()
    row = LoginSession(
        id=new_id(), user_id=user.id, token_hash=_digest(token), started_at=now, seen_at=now
    )
    session.add(row)
    actor = Actor("user", user.username, origin)
    tools.auditor.record(session, actor, "session.open", "session", row.id)
    return token


def resume_session(
    session: Session, tools: Tools, token: str, limits: SessionLimits, *, touch: bool = True
) -> SignedIn:
    """The user of a token, as the rows stand now; raises SessionEnded.

    ``touch=False`` keeps a page that asks by itself every few seconds from holding a session
    open that nobody uses.
    """
    found = session.execute(
        select(LoginSession, User)
        .join(User, (User.tenant_id == LoginSession.tenant_id) & (User.id == LoginSession.user_id))
        .join(Tenant, Tenant.id == LoginSession.tenant_id)
        .where(LoginSession.token_hash == _digest(token))
        .where(User.status == ACTIVE, Tenant.status == ACTIVE)
    ).one_or_none()
    now = tools.clock.now()
    if found is None or _is_over(found.LoginSession, limits, now):
        raise SessionEnded
    row: LoginSession = found.LoginSession
    if touch and now - row.seen_at >= TOUCH:
        # A statement, not the row: a logout at the same moment has deleted it, and may.
        mine = update(LoginSession).where(LoginSession.id == row.id)
        session.execute(mine.values(seen_at=now))
    return SignedIn(found.User, row.id, _csrf(tools, token))


def close_session(session: Session, tools: Tools, token: str, origin: str) -> None:
    """Log out: the token is dead for every process at the commit; an unknown one is no error."""
    found = session.execute(
        select(LoginSession.id, User.username)
        .join(User, (User.tenant_id == LoginSession.tenant_id) & (User.id == LoginSession.user_id))
        .where(LoginSession.token_hash == _digest(token))
    ).one_or_none()
    if found is None:
        return
    session.execute(delete(LoginSession).where(LoginSession.id == found.id))
    actor = Actor("user", found.username, origin)
    tools.auditor.record(session, actor, "session.close", "session", found.id)


def sweep_sessions(session: Session, tools: Tools, limits: SessionLimits) -> int:
    """Delete the office's sessions that are over; how many there were."""
    now = tools.clock.now()
    over = or_(
        LoginSession.seen_at <= now - limits.idle, LoginSession.started_at <= now - limits.absolute
    )
    ended = session.scalars(delete(LoginSession).where(over).returning(LoginSession.id)).all()
    tools.auditor.record(session, SYSTEM, "session.expire", "session", *ended)
    return len(ended)


def tenant_of_token(token: str) -> int:
    """The office in front of a token; raises SessionEnded when it has not the form of one."""
    form = _TOKEN.fullmatch(token)
    tenant_id = int(form.group(1)) if form else 0
    if not 0 < tenant_id <= _LARGEST_TENANT:
        raise SessionEnded
    return tenant_id


def demand_permission(
    tools: Tools, tenant_id: int, user: User, permission: Permission, origin: str
) -> None:
    """Raise RoleDenied when none of the user's roles holds ``permission``, and keep that it did."""
    if allowed(user.roles, permission):
        return
    with tools.database.session(tenant_id) as session:
        actor = Actor("user", user.username, origin)
        tools.auditor.record(
            session, actor, "permission.demand", "permission", permission, result="refused"
        )
    raise RoleDenied(permission)


def _is_over(row: LoginSession, limits: SessionLimits, now: datetime) -> bool:
    return now - row.seen_at >= limits.idle or now - row.started_at >= limits.absolute


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _csrf(tools: Tools, token: str) -> str:
    key = tools.master.purpose("csrf")
    return hmac.new(key, token.encode(), hashlib.sha256).hexdigest()
