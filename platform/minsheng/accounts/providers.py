"""The login providers of an office, and which user each of their subjects is.

An issuer never changes: whoever could point a provider elsewhere could come in as anybody linked
to it. A provider that moved is switched off and added anew.
"""

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from minsheng.accounts.errors import (
    AccountExists,
    AccountInvalid,
    AccountNotFound,
    IdentityNotLinked,
    ProviderNotFound,
)
from minsheng.accounts.models import LoginProvider, UnknownIdentity, User, UserIdentity
from minsheng.accounts.oidc_channel import is_usable
from minsheng.accounts.roles import ADMINISTRATORS
from minsheng.accounts.users import ACTIVE, OFF, end_sessions, find_user
from minsheng.audit import Actor, Tools
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

SCOPES = "openid profile"
KEPT = timedelta(days=30)
MOST_UNKNOWN = 50
"""How long, and how many, identities without an account are kept for an administrator to see."""

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_PLACE = "login_providers.client_secret"


@dataclass(frozen=True, slots=True)
class NewProvider:
    """What is needed to add a provider; ``code`` in small letters, digits and dashes.

    ``client_secret`` empty = a public client, which PKCE alone protects.
    """

    code: str
    name: str
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: str = SCOPES


@dataclass(frozen=True, slots=True)
class ProviderLine:
    """A provider with how many identities are linked to it."""

    provider: LoginProvider
    identities: int


@dataclass(frozen=True, slots=True)
class IdentityLine:
    """An identity with its user and the short code that stands for its subject."""

    identity: UserIdentity
    user: User
    code: str


def add_provider(session: Session, tools: Tools, actor: Actor, new: NewProvider) -> LoginProvider:
    """Add a provider to the session's office; raises AccountInvalid or AccountExists."""
    _check_code(new.code)
    _check_form(new.name, new.client_id, new.client_secret, new.scopes)
    _check_issuer(new.issuer)
    row_id = new_id()
    provider = LoginProvider(
        id=row_id,
        code=new.code,
        name=new.name.strip(),
        issuer=new.issuer,
        client_id=new.client_id,
        client_secret=_sealed(session, tools, row_id, new.client_secret),
        scopes=" ".join(new.scopes.split()),
        state=ACTIVE,
        created_at=tools.clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(provider)
    except IntegrityError as error:
        message = f"a provider {new.code!r} exists already: choose another code"
        raise AccountExists("code", message) from error
    tools.auditor.record(session, actor, "provider.add", "provider", row_id, result=new.issuer)
    return provider


def change_provider(
    session: Session,
    tools: Tools,
    actor: Actor,
    code: str,
    *,
    name: str,
    client_id: str,
    scopes: str,
    client_secret: str = "",
) -> LoginProvider:
    """Change what may change of a provider; an empty ``client_secret`` leaves it as it is.

    Raises ProviderNotFound or AccountInvalid.
    """
    _check_form(name, client_id, client_secret, scopes)
    provider = find_provider(session, code)
    provider.name, provider.client_id = name.strip(), client_id
    provider.scopes = " ".join(scopes.split())
    if client_secret:
        provider.client_secret = _sealed(session, tools, provider.id, client_secret)
    said = "ok: new secret" if client_secret else "ok"
    tools.auditor.record(session, actor, "provider.change", "provider", provider.id, result=said)
    return provider


def turn_off_provider(session: Session, tools: Tools, actor: Actor, code: str) -> LoginProvider:
    """Let nobody in by a provider any more; raises ProviderNotFound.

    Sessions that are open stay: end those of a person by turning the account off.
    """
    provider = find_provider(session, code)
    provider.state = OFF
    tools.auditor.record(session, actor, "provider.turn_off", "provider", provider.id)
    return provider


def turn_on_provider(session: Session, tools: Tools, actor: Actor, code: str) -> LoginProvider:
    """Let people in by a provider again; raises ProviderNotFound."""
    provider = find_provider(session, code)
    provider.state = ACTIVE
    tools.auditor.record(session, actor, "provider.turn_on", "provider", provider.id)
    return provider


def list_providers(session: Session) -> Sequence[ProviderLine]:
    """The office's providers in the order of their codes."""
    same = (UserIdentity.tenant_id == LoginProvider.tenant_id) & (
        UserIdentity.provider_id == LoginProvider.id
    )
    rows = session.execute(
        select(LoginProvider, func.count(UserIdentity.id))
        .outerjoin(UserIdentity, same)
        .group_by(LoginProvider.tenant_id, LoginProvider.id)
        .order_by(LoginProvider.code)
    )
    return [ProviderLine(row[0], row[1]) for row in rows]


def open_providers(session: Session) -> Sequence[LoginProvider]:
    """The providers by which people come in, for the login page."""
    wanted = select(LoginProvider).where(LoginProvider.state == ACTIVE)
    return session.scalars(wanted.order_by(LoginProvider.code)).all()


def find_provider(session: Session, code: str) -> LoginProvider:
    """The provider of a code, on or off; raises ProviderNotFound."""
    provider = session.scalar(select(LoginProvider).where(LoginProvider.code == code))
    if provider is None:
        raise ProviderNotFound
    return provider


def find_open_provider(session: Session, code: str) -> LoginProvider:
    """The provider of a code by which people come in; raises ProviderNotFound."""
    provider = find_provider(session, code)
    if provider.state != ACTIVE:
        raise ProviderNotFound
    return provider


def client_secret_of(session: Session, tools: Tools, provider: LoginProvider) -> str:
    """A provider's client secret, opened."""
    cipher = tools.keyring.cipher(tenant_of(session))
    return cipher.open_text(_PLACE, provider.id, provider.client_secret)


def link_identity(
    session: Session,
    tools: Tools,
    actor: Actor,
    user_id: uuid.UUID,
    provider_id: uuid.UUID,
    subject: str,
    *,
    by_operator: bool = False,
) -> UserIdentity:
    """Let a user in whenever the provider vouches for ``subject``.

    An administrator's account is linked ``by_operator`` only, which needs
    ``Database.operator_session``. Raises AccountNotFound, ProviderNotFound, AccountInvalid, or
    AccountExists when the subject is linked already.
    """
    user = find_user(session, user_id)
    if session.scalar(select(LoginProvider.id).where(LoginProvider.id == provider_id)) is None:
        raise ProviderNotFound
    _check_subject(subject)
    if ADMINISTRATORS & set(user.roles) and not by_operator:
        message = "an administrator's account is linked by the operator: use minsheng providers"
        raise AccountInvalid("username", message)
    identity = UserIdentity(
        id=new_id(),
        provider_id=provider_id,
        user_id=user_id,
        subject=subject,
        linked_by=str(actor),
        by_operator=by_operator,
        created_at=tools.clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(identity)
    except IntegrityError as error:
        message = "this identity is linked to an account already: unlink it there first"
        raise AccountExists("subject", message) from error
    code = identity_code(tools, tenant_of(session), provider_id, subject)
    tools.auditor.record(session, actor, "identity.link", "user", user_id, result=f"ok: {code}")
    return identity


def unlink_identity(
    session: Session,
    tools: Tools,
    actor: Actor,
    provider_id: uuid.UUID,
    identity_id: uuid.UUID,
) -> None:
    """Let a user in by an identity no more, and end the user's sessions; raises AccountNotFound."""
    wanted = (UserIdentity.provider_id == provider_id) & (UserIdentity.id == identity_id)
    identity = session.scalar(select(UserIdentity).where(wanted))
    if identity is None:
        raise AccountNotFound
    session.execute(delete(UserIdentity).where(UserIdentity.id == identity_id))
    end_sessions(session, identity.user_id)
    code = identity_code(tools, tenant_of(session), identity.provider_id, identity.subject)
    said = f"ok: {code}"
    tools.auditor.record(session, actor, "identity.unlink", "user", identity.user_id, result=said)


def list_identities(
    session: Session, tools: Tools, provider_id: uuid.UUID, limit: int = 200
) -> Sequence[IdentityLine]:
    """The identities of a provider with their users, newest first."""
    same = (User.tenant_id == UserIdentity.tenant_id) & (User.id == UserIdentity.user_id)
    rows = session.execute(
        select(UserIdentity, User)
        .join(User, same)
        .where(UserIdentity.provider_id == provider_id)
        .order_by(UserIdentity.created_at.desc(), UserIdentity.id)
        .limit(limit)
    )
    tenant_id = tenant_of(session)
    return [
        IdentityLine(
            row.UserIdentity,
            row.User,
            identity_code(tools, tenant_id, provider_id, row.UserIdentity.subject),
        )
        for row in rows
    ]


def list_unknown(session: Session, provider_id: uuid.UUID) -> Sequence[UnknownIdentity]:
    """Who came lately by a provider and is not linked yet, the last first."""
    linked = select(UserIdentity.subject).where(UserIdentity.provider_id == provider_id)
    wanted = select(UnknownIdentity).where(
        UnknownIdentity.provider_id == provider_id, UnknownIdentity.subject.not_in(linked)
    )
    return session.scalars(
        wanted.order_by(UnknownIdentity.seen_at.desc(), UnknownIdentity.id)
    ).all()


def remember_unknown(
    session: Session, tools: Tools, provider_id: uuid.UUID, refusal: IdentityNotLinked
) -> None:
    """Keep who came without being linked; the old and the many are forgotten."""
    now = tools.clock.now()
    row = {
        "tenant_id": tenant_of(session),
        "id": new_id(),
        "provider_id": provider_id,
        "subject": refusal.subject,
        "code": refusal.code,
        "tries": 1,
        "seen_at": now,
    }
    again = {"tries": UnknownIdentity.tries + 1, "seen_at": now}
    session.execute(
        insert(UnknownIdentity)
        .values(row)
        .on_conflict_do_update(index_elements=["tenant_id", "provider_id", "subject"], set_=again)
    )
    newest = select(UnknownIdentity.id).order_by(UnknownIdentity.seen_at.desc()).limit(MOST_UNKNOWN)
    gone = (UnknownIdentity.seen_at <= now - KEPT) | UnknownIdentity.id.not_in(newest)
    session.execute(
        delete(UnknownIdentity).where(gone).execution_options(synchronize_session=False)
    )


def identity_code(tools: Tools, tenant_id: int, provider_id: uuid.UUID, subject: str) -> str:
    """Eight letters and digits (40 bits) that stand for a subject, such as ``ABCD-EFGH``."""
    said = f"{tenant_id}|{provider_id}|{subject}".encode()
    digest = hmac.new(tools.master.purpose("identity code"), said, hashlib.sha256).digest()
    letters = base64.b32encode(digest[:5]).decode()
    return f"{letters[:4]}-{letters[4:]}"


def _sealed(session: Session, tools: Tools, row_id: uuid.UUID, secret: str) -> bytes:
    return tools.keyring.cipher(tenant_of(session)).seal(_PLACE, row_id, secret)


def _check_code(code: str) -> None:
    if not _CODE.fullmatch(code):
        message = "a provider's code needs 1 to 32 small letters, digits or dashes"
        raise AccountInvalid("code", message)


def _check_issuer(issuer: str) -> None:
    if not is_usable(issuer, loopback=True) or "?" in issuer:
        message = "an issuer is an https address without query, as the provider itself writes it"
        raise AccountInvalid("issuer", message)


def _check_form(name: str, client_id: str, client_secret: str, scopes: str) -> None:
    if not name.strip() or len(name) > 50 or not name.isprintable():
        message = "a provider needs a name of 1 to 50 printable characters"
        raise AccountInvalid("name", message)
    if not client_id or len(client_id) > 200 or not _PRINTABLE.fullmatch(client_id):
        message = "a client id needs 1 to 200 ASCII characters, as the provider gave it"
        raise AccountInvalid("client_id", message)
    if len(client_secret) > 500 or not _PRINTABLE.fullmatch(client_secret):
        message = "a client secret has at most 500 ASCII characters, as the provider gave it"
        raise AccountInvalid("client_secret", message)
    asked = scopes.split()
    if "openid" not in asked or len(scopes) > 200 or not all(map(_SCOPE.fullmatch, asked)):
        message = "the scopes are words with one space between, openid among them"
        raise AccountInvalid("scopes", message)


def _check_subject(subject: str) -> None:
    if not 0 < len(subject) <= 255 or not subject.isascii() or not subject.isprintable():
        message = "a subject has 1 to 255 ASCII characters (sub of the provider's ID token)"
        raise AccountInvalid("subject", message)
