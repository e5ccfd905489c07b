"""ID tokens: accepted when every part is in order, refused by one error otherwise.

OpenID Connect Core 1.0, section 3.1.3.7, and RFC 8725. joserfc checks the signature with a key of
the provider's own key set, found by its name; nothing that the token itself brings along is ever
used as a key. The claims are checked here, one by one.
"""

import base64
import binascii
import hashlib
import hmac
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

from minsheng.accounts.errors import ProviderAway, ProviderLoginRefused
from minsheng.accounts.oidc_channel import read_object
from minsheng.accounts.oidc_metadata import ALGORITHMS, PublicKey

LONGEST = 16 * 1024
"""Characters of an ID token that are looked at."""
LONGEST_SUBJECT = 255
"""ASCII characters; OpenID Connect Core 1.0, section 2."""
LEEWAY = 60
"""Seconds by which a provider's clock may differ from ours. Our figure."""

FindKey = Callable[[str | None, str], PublicKey]

_REFUSED_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc", "epk"})
"""Members by which a token would bring its own key, or change how it is to be read."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a login under way expects of its ID token; ``since`` is when it began."""

    issuer: str
    client_id: str
    nonce: str
    since: datetime
    now: datetime
    access_token: str = ""


class _Registry(JWSRegistry):
    """The algorithms of the list and no others, whatever joserfc recommends today."""

    def get_alg(self, name: str) -> Any:  # noqa: ANN401  joserfc does not export the type
        """The algorithm; raises UnsupportedAlgorithmError."""
        if name not in ALGORITHMS:
            message = "not on the list"
            raise UnsupportedAlgorithmError(message)
        return self.algorithms[name]


def subject_of(token: object, expected: Expected, find_key: FindKey) -> str:
    """Whom an ID token speaks of; raises ProviderLoginRefused.

    ``find_key(kid, algorithm)`` gives the provider's key, or raises ProviderLoginRefused.
    """
    if not isinstance(token, str) or len(token) > LONGEST or not token.isascii():
        raise ProviderLoginRefused("token: form")
    header = _header(token)
    key = find_key(header.get("kid"), header["alg"])
    try:
        registry = _Registry(strict_check_header=False)
        signed = jws.deserialize_compact(token, key, registry=registry)
        claims = read_object(signed.payload or b"")
    except (JoseError, ValueError, TypeError, AttributeError, ProviderAway) as error:
        raise ProviderLoginRefused(f"token: {type(error).__name__}") from error
    _check_claims(claims, expected, header["alg"])
    return str(claims["sub"])


def _header(token: str) -> dict[str, Any]:
    """The header of a token that has the form of one; raises ProviderLoginRefused."""
    parts = token.split(".")
    try:
        if len(parts) != 3:
            raise ProviderLoginRefused("token: form")
        header = read_object(_decoded(parts[0]))
    except (ProviderAway, binascii.Error, ValueError) as error:
        raise ProviderLoginRefused("token: header") from error
    if header.get("alg") not in ALGORITHMS:
        raise ProviderLoginRefused("token: algorithm")
    if _REFUSED_HEADERS & header.keys():
        raise ProviderLoginRefused("token: header")
    if not isinstance(header.get("kid"), str | None):
        raise ProviderLoginRefused("token: header")
    if str(header.get("typ", "JWT")).upper() not in {"JWT", "APPLICATION/JWT"}:
        raise ProviderLoginRefused("token: type")
    return header


def _decoded(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _check_claims(claims: Mapping[str, Any], expected: Expected, algorithm: str) -> None:
    """Raise ProviderLoginRefused with the name of the first claim that is not in order."""
    for name, holds in (
        ("iss", claims.get("iss") == expected.issuer),
        ("aud", claims.get("aud") in (expected.client_id, [expected.client_id])),
        ("azp", claims.get("azp", expected.client_id) == expected.client_id),
        ("nonce", _same(claims.get("nonce"), expected.nonce)),
        ("exp", _moment(claims.get("exp")) > expected.now.timestamp() - LEEWAY),
        ("iat", _is_recent(_moment(claims.get("iat")), expected)),
        ("nbf", _moment(claims.get("nbf", 0)) <= expected.now.timestamp() + LEEWAY),
        ("sub", _is_subject(claims.get("sub"))),
        ("at_hash", _fits_access_token(claims.get("at_hash"), expected, algorithm)),
    ):
        if not holds:
            raise ProviderLoginRefused(f"token: {name}")


def _is_recent(issued: float, expected: Expected) -> bool:
    """Whether a token was issued while the login was under way."""
    begun, now = expected.since.timestamp(), expected.now.timestamp()
    return begun - LEEWAY <= issued <= now + LEEWAY


def _moment(value: object) -> float:
    """A NumericDate, or not-a-number, which compares as false with everything."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value) if abs(value) < 1e12 else math.nan


def _is_subject(value: object) -> bool:
    good = isinstance(value, str) and value.isascii() and value.isprintable()
    return good and 0 < len(str(value)) <= LONGEST_SUBJECT


def _same(given: object, wanted: str) -> bool:
    text = given if isinstance(given, str) else ""
    return hmac.compare_digest(text.encode(errors="replace"), wanted.encode())


def _fits_access_token(given: object, expected: Expected, algorithm: str) -> bool:
    """Whether ``at_hash``, where there is one, is the hash of the access token beside it."""
    if given is None:
        return True
    whole = hashlib.sha512 if algorithm in {"EdDSA", "Ed25519"} else hashlib.sha256
    digest = whole(expected.access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
    return bool(expected.access_token) and _same(given, half)
