"""What a provider says of itself: its addresses (OpenID Connect Discovery 1.0) and its keys.

Both are kept for an hour by each process. A key that is not among those kept makes for one look
at the provider, and no more than one in half a minute, so that made-up key names do not turn the
service against the provider.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from minsheng.accounts.errors import ProviderAway, ProviderLoginRefused
from minsheng.accounts.oidc_channel import fetch_object, is_on_loopback, is_usable
from minsheng.runtime.clock import Clock

KEPT = timedelta(hours=1)
REFETCH = timedelta(seconds=30)
MOST_ISSUERS = 200
MOST_KEYS = 50
SMALLEST_RSA = 2048
"""Bits; NIST SP 800-131A revision 2, section 3."""

PublicKey = RSAKey | ECKey | OKPKey
_WELL_KNOWN = "/.well-known/openid-configuration"
_ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_PUBLIC = ("kty", "n", "e", "crv", "x", "y", "alg")
BASIC, POST, NONE = "client_secret_basic", "client_secret_post", "none"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is used of a discovery document, checked."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    secret_in_header: bool
    """Whether the client secret goes by HTTP Basic (else in the form)."""
    names_itself: bool
    """Whether it promises to name itself in its answers (RFC 9207)."""


@dataclass(slots=True)
class _Known:
    metadata: Metadata
    read_at: datetime
    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    keys_at: datetime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class ProviderDirectory:
    """The discovery documents and keys that a process knows; safe between threads."""

    def __init__(self, clock: Clock) -> None:
        """``clock`` says when what is known has grown old."""
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    def metadata(self, issuer: str) -> Metadata:
        """The addresses of an issuer; raises ProviderAway."""
        return self._find(issuer).metadata

    def key(self, issuer: str, kid: str | None, algorithm: str) -> PublicKey:
        """The issuer's key of a name that fits an algorithm.

        Raises ProviderLoginRefused when there is none after one more look, and ProviderAway.
        """
        known = self._find(issuer)
        found = _pick(self._keys(known, KEPT), kid, algorithm)
        if found is None:
            found = _pick(self._keys(known, REFETCH), kid, algorithm)
        if found is None:
            raise ProviderLoginRefused("token: unknown key")
        return found

    def _find(self, issuer: str) -> _Known:
        now = self._clock.now()
        with self._lock:
            known = self._known.get(issuer)
            if known is not None and now - known.read_at < KEPT:
                self._known.move_to_end(issuer)
                return known
        fresh = _Known(read_metadata(issuer, fetch_object(issuer.rstrip("/") + _WELL_KNOWN)), now)
        with self._lock:
            self._known[issuer] = fresh
            while len(self._known) > MOST_ISSUERS:
                self._known.popitem(last=False)
        return fresh

    def _keys(self, known: _Known, oldest: timedelta) -> Mapping[str, PublicKey]:
        """The keys, read anew when they are as old as ``oldest``; others wait meanwhile."""
        now = self._clock.now()
        with known.lock:
            if known.keys_at is None or now - known.keys_at >= oldest:
                known.keys = dict(read_keys(fetch_object(known.metadata.jwks_uri)))
                known.keys_at = now
            return known.keys


def read_metadata(issuer: str, document: Mapping[str, Any]) -> Metadata:
    """A discovery document, checked; raises ProviderAway."""
    if document.get("issuer") != issuer:
        raise ProviderAway("its discovery document is another issuer's")
    loopback = is_on_loopback(issuer)
    for name in _ADDRESSES:
        if not is_usable(document.get(name), loopback=loopback):
            raise ProviderAway(f"its {name} is no https address")
    methods = document.get("token_endpoint_auth_methods_supported", [BASIC])
    if not isinstance(methods, list) or not {BASIC, POST, NONE} & set(map(str, methods)):
        raise ProviderAway("it wants another client authentication than a secret")
    return Metadata(
        issuer,
        authorization_endpoint=str(document["authorization_endpoint"]),
        token_endpoint=str(document["token_endpoint"]),
        jwks_uri=str(document["jwks_uri"]),
        secret_in_header=BASIC in methods or POST not in methods,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def read_keys(document: Mapping[str, Any]) -> Iterator[tuple[str, PublicKey]]:
    """The public signing keys of a key set by name; what is none is left out.

    Symmetric keys are never among them: whoever read the key set could sign with one.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ProviderAway("its key set is none")
    for number, entry in enumerate(listed[:MOST_KEYS]):
        key = _public_key(entry) if isinstance(entry, dict) else None
        if key is not None:
            kid = entry.get("kid")
            yield (kid if isinstance(kid, str) else f"\0{number}"), key


def _public_key(entry: dict[str, Any]) -> PublicKey | None:
    if entry.get("use", "sig") != "sig" or "verify" not in entry.get("key_ops", ["verify"]):
        return None
    wanted = {name: entry[name] for name in _PUBLIC if name in entry}
    try:
        if entry.get("kty") == "RSA":
            rsa = RSAKey.import_key(wanted)
            return rsa if rsa.public_key.key_size >= SMALLEST_RSA else None
        if (entry.get("kty"), entry.get("crv")) == ("EC", "P-256"):
            return ECKey.import_key(wanted)
        if (entry.get("kty"), entry.get("crv")) == ("OKP", "Ed25519"):
            return OKPKey.import_key(wanted)
    except (JoseError, ValueError, TypeError, AttributeError):
        return None
    return None


_KINDS: Mapping[str, type[PublicKey]] = {
    "RS256": RSAKey,
    "PS256": RSAKey,
    "ES256": ECKey,
    "EdDSA": OKPKey,
    "Ed25519": OKPKey,
}
"""Every algorithm that is accepted, with the only kind of key that may check it (RFC 8725, 3.1)."""

ALGORITHMS = tuple(_KINDS)


def _pick(keys: Mapping[str, PublicKey], kid: str | None, algorithm: str) -> PublicKey | None:
    """The key of a name; without a name the only one that fits (OpenID Connect Core 10.1)."""
    kind = _KINDS.get(algorithm)
    if kind is None:
        return None
    named = [keys[kid]] if kid is not None and kid in keys else []
    able = [
        key
        for key in (keys.values() if kid is None else named)
        if isinstance(key, kind) and (key.alg or algorithm) == algorithm
    ]
    return able[0] if len(able) == 1 else None
