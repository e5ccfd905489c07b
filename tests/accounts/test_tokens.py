"""Access tokens: one good one passes, every forged, stale or foreign one does not (A1)."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import RSAKey

from minsheng.accounts.errors import TokenRefused
from minsheng.accounts.tokens import issue_token, read_token
from minsheng.audit import Tools, make_tools
from minsheng.runtime.crypto import MasterKey

LIFE = timedelta(minutes=15)
SUBJECT = "7-0193a5b2-7c4d-7e8f-9a0b-138123456789"
HEADER = {"typ": "at+jwt", "alg": "HS256"}


def good(tools: Tools) -> str:
    return issue_token(tools, SUBJECT, 7, "cases:read messages:write", LIFE)


def packed(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def claims(tools: Tools, **changed: Any) -> dict[str, Any]:
    now = int(tools.clock.now().timestamp())
    said = {"iss": "minsheng", "aud": "minsheng-api", "sub": SUBJECT, "tid": 7,
            "scope": "cases:read", "iat": now, "exp": now + 900, "jti": "j"}  # fmt: skip
    said.update(changed)
    return {name: value for name, value in said.items() if value != "absent"}


def signed(tools: Tools, payload: Any, header: Any = None, key: bytes = b"") -> str:
    """A token with a true signature, by the service's own key or ``key``, whatever it says."""
    head = header or HEADER
    digest = {"HS384": "sha384", "HS512": "sha512"}.get(head["alg"], "sha256")
    covered = f"{packed(head)}.{packed(payload)}"
    made = hmac.digest(key or tools.master.purpose("tokens"), covered.encode(), digest)
    return f"{covered}.{packed(made)}"


def test_a_token_says_who_of_which_office_and_what_until_when(tools: Any) -> None:
    said = read_token(tools, good(tools))
    assert (said.client_id, said.tenant_id) == (SUBJECT, 7)
    assert said.scopes == {"cases:read", "messages:write"}
    assert said.expires_at == tools.clock.now() + LIFE
    assert read_token(tools, good(tools)).token_id != said.token_id
    assert len(good(tools)) < 700


def test_a_token_made_by_hand_in_the_right_way_passes(tools: Any) -> None:
    assert read_token(tools, signed(tools, claims(tools))).tenant_id == 7


def test_a_token_dies_at_its_second(tools: Any) -> None:
    token = good(tools)
    tools.clock.move(LIFE - timedelta(seconds=1))
    assert read_token(tools, token).tenant_id == 7
    tools.clock.move(timedelta(seconds=1))
    with pytest.raises(TokenRefused):
        read_token(tools, token)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "other"}, {"iss": "absent"}, {"iss": None}, {"iss": ["minsheng"]},
        {"aud": "other"}, {"aud": "absent"}, {"aud": []}, {"aud": 1},
        {"exp": "absent"}, {"exp": None}, {"exp": "9999999999"}, {"exp": 1}, {"exp": True},
        {"exp": 9e99}, {"exp": float("inf")}, {"exp": float("nan")}, {"exp": 10**30},
        {"iat": "absent"}, {"iat": 9_999_999_999}, {"iat": "now"},
        {"nbf": 9_999_999_999},
        {"sub": "absent"}, {"sub": ""}, {"sub": 7}, {"sub": "8" + SUBJECT[1:]}, {"sub": "7-x"},
        {"tid": "absent"}, {"tid": 8}, {"tid": "7"}, {"tid": 7.0}, {"tid": True}, {"tid": 0},
        {"scope": "absent"}, {"scope": ["cases:read"]}, {"scope": None}, {"jti": "absent"},
        {"jti": 5},
    ],
    ids=str,
)  # fmt: skip
def test_a_rightly_signed_token_with_a_wrong_claim_is_refused(
    tools: Any, changed: dict[str, Any]
) -> None:
    with pytest.raises(TokenRefused):
        read_token(tools, signed(tools, claims(tools, **changed)))


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "at+jwt", "alg": "HS384"},
        {"typ": "at+jwt", "alg": "HS512"},
        {"alg": "HS256"},
        {"typ": "JWT", "alg": "HS256"},
        {**HEADER, "kid": "../../dev/null"},
        {**HEADER, "jku": "https://127.0.0.1/keys"},
        {**HEADER, "x5u": "https://127.0.0.1/keys"},
        {**HEADER, "jwk": {"kty": "oct", "k": "AAAA"}},
        {**HEADER, "crit": ["exp"], "exp": 1},
        {**HEADER, "crit": ["b64"], "b64": False},
        {**HEADER, "zip": "DEF"},
    ],
    ids=str,
)
def test_a_rightly_signed_token_with_another_header_is_refused(
    tools: Any, header: dict[str, Any]
) -> None:
    with pytest.raises(TokenRefused):
        read_token(tools, signed(tools, claims(tools), header))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", None, 1, ["HS256"], {"a": 1}])
def test_a_token_without_a_signature_is_refused(tools: Any, alg: Any) -> None:
    body = packed(claims(tools))
    for tail in ("", "AAAA", good(tools).rpartition(".")[2]):
        with pytest.raises(TokenRefused):
            read_token(tools, f"{packed({'alg': alg, 'typ': 'at+jwt'})}.{body}.{tail}")


def test_a_public_key_is_no_secret_and_an_rsa_signature_no_hmac(tools: Any) -> None:
    private = generate_private_key(65537, 2048)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    by_public = signed(tools, claims(tools), key=public)
    rsa = RSAKey.import_key(private)
    header = {"typ": "at+jwt", "alg": "RS256"}
    by_rsa = jws.serialize_compact(header, json.dumps(claims(tools)), rsa)
    disguised = f"{packed(HEADER)}.{by_rsa.partition('.')[2]}"
    for forged in (by_public, by_rsa, disguised):
        with pytest.raises(TokenRefused):
            read_token(tools, forged)


def test_a_token_of_another_installation_or_purpose_is_refused(tools: Any) -> None:
    other = make_tools(tools.database, MasterKey(b"o" * 32), tools.clock)
    csrf = tools.master.purpose("csrf")
    for forged in (good(other), signed(tools, claims(tools), key=csrf)):
        with pytest.raises(TokenRefused):
            read_token(tools, forged)


def test_a_changed_letter_anywhere_is_refused(tools: Any) -> None:
    token = good(tools)
    header, body, signature = token.split(".")
    wider = packed({**claims(tools), "scope": "cases:write"})
    for forged in (
        f"{header}.{wider}.{signature}",
        f"{header}.{body}.{signature[:-2]}",
        f"{header}.{body}.{signature[::-1]}",
        f"{header}.{body[:-1]}.{signature}",
        f"{header}.{body}",
        f"{header}.{body}.{signature}.{signature}",
        f"{token},{token}",
        f" {token}",
    ):
        with pytest.raises(TokenRefused):
            read_token(tools, forged)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b.c", "é.é.é", "\0", "\ud800", "=.=.=",
     packed([]) + "..", packed("alg") + "..", packed(1) + "..", packed(None) + "..",
     packed(b"\xff\xfe") + "..", packed(b"[" * 300) + "..", packed(["alg"]) + ".."],
)  # fmt: skip
def test_what_is_no_token_at_all_is_refused_and_breaks_nothing(tools: Any, token: str) -> None:
    with pytest.raises(TokenRefused):
        read_token(tools, token)


@pytest.mark.parametrize("payload", [b"", b"[]", b"1", b"null", b'"x"', b"{", b"\xff"])
def test_a_rightly_signed_token_that_is_no_object_is_refused(tools: Any, payload: bytes) -> None:
    with pytest.raises(TokenRefused):
        read_token(tools, signed(tools, payload))


def test_an_oversized_token_is_refused_before_it_is_read(tools: Any) -> None:
    megabyte = packed({**HEADER, "kid": "k" * 1_000_000})
    long_body = signed(tools, claims(tools, extra="x" * 2000))
    fitting = signed(tools, claims(tools, extra="x" * 900))
    assert read_token(tools, fitting).tenant_id == 7
    for token in (f"{megabyte}.e30.e30", long_body, "[" * 5_000_000):
        with pytest.raises(TokenRefused) as refused:
            read_token(tools, token)
        assert refused.value.reason == "form"


def test_a_refusal_repeats_nothing_of_the_token(tools: Any) -> None:
    token = signed(tools, claims(tools, aud="secret-audience"))
    with pytest.raises(TokenRefused) as refused:
        read_token(tools, token)
    assert "secret-audience" not in str(refused.value) + refused.value.reason
