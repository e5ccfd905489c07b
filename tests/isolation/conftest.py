"""Offices that are to be kept apart, and the counts of a run.

At ``MINSHENG_SCALE=1`` a choice of the matrix is run, another one each time, by a seed that is
printed; at 10 (``make proof``) all of it. ``MINSHENG_SEED`` repeats a run.
"""

import os
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, make_url

from minsheng.faces.app import create_app
from minsheng.faces.process import Process, build
from minsheng.runtime.clock import SetClock
from minsheng.runtime.database import OfficeSession
from minsheng.runtime.settings import Settings
from minsheng_tenants import context

# What the tests of this folder share is a package of its own beside them.
sys.path.insert(0, str(Path(__file__).parent))

from offices_apart.matrix import LAYERS, Caller
from offices_apart.operations import all_operations
from offices_apart.world import (
    RELATIONS,
    Office,
    Person,
    furnish,
    people_of,
    person,
)

FULL = 10


def scale() -> int:
    """How much of the full counts this run does."""
    return int(os.environ.get("MINSHENG_SCALE") or 1)


@pytest.fixture(scope="session")
def whole() -> bool:
    """Whether this run does everything."""
    return scale() >= FULL


@pytest.fixture
def dice() -> random.Random:
    """The chance of this test; its seed is printed when the test fails."""
    seed = int(os.environ.get("MINSHENG_SEED") or random.SystemRandom().getrandbits(32))
    print(f"MINSHENG_SEED={seed}")
    return random.Random(seed)


def connect(url: str) -> psycopg.Connection[Any]:
    parts = make_url(url)
    return psycopg.connect(
        host=parts.host, port=parts.port, user=parts.username, password=parts.password,
        dbname=parts.database, autocommit=True,
    )  # fmt: skip


@pytest.fixture(scope="session", name="connect")
def _connect() -> Callable[[str], psycopg.Connection[Any]]:
    return connect


@pytest.fixture
def owner(logins: Any) -> Iterator[psycopg.Connection[Any]]:
    """The login that owns the tables: it sees past row security."""
    with connect(logins.owner) as connection:
        yield connection


@pytest.fixture
def app_login(logins: Any) -> Iterator[psycopg.Connection[Any]]:
    """The service's own login."""
    with connect(logins.app) as connection:
        yield connection


@pytest.fixture
def furnished(process: Process, api_of: Any, settle: Any) -> Callable[[int], Office]:
    """``furnished(tenant_id)``: an office with an id of every kind."""
    return lambda tenant_id: furnish(process, tenant_id, api_of(tenant_id), settle)


@dataclass
class World:
    """An office among others, its people, and the service with both layers or one of them."""

    mine: Office
    others: Mapping[str, Office]
    people: Mapping[str, Person]
    apps: Mapping[str, Flask]
    process: Process
    client_class: Any

    def caller(self, operation: str, who: str, layer: str = LAYERS[0]) -> Caller:
        """Somebody of ``mine`` who asks for an operation; ``who`` is a role, a scope or nobody."""
        app, tenant_id = self.apps[layer], self.mine.tenant_id
        face, given = all_operations()[operation]
        if face == "api":
            scopes = [who] if ":" in who else []
            client = self.client_class(app, self.process, tenant_id, scopes)
            return Caller(app.test_client(), headers=client._headers)
        if who not in self.people:
            return Caller(app.test_client())
        # Who is to be logged out must not be missed by the tests after.
        found = person(self.process, tenant_id, who) if given.ends else self.people[who]
        return Caller(found.browser(app), found.csrf)


@pytest.fixture(scope="session")
def worlds() -> list[World]:
    """The one world of this process, once it is made."""
    return []


@pytest.fixture
def world(
    process: Process, strong_app: Flask, office: Any, furnished: Any, api_of: Any, app: Flask,
    worlds: list[World],
) -> World:  # fmt: skip
    """A county between its city, a sibling, a department of its own, and a ministry.

    A test that uses up what ``mine`` has works on a copy that is furnished anew.
    """
    if worlds:
        return worlds[0]
    city = office("city")
    mine = office("county", below=city)
    places = {
        "sibling": office("county", below=city),
        "parent": city,
        "child": office("department", below=mine),
        "ministry": office("ministry"),
    }
    others = {relation: furnished(places[relation]) for relation in RELATIONS}
    apps = dict(zip(LAYERS, (app, app, strong_app), strict=True))
    people = people_of(process, mine)
    worlds.append(World(furnished(mine), others, people, apps, process, type(api_of(mine))))
    return worlds[0]


@pytest.fixture(scope="session")
def strong_app(settings: Settings, logins: Any, process: Process) -> Iterator[Flask]:
    """The service on a login that row security does not bind: the application's filter alone."""
    strong = Settings(dict(settings.values) | {"MINSHENG_DATABASE_URL": logins.owner})
    parts = build(strong, SetClock(process.tools.clock.now()))
    yield create_app(parts)
    parts.close()


@pytest.fixture
def without_filter() -> Iterator[None]:
    """The application's filter off: row security alone."""
    event.remove(OfficeSession, "do_orm_execute", context._narrow_statement)
    yield
    event.listen(OfficeSession, "do_orm_execute", context._narrow_statement)
