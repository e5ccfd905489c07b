"""The second factor: codes of an authenticator app (TOTP), and recovery codes in its stead.

TOTP as in RFC 6238 with the values that every app knows: SHA-1, 30 seconds, 6 digits; a code of the
step before or after is taken too (5.2), each step once only (5.2, last sentence). The secret has
160 bits (RFC 4226, 4, R6) and is sealed with the office's key. While somebody sets it up it stands
in their page only, sealed and bound to their login session, so that what is given up half-way
leaves nothing behind and takes no working factor away.

A recovery code has 50 random bits and is stored as a keyed hash: the key lies outside the database,
so a stolen table holds nothing to search for, and over the network five tries end the session.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from minsheng.accounts.errors import FactorRefused
from minsheng.accounts.guesses import SESSION_TRIES
from minsheng.accounts.logins import LONG_LOCK, NO_WAIT, TRIES, count_account_try
from minsheng.accounts.models import RecoveryCode, User
from minsheng.accounts.sessions import (
    FULL,
    SignedIn,
    count_session_try,
    end_guessed_session,
    forget_session_tries,
)
from minsheng.accounts.users import end_sessions, find_user
from minsheng.audit import Actor, Tools
from minsheng.runtime.crypto import SealBroken
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

STEP = timedelta(seconds=30)
SECRET_BYTES = 20
RECOVERY_CODES = 10

_PLACE, _PENDING = "users.totp_secret", "login_sessions.totp_secret"
_DIGITS = re.compile(r"[0-9]{6}")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RECOVERY = re.compile(f"[{_ALPHABET}]{{10}}")
_MISREAD = str.maketrans("OIL", "011")
"""Crockford's base 32: letters that look like a digit are read as it."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret that is being set up: for the app, and sealed for the form that brings it back."""

    secret: str = field(repr=False)
    sealed: str = field(repr=False)


def begin_enrolment(tools: Tools, tenant_id: int, signed_in: SignedIn) -> Enrolment:
    """A fresh secret; nothing is stored until a code of it has come back."""
    raw = secrets.token_bytes(SECRET_BYTES)
    cipher = tools.keyring.cipher(tenant_id)
    sealed = cipher.seal(_PENDING, signed_in.session_id, raw)
    return Enrolment(_spelt(raw), base64.urlsafe_b64encode(sealed).decode())


def resume_enrolment(tools: Tools, tenant_id: int, signed_in: SignedIn, sealed: str) -> Enrolment:
    """What :func:`begin_enrolment` gave this login session; raises FactorRefused for any other."""
    return Enrolment(_spelt(_unsealed(tools, tenant_id, signed_in, sealed)), sealed)


def enrolment_address(enrolment: Enrolment, username: str, office: str) -> str:
    """The ``otpauth:`` address that an app reads as a QR code; ``office`` tells accounts apart."""
    totp = pyotp.TOTP(enrolment.secret)
    return totp.provisioning_uri(name=username, issuer_name=f"民声 {office[:12]}")


def enrol(
    session: Session, tools: Tools, signed_in: SignedIn, sealed: str, code: str, origin: str
) -> Sequence[str]:
    """Keep a new secret once a code of it came back; the recovery codes, told this once.

    Raises FactorRefused. Whoever has a factor proves it first (:func:`check_factor`) and holds a
    full session, so that a password alone replaces no factor.
    """
    user = signed_in.user
    raw = _unsealed(tools, tenant_of(session), signed_in, sealed)
    step = _matching_step(_spelt(raw), code.strip(), tools.clock.now())
    if step is None or (user.totp_since is not None and signed_in.level != FULL):
        raise FactorRefused
    cipher = tools.keyring.cipher(tenant_of(session))
    kept = session.scalar(
        update(User)
        .where(User.id == user.id, User.totp_since.is_not_distinct_from(user.totp_since))
        .values(
            totp_secret=cipher.seal(_PLACE, user.id, raw),
            totp_since=tools.clock.now(),
            totp_step=step,
        )
        .returning(User.id)
        .execution_options(synchronize_session=False)
    )
    if kept is None:
        raise FactorRefused
    actor = Actor("user", user.username, origin)
    tools.auditor.record(session, actor, "factor.enrol", "user", user.id)
    return new_recovery_codes(session, tools, actor, user.id)


def check_factor(
    session: Session, tools: Tools, signed_in: SignedIn, typed: str, origin: str
) -> None:
    """Let a code of the app or a recovery code pass, once.

    The try is counted and committed before: five in a session, ten on an account. Raises
    FactorRefused, or SessionEnded after the last. Call it first in its session.
    """
    tenant_id = tenant_of(session)
    tries, locked = _count(tools, tenant_id, signed_in)
    said = "" if tries > SESSION_TRIES or locked else _accept(session, tools, signed_in, typed)
    actor = Actor("user", signed_in.user.username, origin)
    if not said:
        _record_refusal(tools, tenant_id, actor, signed_in.user.id, locked=locked)
        end_guessed_session(tools, tenant_id, signed_in, SESSION_TRIES if locked else tries, origin)
        raise FactorRefused
    session.execute(
        update(User)
        .where(User.id == signed_in.user.id)
        .values(failures=0, locked_until=None)
        .execution_options(synchronize_session=False)
    )
    forget_session_tries(session, signed_in)
    tools.auditor.record(session, actor, "factor.check", "user", signed_in.user.id, result=said)


def new_recovery_codes(
    session: Session, tools: Tools, actor: Actor, user_id: uuid.UUID
) -> Sequence[str]:
    """Ten new recovery codes instead of those there were, told this once: ``XXXXX-XXXXX``."""
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.add_all(
        RecoveryCode(id=new_id(), user_id=user_id, code_hash=_hash(tools, session, user_id, code))
        for code in codes
    )
    session.flush()
    tools.auditor.record(session, actor, "factor.recovery_codes", "user", user_id)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def recovery_codes_left(session: Session, user_id: uuid.UUID) -> int:
    """How many recovery codes a user has not used."""
    mine = (RecoveryCode.user_id == user_id) & RecoveryCode.used_at.is_(None)
    return session.scalar(select(func.count()).where(mine)) or 0


def reset_factor(session: Session, tools: Tools, actor: Actor, user_id: uuid.UUID) -> User:
    """Take a lost second factor off an account and end its sessions; raises AccountNotFound.

    For an administrator (``users.write``) who has made sure who asks. The next login sets up
    another one where that is required.
    """
    user = find_user(session, user_id)
    user.totp_secret, user.totp_since, user.totp_step = None, None, 0
    user.failures, user.locked_until = 0, None
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    end_sessions(session, user_id)
    tools.auditor.record(session, actor, "user.reset_factor", "user", user_id)
    return user


def _count(tools: Tools, tenant_id: int, signed_in: SignedIn) -> tuple[int, bool]:
    """Tries within the session with this one, and whether the account is locked."""
    tries = count_session_try(tools, tenant_id, signed_in)
    with tools.database.session(tenant_id) as session:
        session.execute(NO_WAIT)
        mine = User.id == signed_in.user.id
        row = count_account_try(session, tools.clock.now(), mine, TRIES, LONG_LOCK)
    return tries, row is None


def _accept(session: Session, tools: Tools, signed_in: SignedIn, typed: str) -> str:
    """Use up the code: ``ok`` or ``recovery code``; nothing when it is not right."""
    given = typed.strip().replace(" ", "")
    if _DIGITS.fullmatch(given):
        return "ok" if _take_step(session, tools, signed_in, given) else ""
    plain = given.replace("-", "").upper().translate(_MISREAD)
    if _RECOVERY.fullmatch(plain) and _take_recovery(session, tools, signed_in.user.id, plain):
        return "recovery code"
    return ""


def _take_step(session: Session, tools: Tools, signed_in: SignedIn, code: str) -> bool:
    user = signed_in.user
    if user.totp_secret is None or user.totp_since is None:
        return False
    raw = tools.keyring.cipher(tenant_of(session)).open(_PLACE, user.id, user.totp_secret)
    step = _matching_step(_spelt(raw), code, tools.clock.now())
    if step is None:
        return False
    # Two requests with one code meet here: the second waits for the first, and finds it taken.
    statement = (
        update(User)
        .where(User.id == user.id, User.totp_step < step)
        .values(totp_step=step)
        .returning(User.id)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(statement) is not None


def _take_recovery(session: Session, tools: Tools, user_id: uuid.UUID, code: str) -> bool:
    statement = (
        update(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
        .where(RecoveryCode.code_hash == _hash(tools, session, user_id, code))
        .values(used_at=tools.clock.now())
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(statement) is not None


def _matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The 30-second step near now whose code this is; each of the three is compared."""
    if not _DIGITS.fullmatch(code):
        return None
    totp, current = pyotp.TOTP(secret), int(now.timestamp()) // int(STEP.total_seconds())
    fitting = [
        step
        for step in (current - 1, current, current + 1)
        if hmac.compare_digest(totp.generate_otp(step), code)
    ]
    return fitting[-1] if fitting else None


def _record_refusal(
    tools: Tools, tenant_id: int, actor: Actor, user_id: uuid.UUID, *, locked: bool
) -> None:
    said = "refused: locked" if locked else "refused: wrong code"
    with tools.database.session(tenant_id) as session:
        tools.auditor.record(session, actor, "factor.check", "user", user_id, result=said)


def _unsealed(tools: Tools, tenant_id: int, signed_in: SignedIn, sealed: str) -> bytes:
    try:
        box = base64.urlsafe_b64decode(sealed.encode("ascii", "replace"))
        return tools.keyring.cipher(tenant_id).open(_PENDING, signed_in.session_id, box)
    except (binascii.Error, SealBroken) as error:
        raise FactorRefused from error


def _spelt(raw: bytes) -> str:
    return base64.b32encode(raw).decode()


def _hash(tools: Tools, session: Session, user_id: uuid.UUID, code: str) -> bytes:
    key = tools.master.purpose("recovery codes")
    said = f"{tenant_of(session)}|{user_id}|{code}"
    return hmac.new(key, said.encode(), hashlib.sha256).digest()
