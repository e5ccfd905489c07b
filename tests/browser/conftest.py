"""A running desk and a browser: one office, one person, one matter taken in by three channels."""

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright
from redis import Redis
from sqlalchemy import text
from werkzeug.serving import make_server

from minsheng.accounts.service import NewUser, find_tenant_for_login, plant_user
from minsheng.audit import SYSTEM, Tools
from minsheng.cases.matching import MatchMaker
from minsheng.faces.app import create_app
from minsheng.faces.process import Process
from minsheng.intake.host import PluginHost, PluginRegistry
from minsheng.intake.service import (
    MATCH,
    NewChannel,
    PushedMessage,
    add_channel,
    find_channel,
    push_messages,
)
from minsheng.runtime.bell import Bell
from minsheng.runtime.settings import Settings
from minsheng.runtime.work import claim_work
from minsheng_sdk import Citizen

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
LEASE = timedelta(seconds=60)
PASSWORD = "lao-shi-de-kou-ling-9"
TESTS = Path(__file__).parents[1]
AXE = TESTS.parent / "platform/minsheng/faces/frontend/node_modules/axe-core/axe.min.js"
OTHERS = {
    "li": "leader",
    "qian": "system_admin",
    "sun": "security_admin",
    "shen": "audit_admin",
}
SERIOUS = ("serious", "critical")
NEIGHBOUR = "枣园路3号院3号楼电梯停运已经9天，楼上老人无法下楼，请派人来修。"
ORIGINS = (
    (
        "hotline_12345",
        "12345 热线",
        "来电人反映：枣园路3号院3号楼电梯停运已经9天，楼上老人无法下楼。",
    ),
    (
        "mailbox",
        "县长信箱",
        "县长您好，枣园路3号院3号楼电梯停运已经9天，楼上老人无法下楼，请督促修复。",
    ),
    (
        "leaders_board",
        "领导留言板",
        "枣园路3号院3号楼电梯停运已经9天，楼上老人无法下楼，物业不修。",
    ),
)


def _of_the_mailbox() -> ModuleType:
    """The fixtures of the mailbox's tests, which run a real dovecot."""
    spec = spec_from_file_location("mailbox_fixtures", TESTS / "mailbox/conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # Its dataclasses look themselves up there.
    spec.loader.exec_module(module)
    return module


dovecot = _of_the_mailbox().dovecot


@dataclass
class Desk:
    """A running desk: its address, the office's code and the number of its one case."""

    url: str
    code: str
    number: str


@dataclass
class Watched:
    """What a page said and asked for besides what it should."""

    host: str
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Listen to a page from its beginning."""
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self._hear(said.type, said.text))
        page.on("request", self._see)

    def _hear(self, kind: str, words: str) -> None:
        if kind in ("error", "warning"):
            self.errors.append(words)

    def _see(self, request: Request) -> None:
        if not request.url.startswith((self.host, "data:", "about:")):
            self.strangers.append(request.url)


@pytest.fixture
def running_desk(tools: Tools, office: Callable[..., int]) -> Iterator[Desk]:
    """The application on a free port of loopback; its bell rings for nobody."""
    tenant_id = office("county")
    number = _take_in(tools, tenant_id)
    with tools.database.operator_session(tenant_id) as session:
        plant_user(session, tools, SYSTEM, NewUser("wang", "王秀英", ("liaison",), PASSWORD))
        code = session.scalar(text("select code from tenants where id = :id"), {"id": tenant_id})
    settings = Settings.from_environ({"MINSHENG_TESTING": "1", "MINSHENG_SECOND_FACTOR": "offered"})
    process = Process(
        settings, tools, Bell(Redis(port=1), {}, 30), PluginRegistry.load(), PluginHost()
    )
    server = make_server("127.0.0.1", 0, create_app(process), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Desk(f"http://127.0.0.1:{server.server_port}", code, number)
    server.shutdown()
    thread.join()
    server.server_close()
    process.host.close()


def _take_in(tools: Tools, tenant_id: int) -> str:
    for at, (plugin, name, body) in enumerate(ORIGINS):
        received = tools.clock.now() - timedelta(hours=9 - at)
        citizen = Citizen(name="孙建国", phone="13800139001")
        subject = "枣园路3号院3号楼电梯停运9天"
        posted = PushedMessage(f"X{at}", subject, body, received, citizen=citizen)
        with tools.database.session(tenant_id) as session:
            new = NewChannel(plugin.replace("_", "-"), plugin, name, pushed=True)
            channel = add_channel(session, tools, PluginRegistry.load(), SYSTEM, new)
            push_messages(session, tools, SYSTEM, channel, [posted])
        with tools.database.session(tenant_id) as session:
            claims = claim_work(session, MATCH, tools.clock.now(), LEASE)
        MatchMaker(tools, LEASE).work(claims)
    with tools.database.session(tenant_id) as session:
        (number,) = session.scalars(text("select number from cases where state = 'open'"))
    return str(number)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without any call home of its own."""
    path = shutil.which("chromium")
    assert path, "chromium is missing: run `make test`, which installs it"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def watched(running_desk: Desk) -> Watched:
    """Ears and eyes on the pages of the running desk."""
    return Watched(running_desk.url)


@pytest.fixture
def page(browser: Browser, watched: Watched) -> Iterator[Page]:
    """A fresh window in Chinese, wide enough for the preview."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    window = context.new_page()
    watched.watch(window)
    yield window
    context.close()


@pytest.fixture
def people(tools: Tools, running_desk: Any, office: Callable[..., int]) -> int:
    """A leader and an administrator beside the liaison, a street below, and a neighbour's call."""
    with tools.database.public_session() as session:
        tenant_id = _find_office(session, running_desk.code)
    office("street", below=tenant_id)
    with tools.database.operator_session(tenant_id) as session:
        for name, role in OTHERS.items():
            plant_user(session, tools, SYSTEM, NewUser(name, name, (role,), PASSWORD))
    with tools.database.session(tenant_id) as session:
        channel = find_channel(session, "mailbox")
        citizen = Citizen(name="李建设", phone="13800139002")
        at = tools.clock.now() - timedelta(hours=1)
        push_messages(
            session, tools, SYSTEM, channel,
            [PushedMessage("N1", "3号楼电梯停运9天", NEIGHBOUR, at, citizen=citizen)],
        )  # fmt: skip
    with tools.database.session(tenant_id) as session:
        claims = claim_work(session, MATCH, tools.clock.now(), LEASE)
    MatchMaker(tools, LEASE).work(claims)
    return tenant_id


def _find_office(session: Any, code: str) -> int:
    from_code = find_tenant_for_login(session, code)
    assert from_code is not None
    return from_code[0]


@pytest.fixture
def window(browser: Browser, watched: Any) -> Iterator[Callable[[str, str], Page]]:
    """A window of a person who is logged in."""
    opened = []

    def log_in(desk: Any, user: str) -> Page:
        size = {"width": 1440, "height": 900}
        context = browser.new_context(viewport=size, locale="zh-CN")  # type: ignore[arg-type]
        opened.append(context)
        page = context.new_page()
        watched.watch(page)
        page.goto(desk.url)
        page.locator("#office").fill(desk.code)
        page.get_by_label("账号").fill(user)
        page.get_by_label("口令").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.wait_for_load_state()
        return page

    yield log_in
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """What a reader of screens would stumble over on a page, serious or worse."""
    script = AXE.read_text(encoding="utf-8")

    def read(page: Page) -> list[str]:
        page.evaluate(script)
        found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{each['id']}: {each['nodes'][0]['target']}"
            for each in found["violations"]
            if each["impact"] in SERIOUS
        ]

    return read
