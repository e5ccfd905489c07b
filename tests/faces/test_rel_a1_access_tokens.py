"""A1: tokens that are forged, stolen from their time or called back, at the API's own door."""

import base64
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwe, jws
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import text

from minsheng.accounts.service import (
    NewClient,
    NewUser,
    create_client,
    open_session,
    plant_user,
)
from minsheng.audit import SYSTEM
from minsheng.faces.process import Process
from minsheng.runtime.crypto import MasterKey
from minsheng.runtime.ids import new_id

DOOR = "/api/v1/tenants"
HEADER = {"typ": "at+jwt", "alg": "HS256"}
Forgery = tuple[str, str]


def packed(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass(frozen=True)
class Forger:
    """Somebody who knows a client, its tokens and, for half of the tries, even our key."""

    process: Process
    http: FlaskClient
    client: NewClient
    tenant_id: int
    other_tenant: int

    @property
    def key(self) -> bytes:
        return self.process.tools.master.purpose("tokens")

    def claims(self, **changed: Any) -> dict[str, Any]:
        now = int(self.process.tools.clock.now().timestamp())
        said = {"iss": "minsheng", "aud": "minsheng-api", "sub": self.client.client_id,
                "tid": self.tenant_id, "scope": "tenants:read", "iat": now, "exp": now + 900,
                "jti": str(new_id())}  # fmt: skip
        said.update(changed)
        return {name: value for name, value in said.items() if value != "absent"}

    def signed(self, payload: Any = None, header: Any = None, key: bytes | None = None) -> str:
        """A token whose signature is true, by our own key unless another is given."""
        head = HEADER if header is None else header
        said = self.claims() if payload is None else payload
        covered = f"{packed(head)}.{packed(said)}"
        alg = head.get("alg", "HS256") if isinstance(head, dict) else "HS256"
        digest = {"HS384": "sha384", "HS512": "sha512"}.get(alg, "sha256")
        made = hmac.digest(self.key if key is None else key, covered.encode(), digest)
        return f"{covered}.{packed(made)}"

    def fetch(self, client: NewClient | None = None) -> str:
        which = client or self.client
        form = {"grant_type": "client_credentials", "client_id": which.client_id,
                "client_secret": which.secret}  # fmt: skip
        given: str = self.http.post("/oauth/token", data=form).json["access_token"]
        return given

    def make(self, tenant_id: int, name: str) -> NewClient:
        tools = self.process.tools
        with tools.database.session(tenant_id) as session:
            return create_client(session, tools, SYSTEM, name, ["tenants:read"])

    def status(self, token: str) -> int:
        sent = f"Bearer {token}".encode("utf-8", "surrogatepass").decode("latin-1")
        return self.http.get(DOOR, headers={"Authorization": sent}).status_code


@pytest.fixture
def forger(app: Flask, process: Process, office: Callable[..., int]) -> Forger:
    tenant_id, other = office(), office()
    mine = Forger(process, app.test_client(), NewClient("", ""), tenant_id, other)
    return Forger(process, mine.http, mine.make(tenant_id, "网关"), tenant_id, other)


def by_algorithm(forger: Forger) -> Iterator[Forgery]:
    body, good = packed(forger.claims()), forger.fetch()
    tail = good.rpartition(".")[2]
    for alg in ("none", "None", "nOnE", "", None, ["HS256"]):
        head = packed({"typ": "at+jwt", "alg": alg})
        yield f"alg {alg!r} without a signature", f"{head}.{body}."
        yield f"alg {alg!r} with a borrowed one", f"{head}.{body}.{tail}"
    yield "HS384", forger.signed(header={"typ": "at+jwt", "alg": "HS384"})
    yield "HS512", forger.signed(header={"typ": "at+jwt", "alg": "HS512"})
    yield "no signature under the right header", f"{good.rpartition('.')[0]}."
    yield "two parts", good.rpartition(".")[0]
    private = generate_private_key(65537, 2048)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    yield "HMAC by a public key", forger.signed(key=public)
    header = {"typ": "at+jwt", "alg": "RS256"}
    rsa = jws.serialize_compact(header, json.dumps(forger.claims()), RSAKey.import_key(private))
    yield "RS256", rsa
    yield "RS256 said to be HS256", f"{packed(HEADER)}.{rsa.partition('.')[2]}"
    yield "empty key", forger.signed(key=b"\0")
    yield "another installation", forger.signed(key=MasterKey(b"o" * 32).purpose("tokens"))
    yield "another purpose", forger.signed(key=forger.process.tools.master.purpose("csrf"))


def by_header(forger: Forger) -> Iterator[Forgery]:
    own = b"k" * 32
    jwk = {"kty": "oct", "k": packed(own)}
    for name, more in {
        "jwk": {"jwk": jwk},
        "jku": {"jku": "https://127.0.0.1/keys"},
        "x5u": {"x5u": "https://127.0.0.1/chain"},
        "x5c": {"x5c": ["MIIB"]},
        "kid of a path": {"kid": "../../../../dev/null"},
        "kid of a query": {"kid": "' or '1'='1"},
    }.items():
        yield f"{name}, their key", forger.signed(header=HEADER | more, key=own)
        yield f"{name}, our key", forger.signed(header=HEADER | more)
    for name, more in {
        "crit": {"crit": ["exp"], "exp": 1},
        "crit b64": {"crit": ["b64"], "b64": False},
        "zip": {"zip": "DEF"},
        "cty": {"cty": "JWT"},
        "typ": {"typ": "JWT"},
        "typ of other letters": {"typ": "аt+jwt"},
    }.items():
        yield name, forger.signed(header=HEADER | more)
    yield "no typ", forger.signed(header={"alg": "HS256"})
    yield "two algs", forger.signed(header=b'{"alg":"none","alg":"HS256","typ":"at+jwt"}')
    yield "a header that is a list", forger.signed(header=["HS256"])
    yield "a header of a megabyte", forger.signed(header=HEADER | {"kid": "k" * 1_000_000})
    yield "nested", forger.signed(payload=forger.fetch().encode(), header=HEADER | {"cty": "JWT"})
    yield "nested under our header", forger.signed(payload=forger.fetch().encode())
    hidden = jwe.encrypt_compact(
        {"alg": "dir", "enc": "A256GCM"}, json.dumps(forger.claims()), OctKey.import_key(forger.key)
    )
    yield "encrypted instead of signed", hidden


def by_claim(forger: Forger) -> Iterator[Forgery]:
    now = int(forger.process.tools.clock.now().timestamp())
    theirs = f"{forger.other_tenant}-{forger.client.client_id.partition('-')[2]}"
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in str(forger.tenant_id))
    for name, changed in {
        "expired": {"exp": now}, "no exp": {"exp": "absent"}, "exp of text": {"exp": "9999999999"},
        "exp not a number": {"exp": float("nan")}, "exp endless": {"exp": float("inf")},
        "exp beyond time": {"exp": 10**30}, "not yet": {"nbf": now + 60},
        "of the future": {"iat": now + 60}, "no iat": {"iat": "absent"},
        "iat before time": {"iat": -(10**30)},
        "other issuer": {"iss": "other"}, "no issuer": {"iss": "absent"},
        "other audience": {"aud": "minsheng"}, "no audience": {"aud": "absent"},
        "tid of another office": {"tid": forger.other_tenant},
        "sub of another office": {"sub": theirs},
        "sub and tid of another office": {"sub": theirs, "tid": forger.other_tenant},
        "tid as text": {"tid": str(forger.tenant_id)}, "tid true": {"tid": True},
        "tid of wide digits": {"sub": wide + forger.client.client_id.lstrip("0123456789"),
                               "tid": wide},
        "sub in capitals": {"sub": forger.client.client_id.upper() + "A"},
        "sub with a line end": {"sub": forger.client.client_id + "\n"},
        "nobody": {"sub": f"{forger.tenant_id}-{new_id()}"},
        "scope as a list": {"scope": ["tenants:read"]}, "no jti": {"jti": "absent"},
    }.items():  # fmt: skip
        yield name, forger.signed(forger.claims(**changed))


def by_change(forger: Forger) -> Iterator[Forgery]:
    good = forger.fetch()
    head, body, tail = good.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    wider = said | {"scope": f"{said['scope']} tenants:write"}
    yield "scope added", f"{head}.{packed(wider)}.{tail}"
    twice = json.dumps(said, separators=(",", ":"))[:-1] + ',"scope":"tenants:write"}'
    yield "scope said twice", f"{head}.{packed(twice.encode())}.{tail}"
    yield "padded", f"{head}.{body}=.{tail}"
    yield "a blank inside", f"{head}. {body}.{tail}"
    yield "two at once", f"{good},{good}"
    yield "in small letters", good.lower()
    yield "NUL behind", good + "\0"
    yield "percent signs", good.replace(".", "%2E")
    yield "as JSON", json.dumps({"protected": head, "payload": body, "signature": tail})
    yield "its signature only", tail
    yield "the secret itself", forger.client.secret
    yield "the id itself", forger.client.client_id


def by_end(forger: Forger) -> Iterator[Forgery]:
    """Tokens that were good once."""
    tools, mine = forger.process.tools, forger.tenant_id
    proof = {"client_id": forger.client.client_id, "client_secret": forger.client.secret}
    revoked = forger.fetch()
    assert forger.status(revoked) == 200
    forger.http.post("/oauth/revoke", data=proof | {"token": revoked})
    yield "revoked", revoked
    yield "revoked, in another spelling", _respelt(revoked)
    suspended = forger.make(forger.other_tenant, "停")
    token = forger.fetch(suspended)
    said = text("update tenants set status = 'suspended' where id = :id")
    with tools.database.owner_session() as session:
        session.execute(said, {"id": forger.other_tenant})
    yield "of a suspended office", token
    with tools.database.operator_session(mine) as session:
        new = NewUser(f"p{new_id().hex[:20]}", "王秀英", ("liaison",), "lao-shi-de-kou-ling-9")
        user = plant_user(session, tools, SYSTEM, new)
    with tools.database.session(mine) as session:
        yield "a login session's", open_session(session, tools, user, "127.0.0.1")


def _respelt(token: str) -> str:
    """The same token with the two spare bits of its last letter set otherwise."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) ^ 1]


@pytest.mark.parametrize(
    ("forge", "least"),
    [(by_algorithm, 20), (by_header, 24), (by_claim, 25), (by_change, 12), (by_end, 4)],
    ids=["algorithm", "header", "claim", "change", "end"],
)
def test_rel_a1_no_forged_token_is_accepted(
    forger: Forger, forge: Callable[[Forger], Iterator[Forgery]], least: int
) -> None:
    answers = {name: forger.status(token) for name, token in forge(forger)}
    assert len(answers) >= least
    assert {name: said for name, said in answers.items() if said != 401} == {}
    assert forger.status(forger.fetch()) == 200
    assert forger.status(forger.signed()) == 200, "made in the right way by the right key"


def test_rel_a1_a_good_token_opens_by_its_header_alone(forger: Forger) -> None:
    good, http = forger.fetch(), forger.http
    http.set_cookie("access_token", good)
    basic = base64.b64encode(f"{forger.client.client_id}:{forger.client.secret}".encode()).decode()
    answers = [
        http.get(f"{DOOR}?access_token={good}"),
        http.post(DOOR, data={"access_token": good}),
        http.get(DOOR, headers={"X-Access-Token": good, "Proxy-Authorization": f"Bearer {good}"}),
        http.get(DOOR, headers={"Authorization": f"Basic {basic}"}),
        http.get(DOOR, headers={"Authorization": good}),
        http.get(DOOR, headers={"Authorization": f"Token {good}"}),
        http.get(DOOR, headers=[("Authorization", f"Bearer {good}"), ("Authorization", "x")]),
    ]
    assert [answer.status_code for answer in answers] == [401] * len(answers)
    assert http.get(DOOR, headers={"Authorization": f"Bearer {good}"}).status_code == 200


def test_rel_a1_a_scope_that_is_not_held_opens_nothing_though_a_token_names_it(
    forger: Forger,
) -> None:
    token = forger.signed(forger.claims(scope="tenants:read tenants:write"))
    headers = {"Authorization": f"Bearer {token}"}
    answer = forger.http.post(DOOR, json={}, headers=headers)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/scope-missing")
    assert forger.status(token) == 200
