"""Access tokens: signed, short-lived, read without the database (RFC 9068 in HS256).

joserfc checks the signature and decodes an expired token without a word; the claims are checked
here, one by one. Whether the client may still come in, and whether the token has been called back,
is :mod:`minsheng.accounts.client_gate`'s to say.
"""

import base64
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jwt import JWTClaimsRegistry

from minsheng.accounts.clients import tenant_of_client
from minsheng.accounts.errors import ClientRefused, TokenRefused
from minsheng.accounts.scopes import split_scopes
from minsheng.audit import Tools

ISSUER = "minsheng"
AUDIENCE = "minsheng-api"
TYPE = "at+jwt"
ALGORITHM = "HS256"
LONGEST = 2048
"""Characters of a token that are looked at; ours have under 700."""

_HEADER = {"typ": TYPE, "alg": ALGORITHM}
_HEADER_JSON = json.dumps(_HEADER, separators=(",", ":")).encode()
_HEADER_PART = base64.urlsafe_b64encode(_HEADER_JSON).rstrip(b"=").decode() + "."
"""What each of our tokens begins with. A token that begins otherwise is refused unread, so that no
algorithm, key, address or extension that somebody writes into a header is ever looked at."""


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What an accepted token says: who, of which office, and what it may do until when."""

    client_id: str
    tenant_id: int
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime
    token_id: str


def issue_token(tools: Tools, client_id: str, tenant_id: int, scopes: str, life: timedelta) -> str:
    """A token for a client that has just proved its secret; ``scopes`` one space between."""
    now = tools.clock.now()
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": client_id,
        "tid": tenant_id,
        "scope": scopes,
        # To the microsecond, so that a token made in the second in which all were called back is
        # known to be older or newer than that moment (RFC 7519 allows a fraction).
        "iat": now.timestamp(),
        "exp": int((now + life).timestamp()),
        "jti": str(uuid.uuid4()),
    }
    return jwt.encode(_HEADER, claims, _key(tools), algorithms=[ALGORITHM])


def read_token(tools: Tools, token: str) -> TokenClaims:
    """What a token says; raises TokenRefused unless every part of it is in order."""
    if len(token) > LONGEST or not token.isascii():
        raise TokenRefused("form")
    if not token.startswith(_HEADER_PART):
        raise TokenRefused("header")
    try:
        decoded = jwt.decode(token, _key(tools), algorithms=[ALGORITHM])
        _registry(tools).validate(decoded.claims)
    except (JoseError, ValueError, TypeError, AttributeError) as error:
        # joserfc tells most faults by its own errors; a body that is JSON but no object falls
        # through to Python's.
        raise TokenRefused(type(error).__name__) from error
    return _claims(decoded.claims)


def _claims(claims: dict[str, object]) -> TokenClaims:
    client_id, tenant_id, scope = claims["sub"], claims["tid"], claims["scope"]
    issued, expires, token_id = claims["iat"], claims["exp"], claims["jti"]
    if type(tenant_id) is not int or not isinstance(scope, str) or not isinstance(expires, int):
        raise TokenRefused("claims")
    try:
        owner = tenant_of_client(str(client_id))
        issued_at = datetime.fromtimestamp(float(str(issued)), UTC)
        expires_at = datetime.fromtimestamp(expires, UTC)
    except (ClientRefused, OverflowError, OSError, ValueError) as error:
        raise TokenRefused("claims") from error
    if owner != tenant_id:
        raise TokenRefused("tenant")
    return TokenClaims(
        client_id=str(client_id),
        tenant_id=tenant_id,
        scopes=split_scopes(scope),
        issued_at=issued_at,
        expires_at=expires_at,
        token_id=str(token_id),
    )


def _registry(tools: Tools) -> JWTClaimsRegistry:
    return JWTClaimsRegistry(
        # A whole second would call a token of this second one of the future.
        now=tools.clock.now().timestamp(),  # type: ignore[arg-type]  # it only compares
        leeway=0,
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        sub={"essential": True},
        tid={"essential": True},
        scope={"essential": True},
        iat={"essential": True},
        exp={"essential": True},
        jti={"essential": True},
    )


def _key(tools: Tools) -> OctKey:
    return OctKey.import_key(tools.master.purpose("tokens"))
