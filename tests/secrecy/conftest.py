"""An office that is complained of at its own channel, its people of every role, and the doors.

At ``MINSHENG_SCALE=1`` the counts are reduced, at 10 (``make proof``) they are full;
``MINSHENG_SEED`` repeats a run.
"""

import os
import random
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from minsheng.accounts.roles import ROLES, allowed
from minsheng.accounts.scopes import SCOPES
from minsheng.accounts.service import (
    NewUser,
    SessionLimits,
    open_session,
    plant_user,
    resume_session,
)
from minsheng.audit import SYSTEM
from minsheng.faces.process import Process
from minsheng.faces.web.cookies import session_cookie
from minsheng.runtime.database import Database

CONFIDENTIAL = "cases:confidential"
CHANNELS = {"line": "hotline_12345", "letters": "mailbox", "board": "leaders_board"}


@pytest.fixture
def dice() -> random.Random:
    """The chance of this test; its seed is printed when the test fails."""
    seed = int(os.environ.get("MINSHENG_SEED") or random.SystemRandom().getrandbits(32))
    print(f"MINSHENG_SEED={seed}")
    return random.Random(seed)


@dataclass
class Person:
    """A logged-in person of one role: a browser and the token of its forms."""

    role: str
    http: FlaskClient
    csrf: str

    def get(self, path: str, **query: str) -> Any:
        return self.http.get(path, query_string=query)

    def send(self, path: str, **form: str) -> Any:
        return self.http.post(path, data=form | {"csrf_token": self.csrf})


class People(dict[str, Person]):
    """The people of an office by role, each made when somebody asks for it."""

    def __init__(self, app: Flask, process: Process, tenant_id: int) -> None:
        super().__init__()
        self._office = app, process, tenant_id

    def __missing__(self, role: str) -> Person:
        self[role] = person_of(*self._office, role)
        return self[role]


@dataclass
class Desk:
    """An office with people of every role, and API clients with and without the right."""

    tenant_id: int
    code: str
    people: "People"
    trusted: Any
    plain: Any
    process: Process
    settle: Callable[[int], None]
    taken: int = field(default=0)

    def readers(self) -> list[Person]:
        """Those who read cases and may not see what is kept from the office itself."""
        return [one for one in self.everybody_else() if allowed([one.role], "cases.read")]

    def everybody_else(self) -> list[Person]:
        """Every account without the right, the administrators too."""
        others = [role for role in ROLES if not allowed([role], "citizens.confidential")]
        return [self.people[role] for role in others]

    def message(self, body: str, phone: str = "", name: str = "", **more: Any) -> dict[str, Any]:
        """A message to post, with a key and, unless given, a citizen of its own."""
        self.taken += 1
        phone, name = phone or f"138{self.taken:08d}", name or f"周{self.taken}"
        return {
            "channel": "line", "external_id": uuid.uuid4().hex, "subject": "", "body": body,
            "received_at": f"2026-11-18T{self.taken // 60 % 24:02d}:{self.taken % 60:02d}:00+08:00",
            "citizen": {"name": name, "phone": phone, "email": ""},
        } | more  # fmt: skip

    def take_in(self, *messages: dict[str, Any]) -> list[tuple[str, str]]:
        """Post messages and have them matched; the id and case number of each."""
        for each in messages:
            assert self.trusted.post("/messages", each).status_code == 201
        self.settle(self.tenant_id)
        shown = [self.trusted.post("/messages", each).json for each in messages]
        return [(each["id"], each["case"]) for each in shown]

    def case(self, number: str) -> Any:
        """The case as the one who may see everything sees it."""
        answer = self.trusted.get(f"/cases/{number}")
        assert answer.status_code == 200, answer.text
        return answer.json


@pytest.fixture(scope="session")
def tree(office: Any) -> dict[str, int]:
    """A city, two of its counties, and a department of the first."""
    city = office("city")
    county = office("county", below=city)
    return {
        "city": city,
        "county": county,
        "sibling": office("county", below=city),
        "department": office("department", below=county),
    }


@pytest.fixture
def desk_of(
    app: Flask, process: Process, api_of: Any, settle: Callable[[int], None], database: Database
) -> Callable[[int], Desk]:
    """``desk_of(tenant_id)``: the desk of an office."""

    def make(tenant_id: int) -> Desk:
        trusted = api_of(tenant_id)
        plain = api_of(tenant_id, scopes=tuple(scope for scope in SCOPES if scope != CONFIDENTIAL))
        people = People(app, process, tenant_id)
        for code, plugin in CHANNELS.items():
            new = {"code": code, "plugin": plugin, "name": code, "pushed": True}
            assert trusted.post("/channels", new).status_code in (200, 201)
        with database.session(tenant_id) as session:
            code = session.scalar(
                text("select code from tenants where id = :id"), {"id": tenant_id}
            )
        return Desk(tenant_id, str(code), people, trusted, plain, process, settle)

    return make


@pytest.fixture
def desk(desk_of: Callable[[int], Desk], office: Any) -> Desk:
    """A county of its own, in which nothing has happened yet."""
    return desk_of(office("county"))


def person_of(app: Flask, process: Process, tenant_id: int, role: str) -> Person:
    """A new person of a role, logged in."""
    tools, limits = process.tools, SessionLimits.from_settings(process.settings)
    name = f"{role.replace('_', '-')}-{uuid.uuid4().hex[:6]}"
    with tools.database.operator_session(tenant_id) as session:
        user = plant_user(session, tools, SYSTEM, NewUser(name, "王秀英", (role,)))
    with tools.database.session(tenant_id) as session:
        token = open_session(session, tools, user, "127.0.0.1")
    with tools.database.session(tenant_id) as session:
        csrf = resume_session(session, tools, token, limits).csrf
    http = app.test_client()
    with app.test_request_context():
        http.set_cookie(session_cookie(), token)
    return Person(role, http, csrf)


@pytest.fixture
def audit_of(database: Database) -> Callable[..., list[Any]]:
    """``audit_of(tenant_id, action)``: the entries of an action, oldest first."""

    def entries(tenant_id: int, action: str) -> list[Any]:
        with database.owner_session() as session:
            found = session.execute(
                text(
                    "select actor, object_id, result from audit_entries"
                    " where tenant_id = :tenant and action = :action order by id"
                ),
                {"tenant": tenant_id, "action": action},
            )
            return list(found)

    return entries


def page_text(answer: Any) -> str:
    """The page without its tags, spaces folded."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


@pytest.fixture
def read() -> Callable[[Any], str]:
    """``read(answer)``: the words of a page."""
    return page_text


@pytest.fixture
def owner(database: Database) -> Iterator[Any]:
    """A session that sees past row security, for what a test has to know or to break."""
    with database.owner_session() as session:
        yield session
