"""The token endpoint for API clients, and the gate in front of every operation of the API.

``POST /oauth/token`` hands out access tokens by the client credentials grant (RFC 6749 4.4) to
clients that prove their secret by HTTP Basic or in the form. Its errors are RFC 6749 bodies. The
office comes from the client id, never from a header or the path.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import structlog
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.flask_oauth2.requests import FlaskOAuth2Payload, FlaskOAuth2Request
from authlib.oauth2.rfc6749 import ClientMixin, InvalidRequestError, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidScopeError,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from flask import Blueprint, Flask, Response, current_app, g, request
from werkzeug.datastructures import CombinedMultiDict

from minsheng.accounts.errors import ClientRefused, TokenRefused
from minsheng.accounts.scopes import SCOPES, join_scopes, split_scopes
from minsheng.accounts.service import check_client, tenant_of_client
from minsheng.accounts.tokens import TokenClaims, issue_token, read_token
from minsheng.audit import Actor, Tools
from minsheng.runtime.settings import Settings

GRANT = "client_credentials"
TOKEN_PATH = "/oauth/token"  # noqa: S105  a path, not a password
REALM = "minsheng"
SECURITY_SCHEME = {
    "type": "oauth2",
    "flows": {"clientCredentials": {"tokenUrl": TOKEN_PATH, "scopes": dict(SCOPES)}},
}
"""How the OpenAPI document describes the gate, under the name ``oauth2``."""

_EXTENSION = "minsheng_tools"
_log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class Unauthorised(Exception):
    """The request carries no access token, or none that is valid (401)."""

    def __init__(self, message: str, fault: str = "") -> None:
        """``fault`` is a code of RFC 6750 3.1, empty when no token was sent."""
        super().__init__(message)
        self.www_authenticate = f'Bearer realm="{REALM}"' + (f', error="{fault}"' if fault else "")


class Forbidden(Exception):
    """The access token does not hold the scope that the operation needs (403)."""

    def __init__(self, scope: str) -> None:
        """``scope`` is what is missing."""
        super().__init__(f"the access token lacks the scope {scope}: ask for it at {TOKEN_PATH}")
        self.www_authenticate = (
            f'Bearer realm="{REALM}", error="insufficient_scope", scope="{scope}"'
        )


def require_scope(scope: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a view run only for a valid access token that holds ``scope``.

    Sets ``g.tenant_id`` (the office to open a session for), ``g.actor`` and ``g.scopes``; raises
    Unauthorised or Forbidden. The view bears ``required_scope``, so that a test can find the
    operations that have no gate, and its OpenAPI operation names the scope.
    """
    if scope not in SCOPES:
        message = f"unknown scope {scope!r}: add it to minsheng.accounts.scopes"
        raise KeyError(message)

    def gate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            _enter(scope)
            return view(*args, **kwargs)

        guarded.required_scope = scope  # type: ignore[attr-defined]
        _document(guarded, scope)
        return guarded

    return gate


def register_oauth(app: Flask, tools: Tools, settings: Settings) -> None:
    """Add the token endpoint to ``app`` and give the gate its tools."""
    app.extensions[_EXTENSION] = tools
    server = _TokenServer(tools, timedelta(seconds=settings.number("MINSHENG_TOKEN_SECONDS")))
    blueprint = Blueprint("oauth", __name__)

    @blueprint.post(TOKEN_PATH)
    def token() -> Response:
        # The stubs describe the frameworkless parent, which answers with a tuple.
        return cast("Response", server.create_token_response())

    # Authlib refuses plain http here unless the host is a loopback address, before it looks at
    # the request; behind a proxy that ends TLS the proxy's X-Forwarded-Proto must be trusted
    # (werkzeug's ProxyFix). AUTHLIB_INSECURE_TRANSPORT would switch that off for all hosts, so
    # it stays unset.
    @blueprint.errorhandler(OAuth2Error)
    def refused(error: OAuth2Error) -> Response:
        return server.handle_response(*error())

    app.register_blueprint(blueprint)


def _enter(scope: str) -> None:
    claims = _read_bearer(current_app.extensions[_EXTENSION])
    if scope not in claims.scopes:
        _log.warning("api refused", reason="scope", client=claims.client_id, scope=scope)
        raise Forbidden(scope)
    g.tenant_id = claims.tenant_id
    g.actor = Actor("client", claims.client_id, _origin())
    g.scopes = claims.scopes


def _read_bearer(tools: Tools) -> TokenClaims:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        message = f"send an access token: Authorization: Bearer … (fetch one from {TOKEN_PATH})"
        raise Unauthorised(message)
    try:
        return read_token(tools, token.strip())
    except TokenRefused as error:
        _log.warning("api refused", reason=error.reason, origin=_origin())
        raise Unauthorised(str(error), "invalid_token") from error


def _document(view: object, scope: str) -> None:
    """Do what flask-smorest's ``@blueprint.doc`` does, which knows no decorators but its own."""
    doc: dict[str, Any] = dict(getattr(view, "_apidoc", {}))
    doc["manual_doc"] = {**doc.get("manual_doc", {}), "security": [{"oauth2": [scope]}]}
    view._apidoc = doc  # type: ignore[attr-defined]


def _origin() -> str:
    return request.remote_addr or ""


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
        """Both methods of the grant, at its one endpoint."""
        return method in _Grant.TOKEN_ENDPOINT_AUTH_METHODS and endpoint == "token"

    def check_grant_type(self, grant_type: str) -> bool:
        """The one grant there is."""
        return grant_type == GRANT


class _Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")


class _UnknownGrant(UnsupportedGrantTypeError):
    """Says which grant there is instead of repeating what was sent."""

    def get_error_description(self) -> str:
        return f"use grant_type={GRANT}"


class _FormPayload(FlaskOAuth2Payload):
    """Parameters of the body only: what stands in a URL stands in logs (RFC 6749 2.3.1)."""

    @property
    def data(self) -> CombinedMultiDict[str, str]:
        return CombinedMultiDict([request.form])


class _TokenServer(AuthorizationServer):
    def __init__(self, tools: Tools, life: timedelta) -> None:
        super().__init__()
        self._tools = tools
        self._life = life
        self.register_grant(_Grant)
        self.register_token_generator(
            "default",
            BearerTokenGenerator(self._new_token, None, lambda _c, _g: int(life.total_seconds())),
        )
        self.register_client_auth_method("client_secret_basic", self._by_basic)
        self.register_client_auth_method("client_secret_post", self._by_form)

    def create_oauth2_request(self, _request: object) -> FlaskOAuth2Request:
        asked = FlaskOAuth2Request(request)
        asked.payload = _FormPayload(request)
        return asked

    def get_token_grant(self, asked: OAuth2Request) -> _Grant:
        if any(len(values) > 1 for values in request.form.listvalues()):
            raise InvalidRequestError(description="a parameter is given twice")
        wanted = request.form.get("grant_type", "")
        if not wanted:
            raise InvalidRequestError(description=f"grant_type is missing: use {GRANT}")
        if wanted != GRANT:
            raise _UnknownGrant(wanted)
        return _Grant(asked, self)

    def authenticate_client(
        self, request: OAuth2Request, methods: Collection[str], endpoint: str = "token"
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
        try:
            tenant_id = tenant_of_client(client_id)
            with self._tools.database.session(tenant_id) as session:
                client = check_client(session, self._tools, client_id, secret, _origin())
        except ClientRefused:
            return None
        return _Client(client_id, client.scopes)

    def _new_token(self, *, client: ClientMixin, grant_type: str, user: object, scope: str) -> str:
        del grant_type, user
        client_id = client.get_client_id()
        tenant_id = tenant_of_client(client_id)
        return issue_token(self._tools, client_id, tenant_id, scope, self._life)
