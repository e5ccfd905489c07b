"""Making users and changing what they may do."""

import re
import uuid
from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from minsheng.accounts.errors import AccountExists, AccountInvalid, AccountNotFound
from minsheng.accounts.models import LoginSession, User
from minsheng.accounts.passwords import hash_password
from minsheng.accounts.roles import ROLES
from minsheng.audit import Actor, Tools
from minsheng.runtime.ids import new_id

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
ACTIVE, OFF = "active", "off"


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is needed to make a user; ``username`` in small letters, digits, ``.``, ``_``, ``-``."""

    username: str
    name: str
    role: str
    password: str = field(repr=False)


def create_user(session: Session, tools: Tools, actor: Actor, new: NewUser) -> User:
    """Add a user to the session's office; raises AccountInvalid or AccountExists."""
    _check_form(new)
    user = User(
        id=new_id(),
        username=new.username,
        name=new.name.strip(),
        role=new.role,
        password_hash=hash_password(new.password),
        status=ACTIVE,
        failures=0,
        created_at=tools.clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        message = f"a user {new.username!r} exists already: choose another user name"
        raise AccountExists("username", message) from error
    tools.auditor.record(session, actor, "user.create", "user", user.id, result=new.role)
    return user


def change_role(
    session: Session, tools: Tools, actor: Actor, user_id: uuid.UUID, role: str
) -> User:
    """Give a user another role, in force at its next request; raises AccountInvalid."""
    _check_role(role)
    user = find_user(session, user_id)
    user.role = role
    tools.auditor.record(session, actor, "user.change_role", "user", user_id, result=role)
    return user


def change_password(
    session: Session, tools: Tools, actor: Actor, user_id: uuid.UUID, password: str
) -> User:
    """Set a password, free a lock and end every login session; raises AccountInvalid."""
    user = find_user(session, user_id)
    user.password_hash = hash_password(password)
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


def _check_form(new: NewUser) -> None:
    if not USERNAME.fullmatch(new.username):
        message = "a user name needs 2 to 32 small letters, digits, dots, dashes or underscores"
        raise AccountInvalid("username", message)
    if not new.name.strip() or len(new.name) > 50 or not new.name.isprintable():
        message = "a user needs a name of 1 to 50 printable characters"
        raise AccountInvalid("name", message)
    _check_role(new.role)


def _check_role(role: str) -> None:
    if role not in ROLES:
        message = f"unknown role {role!r}: use one of {', '.join(ROLES)}"
        raise AccountInvalid("role", message)
