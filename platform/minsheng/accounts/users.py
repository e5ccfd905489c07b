"""Making users and changing what they may do."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from minsheng.accounts.errors import AccountExists, AccountInvalid, AccountNotFound
from minsheng.accounts.models import LoginSession, User
from minsheng.accounts.passwords import hash_password
from minsheng.accounts.role_changes import ask_roles, check_roles
from minsheng.audit import Actor, Tools
from minsheng.runtime.ids import new_id

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
ACTIVE, OFF = "active", "off"
INITIAL_DAYS = 14
"""How long a password that somebody else gave lets its user in, to choose one of its own."""


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is needed to make a user; ``username`` in small letters, digits, ``.``, ``_``, ``-``.

    ``password`` empty = the person comes in by a provider only; ``initial`` = somebody else gave
    the password, and the person must choose another one at the first login.
    """

    username: str
    name: str
    roles: tuple[str, ...]
    password: str = field(default="", repr=False)
    unit: str = ""
    expires_at: datetime | None = None
    initial: bool = False


def create_user(
    session: Session,
    tools: Tools,
    actor: Actor,
    new: NewUser,
    asked_by_id: uuid.UUID | None = None,
) -> User:
    """Add a user to the session's office, and ask for its roles: another person grants them.

    ``asked_by_id`` is the user who acts, empty for a machine. Raises AccountInvalid or
    AccountExists.
    """
    user = _add_user(session, tools, new, [])
    tools.auditor.record(session, actor, "user.create", "user", user.id)
    if new.roles:
        ask_roles(session, tools, actor, user.id, new.roles, asked_by_id)
    return user


def plant_user(session: Session, tools: Tools, actor: Actor, new: NewUser) -> User:
    """Add a user with its roles at once: the operator's way to an office's first accounts.

    Needs ``Database.operator_session``; for any other login the database refuses. Raises
    AccountInvalid or AccountExists.
    """
    user = _add_user(session, tools, new, list(new.roles))
    said = " ".join(new.roles) or "ok"
    tools.auditor.record(session, actor, "user.create", "user", user.id, result=said)
    return user


def _add_user(session: Session, tools: Tools, new: NewUser, roles: list[str]) -> User:
    check_new_user(new)
    now = tools.clock.now()
    user = User(
        id=new_id(),
        username=new.username,
        name=new.name.strip(),
        roles=roles,
        unit=new.unit.strip(),
        password_hash=hash_password(new.password) if new.password else None,
        initial_until=now + timedelta(days=INITIAL_DAYS) if new.initial else None,
        expires_at=new.expires_at,
        status=ACTIVE,
        failures=0,
        totp_step=0,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        message = f"a user {new.username!r} exists already: choose another user name"
        raise AccountExists("username", message) from error
    return user


def change_password(
    session: Session, tools: Tools, actor: Actor, user_id: uuid.UUID, password: str
) -> User:
    """Set a person's own password, free a lock, end every login session; raises AccountInvalid."""
    user = find_user(session, user_id)
    user.password_hash = hash_password(password)
    user.initial_until = None
    user.failures, user.locked_until = 0, None
    end_sessions(session, user_id)
    tools.auditor.record(session, actor, "user.change_password", "user", user_id)
    return user


def turn_off_user(session: Session, tools: Tools, actor: Actor, user_id: uuid.UUID) -> User:
    """Let a user in no more and end its login sessions; its row stays for the ledgers."""
    user = find_user(session, user_id)
    user.status = OFF
    end_sessions(session, user_id)
    tools.auditor.record(session, actor, "user.turn_off", "user", user_id)
    return user


def find_user(session: Session, user_id: uuid.UUID) -> User:
    """The user of an id in the session's office; raises AccountNotFound."""
    user = session.scalar(select(User).where(User.id == user_id))
    if user is None:
        raise AccountNotFound
    return user


def end_sessions(session: Session, user_id: uuid.UUID) -> None:
    """End every login session of a user."""
    session.execute(delete(LoginSession).where(LoginSession.user_id == user_id))


def check_new_user(new: NewUser) -> None:
    """Raise AccountInvalid, naming the field, for what cannot be an account."""
    if not USERNAME.fullmatch(new.username):
        message = "a user name needs 2 to 32 small letters, digits, dots, dashes or underscores"
        raise AccountInvalid("username", message)
    if not new.name.strip() or len(new.name) > 50 or not new.name.isprintable():
        message = "a user needs a name of 1 to 50 printable characters"
        raise AccountInvalid("name", message)
    if len(new.unit) > 50 or not new.unit.isprintable():
        message = "a unit needs a name of at most 50 printable characters"
        raise AccountInvalid("unit", message)
    check_roles(new.roles)
