"""A stand-in for a foreign provider that signs whatever it is told, and an office that trusts it.

What a provider can do wrong is a foreign service's fault, so the wrong is made here; everything of
ours is real, and every test goes in by the pages.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from redis import Redis
from sqlalchemy import text
from werkzeug.test import TestResponse

from minsheng.accounts.models import User
from minsheng.accounts.providers import NewProvider, add_provider, link_identity
from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM, Tools, make_tools
from minsheng.faces.app import create_app
from minsheng.faces.process import Process
from minsheng.intake.host import PluginHost, PluginRegistry
from minsheng.runtime.bell import Bell
from minsheng.runtime.clock import SetClock
from minsheng.runtime.crypto import MasterKey
from minsheng.runtime.database import Database
from minsheng.runtime.settings import Settings

CLIENT_ID, SECRET = "min sheng", "geheim+4711%/x"
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class StandIn:
    """A provider on loopback: ``said`` holds what it answers, ``asked`` what it was asked."""

    url: str = ""
    keys: dict[str, Any] = field(default_factory=dict)
    said: dict[str, Answer | Callable[[], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)

    def publish(self, **changed: Any) -> None:
        """Give out a sound discovery document and key set, with changes to the document."""
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            **changed,
        }
        self.say("/.well-known/openid-configuration", document)
        public = {key.kid: key.as_dict(private=False) for key in self.keys.values()}
        self.say("/jwks", {"keys": [key | {"use": "sig"} for key in public.values()]})

    def say(self, path: str, document: Any, status: int = 200) -> None:
        """Answer at ``path`` with a JSON document."""
        body = json.dumps(document).encode()
        self.said[path] = (status, {"Content-Type": "application/json"}, body)

    def count(self, path: str) -> int:
        """How often ``path`` was asked for."""
        return sum(1 for asked, _headers, _form in self.asked if asked == path)

    def signed(self, claims: dict[str, Any], alg: str = "RS256", **header: Any) -> str:
        """An ID token as this provider signs it."""
        key = self.keys[alg]
        head = {"alg": alg, "kid": key.kid, "typ": "JWT"} | header
        return jwt.encode({k: v for k, v in head.items() if v is not None}, claims, key,
                          algorithms=[alg])  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(dict(parse_qsl(body.decode())))

    def _answer(self, form: dict[str, str]) -> None:
        path = urlsplit(self.path).path
        self.stand_in.asked.append((path, dict(self.headers), form))
        said = self.stand_in.said.get(path, (404, {}, b""))
        status, headers, body = said() if callable(said) else said
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="session")
def signing_keys() -> dict[str, Any]:
    """A key for each algorithm that is accepted; making them takes the most time here."""
    rsa = RSAKey.generate_key(2048, {"kid": "rsa"})
    okp = OKPKey.generate_key("Ed25519", {"kid": "okp"})
    return {
        "RS256": rsa,
        "PS256": rsa,
        "ES256": ECKey.generate_key("P-256", {"kid": "ec"}),
        "Ed25519": okp,
        "spare": RSAKey.generate_key(2048, {"kid": "spare"}),
    }


@pytest.fixture
def new_stand_in(signing_keys: dict[str, Any]) -> Iterator[Callable[[], StandIn]]:
    """Start providers, each on a port of its own."""
    running = []

    def make() -> StandIn:
        stand_in = StandIn(keys=dict(signing_keys))
        handler = type("Handler", (_Handler,), {"stand_in": stand_in})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        running.append((server, thread))
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        stand_in.publish()
        return stand_in

    yield make
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def stand_in(new_stand_in: Callable[[], StandIn]) -> StandIn:
    return new_stand_in()


@dataclass
class Office:
    """One office, the application, and a browser."""

    app: Flask
    tools: Tools
    tenant_id: int
    code: str
    http: FlaskClient

    def add_user(self, username: str, role: str = "liaison") -> User:
        with self.tools.database.operator_session(self.tenant_id) as session:
            new = NewUser(username, "王秀英", (role,))
            return plant_user(session, self.tools, SYSTEM, new)

    def add_provider(self, stand_in: StandIn, code: str = "sheng", **changed: Any) -> None:
        said = {"name": f"统一认证{code}", "issuer": stand_in.url, "client_id": CLIENT_ID,
                "client_secret": SECRET, **changed}  # fmt: skip
        with self.tools.database.session(self.tenant_id) as session:
            add_provider(session, self.tools, SYSTEM, NewProvider(code=code, **said))

    def provider_id(self, code: str = "sheng") -> Any:
        (row,) = self.rows(f"select id from login_providers where code = '{code}'")
        return row.id

    def link(self, user: User, subject: str, code: str = "sheng") -> None:
        provider_id = self.provider_id(code)
        with self.tools.database.session(self.tenant_id) as session:
            link_identity(session, self.tools, SYSTEM, user.id, provider_id, subject)

    def link_as_operator(self, user: User, subject: str) -> None:
        provider_id = self.provider_id()
        with self.tools.database.operator_session(self.tenant_id) as session:
            link_identity(
                session, self.tools, SYSTEM, user.id, provider_id, subject, by_operator=True
            )

    def browser(self) -> FlaskClient:
        return self.app.test_client()

    def depart(self, code: str = "sheng", http: FlaskClient | None = None, **query: str) -> "Trip":
        """Go off to a provider."""
        browser = http or self.http
        answer = browser.get(f"/login/with/{self.code}/{code}", query_string=query)
        assert answer.status_code == 303, answer.text
        parts = urlsplit(answer.location)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return Trip(self, browser, code, answer.location, asked)

    def rows(self, sql: str) -> list[Any]:
        with self.tools.database.session(self.tenant_id) as session:
            return list(session.execute(text(sql)))

    def audit(self, action: str = "provider.login") -> list[str]:
        """What the audit trail says came of an action, oldest first."""
        sql = "select result from audit_entries where tenant_id = :id and action = :a order by id"
        with self.tools.database.owner_session() as session:
            return list(session.scalars(text(sql), {"id": self.tenant_id, "a": action}))

    def is_in(self, http: FlaskClient | None = None) -> bool:
        return (http or self.http).get("/queue").status_code == 200


@dataclass
class Trip:
    """A browser at a provider, and what the provider was asked for in the address."""

    office: Office
    http: FlaskClient
    provider: str
    address: str
    asked: dict[str, str]

    def claims(self, **changed: Any) -> dict[str, Any]:
        """The claims of a sound ID token for this trip; a change to None leaves one out."""
        now = int(self.office.tools.clock.now().timestamp())
        issuer = self.address.partition("/auth")[0]
        sound = {"iss": issuer, "aud": CLIENT_ID, "sub": "li-si", "nonce": self.asked["nonce"],
                 "iat": now, "exp": now + 300}  # fmt: skip
        return {name: value for name, value in (sound | changed).items() if value is not None}

    def come_back(self, http: FlaskClient | None = None, **changed: str | None) -> TestResponse:
        """Return with a code; ``changed`` are parameters of the address, None leaves one out."""
        query = {"state": self.asked["state"], "code": "c0de"} | changed
        path = f"/login/return/{self.office.code}/{self.provider}"
        given = {name: value for name, value in query.items() if value is not None}
        return (http or self.http).get(path, query_string=given)


@pytest.fixture(scope="session")
def running_clock() -> SetClock:
    """The clock of the one application that these tests share."""
    return SetClock(NOON)


@pytest.fixture
def clock(running_clock: SetClock) -> SetClock:
    """The same clock, set to noon of 2026-11-20 in China again."""
    running_clock.move(NOON - running_clock.now())
    return running_clock


@pytest.fixture(scope="session")
def shared_app(
    shared_database: Database, master: MasterKey, running_clock: SetClock
) -> Iterator[Flask]:
    """The whole application over the shared test database; its bell rings for nobody."""
    settings = Settings.from_environ({"MINSHENG_TESTING": "1"})
    tools = make_tools(shared_database, master, running_clock)
    bell = Bell(Redis(port=1), {}, 30)
    process = Process(settings, tools, bell, PluginRegistry.load(), PluginHost())
    yield create_app(process)
    process.host.close()


@pytest.fixture
def office_app(shared_app: Flask, clock: SetClock) -> Iterator[Flask]:
    """The application, as if it had just begun: it knows nothing of any provider."""
    yield shared_app
    shared_app.config["SESSION_COOKIE_SECURE"] = False
    shared_app.extensions.pop("minsheng_providers", None)


@pytest.fixture
def new_office(office_app: Flask, tools: Tools, office: Callable[..., int]) -> Callable[[], Office]:
    def make() -> Office:
        tenant_id = office("county")
        with tools.database.session(tenant_id) as session:
            wanted = text("select code from tenants where id = :id")
            code: str = session.scalar(wanted, {"id": tenant_id})
        return Office(office_app, tools, tenant_id, code, office_app.test_client())

    return make


@pytest.fixture
def county(new_office: Callable[[], Office], stand_in: StandIn) -> Office:
    """A county whose li.si is known to the provider ``sheng`` as ``li-si``."""
    made = new_office()
    made.add_provider(stand_in)
    made.link(made.add_user("li.si"), "li-si")
    return made


@pytest.fixture
def answer_with() -> Callable[[StandIn, Any], None]:
    """``answer_with(stand_in, id_token)``: what the token endpoint gives from now on."""

    def tell(stand_in: StandIn, id_token: Any, **more: Any) -> None:
        document = {"access_token": "at", "token_type": "Bearer", "id_token": id_token, **more}
        stand_in.say("/token", {k: v for k, v in document.items() if v is not None})

    return tell


@pytest.fixture
def basic() -> Callable[[dict[str, str]], tuple[str, str]]:
    """The client id and secret in an ``Authorization`` header, decoded as RFC 6749 2.3.1 says."""

    def read(headers: dict[str, str]) -> tuple[str, str]:
        pair = base64.b64decode(headers["Authorization"].removeprefix("Basic ")).decode()
        name, _, secret = pair.partition(":")
        return unquote_plus(name), unquote_plus(secret)

    return read


@pytest.fixture
def challenge_of() -> Callable[[str], str]:
    """The S256 challenge of a verifier (RFC 7636 4.2)."""

    def make(verifier: str) -> str:
        digest = hashlib.sha256(verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    return make
