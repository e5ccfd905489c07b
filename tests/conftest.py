"""Real servers for the tests: one PostgreSQL and one Valkey a test process, offices made anew."""

import hashlib
import itertools
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import NullPool, create_engine, text
from werkzeug.test import TestResponse

from minsheng.accounts.scopes import SCOPES
from minsheng.accounts.service import create_client
from minsheng.accounts.tokens import issue_token
from minsheng.audit import SYSTEM, Tools, make_tools
from minsheng.faces.app import create_app
from minsheng.faces.process import MASTER_KEY, Process, build, make_runner
from minsheng.runtime.clock import SetClock
from minsheng.runtime.crypto import MasterKey
from minsheng.runtime.database import Database
from minsheng.runtime.embedded import (
    Servers,
    admin_url,
    app_url,
    operator_url,
    start_servers,
    worker_url,
)
from minsheng.runtime.embedded.credentials import load_passwords
from minsheng.runtime.migrate import prepare_logins, upgrade
from minsheng.runtime.settings import Settings
from minsheng_tenants import NewBody, create_body

TEMPLATE = "minsheng_template"
MASTER = hashlib.sha256(b"master key of the tests").digest()
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
Office = Callable[..., int]
Codes = defaultdict[str, Iterator[int]]


@dataclass(frozen=True)
class Logins:
    """The addresses of one test database."""

    owner: str
    app: str
    worker: str
    home: Path
    operator: str


FULL = 10
"""The MINSHENG_SCALE of ``make proof``."""


@pytest.fixture(scope="session")
def scaled() -> Callable[[int, int], int]:
    """``scaled(full, reduced)``: the count of this run, ``reduced`` times MINSHENG_SCALE; from ten
    on (``make proof``) it is ``full``, however small the reduced one is."""
    factor = int(os.environ.get("MINSHENG_SCALE") or 1)
    return lambda full, reduced: full if factor >= FULL else min(full, reduced * factor)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """PostgreSQL and Valkey of this test process in a home of their own."""
    base = Path("/var/lib/minsheng-tests") if os.geteuid() == 0 else Path(tempfile.gettempdir())
    base.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="home-", dir=base))
    home.chmod(0o755)
    with start_servers(home, lambda _line: None, fast=True) as running:
        yield running
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def template(servers: Servers) -> str:
    """A database that the real migrations built, to be cloned."""
    passwords = load_passwords(servers.home)
    prepare_logins(servers.admin_url, passwords)
    _administer(servers, f"create database {TEMPLATE}")
    upgrade(admin_url(servers.home, TEMPLATE))
    return TEMPLATE


_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def new_database(servers: Servers, template: str) -> Callable[[], Logins]:
    """Clone the template; for tests that need a whole database to themselves."""

    def clone() -> Logins:
        name = f"test_{next(_numbers)}"
        _administer(servers, f"create database {name} template {template} strategy file_copy")
        home = servers.home
        return Logins(
            admin_url(home, name),
            app_url(home, name),
            worker_url(home, name),
            home,
            operator_url(home, name),
        )

    return clone


@pytest.fixture(scope="session")
def logins(new_database: Callable[[], Logins]) -> Logins:
    """The database that the tests of this process share; each makes offices of its own."""
    return new_database()


@pytest.fixture(scope="session")
def shared_database(logins: Logins) -> Iterator[Database]:
    database = Database(logins.app, logins.worker, logins.owner)
    yield database
    database.dispose()


@pytest.fixture
def database(shared_database: Database) -> Database:
    """Sessions on the shared test database."""
    return shared_database


@pytest.fixture
def clock() -> SetClock:
    """A clock at noon of 2026-11-20 in China."""
    return SetClock(NOON)


@pytest.fixture(scope="session")
def master() -> MasterKey:
    return MasterKey(MASTER)


@pytest.fixture
def tools(database: Database, clock: SetClock, master: MasterKey) -> Tools:
    """Clock, keys and auditor over the shared test database."""
    return make_tools(database, master, clock)


_PATHS = {
    "central": (),
    "ministry": ("central",),
    "province": ("central",),
    "city": ("central", "province"),
    "county": ("central", "province", "city"),
    "street": ("central", "province", "city", "county"),
    "department": ("central", "province", "city", "county"),
}


@pytest.fixture(scope="session")
def office(shared_database: Database) -> Office:
    """Make a body of a kind, with its line of parents, in the shared database; give its id.

    ``office("county", below=city_id)`` puts it below a body that exists.
    """
    return office_maker(shared_database)


def office_maker(database: Database) -> Office:
    """A factory of bodies with codes that nobody has yet."""
    codes: Codes = defaultdict(lambda: itertools.count(1))

    def make(kind: str = "county", below: int | None = None, code: str = "") -> int:
        with database.owner_session() as session:
            parent = _code_of(session, below) if below else _line(session, kind)
            new = NewBody(code or _new_code(kind, codes), f"测试单位{kind}", kind, parent)
            return create_body(session, new).id

    return make


def _code_of(session: Any, tenant_id: int) -> str:
    code: str = session.scalar(text("select code from tenants where id = :id"), {"id": tenant_id})
    return code


_STEM = {"central": "000000", "province": "100000", "city": "100100", "county": "100101"}
"""The line of parents that bodies of the tests share unless ``below`` says otherwise."""


def _line(session: Any, kind: str) -> str:
    parent = ""
    for ancestor in _PATHS[kind]:
        code = _STEM[ancestor]
        if not session.scalar(text("select 1 from tenants where code = :code"), {"code": code}):
            create_body(session, NewBody(code, f"测试{ancestor}", ancestor, parent))
        parent = code
    return parent


def _new_code(kind: str, codes: Codes) -> str:
    """A code in a range that no other kind reaches: cities end in an odd digit before their 00."""
    number = next(codes[kind])
    forms = {
        "province": f"{10 + number:02d}0000",
        "city": f"{3001 + 2 * number:04d}00",
        "county": f"{200000 + number:06d}",
        "street": f"{200000000 + number:09d}",
    }
    return forms.get(kind, f"{kind[0].upper()}{number:05d}")


@pytest.fixture
def postgres_connection(servers: Servers) -> Iterator[psycopg.Connection[Any]]:
    """A connection to an empty database of its own."""
    name = f"empty_{next(_numbers)}"
    _administer(servers, f"create database {name}")
    url = admin_url(servers.home, name).replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url) as connection:
        yield connection
    _administer(servers, f"drop database {name} with (force)")


def _administer(servers: Servers, statement: str) -> None:
    engine = create_engine(servers.admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def settings(servers: Servers, logins: Logins, master: MasterKey) -> Settings:
    """The settings of a service on the shared test database."""
    keep_master(servers.home)
    return settings_for(logins, servers)


def keep_master(home: Path) -> None:
    """Put the tests' key into a home as the service would have put its own."""
    key = home / MASTER_KEY
    key.parent.mkdir(mode=0o700, exist_ok=True)
    key.touch(mode=0o600)
    key.write_bytes(MASTER)


def settings_for(logins: Logins, servers: Servers, **more: str) -> Settings:
    """Settings on one test database; ``more`` are ``MINSHENG_*`` names without the prefix."""
    given = {
        "MINSHENG_HOME": str(servers.home),
        "MINSHENG_DATABASE_URL": logins.app,
        "MINSHENG_DATABASE_WORKER_URL": logins.worker,
        "MINSHENG_DATABASE_OPERATOR_URL": logins.owner,
        "MINSHENG_DATABASE_OWNER_URL": logins.owner,
        "MINSHENG_REDIS_URL": servers.redis_url,
        "MINSHENG_TESTING": "1",
        "MINSHENG_SECOND_FACTOR": "offered",
    }
    return Settings.from_environ(given | {f"MINSHENG_{key}": value for key, value in more.items()})


@pytest.fixture(scope="session")
def settings_on(servers: Servers) -> Callable[..., Settings]:
    """``settings_on(logins, NAME=value)``: settings of a service on a database of its own."""

    def make(logins: Logins, **more: str) -> Settings:
        keep_master(servers.home)
        return settings_for(logins, servers, **more)

    return make


@pytest.fixture(scope="session")
def office_on() -> Callable[[Database], Office]:
    """``office_on(database)``: a factory of bodies in a database of its own."""
    return office_maker


@pytest.fixture(scope="session")
def process(settings: Settings) -> Iterator[Process]:
    """The parts of a service on the shared test database, its clock standing at NOON."""
    parts = build(settings, SetClock(NOON), operator=True)
    yield parts
    parts.close()


@pytest.fixture(scope="session")
def app(process: Process) -> Flask:
    """The web application as it is served."""
    return create_app(process)


_clients: dict[tuple[Database, int], str] = {}


def _client_of(process: Process, tenant_id: int) -> str:
    """The id of an office's client with every scope, made when it is first asked for."""
    database = process.tools.database
    if (database, tenant_id) not in _clients:
        with database.session(tenant_id) as session:
            made = create_client(session, process.tools, SYSTEM, "测试客户端", SCOPES)
        _clients[database, tenant_id] = made.client_id
    return _clients[database, tenant_id]


class ApiClient:
    """An API client of one office, going in at the public face."""

    def __init__(self, app: Flask, process: Process, tenant_id: int, scopes: Iterable[str]) -> None:
        self._http = app.test_client()
        self.tenant_id = tenant_id
        client_id, wanted = _client_of(process, tenant_id), " ".join(scopes)
        token = issue_token(process.tools, client_id, tenant_id, wanted, timedelta(minutes=10))
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: Any) -> TestResponse:
        return self._http.get(f"/api/v1{path}", query_string=query, headers=self._headers)

    def post(self, path: str, body: Any = None, **more: Any) -> TestResponse:
        given = {"json": body if body is not None else {}} if "data" not in more else {}
        return self._http.post(f"/api/v1{path}", headers=self._headers, **given, **more)

    def open(self, method: str, path: str, **more: Any) -> TestResponse:
        return self._http.open(path, method=method, headers=self._headers, **more)


MakeApi = Callable[..., ApiClient]


@pytest.fixture
def api_on() -> MakeApi:
    """``api_on(app, process, tenant_id)``: a client with every scope of an app of its own."""

    def make(app: Flask, process: Process, tenant_id: int) -> ApiClient:
        return ApiClient(app, process, tenant_id, SCOPES)

    return make


@pytest.fixture
def api_of(app: Flask, process: Process) -> MakeApi:
    """``api_of(tenant_id, scopes=…)``: an API client of an office, with every scope by default."""

    def make(tenant_id: int, scopes: Iterable[str] = tuple(SCOPES)) -> ApiClient:
        return ApiClient(app, process, tenant_id, scopes)

    return make


@pytest.fixture
def api(api_of: MakeApi, office: Office) -> ApiClient:
    """An API client of a county of its own, with every scope."""
    return api_of(office())


@pytest.fixture
def settle(process: Process) -> Callable[[int], None]:
    """Do all parsing and matching that is due in an office, as the worker would."""
    runner = make_runner(process)

    def run(tenant_id: int) -> None:
        for kind in ("parse", "match"):
            runner.answer(tenant_id, kind)

    return run
