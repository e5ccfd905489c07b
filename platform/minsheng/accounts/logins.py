"""Logging in by password.

A try is counted and committed before its password is checked, so that a thousand tries at once
are stopped at the tenth like ten in a row, and so that neither the count nor the audit entry of
a refusal is lost when the caller's transaction is rolled back. An unknown, locked, expired or
switched-off account costs the same work as a known one. From an address that has guessed too
often no password is looked at, right or wrong (:mod:`minsheng.accounts.guesses`).
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, case, func, or_, select, text, update
from sqlalchemy.orm import Session

from minsheng.accounts.errors import LoginRefused, SessionEnded
from minsheng.accounts.guesses import (
    ADDRESS,
    ADDRESS_TRIES,
    OFFICE,
    OFFICE_TRIES,
    Subject,
    address_subject,
    count_tries,
    give_back,
    office_subject,
)
from minsheng.accounts.models import User
from minsheng.accounts.passwords import (
    check_choice,
    hash_password,
    is_outdated,
    nobodys_hash,
    password_fits,
    same_password,
)
from minsheng.accounts.sessions import (
    INITIAL,
    SignedIn,
    count_session_try,
    end_guessed_session,
    forget_session_tries,
)
from minsheng.accounts.tidying import plan_tidying
from minsheng.accounts.users import ACTIVE, USERNAME, change_password, find_user
from minsheng.audit import Actor, Tools
from minsheng_tenants import tenant_of

TRIES = 10
LOCK = timedelta(minutes=15)
"""NIST SP 800-63B-4 3.2.2 asks to limit tries; ten, then a quarter of an hour, is our figure."""
SPRAYED_TRIES = 3
LONG_LOCK = timedelta(hours=1)
"""The same while an office is being sprayed; the lock also after wrong codes, since whoever may
type a code knows the password already."""

LOGIN, CONFIRM = "user.login", "user.confirm"
UNKNOWN = "unknown"

# A try that is forgotten when the machine loses power within a moment is no loss, and without
# the wait for the disk a known user's try takes no longer than an unknown one's.
NO_WAIT = text("set local synchronous_commit = off")


@dataclass(frozen=True, slots=True)
class _Try:
    """What a password is to be checked against; no ``user_id`` = nobody can pass.

    ``held`` = the address has guessed too often, so that nothing is checked.
    """

    user_id: uuid.UUID | None
    password_hash: str
    held: bool = False


def authenticate(session: Session, tools: Tools, username: str, password: str, origin: str) -> User:
    """The user of the session's office whose name and password these are; raises LoginRefused.

    Call it first in its session: it counts the try in a transaction of its own, which must not
    wait for rows that the session holds. ``origin`` is the caller's network address.
    """
    return _check(session, tools, username, password, origin, LOGIN)


def confirm_password(
    session: Session, tools: Tools, signed_in: SignedIn, password: str, origin: str
) -> User:
    """Ask a person who is logged in for the password again; raises LoginRefused or SessionEnded.

    Counted and limited as a login is, and five in the session besides, so that an open session is
    no place to guess. Call it first in its session.
    """
    tenant_id = tenant_of(session)
    tries = count_session_try(tools, tenant_id, signed_in)
    try:
        user = _check(session, tools, signed_in.user.username, password, origin, CONFIRM)
    except LoginRefused:
        end_guessed_session(tools, tenant_id, signed_in, tries, origin)
        raise
    forget_session_tries(session, signed_in)
    return user


def change_own_password(
    session: Session, tools: Tools, signed_in: SignedIn, old: str, password: str, origin: str
) -> User:
    """Set a new password for a person who gives the old one; ends every session of the person.

    Raises AccountInvalid for the new one, LoginRefused for the old one, or SessionEnded. Call it
    first in its session.
    """
    check_choice(password, signed_in.user.username, old)
    user = confirm_password(session, tools, signed_in, old, origin)
    actor = Actor("user", user.username, origin)
    return change_password(session, tools, actor, user.id, password)


def replace_initial_password(
    session: Session, tools: Tools, signed_in: SignedIn, password: str, origin: str
) -> User:
    """Set the first password of a person's own; ends every session of the person.

    Raises AccountInvalid, also for the password that was given, or SessionEnded for a session that
    is not for this.
    """
    user = signed_in.user
    if signed_in.level != INITIAL:
        raise SessionEnded
    check_choice(password, user.username)
    if user.password_hash and password_fits(user.password_hash, password):
        raise same_password()
    return change_password(session, tools, Actor("user", user.username, origin), user.id, password)


def refuse_unknown_office(password: str) -> LoginRefused:
    """What a login in an office that does not exist comes to, after the work of a real one."""
    password_fits(nobodys_hash(), password)
    return LoginRefused()


def count_account_try(
    session: Session, now: datetime, who: ColumnElement[bool], tries: int, lock: timedelta
) -> Row[uuid.UUID, str | None, datetime | None] | None:
    """Count a try on an account that may log in now, locking it at ``tries`` for ``lock``.

    Its id, password hash and the end of a lock that this try brought; None when it may not.
    """
    # A lock that has run out leaves one try counted: this one.
    failures = case((User.locked_until.is_not(None), 1), else_=User.failures + 1)
    statement = (
        update(User)
        .where(who, User.status == ACTIVE)
        .where(or_(User.locked_until.is_(None), User.locked_until <= now))
        .where(or_(User.expires_at.is_(None), User.expires_at > now))
        .where(or_(User.initial_until.is_(None), User.initial_until > now))
        .values(failures=failures, locked_until=case((failures >= tries, now + lock), else_=None))
        .returning(User.id, User.password_hash, User.locked_until)
        .execution_options(synchronize_session=False)
    )
    return session.execute(statement).one_or_none()


def _check(
    session: Session, tools: Tools, username: str, password: str, origin: str, action: str
) -> User:
    tenant_id = tenant_of(session)
    name = _known_form(username)
    subjects = (address_subject(tools, tenant_id, origin), office_subject(tenant_id))
    attempt = _count_try(tools, tenant_id, name, subjects)
    fits = not attempt.held and password_fits(attempt.password_hash, password)
    actor = Actor("user", name, origin)
    if attempt.user_id is None or not fits:
        _record_refusal(tools, tenant_id, actor, action, held=attempt.held)
        raise LoginRefused
    user = find_user(session, attempt.user_id)
    _forgive(session, user, subjects)
    if is_outdated(attempt.password_hash):
        user.password_hash = hash_password(password)
    tools.auditor.record(session, actor, action, "user", user.id)
    return user


def _known_form(username: str) -> str:
    """The user name as it is stored, or none when no user can bear it."""
    name = username.strip().lower()
    return name if USERNAME.fullmatch(name) else ""


def _count_try(tools: Tools, tenant_id: int, name: str, subjects: tuple[Subject, ...]) -> _Try:
    now = tools.clock.now()
    with tools.database.session(tenant_id) as session:
        session.execute(NO_WAIT)
        counted = count_tries(session, now, subjects)
        if counted[OFFICE] == 1:
            plan_tidying(session, tools)
        if counted[ADDRESS] > ADDRESS_TRIES:
            # The account is not touched: whoever is held here can lock nobody out.
            return _Try(None, "", held=True)
        sprayed = counted[OFFICE] > OFFICE_TRIES
        tries, lock = (SPRAYED_TRIES, LONG_LOCK) if sprayed else (TRIES, LOCK)
        row = count_account_try(session, now, User.username == name, tries, lock)
    if row is None or row.password_hash is None:
        return _Try(None, nobodys_hash())
    return _Try(row.id, row.password_hash)


def _forgive(session: Session, user: User, subjects: tuple[Subject, ...]) -> None:
    """Take the try back; earlier ones too, unless a second factor is still to be guessed."""
    give_back(session, subjects)
    earlier = func.greatest(User.failures - 1, 0) if user.totp_since else 0
    session.execute(
        update(User)
        .where(User.id == user.id)
        .values(failures=earlier, locked_until=None)
        .execution_options(synchronize_session=False)
    )


def _record_refusal(tools: Tools, tenant_id: int, who: Actor, action: str, *, held: bool) -> None:
    """Say in the audit trail who was refused and why; a name that nobody bears is not kept.

    People type their password, or a citizen's name, where the user name belongs.
    """
    now = tools.clock.now()
    with tools.database.session(tenant_id) as session:
        user = session.scalar(select(User).where(User.username == who.name))
        actor = Actor("user", user.username if user else UNKNOWN, who.origin)
        object_id = user.id if user else UNKNOWN
        reason = "refused: address" if held else _reason(user, now)
        tools.auditor.record(session, actor, action, "user", object_id, result=reason)


def _reason(user: User | None, now: datetime) -> str:
    if user is None:
        return "refused: unknown"
    if user.status != ACTIVE:
        return "refused: off"
    if user.expires_at is not None and user.expires_at <= now:
        return "refused: expired"
    if user.initial_until is not None and user.initial_until <= now:
        return "refused: initial password ran out"
    if user.locked_until is not None and user.locked_until > now:
        return "refused: locked"
    return "refused: wrong password"
