"""Login sessions: an opaque token in the browser, its SHA-256 in the database.

A token is ``{tenant_id}.{256 random bits}``: the office is in front so that the caller can open
that office's session; it gives no right by itself, since the hash is over the whole token.

A session has a level: ``password`` (a password of one's own is wanted first), ``factor`` (the
second factor is), ``full``. Whoever asks for a session gets a full one or none, unless another
level is named; a session that rises gets another token, so that one that was known before a login
is worth nothing after it.
"""

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, RowMapping, and_, bindparam, delete, or_, select, update
from sqlalchemy.orm import Session, make_transient_to_detached

from minsheng.accounts.errors import RoleDenied, SessionEnded
from minsheng.accounts.guesses import SESSION, SESSION_TRIES, count_tries, forget_tries
from minsheng.accounts.models import LoginSession, User
from minsheng.accounts.roles import Permission, allowed
from minsheng.accounts.tidying import plan_tidying
from minsheng.accounts.users import ACTIVE
from minsheng.audit import SYSTEM, Actor, Tools
from minsheng.runtime.ids import new_id
from minsheng.runtime.settings import Settings
from minsheng_tenants import Tenant, tenant_of

TOUCH = timedelta(minutes=1)
"""How often a session's last use is written at most."""
HALF_OPEN = timedelta(minutes=15)
"""How long a session may wait for a password or a second factor."""

Level = Literal["password", "factor", "full"]
INITIAL: Level = "password"
FACTOR: Level = "factor"
FULL: Level = "full"
ANY_LEVEL: tuple[Level, ...] = (INITIAL, FACTOR, FULL)

_TOKEN = re.compile(r"([1-9]\d{0,9})\.[A-Za-z0-9_-]{43}")
_LARGEST_TENANT = 2**31 - 1


_SESSIONS, _USERS, _TENANTS = LoginSession.__table__, User.__table__, Tenant.__table__
_OF_SESSION = ("id", "level", "started_at", "seen_at")
_OF_USER = tuple(column.key for column in _USERS.columns)
# The tenant stands in the statement besides row security: here no ORM puts it there.
_RESUME = (
    select(
        *(_SESSIONS.c[name].label(f"login_sessions_{name}") for name in _OF_SESSION),
        *(_USERS.c[name].label(f"users_{name}") for name in _OF_USER),
        _TENANTS.c.name.label("office"),
    )
    .join_from(
        _SESSIONS,
        _USERS,
        (_USERS.c.tenant_id == _SESSIONS.c.tenant_id) & (_USERS.c.id == _SESSIONS.c.user_id),
    )
    .join(_TENANTS, _TENANTS.c.id == _SESSIONS.c.tenant_id)
    .where(
        _SESSIONS.c.tenant_id == bindparam("tenant"),
        _SESSIONS.c.token_hash == bindparam("digest"),
        _SESSIONS.c.level.in_(bindparam("levels", expanding=True)),
        _USERS.c.status == ACTIVE,
        or_(
            _USERS.c.expires_at.is_(None),
            _USERS.c.expires_at > bindparam("now"),
        ),
        _TENANTS.c.status == ACTIVE,
    )
)


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
    """A user with a live session; ``csrf`` is what each form of the session must carry.

    ``office`` is the name of the user's office.
    """

    user: User
    session_id: uuid.UUID
    csrf: str
    office: str = ""
    level: Level = FULL

    def csrf_fits(self, given: str) -> bool:
        """Whether a form's token is the session's own, compared in constant time."""
        return hmac.compare_digest(self.csrf.encode(), given.encode(errors="replace"))


def level_after_password(user: User, *, factor_required: bool) -> Level:
    """What a person who gave the right password is let into.

    ``factor_required`` = everybody needs a second factor, else only who has set one up.
    """
    if user.initial_until is not None:
        return INITIAL
    return FACTOR if factor_required or user.totp_since is not None else FULL


def open_session(
    session: Session, tools: Tools, user: User, origin: str, level: Level = FULL
) -> str:
    """Start a session for a user who has just authenticated; the token is told this once."""
    token = _new_token(session)
    now = tools.clock.now()
    if level == FULL:
        user.last_login_at = now
    row = LoginSession(
        id=new_id(),
        user_id=user.id,
        token_hash=_digest(token),
        started_at=now,
        seen_at=now,
        level=level,
        origin=origin,
    )
    session.add(row)
    actor = Actor("user", user.username, origin)
    said = "ok" if level == FULL else f"wants {level}"
    tools.auditor.record(session, actor, "session.open", "session", row.id, result=said)
    plan_tidying(session, tools)
    return token


def raise_session(session: Session, tools: Tools, signed_in: SignedIn, origin: str) -> str:
    """Make a session full, under another token; raises SessionEnded when it is gone meanwhile."""
    token = _new_token(session)
    raised = session.scalar(
        update(LoginSession)
        .where(LoginSession.id == signed_in.session_id)
        .values(token_hash=_digest(token), level=FULL, seen_at=tools.clock.now())
        .returning(LoginSession.id)
        .execution_options(synchronize_session=False)
    )
    if raised is None:
        raise SessionEnded
    mine = update(User).where(User.id == signed_in.user.id)
    session.execute(mine.values(last_login_at=tools.clock.now()))
    actor = Actor("user", signed_in.user.username, origin)
    tools.auditor.record(session, actor, "session.raise", "session", raised)
    return token


def resume_session(
    session: Session,
    tools: Tools,
    token: str,
    limits: SessionLimits,
    *,
    touch: bool = True,
    levels: Sequence[Level] = (FULL,),
) -> SignedIn:
    """The user of a token, as the rows stand now; raises SessionEnded.

    One statement without the ORM's unit of work, since each page asks (bench/doors.py). The user
    belongs to no session: change it by the verbs. ``touch=False`` keeps a page that asks by itself
    every few seconds from holding a session open that nobody uses.
    """
    now = tools.clock.now()
    asked = {"tenant": tenant_of(session), "digest": _digest(token), "now": now, "levels": levels}
    found = session.connection().execute(_RESUME, asked).mappings().one_or_none()
    if found is None:
        raise SessionEnded
    row = {name: found[f"login_sessions_{name}"] for name in _OF_SESSION}
    if _is_over(row["level"], row["started_at"], row["seen_at"], limits, now):
        raise SessionEnded
    if touch and now - row["seen_at"] >= TOUCH:
        # A statement, not the row: a logout at the same moment has deleted it, and may.
        mine = update(LoginSession).where(LoginSession.id == row["id"])
        session.execute(mine.values(seen_at=now))
    return SignedIn(_user(found), row["id"], _csrf(tools, token), found["office"], row["level"])


def list_sessions(
    session: Session, tools: Tools, limits: SessionLimits, user_id: uuid.UUID
) -> Sequence[LoginSession]:
    """A user's live sessions, the one used last first."""
    rows = session.scalars(
        select(LoginSession)
        .where(LoginSession.user_id == user_id)
        .order_by(LoginSession.seen_at.desc(), LoginSession.id)
    )
    now = tools.clock.now()
    return [
        row for row in rows if not _is_over(row.level, row.started_at, row.seen_at, limits, now)
    ]


def end_own_session(
    session: Session, tools: Tools, signed_in: SignedIn, session_id: uuid.UUID, origin: str
) -> bool:
    """End one of a person's own sessions; whether there was such a one."""
    return bool(_end_own(session, tools, signed_in, LoginSession.id == session_id, origin))


def end_other_sessions(session: Session, tools: Tools, signed_in: SignedIn, origin: str) -> int:
    """End all of a person's sessions but the one in use; how many there were."""
    return _end_own(session, tools, signed_in, LoginSession.id != signed_in.session_id, origin)


def count_session_try(tools: Tools, tenant_id: int, signed_in: SignedIn) -> int:
    """Count a code or password typed within a session, before it is looked at; how many now."""
    about = (SESSION, signed_in.session_id.bytes)
    with tools.database.session(tenant_id) as session:
        return count_tries(session, tools.clock.now(), [about])[SESSION]


def forget_session_tries(session: Session, signed_in: SignedIn) -> None:
    """Begin anew after one that was right."""
    forget_tries(session, (SESSION, signed_in.session_id.bytes))


def end_guessed_session(
    tools: Tools, tenant_id: int, signed_in: SignedIn, tries: int, origin: str
) -> None:
    """After a wrong try: raise SessionEnded when it was the fifth, and end the session."""
    if tries < SESSION_TRIES:
        return
    with tools.database.session(tenant_id) as session:
        session.execute(delete(LoginSession).where(LoginSession.id == signed_in.session_id))
        forget_session_tries(session, signed_in)
        actor = Actor("user", signed_in.user.username, origin)
        tools.auditor.record(
            session,
            actor,
            "session.close",
            "session",
            signed_in.session_id,
            result="too many tries",
        )
    raise SessionEnded


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
        LoginSession.seen_at <= now - limits.idle,
        LoginSession.started_at <= now - limits.absolute,
        and_(LoginSession.level != FULL, LoginSession.started_at <= now - HALF_OPEN),
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


def _end_own(
    session: Session,
    tools: Tools,
    signed_in: SignedIn,
    which: ColumnElement[bool],
    origin: str,
) -> int:
    mine = LoginSession.user_id == signed_in.user.id
    ended = session.scalars(
        delete(LoginSession).where(mine, which).returning(LoginSession.id)
    ).all()
    actor = Actor("user", signed_in.user.username, origin)
    tools.auditor.record(session, actor, "session.close", "session", *ended)
    return len(ended)


def _is_over(
    level: str, started_at: datetime, seen_at: datetime, limits: SessionLimits, now: datetime
) -> bool:
    age = now - started_at
    waits_too_long = level != FULL and age >= HALF_OPEN
    return waits_too_long or now - seen_at >= limits.idle or age >= limits.absolute


def _user(found: RowMapping) -> User:
    """The account in a row of :data:`_RESUME`, as one that was loaded and let go."""
    user = User(**{name: found[f"users_{name}"] for name in _OF_USER})
    make_transient_to_detached(user)
    return user


def _new_token(session: Session) -> str:
    return f"{tenant_of(session)}.{secrets.token_urlsafe(32)}"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _csrf(tools: Tools, token: str) -> str:
    key = tools.master.purpose("csrf")
    return hmac.new(key, token.encode(), hashlib.sha256).hexdigest()
