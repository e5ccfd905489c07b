"""Logging in by a provider: the authorization code flow of OpenID Connect with PKCE.

Only whom an administrator linked beforehand comes in; the provider's word alone makes nobody a
user. A provider vouches for the whole login, its second factor included. The refusal of a login
stands in the audit trail with its reason and is told to the browser in one way.
"""

import uuid
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.auth import ClientAuth
from requests import RequestException
from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.accounts.errors import (
    IdentityNotLinked,
    ProviderAway,
    ProviderLoginRefused,
    ProviderNotFound,
    ProviderSaidNo,
)
from minsheng.accounts.logins import UNKNOWN
from minsheng.accounts.models import LoginProvider, User, UserIdentity
from minsheng.accounts.oidc_channel import guard
from minsheng.accounts.oidc_flows import Flow, start_flow, take_flow
from minsheng.accounts.oidc_metadata import BASIC, NONE, POST, Metadata, ProviderDirectory
from minsheng.accounts.oidc_tokens import Expected, subject_of
from minsheng.accounts.providers import (
    client_secret_of,
    find_open_provider,
    identity_code,
    remember_unknown,
)
from minsheng.accounts.roles import ADMINISTRATORS
from minsheng.accounts.sessions import open_session
from minsheng.accounts.users import ACTIVE
from minsheng.audit import Actor, Tools
from minsheng_tenants import tenant_of

ACTION = "provider.login"
LONGEST_CODE = 2048
"""Characters of an authorization code; providers' own have under 1,000."""

_SAID_NO = frozenset(
    {
        "access_denied", "login_required", "consent_required", "interaction_required",
        "account_selection_required", "server_error", "temporarily_unavailable",
        "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_response_type",
    }
)  # fmt: skip
"""Errors of RFC 6749 4.1.2.1 and OpenID Connect Core 3.1.2.6; others are not repeated."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send the browser, and the secret that it keeps in a cookie meanwhile."""

    address: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Return:
    """What a browser came back with. ``provider`` is the code in the address it came back to,
    ``return_address`` that address, ``issuer`` the provider's own name if it said it (RFC 9207),
    ``origin`` the browser's network address.
    """

    provider: str
    return_address: str
    state: str = field(repr=False)
    browser: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    issuer: str | None
    origin: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A person who is in: the session's token, and where to go on."""

    token: str = field(repr=False)
    next_path: str


@dataclass(frozen=True, slots=True)
class _Known:
    """A provider's row as it is needed without a session."""

    id: uuid.UUID
    code: str
    issuer: str
    client_id: str
    scopes: str
    secret: str = field(repr=False)


def begin_login(
    tools: Tools,
    directory: ProviderDirectory,
    tenant_id: int,
    code: str,
    return_address: str,
    next_path: str,
) -> Departure:
    """Start a login at a provider of an office; raises ProviderNotFound or ProviderAway.

    ``next_path`` is a path of ours, checked by the caller.
    """
    with tools.database.session(tenant_id) as session:
        provider = _known(session, tools, code)
    metadata = directory.metadata(provider.issuer)
    with tools.database.session(tenant_id) as session:
        flow = start_flow(session, tools, provider.id, next_path)
    with _client(provider, metadata, return_address) as client:
        address, _state = client.create_authorization_url(
            metadata.authorization_endpoint,
            state=flow.state,
            code_verifier=flow.verifier,
            nonce=flow.nonce,
        )
    return Departure(address, flow.browser)


def finish_login(
    tools: Tools, directory: ProviderDirectory, tenant_id: int, came: Return
) -> Arrival:
    """Let in whom the provider vouches for and an account is linked to.

    Raises ProviderLoginRefused, its kinds, or ProviderAway; each leaves an audit entry.
    """
    try:
        return _finish(tools, directory, tenant_id, came)
    except (ProviderLoginRefused, ProviderAway) as refusal:
        _record_refusal(tools, tenant_id, came, refusal)
        raise


def _finish(tools: Tools, directory: ProviderDirectory, tenant_id: int, came: Return) -> Arrival:
    with tools.database.session(tenant_id) as session:
        flow = take_flow(session, tools, came.state, came.browser)
    if flow is None:
        raise ProviderLoginRefused("state")
    provider = _provider_of(tools, tenant_id, flow, came)
    metadata = directory.metadata(provider.issuer)
    _check_return(came, metadata)
    subject = _subject(tools, directory, provider, metadata, flow, came)
    with tools.database.session(tenant_id) as session:
        user = _user_of(session, tools, provider, subject)
        actor = Actor("user", user.username, came.origin)
        said = f"ok: {provider.code}"
        tools.auditor.record(session, actor, ACTION, "user", user.id, result=said)
        return Arrival(open_session(session, tools, user, came.origin), flow.next_path)


def _provider_of(tools: Tools, tenant_id: int, flow: Flow, came: Return) -> _Known:
    """The provider the browser left for and came back from; raises ProviderLoginRefused."""
    try:
        with tools.database.session(tenant_id) as session:
            provider = _known(session, tools, came.provider)
    except ProviderNotFound as error:
        raise ProviderLoginRefused("provider off") from error
    if provider.id != flow.provider_id:
        raise ProviderLoginRefused("another provider")
    return provider


def _check_return(came: Return, metadata: Metadata) -> None:
    """Whether the answer is the provider's and holds a code; raises ProviderLoginRefused."""
    if came.issuer is None and metadata.names_itself:
        raise ProviderLoginRefused("issuer")
    if came.issuer is not None and came.issuer != metadata.issuer:
        raise ProviderLoginRefused("issuer")
    if came.error:
        raise ProviderSaidNo(f"provider said {came.error if came.error in _SAID_NO else 'no'}")
    if not came.code or len(came.code) > LONGEST_CODE:
        raise ProviderLoginRefused("code")


def _subject(
    tools: Tools,
    directory: ProviderDirectory,
    provider: _Known,
    metadata: Metadata,
    flow: Flow,
    came: Return,
) -> str:
    """Turn the code into an ID token, and that into whom it speaks of."""
    given = _exchange(provider, metadata, flow, came)
    expected = Expected(
        issuer=provider.issuer,
        client_id=provider.client_id,
        nonce=flow.nonce,
        since=flow.started_at,
        now=tools.clock.now(),
        access_token=str(given.get("access_token") or ""),
    )
    return subject_of(
        given.get("id_token"),
        expected,
        lambda kid, algorithm: directory.key(provider.issuer, kid, algorithm),
    )


def _exchange(provider: _Known, metadata: Metadata, flow: Flow, came: Return) -> dict[str, object]:
    """What the token endpoint gives for the code and the verifier."""
    with _client(provider, metadata, came.return_address) as client:
        try:
            found = client.fetch_token(
                metadata.token_endpoint,
                grant_type="authorization_code",
                code=came.code,
                code_verifier=flow.verifier,
            )
        except OAuthError as error:
            raise ProviderLoginRefused("code: the provider does not take it") from error
        except (RequestException, ValueError, RecursionError) as error:
            raise ProviderAway(type(error).__name__) from error
    return dict(found)


def _client(provider: _Known, metadata: Metadata, return_address: str) -> OAuth2Session:
    """Authlib's client, on our back channel.

    RFC 6749 2.3.1 has the id and the secret form-encoded before they are put into the header,
    which Authlib leaves to its caller.
    """
    method = BASIC if metadata.secret_in_header else POST
    client = OAuth2Session(
        provider.client_id,
        provider.secret or None,
        token_endpoint_auth_method=method if provider.secret else NONE,
        scope=provider.scopes,
        redirect_uri=return_address,
        code_challenge_method="S256",
    )
    client.register_client_auth_method((BASIC, _encoded_basic))
    guard(client)
    return client


def _encoded_basic(
    client: ClientAuth, _method: str, uri: str, headers: dict[str, str], body: str
) -> tuple[str, dict[str, str], str]:
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return uri, headers, body


def _known(session: Session, tools: Tools, code: str) -> _Known:
    row = find_open_provider(session, code)
    secret = client_secret_of(session, tools, row)
    return _Known(row.id, row.code, row.issuer, row.client_id, row.scopes, secret)


def _user_of(session: Session, tools: Tools, provider: _Known, subject: str) -> User:
    """The user linked to a subject; raises IdentityNotLinked or ProviderLoginRefused."""
    same = (User.tenant_id == UserIdentity.tenant_id) & (User.id == UserIdentity.user_id)
    found = session.execute(
        select(User, UserIdentity.by_operator)
        .join(UserIdentity, same)
        .where(UserIdentity.provider_id == provider.id, UserIdentity.subject == subject)
    ).one_or_none()
    if found is None:
        code = identity_code(tools, tenant_of(session), provider.id, subject)
        raise IdentityNotLinked(subject, code)
    user: User = found.User
    reason = _reason(tools, user, by_operator=found.by_operator)
    if reason:
        raise ProviderLoginRefused(reason, user.username)
    return user


def _reason(tools: Tools, user: User, *, by_operator: bool) -> str:
    """Why a linked user does not come in, or nothing."""
    if user.status != ACTIVE:
        return "off"
    if user.expires_at is not None and user.expires_at <= tools.clock.now():
        return "expired"
    # Else one system administrator could link another administrator's account to a subject of
    # their own, and the three would be one.
    if ADMINISTRATORS & set(user.roles) and not by_operator:
        return "administrator not linked by the operator"
    return ""


def _record_refusal(
    tools: Tools, tenant_id: int, came: Return, refusal: ProviderLoginRefused | ProviderAway
) -> None:
    """Keep a refusal, and whom an administrator may want to link, in a transaction of its own."""
    username = refusal.username if isinstance(refusal, ProviderLoginRefused) else ""
    with tools.database.session(tenant_id) as session:
        found = select(LoginProvider.id).where(LoginProvider.code == came.provider)
        provider_id = session.scalar(found)
        if provider_id is not None and isinstance(refusal, IdentityNotLinked):
            remember_unknown(session, tools, provider_id, refusal)
        tools.auditor.record(
            session,
            Actor("user", username or UNKNOWN, came.origin),
            ACTION,
            "provider",
            provider_id or UNKNOWN,
            result=f"refused: {refusal.reason}",
        )
