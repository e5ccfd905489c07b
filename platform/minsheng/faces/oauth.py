"""The doors for machines: ``/oauth``, and the gate in front of every operation of the API.

``POST /oauth/token`` hands out access tokens, ``/oauth/revoke`` calls one back and
``/oauth/introspect`` tells what one is good for (:mod:`minsheng.faces.token_server`). Their errors
are RFC 6749 bodies. The office comes from the client id, never from a header or the path.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import structlog
from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Blueprint, Flask, Response, current_app, g, request

from minsheng.accounts.client_gate import ClientGate
from minsheng.accounts.errors import TokenRefused
from minsheng.accounts.scopes import SCOPES
from minsheng.accounts.tokens import TokenClaims
from minsheng.audit import Actor, Tools
from minsheng.faces.token_server import INTROSPECT, REVOKE, TOKEN_PATH, TokenServer
from minsheng.runtime.settings import Settings

REVOKE_PATH = "/oauth/revoke"
INTROSPECT_PATH = "/oauth/introspect"
REALM = "minsheng"
SECURITY_SCHEME = {
    "type": "oauth2",
    "flows": {"clientCredentials": {"tokenUrl": TOKEN_PATH, "scopes": dict(SCOPES)}},
}
"""How the OpenAPI document describes the gate, under the name ``oauth2``."""

_EXTENSION = "minsheng_doors"
_log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class MachineDoors:
    """The gate of this process, and how long a replaced secret holds."""

    gate: ClientGate
    old_secret: timedelta


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


def machine_doors() -> MachineDoors:
    """What the app was built with."""
    kept: MachineDoors = current_app.extensions[_EXTENSION]
    return kept


def register_oauth(app: Flask, tools: Tools, settings: Settings) -> None:
    """Add the endpoints below ``/oauth`` to ``app`` and give it its gate."""
    gate = ClientGate(tools)
    life = timedelta(seconds=settings.number("MINSHENG_TOKEN_SECONDS"))
    old_secret = timedelta(seconds=settings.number("MINSHENG_OLD_SECRET_SECONDS"))
    app.extensions[_EXTENSION] = MachineDoors(gate, old_secret)
    server = TokenServer(tools, gate, life)
    blueprint = Blueprint("oauth", __name__)

    @blueprint.post(TOKEN_PATH)
    def token() -> Response:
        # The stubs describe the frameworkless parent, which answers with a tuple.
        return cast("Response", server.create_token_response())

    @blueprint.post(REVOKE_PATH)
    def revoke() -> Response:
        return server.respond(REVOKE)

    @blueprint.post(INTROSPECT_PATH)
    def introspect() -> Response:
        return server.respond(INTROSPECT)

    # Authlib refuses plain http here unless the host is a loopback address, before it looks at
    # the request; behind a proxy that ends TLS the proxy's X-Forwarded-Proto must be trusted
    # (werkzeug's ProxyFix). AUTHLIB_INSECURE_TRANSPORT would switch that off for all hosts, so
    # it stays unset.
    @blueprint.errorhandler(OAuth2Error)
    def refused(error: OAuth2Error) -> Response:
        return server.handle_response(*error())

    app.register_blueprint(blueprint)


def _enter(scope: str) -> None:
    claims = _read_bearer(machine_doors().gate)
    if scope not in claims.scopes:
        _log.warning("api refused", reason="scope", client=claims.client_id, scope=scope)
        raise Forbidden(scope)
    g.tenant_id = claims.tenant_id
    g.actor = Actor("client", claims.client_id, _origin())
    g.scopes = claims.scopes


def _read_bearer(gate: ClientGate) -> TokenClaims:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        message = f"send an access token: Authorization: Bearer … (fetch one from {TOKEN_PATH})"
        raise Unauthorised(message)
    try:
        return gate.admit(token.strip())
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
