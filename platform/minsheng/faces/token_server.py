"""The OAuth2 authorisation server behind ``/oauth``: Authlib's, with our clients and tokens.

Tokens are handed out by the client credentials grant (RFC 6749 4.4), called back by RFC 7009 and
asked about by RFC 7662. A client proves its secret by HTTP Basic or in the form, at all three in
the same way, and may call back and ask about its own tokens only: another's, an unknown one and
one that has ended get the same answer.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload, FlaskOAuth2Request
from authlib.oauth2.rfc6749 import (
    ClientMixin,
    InvalidRequestError,
    OAuth2Request,
    TokenEndpoint,
)
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidScopeError,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Response, request
from werkzeug.datastructures import CombinedMultiDict

from minsheng.accounts.client_gate import ClientGate
from minsheng.accounts.errors import ClientRefused, TokenRefused
from minsheng.accounts.scopes import join_scopes, split_scopes
from minsheng.accounts.service import (
    check_client,
    prove_client,
    revoke_token,
    tenant_of_client,
)
from minsheng.accounts.tokens import AUDIENCE, ISSUER, TokenClaims, issue_token
from minsheng.audit import Actor, Tools

GRANT = "client_credentials"
TOKEN_PATH = "/oauth/token"  # noqa: S105  a path, not a password
TOKEN, REVOKE, INTROSPECT = "token", "revocation", "introspection"
"""Authlib's names of the endpoints."""

_METHODS = ["client_secret_basic", "client_secret_post"]


@dataclass(frozen=True, slots=True)
class _Client(ClientMixin):
    """A client whose secret has been checked, as Authlib wants to see it."""

    client_id: str
    scopes: str

    def get_client_id(self) -> str:
        """The id by which the client named itself."""
        return self.client_id

    def get_allowed_scope(self, scope: Collection[str] | str | None) -> str:
        """All the client's scopes when it asked for none; refuses one that it does not hold."""
        if not scope:
            return self.scopes
        wanted = split_scopes(scope) if isinstance(scope, str) else frozenset(scope)
        if not wanted or not wanted <= split_scopes(self.scopes):
            raise InvalidScopeError(description="the client does not hold this scope")
        return join_scopes(wanted)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Both methods, at each endpoint."""
        return method in _METHODS and endpoint in (TOKEN, REVOKE, INTROSPECT)

    def check_grant_type(self, grant_type: str) -> bool:
        """The one grant there is."""
        return grant_type == GRANT


@dataclass(frozen=True, slots=True)
class _Token:
    """A token that is good at this moment, as Authlib wants to see it."""

    claims: TokenClaims

    def check_client(self, client: ClientMixin) -> bool:
        """Whether the token is the client's own."""
        return bool(client.get_client_id() == self.claims.client_id)

    def is_expired(self) -> bool:
        """Never: one that is would not have been found."""
        return False

    def is_revoked(self) -> bool:
        """Never: one that is would not have been found."""
        return False


class _Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = tuple(_METHODS)


class _OwnTokens(TokenEndpoint):
    """What calling back and asking have in common: whose tokens, and how the client proves itself.

    Authlib would tell a client that a token is good and another's; here it is simply not found.
    """

    CLIENT_AUTH_METHODS = _METHODS
    server: "TokenServer"

    def authenticate_token(self, request: OAuth2Request, client: ClientMixin) -> _Token | None:
        # A hint of the token's type is not looked at (RFC 7009 2.1): there is one type.
        _refuse_repeats()
        sent = request.form.get("token", "")
        if not sent:
            raise InvalidRequestError(description="token is missing: send it in the body")
        found = self.server.find_token(sent)
        return found if found and found.check_client(client) else None


class _Revocation(_OwnTokens, RevocationEndpoint):
    def revoke_token(self, token: _Token, request: OAuth2Request) -> None:
        del request
        self.server.call_back(token.claims)


class _Introspection(_OwnTokens, IntrospectionEndpoint):
    def introspect_token(self, token: _Token) -> dict[str, Any]:
        claims = token.claims
        return {
            "active": True,
            "scope": " ".join(sorted(claims.scopes)),
            "client_id": claims.client_id,
            "sub": claims.client_id,
            "token_type": "Bearer",
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": int(claims.issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "jti": claims.token_id,
        }


class _UnknownGrant(UnsupportedGrantTypeError):
    """Says which grant there is instead of repeating what was sent."""

    def get_error_description(self) -> str:
        return f"use grant_type={GRANT}"


class _FormPayload(FlaskOAuth2Payload):
    """Parameters of the body only: what stands in a URL stands in logs (RFC 6749 2.3.1)."""

    @property
    def data(self) -> CombinedMultiDict[str, str]:
        return CombinedMultiDict([request.form])


class TokenServer(AuthorizationServer):
    """Authlib's server on the tools of a process; tokens live ``life``."""

    def __init__(self, tools: Tools, gate: ClientGate, life: timedelta) -> None:
        super().__init__()
        self._tools = tools
        self._gate = gate
        self._life = life
        self.register_grant(_Grant)
        self.register_token_generator(
            "default",
            BearerTokenGenerator(self._new_token, None, lambda _c, _g: int(life.total_seconds())),
        )
        self.register_client_auth_method("client_secret_basic", self._by_basic)
        self.register_client_auth_method("client_secret_post", self._by_form)
        self.register_endpoint(_Revocation)
        self.register_endpoint(_Introspection)

    def find_token(self, token: str) -> _Token | None:
        """The token when it is good at this moment."""
        try:
            return _Token(self._gate.admit(token))
        except TokenRefused:
            return None

    def call_back(self, claims: TokenClaims) -> None:
        """Void a client's own token: here at once, in other processes within a second."""
        actor = Actor("client", claims.client_id, _origin())
        with self._tools.database.session(claims.tenant_id) as session:
            revoke_token(session, self._tools, actor, claims)
        self._gate.forget(claims.client_id)

    def respond(self, endpoint: str) -> Response:
        """The answer of one of the endpoints besides the token's."""
        answer = self.create_endpoint_response(endpoint)  # type: ignore[no-untyped-call]
        return cast("Response", answer)

    def create_oauth2_request(self, _request: object) -> FlaskOAuth2Request:
        """The request at hand, its parameters read from the body alone."""
        asked = FlaskOAuth2Request(request)
        asked.payload = _FormPayload(request)
        return asked

    def get_token_grant(self, asked: OAuth2Request) -> _Grant:
        """The one grant; refuses any other in the words of RFC 6749."""
        _refuse_repeats()
        wanted = request.form.get("grant_type", "")
        if not wanted:
            raise InvalidRequestError(description=f"grant_type is missing: use {GRANT}")
        if wanted != GRANT:
            raise _UnknownGrant(wanted)
        return _Grant(asked, self)

    def authenticate_client(
        self, request: OAuth2Request, methods: Collection[str], endpoint: str = TOKEN
    ) -> ClientMixin:
        """The client; every refusal has the same status, header and body."""
        try:
            return super().authenticate_client(request, methods, endpoint)
        except InvalidClientError as error:
            message = str(ClientRefused())
            raise InvalidClientError(description=message, status_code=401) from error

    def query_client(self, _client_id: str) -> ClientMixin:
        """Find nobody by id alone: both ways of proving a secret are our own below."""
        raise InvalidClientError

    def save_token(self, _token: object, _request: object) -> None:
        """Store nothing: the client's login is in the audit trail, the token proves itself."""

    def _by_basic(self, _query: object, _request: object) -> _Client | None:
        # werkzeug lets a ValueError through for letters beyond ASCII.
        sent = request.headers.get("Authorization", "")
        given = request.authorization if sent.isascii() else None
        if given is None or given.type != "basic":
            return None
        return self._check(given.username or "", given.password or "")

    def _by_form(self, _query: object, _request: object) -> _Client | None:
        if "Authorization" in request.headers or "client_secret" not in request.form:
            return None
        return self._check(request.form.get("client_id", ""), request.form["client_secret"])

    def _check(self, client_id: str, secret: str) -> _Client | None:
        verb = check_client if request.path == TOKEN_PATH else prove_client
        try:
            tenant_id = tenant_of_client(client_id)
            with self._tools.database.session(tenant_id) as session:
                client = verb(session, self._tools, client_id, secret, _origin())
        except ClientRefused:
            return None
        return _Client(client_id, client.scopes)

    def _new_token(self, *, client: ClientMixin, grant_type: str, user: object, scope: str) -> str:
        del grant_type, user
        client_id = client.get_client_id()
        tenant_id = tenant_of_client(client_id)
        return issue_token(self._tools, client_id, tenant_id, scope, self._life)


def _refuse_repeats() -> None:
    if any(len(values) > 1 for values in request.form.listvalues()):
        raise InvalidRequestError(description="a parameter is given twice")


def _origin() -> str:
    return request.remote_addr or ""
