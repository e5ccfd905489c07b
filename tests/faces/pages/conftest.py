"""The desk of a fresh office: its people, three channels, messages and a browser-like client."""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM, Tools, make_tools
from minsheng.cases.matching import MatchMaker
from minsheng.faces.app import create_app
from minsheng.faces.process import Process
from minsheng.intake.host import PluginHost, PluginRegistry
from minsheng.intake.inbox import take_in
from minsheng.intake.models import Channel
from minsheng.intake.quarantine import put_aside
from minsheng.intake.service import (
    MATCH,
    ChannelNotFound,
    NewChannel,
    PushedMessage,
    add_channel,
    find_channel,
    list_aside,
    push_messages,
)
from minsheng.runtime.bell import Bell
from minsheng.runtime.clock import SetClock
from minsheng.runtime.crypto import MasterKey
from minsheng.runtime.database import Database
from minsheng.runtime.settings import Settings
from minsheng.runtime.work import claim_work
from minsheng_sdk import Citizen, RawItem

PASSWORD = "lao-shi-de-kou-ling-9"
LEASE = timedelta(seconds=60)
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
CHANNELS = {"hotline_12345": "12345 热线", "mailbox": "县长信箱", "leaders_board": "领导留言板"}
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')

HOTLINE = {"base_url": "https://127.0.0.1:9", "client_id": "desk", "client_secret": "geheim-4711"}

HEATING = {
    "hotline_12345": (
        "槐树小区6号楼暖气不热",
        "来电人反映：槐树小区6号楼2单元暖气一直不热，室温只有13度，"
        "已向供热站报修三次，无人上门。请尽快安排检修。",
    ),
    "mailbox": (
        "关于槐树小区6号楼暖气不热的反映",
        "县长您好：我住槐树小区6号楼2单元，供暖后暖气一直不热，室温只有13度，"
        "向供热站报修三次，无人上门，请尽快安排检修。",
    ),
    "leaders_board": (
        "槐树小区6号楼暖气不热没人管",
        "槐树小区6号楼2单元暖气一直不热，室温只有13度，供热站报修三次无人上门，"
        "请尽快安排检修，谢谢。",
    ),
}
"""One citizen's matter by three channels, in words of our own."""


def page_text(response: TestResponse) -> str:
    """The page without its tags, spaces folded, for sentences to be looked up in."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


@dataclass
class Desk:
    """One office and a browser that may be logged in to it."""

    app: Flask
    tools: Tools
    tenant_id: int
    code: str
    http: FlaskClient
    taken: int = field(default=0)

    def add_user(self, role: str) -> str:
        """A user named after the role."""
        with self.tools.database.operator_session(self.tenant_id) as session:
            plant_user(session, self.tools, SYSTEM, NewUser(role, "王秀英", (role,), PASSWORD))
        return role

    def token(self, path: str = "/login") -> str:
        """The token in the forms of a page."""
        found = _CSRF.search(self.http.get(path).text)
        assert found, f"no form on {path}"
        return found.group(1)

    def log_in(self, role: str = "liaison") -> None:
        """Make a user of a role and log in by the form."""
        username = self.add_user(role)
        answer = self.send("/login", office=self.code, username=username, password=PASSWORD)
        assert answer.status_code == 303, page_text(answer)

    def send(self, path: str, *, of: str = "/login", **form: str) -> TestResponse:
        """Submit a form of the page ``of``."""
        return self.http.post(path, data=form | {"csrf_token": self.token(of)})

    def take_in(self, plugin: str, subject: str, body: str, phone: str = "13800139001") -> str:
        """Have a message arrive and be matched; the number of its case."""
        self.taken += 1
        clock = self.tools.clock
        received = datetime(2026, 11, 20, 1, 0, tzinfo=UTC) + timedelta(hours=self.taken)
        citizen = Citizen(name="孙建国", phone=phone)
        posted = PushedMessage(f"X{self.taken}", subject, body, received, citizen=citizen)
        with self.tools.database.session(self.tenant_id) as session:
            channel = self._channel(session, plugin)
            message = push_messages(session, self.tools, SYSTEM, channel, [posted])[0]
        with self.tools.database.session(self.tenant_id) as session:
            claims = claim_work(session, MATCH, clock.now(), LEASE)
        MatchMaker(self.tools, LEASE).work(claims)
        with self.tools.database.session(self.tenant_id) as session:
            number: str = session.scalar(_NUMBER, {"id": message.id})
        return number

    def take_in_heating(self, *plugins: str) -> str:
        """One matter by several channels, all three unless named; the number of its case."""
        numbers = {self.take_in(each, *HEATING[each]) for each in plugins or HEATING}
        assert len(numbers) == 1, "the matcher was to join them"
        return numbers.pop()

    def add_hotline(self) -> Channel:
        """A channel that is pulled; nobody answers at its address."""
        with self.tools.database.session(self.tenant_id) as session:
            new = NewChannel("hotline", "hotline_12345", "12345 热线", HOTLINE)
            return add_channel(session, self.tools, PluginRegistry.load(), SYSTEM, new)

    def put_aside(self, channel: Channel, raw: bytes, reason: str = "unreadable") -> uuid.UUID:
        """Have an arrival that cannot be read; its number in quarantine."""
        self.taken += 1
        items = [RawItem(f"K{self.taken}", raw)]
        with self.tools.database.session(self.tenant_id) as session:
            taken = take_in(session, self.tools, SYSTEM, channel.id, items)
            (inbox_id,) = taken.stored.values()
            put_aside(session, self.tools, inbox_id, reason, "line 3 has no number")
            return list_aside(session)[0].id

    def _channel(self, session: Session, plugin: str) -> Channel:
        code = plugin.replace("_", "-")
        try:
            return find_channel(session, code)
        except ChannelNotFound:
            new = NewChannel(code, plugin, CHANNELS[plugin], pushed=True)
            return add_channel(session, self.tools, PluginRegistry.load(), SYSTEM, new)


_NUMBER = text("""
    select k.number from case_messages m
    join cases k on k.tenant_id = m.tenant_id and k.id = m.case_id where m.message_id = :id
""")


@pytest.fixture(scope="session")
def running_clock() -> SetClock:
    """The clock of the application, which is made once: it takes as long as many a test."""
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
    settings = Settings.from_environ({"MINSHENG_TESTING": "1", "MINSHENG_SECOND_FACTOR": "offered"})
    tools = make_tools(shared_database, master, running_clock)
    bell = Bell(Redis(port=1), {}, 30)
    process = Process(settings, tools, bell, PluginRegistry.load(), PluginHost())
    yield create_app(process)
    process.host.close()


@pytest.fixture
def page_app(shared_app: Flask, clock: SetClock) -> Iterator[Flask]:
    """The application, its clock at noon, as if it had just begun."""
    kept = dict(shared_app.config), dict(shared_app.extensions)
    yield shared_app
    for now, before in zip((shared_app.config, shared_app.extensions), kept, strict=True):
        now.clear()
        now.update(before)


@pytest.fixture
def desk(page_app: Flask, tools: Tools, office: Callable[..., int]) -> Desk:
    """A fresh county with nobody logged in."""
    tenant_id = office("county")
    with tools.database.session(tenant_id) as session:
        code: str = session.scalar(
            text("select code from tenants where id = :id"), {"id": tenant_id}
        )
    return Desk(page_app, tools, tenant_id, code, page_app.test_client())
