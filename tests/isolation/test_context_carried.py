"""The office of a request or a job never outlives it, whatever becomes of its connection."""

import random
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from offices_apart.world import content
from sqlalchemy import Engine, create_engine, event, select, text, update
from sqlalchemy.exc import DBAPIError, ProgrammingError

from minsheng.audit import make_tools
from minsheng.cases.models import Case
from minsheng.faces.app import create_app
from minsheng.faces.process import Process
from minsheng.runtime.database import Database, OfficeSession
from minsheng_tenants import NoTenant

OFFICES, POOL = 20, 2
FATES = ["asked"] * 88 + ["raised"] * 5 + ["cancelled"] * 5 + ["killed"] * 2


class Abandoned(Exception):
    """Somebody's view breaks half-way."""


@dataclass
class Crowd:
    """A service whose pool holds two connections, the offices that share it, and what was seen."""

    process: Process
    app: Flask
    headers: dict[int, dict[str, str]]
    numbers: dict[int, str]
    checkouts: list[str | None] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.process.tools.database


@pytest.fixture
def crowd(
    process: Process, logins: Any, office: Any, owner: psycopg.Connection[Any], api_of: Any
) -> Iterator[Crowd]:
    engine = create_engine(
        logins.app, pool_size=POOL, max_overflow=0, pool_timeout=300, pool_pre_ping=True
    )
    database = Database(logins.app, logins.worker)
    database.app_engine.dispose()
    database._app = engine
    tools = make_tools(database, process.tools.master, process.tools.clock)
    small = Process(process.settings, tools, process.bell, process.registry, process.host)
    numbers = {office(): f"N-{uuid.uuid4().hex[:12].upper()}" for _ in range(OFFICES)}
    for tenant_id, number in numbers.items():
        add_case(owner, tenant_id, number)
    headers = {each: api_of(each, ["cases:read"])._headers for each in numbers}
    found = Crowd(small, create_app(small), headers, numbers)
    look_at_checkouts(engine, found.checkouts)
    yield found
    database.dispose()


def add_case(owner: psycopg.Connection[Any], tenant_id: int, number: str) -> None:
    owner.execute(
        "insert into cases (tenant_id, id, number, subject, region, message_count, origins,"
        " channels, opened_at, last_at) values (%s, %s, %s, %s, '', 0, '{}', '{}', now(), now())",
        (tenant_id, uuid.uuid4(), number, number),
    )


def look_at_checkouts(engine: Engine, seen: list[str | None]) -> None:
    """Note what office a connection still bears whenever the pool hands it out."""

    def note(connection: Any, _record: object, _proxy: object) -> None:
        row = connection.execute("select current_setting('app.tenant', true)").fetchone()
        connection.rollback()
        seen.append(row[0])

    event.listen(engine, "checkout", note)


def test_rel_i5_no_office_is_left_behind_on_a_connection(
    crowd: Crowd, scaled: Callable[[int, int], int], dice: random.Random
) -> None:
    count, threads = scaled(10_000, 400), scaled(50, 12)
    fates = [*dict.fromkeys(FATES), *(dice.choice(FATES) for _ in range(count))]
    lots = [(dice.choice([*crowd.numbers]), fate) for fate in fates]
    wrong: list[str] = []
    local = threading.local()

    def run(lot: tuple[int, str]) -> str:
        tenant_id, fate = lot
        if fate == "asked":
            browser = local.__dict__.setdefault("browser", crowd.app.test_client())
            wrong.extend(ask(crowd, browser, tenant_id))
        else:
            suffer(crowd.database, tenant_id, fate)
        return fate

    with ThreadPoolExecutor(threads) as pool:
        met = set(pool.map(run, lots))
    assert wrong == []
    assert set(crowd.checkouts) <= {"", None}
    assert len(crowd.checkouts) >= count
    assert met == set(FATES)


def ask(crowd: Crowd, browser: FlaskClient, tenant_id: int) -> Iterator[str]:
    """Look at the queue of an office; what is not exactly its one case."""
    answer = browser.get("/api/v1/cases", headers=crowd.headers[tenant_id])
    seen = [case["number"] for case in answer.get_json().get("items", [])]
    if answer.status_code != 200 or seen != [crowd.numbers[tenant_id]]:
        yield f"office {tenant_id}: {answer.status_code} {seen}"


_FATES = {
    "cancelled": "set local statement_timeout = 1; select pg_sleep(5)",
    "killed": "select pg_terminate_backend(pg_backend_pid())",
}


def suffer(database: Database, tenant_id: int, fate: str) -> None:
    """A transaction of the office that ends badly, its office told to the database."""
    with pytest.raises((Abandoned, DBAPIError)):
        _break_off(database, tenant_id, _FATES.get(fate, ""))


def _break_off(database: Database, tenant_id: int, said: str) -> None:
    with database.session(tenant_id) as session:
        session.execute(update(Case).values(subject="not to be kept"))
        for part in filter(None, said.split("; ")):
            session.execute(text(part))
        raise Abandoned


def test_rel_i5_a_job_that_forgets_its_office_raises_and_touches_nothing(
    crowd: Crowd, owner: psycopg.Connection[Any], scaled: Callable[[int, int], int],
    dice: random.Random,
) -> None:  # fmt: skip
    before = content(owner, [*crowd.numbers])
    forgot = 0
    for _ in range(scaled(5000, 300)):
        tenant_id = dice.choice([*crowd.numbers])
        if dice.random() < 0.1:
            forget(crowd.database.app_engine, dice.choice(FORGETFUL), crowd.numbers[tenant_id])
            forgot += 1
        else:
            with crowd.database.session(tenant_id) as session:
                assert session.scalars(select(Case.number)).all() == [crowd.numbers[tenant_id]]
    assert forgot > 0
    assert content(owner, [*crowd.numbers]) == before
    assert set(crowd.checkouts) <= {"", None}


FORGETFUL: Sequence[str] = ("read", "write", "raw read", "raw write", "raw insert")


def forget(engine: Engine, way: str, number: str) -> None:
    """A job's body without its office: the session raises, and raw SQL finds and makes nothing."""
    if way == "read":
        with pytest.raises(NoTenant), OfficeSession(engine) as session:
            session.scalars(select(Case))
    elif way == "write":
        with pytest.raises(NoTenant), OfficeSession(engine) as session:
            session.execute(update(Case).values(subject="x"))
    else:
        with engine.begin() as connection:
            _raw(connection, way, number)


def _raw(connection: Any, way: str, number: str) -> None:
    if way == "raw read":
        assert connection.execute(text("select * from cases")).all() == []
    elif way == "raw write":
        changed = connection.execute(text("update cases set subject = 'x'"))
        assert changed.rowcount == 0
    else:
        added = text("insert into work (tenant_id, kind, row_id, due_at)"
                     " select 1, 'match', gen_random_uuid(), now()")  # fmt: skip
        with pytest.raises(ProgrammingError, match="row-level security"), connection.begin_nested():
            connection.execute(added)


def test_rel_i5_an_office_left_behind_would_be_seen(crowd: Crowd) -> None:
    tenant_id = next(iter(crowd.numbers))
    with crowd.database.app_engine.connect() as connection:
        connection.execute(
            text("select set_config('app.tenant', :tenant, false)"), {"tenant": str(tenant_id)}
        )
        connection.commit()
    with crowd.database.app_engine.connect() as connection:
        connection.execute(text("select 1"))
        connection.execute(text("reset app.tenant"))
        connection.commit()
    assert str(tenant_id) in crowd.checkouts
