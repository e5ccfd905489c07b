"""A furnished office, browsers that are logged in to it, and the routes of the application."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from minsheng.accounts.roles import GRANTS
from minsheng.accounts.service import (
    NewUser,
    SessionLimits,
    open_session,
    plant_user,
    resume_session,
)
from minsheng.audit import SYSTEM
from minsheng.faces.process import Process
from minsheng.intake.host import PluginRegistry
from minsheng.intake.inbox import take_in
from minsheng.intake.quarantine import put_aside
from minsheng.intake.service import (
    NewChannel,
    PushedMessage,
    add_channel,
    list_aside,
    push_messages,
)
from minsheng.runtime.ids import new_id
from minsheng_sdk import Citizen, RawItem

LIFT = "槐树小区6号楼的电梯停了三天，老人上不了楼，物业电话打不通，请尽快安排检修。"
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MACHINES = ("/api/", "/oauth/")
"""Where machines prove themselves by a header that no foreign page can send."""


@dataclass(frozen=True)
class Browser:
    """A browser of one person: its cookies, and the token of its forms."""

    http: FlaskClient
    form_token: str


@dataclass(frozen=True)
class Stage:
    """An office with a channel, two cases that look alike and an arrival in quarantine."""

    process: Process
    app: Flask
    tenant_id: int
    ids: dict[str, str]

    def browser(self, role: str = "liaison", *, secure: bool = False) -> Browser:
        """A browser of a new person of a role, logged in."""
        tools, limits = self.process.tools, SessionLimits.from_settings(self.process.settings)
        with tools.database.operator_session(self.tenant_id) as session:
            new = NewUser(f"p{new_id().hex[:20]}", "王秀英", (role,), "lao-shi-de-kou-ling-9")
            user = plant_user(session, tools, SYSTEM, new)
        with tools.database.session(self.tenant_id) as session:
            token = open_session(session, tools, user, "127.0.0.1")
        with tools.database.session(self.tenant_id) as session:
            form_token = resume_session(session, tools, token, limits).csrf
        http = self.app.test_client()
        http.set_cookie("__Host-minsheng" if secure else "minsheng", token, secure=secure)
        return Browser(http, form_token)

    def path(self, rule: Rule) -> str:
        """The address of a route for something of this office, where it has such a thing."""
        return re.sub(r"<(?:(\w+):)?(\w+)>", self._part, rule.rule)

    def _part(self, found: re.Match[str]) -> str:
        kind, name = found.groups()
        if kind == "int":
            return "1"
        return self.ids.get(name, str(uuid.UUID(int=1)) if kind == "uuid" else "absent")


@pytest.fixture(scope="session")
def covering_roles() -> list[str]:
    """As few roles as hold every permission between them, the richest first."""
    wanted = {permission for held in GRANTS.values() for permission in held}
    chosen = []
    while wanted:
        role = max(sorted(GRANTS), key=lambda each: len(GRANTS[each] & wanted))
        chosen.append(role)
        wanted -= GRANTS[role]
    return chosen


@pytest.fixture
def page_forms(app: Flask) -> list[tuple[str, Rule]]:
    """Every unsafe method of every route that a browser's form could call."""
    return [
        (method, rule)
        for rule in sorted(app.url_map.iter_rules(), key=lambda each: each.rule)
        for method in sorted((rule.methods or set()) & UNSAFE)
        if not rule.rule.startswith(MACHINES)
    ]


@pytest.fixture
def stage(process: Process, app: Flask, office: Callable[..., int], settle: Any) -> Stage:
    """A county of its own with something of everything in it."""
    tenant_id = office("county")
    ids = _furnish(process, tenant_id)
    settle(tenant_id)
    return Stage(process, app, tenant_id, ids | _cases(process, tenant_id))


def _furnish(process: Process, tenant_id: int) -> dict[str, str]:
    tools, at = process.tools, datetime(2026, 11, 19, 1, 0, tzinfo=UTC)
    with tools.database.session(tenant_id) as session:
        new = NewChannel("xin", "mailbox", "县长信箱", pushed=True)
        channel = add_channel(session, tools, PluginRegistry.load(), SYSTEM, new)
        posted = [
            PushedMessage(phone, "电梯停运", LIFT, at, citizen=Citizen(name="甲", phone=phone))
            for phone in ("13800138001", "13800138002")
        ]
        first, _ = push_messages(session, tools, SYSTEM, channel, posted)
        taken = take_in(session, tools, SYSTEM, channel.id, [RawItem("K", b"\xff\xfe")])
        put_aside(session, tools, next(iter(taken.stored.values())), "unreadable", "no header")
        item = str(list_aside(session)[0].id)
    return {"code": "xin", "message_id": str(first.id), "item": item}


def _cases(process: Process, tenant_id: int) -> dict[str, str]:
    with process.tools.database.session(tenant_id) as session:
        connection = session.connection()
        number = connection.exec_driver_sql("select min(number) from cases").scalar_one()
        finding = connection.exec_driver_sql("select id from findings limit 1").scalar_one()
    return {"number": number, "finding": str(finding), "finding_id": str(finding)}
