"""Cases by the million, filled in bulk as the owner: rows like those of a desk's life.

Statements make the rows inside the database (``generate_series``); foreign keys are not looked at
while they do, and the indexes are built once behind them, as a restore does it. Messages come
without the inbox's bytes, and only the citizens of the cases that a page is asked for are sealed.
"""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from bench.screens_rows import ROWS, STAGING, TIDY
from bench.stage import Stage
from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM
from minsheng.cases.search import searchable
from minsheng.faces.demo_data import load_messages
from minsheng.handling.flows import DEFAULT, flow_in_use
from minsheng.intake.service import NewChannel, add_channel
from minsheng_sdk import Citizen
from minsheng_tenants import NewBody, create_body

OFFICERS = 40
CHANNELS = ("hotline_12345", "mailbox", "leaders_board")
LARGE = 200
"""Messages of each of the two largest cases of an office."""
_TABLES = (
    "cases", "case_search", "messages", "case_messages", "case_handling", "case_events", "findings",
)  # fmt: skip
_PLACES = "东街 西关 南庄 北岭 河湾 桥头 学府 阳光 和平 新华 建设 龙泉 石门 槐树 柳林 永安"


@dataclass(frozen=True, slots=True)
class Office:
    """An office to fill, with so many cases."""

    tenant_id: int
    code: str
    cases: int


@dataclass(frozen=True, slots=True)
class Filled:
    """What was made: ``seconds`` it took, ``size`` of the database in bytes."""

    offices: Sequence[Office]
    seconds: float
    size: int


def fill(stage: Stage, cases: int, others: int, other_cases: int, seed: int) -> Filled:
    """Give the stage's office ``cases`` cases and ``others`` more offices ``other_cases`` each."""
    begun = time.monotonic()
    offices = [Office(stage.tenant_id, "130129", cases), *_others(stage, others, other_cases)]
    for office in offices:
        _furnish(stage, office)
    with psycopg.connect(owner_url(stage), autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("set maintenance_work_mem = '512MB'")
        connection.execute("set work_mem = '128MB'")
        for statement in STAGING:
            connection.execute(statement)
        _seeds(connection)
        with _without_indexes(connection):
            for office in offices:
                _fill_office(connection, office, seed)
        for statement in TIDY:
            connection.execute(statement)
        connection.execute("vacuum analyze")
        _seal_citizens(stage, connection)
        size = connection.execute("select pg_database_size(current_database())").fetchone()
    return Filled(offices, time.monotonic() - begun, int(size[0]) if size else 0)


def owner_url(stage: Stage) -> str:
    """The owner's login for psycopg."""
    return stage.process.settings.text("MINSHENG_DATABASE_OWNER_URL").replace("+psycopg", "")


def _others(stage: Stage, others: int, cases: int) -> Iterator[Office]:
    with stage.process.tools.database.owner_session() as session:
        for number in range(others):
            body = NewBody(f"1302{number:02d}", f"某县{number}", "county", "130100")
            yield Office(create_body(session, body).id, body.code, cases)


def _furnish(stage: Stage, office: Office) -> None:
    """Its channels, its flow and its officers."""
    tools = stage.process.tools
    tools.keyring.cipher(office.tenant_id)
    with tools.database.session(office.tenant_id) as session:
        flow_in_use(session, tools, DEFAULT)
        for plugin in CHANNELS:
            new = NewChannel(plugin, plugin, plugin, pushed=True)
            add_channel(session, tools, stage.process.registry, SYSTEM, new)
    with tools.database.operator_session(office.tenant_id) as session:
        for number in range(OFFICERS):
            person = NewUser(f"officer{number:02d}", f"经办{number}", ("liaison",))
            plant_user(session, tools, SYSTEM, person)


def _seeds(connection: Any) -> None:
    """The texts that the cases are made of, folded as search folds them, and the places."""
    rows = [
        (number, seed.subject, seed.body, searchable(seed.subject), searchable(seed.body))
        for number, seed in enumerate(load_messages("130129", datetime.now(UTC)))
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into bench_seeds (n, subject, body, words_1, words_2)"
            " values (%s, %s, %s, %s, %s)", rows,
        )  # fmt: skip
        places = list(enumerate(_PLACES.split()))
        cursor.executemany("insert into bench_places (n, name) values (%s, %s)", places)


@contextmanager
def _without_indexes(connection: Any) -> Iterator[None]:
    """Take the plain indexes of the filled tables away, and build them again at the end."""
    found = connection.execute(
        "select indexname, indexdef from pg_indexes where tablename = any(%s)"
        " and indexname not in (select conname from pg_constraint)", [list(_TABLES)],
    ).fetchall()  # fmt: skip
    for name, _definition in found:
        connection.execute(f'drop index "{name}"')
    yield
    for _name, definition in found:
        connection.execute(definition)


def _fill_office(connection: Any, office: Office, seed: int) -> None:
    asked = {
        "tenant": office.tenant_id, "code": office.code, "cases": office.cases,
        "officers": OFFICERS, "large": LARGE,
    }  # fmt: skip
    connection.execute("select setseed(%s)", [random.Random(seed + office.tenant_id).random()])
    for statement in ROWS:
        connection.execute(statement, asked)


def _seal_citizens(stage: Stage, connection: Any) -> None:
    """Seal the citizens of the first hundred cases of three messages, and of the largest."""
    cipher = stage.process.tools.keyring.cipher(stage.tenant_id)
    found = connection.execute(_TO_SEAL, {"tenant": stage.tenant_id}).fetchall()
    with connection.cursor() as cursor:
        for number, (message_id,) in enumerate(found):
            phone = f"138{number:08d}"
            person = Citizen(name="孙建国", phone=phone)
            told = f'{{"name": "{person.name}", "phone": "{phone}", "email": ""}}'
            sealed = cipher.seal("messages.citizen", message_id, told)
            index = cipher.index("phone", phone)
            cursor.execute(_SEAL, (sealed, index, stage.tenant_id, message_id))


_TO_SEAL = """
    select m.message_id from case_messages m
    join cases k on k.tenant_id = m.tenant_id and k.id = m.case_id
    where k.tenant_id = %(tenant)s and k.message_count in (3, 200)
      and k.state = 'open' order by k.message_count desc, k.number, m.message_id limit 1000
"""
_SEAL = "update messages set citizen = %s, phone_ix = %s where tenant_id = %s and id = %s"
