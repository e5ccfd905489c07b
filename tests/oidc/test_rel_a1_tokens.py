"""Forged ID tokens at the login by a provider: none is accepted, and each is refused quickly."""

import base64
import hashlib
import hmac
import json
import math
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import RSAKey

from minsheng.accounts.errors import ProviderLoginRefused
from minsheng.accounts.oidc_metadata import ProviderDirectory
from minsheng.accounts.oidc_tokens import Expected, subject_of

EVIL = RSAKey.generate_key(2048, {"kid": "evil"})
"""The attacker's own."""

Forge = Callable[[Any, Any], Any]


def b64(value: bytes | dict[str, Any]) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def hs256(header: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    body = f"{b64({'alg': 'HS256', 'typ': 'JWT'} | header)}.{b64(claims)}"
    return f"{body}.{b64(hmac.new(key, body.encode(), hashlib.sha256).digest())}"


def unsigned(claims: dict[str, Any], alg: str, **header: Any) -> str:
    return f"{b64({'alg': alg, 'typ': 'JWT', **header})}.{b64(claims)}."


def pem(stand_in: Any) -> bytes:
    return stand_in.keys["RS256"].as_pem(private=False)


def foreign_key(stand_in: Any, claims: dict[str, Any], **header: Any) -> str:
    """Signed by a key of the attacker's."""
    return type(stand_in)(keys={"RS256": EVIL}).signed(claims, **header)


def attackers_jwk(stand_in: Any, claims: dict[str, Any]) -> str:
    """The key that signed it, brought along in the header."""
    return foreign_key(stand_in, claims, kid="rsa", jwk=EVIL.as_dict(private=False))


def bend(token: str, part: int, change: Callable[[str], str]) -> str:
    parts = token.split(".")
    parts[part] = change(parts[part])
    return ".".join(parts)


def swapped_claims(stand_in: Any, trip: Any) -> str:
    """Another subject under the signature of the first."""
    return bend(stand_in.signed(trip.claims()), 1, lambda _part: b64(trip.claims(sub="boss")))


def deep(trip: Any) -> str:
    return f"{b64({'alg': 'RS256', 'kid': 'rsa'})}.{b64(b'[' * 8000)}.{b64(b'x' * 256)}"


def forgeries(now: int) -> Iterator[tuple[str, Forge]]:
    """Every forgery by name: a function of the provider and the login under way."""
    yield from _signatures()
    yield from _headers()
    yield from _claims(now)
    yield from _shapes()


def _signatures() -> Iterator[tuple[str, Forge]]:
    for alg in ("none", "None", "NONE", "nOnE", "", "null"):
        yield f"alg {alg!r}", lambda _s, t, alg=alg: unsigned(t.claims(), alg, kid="rsa")
    yield "alg left out", lambda _s, t: f"{b64({'kid': 'rsa'})}.{b64(t.claims())}.{b64(b'x' * 256)}"
    yield (
        "alg a list",
        lambda s, t: bend(
            s.signed(t.claims()), 0, lambda _p: b64({"alg": ["RS256"], "kid": "rsa"})
        ),
    )
    yield "HS256 by the public key", lambda s, t: hs256({"kid": "rsa"}, t.claims(), pem(s))
    yield "HS256 by the public key without kid", lambda s, t: hs256({}, t.claims(), pem(s))
    yield "HS256 by the client secret", lambda _s, t: hs256({}, t.claims(), b"geheim+4711%/x")
    yield "HS256 by nothing", lambda _s, t: hs256({"kid": "rsa"}, t.claims(), b"")
    yield (
        "RS384",
        lambda s, t: bend(s.signed(t.claims()), 0, lambda _p: b64({"alg": "RS384", "kid": "rsa"})),
    )
    yield "ES256 by the key of RS256", lambda s, t: s.signed(t.claims(), "ES256", kid="rsa")
    yield "RS256 by the key of ES256", lambda s, t: s.signed(t.claims(), kid="ec")
    yield "another key", lambda s, t: foreign_key(s, t.claims(), kid="rsa")
    yield "another key and its kid", lambda s, t: foreign_key(s, t.claims())
    yield "another key without kid", lambda s, t: foreign_key(s, t.claims(), kid=None)
    yield "signature cut off", lambda s, t: bend(s.signed(t.claims()), 2, lambda _p: "")
    yield (
        "signature of zeros",
        lambda s, t: bend(s.signed(t.claims(), "ES256"), 2, lambda _p: b64(bytes(64))),
    )
    yield "another subject under the same signature", swapped_claims


def _headers() -> Iterator[tuple[str, Forge]]:
    yield "jwk", lambda s, t: attackers_jwk(s, t.claims())
    for name, value in (
        ("jku", "http://127.0.0.1:9/jwks"),
        ("x5u", "http://127.0.0.1:9/x509"),
        ("x5c", ["MIIB"]),
        ("crit", ["exp"]),
        ("crit", ["b64"]),
        ("crit", []),
        ("b64", False),
        ("zip", "DEF"),
    ):

        def forge(s: Any, t: Any, name: str = name, value: Any = value) -> str:
            return with_header(s, t, {name: value})

        yield f"{name} {value!r}", forge
    for kid in ("../../keys/rsa", "' or '1'='1", "rsa\0", "", "RSA", "/dev/null", "x" * 400):
        yield f"kid {kid[:20]!r}", lambda s, t, kid=kid: with_header(s, t, {"kid": kid})
    for kid in (1, ["rsa"], {"kid": "rsa"}, True):
        yield f"kid {kid!r}", lambda s, t, kid=kid: with_header(s, t, {"kid": kid})
    yield "no kid where two keys fit", lambda s, t: with_header(s, t, {"kid": None})
    for typ in ("at+jwt", "logout+jwt", "JWE", "", 1):
        yield f"typ {typ!r}", lambda s, t, typ=typ: with_header(s, t, {"typ": typ})


def with_header(stand_in: Any, trip: Any, more: dict[str, Any]) -> str:
    """Rightly signed by the provider's own key under a header that is not to be obeyed."""
    head = {"alg": "RS256", "kid": "rsa", "typ": "JWT"} | more
    body = f"{b64({k: v for k, v in head.items() if v is not None})}.{b64(trip.claims())}"
    return f"{body}.{b64(rs256(stand_in.keys['RS256'], body.encode()))}"


def rs256(key: Any, body: bytes) -> bytes:
    signature: bytes = key.private_key.sign(body, PKCS1v15(), SHA256())
    return signature


def _claims(now: int) -> Iterator[tuple[str, Forge]]:
    changes: tuple[dict[str, Any], ...] = (
        {"exp": now - 61}, {"exp": None}, {"exp": "9999999999"}, {"exp": True}, {"exp": math.nan},
        {"exp": math.inf}, {"exp": [now + 300]}, {"exp": 10**400},
        {"iat": now + 120}, {"iat": None}, {"iat": now - 3600}, {"iat": "now"}, {"iat": False},
        {"nbf": now + 120}, {"nbf": "later"},
        {"aud": "another"}, {"aud": None}, {"aud": []}, {"aud": ["min sheng", "another"]},
        {"aud": {"min sheng": 1}}, {"aud": "min sheng "}, {"aud": [["min sheng"]]},
        {"azp": "another"}, {"azp": ""}, {"azp": ["min sheng"]},
        {"iss": "https://evil.example"}, {"iss": None}, {"iss": ["x"]},
        {"nonce": "another"}, {"nonce": None}, {"nonce": ""}, {"nonce": 1}, {"nonce": ["x"]},
        {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": ["li-si"]}, {"sub": "x" * 256},
        {"sub": "李四"}, {"sub": "li-si\n"},
        {"at_hash": "wrong"}, {"at_hash": ""}, {"at_hash": 5},
    )  # fmt: skip
    for change in changes:
        yield f"claim {change!r}"[:60], lambda s, t, c=change: s.signed(t.claims(**c))
    yield "iss with a slash", lambda s, t: s.signed(t.claims(iss=f"{s.url}/"))


def _shapes() -> Iterator[tuple[str, Forge]]:
    for name, token in (
        ("nothing", None), ("empty", ""), ("a number", 5), ("a list", ["x"]), ("dots", ".."),
        ("one part", "abc"), ("four parts", "a.b.c.d"), ("five parts", "a.b.c.d.e"),
        ("not base64", "!!.!!.!!"), ("Chinese", "民.声.诉"),
        ("a header that is a list", f"{b64(b'[]')}.{b64({})}.x"),
        ("a header of brackets", f"{b64(b'[' * 8000)}.{b64({})}.x"),
    ):  # fmt: skip
        yield name, lambda _s, _t, token=token: token
    yield "claims of brackets", lambda _s, t: deep(t)
    yield "an encrypted token", lambda s, t: f"{s.signed(t.claims())}.x.y"
    yield "more than 16 KB", lambda s, t: s.signed(t.claims(more="x" * 20_000))
    yield "a header of 1 MB", lambda s, t: with_header(s, t, {"x": "x" * 1_000_000})
    yield "the JSON form", lambda _s, t: {"payload": b64(t.claims()), "signatures": []}


class Trip:
    """A login under way, for tokens that are looked at without a browser."""

    def __init__(self, stand_in: Any, now: int) -> None:
        self._sound = {"iss": stand_in.url, "aud": "min sheng", "sub": "li-si", "nonce": "n",
                       "iat": now, "exp": now + 300}  # fmt: skip

    def claims(self, **changed: Any) -> dict[str, Any]:
        return {name: v for name, v in (self._sound | changed).items() if v is not None}


def test_rel_a1_no_forged_id_token_is_accepted(stand_in: Any, clock: Any) -> None:
    now = clock.now()
    trip, directory = Trip(stand_in, int(now.timestamp())), ProviderDirectory(clock)
    expected = Expected(stand_in.url, "min sheng", "n", now, now, "at")

    def subject(token: Any) -> str:
        return subject_of(token, expected, lambda kid, alg: directory.key(stand_in.url, kid, alg))

    tried = 0
    for name, forge in forgeries(int(now.timestamp())):
        token = forge(stand_in, trip)
        try:
            accepted = subject(token)
        except ProviderLoginRefused:
            tried += 1
        else:
            pytest.fail(f"{name} was accepted for {accepted}")
    assert tried >= 100
    assert subject(stand_in.signed(trip.claims())) == "li-si"


def test_rel_a1_a_forged_id_token_lets_nobody_in_and_each_leaves_an_audit_entry(
    county: Any, stand_in: Any, answer_with: Any, scaled: Any
) -> None:
    seed = int(os.environ.get("MINSHENG_SEED") or random.SystemRandom().getrandbits(32))
    print(f"MINSHENG_SEED={seed}")
    known = list(forgeries(int(county.tools.clock.now().timestamp())))
    chosen = random.Random(seed).sample(known, scaled(len(known), 40))
    for name, forge in chosen:
        trip = county.depart()
        answer_with(stand_in, forge(stand_in, trip))
        # 503 for an answer so large that it is not read to its end.
        assert trip.come_back().status_code in (403, 503), name
        assert county.http.get_cookie("minsheng") is None, name
    said = county.audit()
    assert len(said) == len(chosen)
    assert all(each.startswith("refused: ") for each in said)
    assert not county.is_in()
    trip = county.depart()
    answer_with(stand_in, stand_in.signed(trip.claims()))
    assert trip.come_back().status_code == 303
    assert county.is_in()


def test_a_key_without_a_name_is_used_where_only_one_fits(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    trip = county.depart()
    answer_with(stand_in, stand_in.signed(trip.claims(), "ES256", kid=None))
    assert trip.come_back().status_code == 303


def test_the_hash_of_the_access_token_is_checked_where_there_is_one(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    for alg, digest in (("RS256", hashlib.sha256), ("Ed25519", hashlib.sha512)):
        whole = digest(b"at").digest()
        for half, status in ((whole[: len(whole) // 2], 303), (whole[len(whole) // 2 :], 403)):
            trip = county.depart()
            answer_with(stand_in, stand_in.signed(trip.claims(at_hash=b64(half)), alg))
            assert trip.come_back().status_code == status, (alg, status)


def test_a_symmetric_key_in_the_key_set_is_never_used(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    shared = b"s" * 32
    published = {"kty": "oct", "kid": "shared", "k": b64(shared), "use": "sig"}
    stand_in.say("/jwks", {"keys": [published, "no key", {"kty": "RSA", "kid": "rsa", "n": "x"}]})
    trip = county.depart()
    answer_with(stand_in, hs256({"kid": "shared"}, trip.claims(), shared))
    assert trip.come_back().status_code == 403
    trip = county.depart()
    answer_with(stand_in, stand_in.signed(trip.claims()))
    assert trip.come_back().status_code == 403
    assert county.audit() == ["refused: token: algorithm", "refused: token: unknown key"]


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "Ed25519"])
def test_every_algorithm_of_the_list_is_accepted(
    county: Any, stand_in: Any, answer_with: Any, alg: str
) -> None:
    trip = county.depart()
    answer_with(stand_in, stand_in.signed(trip.claims(), alg))
    assert trip.come_back().status_code == 303
