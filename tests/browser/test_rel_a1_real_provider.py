"""Logging in by a real OpenID provider, from our login page and back, in a browser.

The provider is the npm package oidc-provider, certified by the OpenID Foundation; it stands at
``localhost`` and we at ``127.0.0.1``, which are two sites to a browser.
"""

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from redis import Redis
from sqlalchemy import text
from werkzeug.serving import make_server

from minsheng.accounts.providers import NewProvider, add_provider, link_identity
from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM, make_tools
from minsheng.faces.app import create_app
from minsheng.faces.process import Process
from minsheng.intake.host import PluginHost, PluginRegistry
from minsheng.runtime.bell import Bell
from minsheng.runtime.clock import SystemClock
from minsheng.runtime.settings import Settings

pytestmark = pytest.mark.xdist_group("browser")

ROOT = Path(__file__).resolve().parents[2]
PROVIDER = ROOT / "tests/oidc/provider"
SECRET = "geheim+4711%/of-the-tests"
CODES = {"sheng": "省统一认证", "shi": "市统一认证"}


@dataclass
class Doors:
    """A running service and the code of an office with two providers."""

    url: str
    code: str


@pytest.fixture(scope="module")
def doors(shared_database: Any, master: Any, office: Any) -> Iterator[Doors]:
    """An office whose 王秀英 is ``wang`` at one provider; at the other ``wang`` is 李四."""
    tools = make_tools(shared_database, master, SystemClock())
    tenant_id = office("county")
    with shared_database.session(tenant_id) as session:
        code = session.scalar(text("select code from tenants where id = :id"), {"id": tenant_id})
    settings = Settings.from_environ({"MINSHENG_TESTING": "1"})
    bell = Bell(Redis(port=1), {}, 30)
    process = Process(settings, tools, bell, PluginRegistry.load(), PluginHost())
    server = make_server("127.0.0.1", 0, create_app(process), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    node = start_providers([f"{url}/login/return/{code}/{provider}" for provider in CODES])
    try:
        issuers = json.loads(node.stdout.readline())
        link(tools, tenant_id, dict(zip(CODES, issuers, strict=True)))
        yield Doors(url, code)
    finally:
        node.communicate(timeout=10)
        server.shutdown()
        thread.join()
        server.server_close()
        process.host.close()


def start_providers(returns: list[str]) -> Any:
    """Both providers in one process, which ends when its standard input does."""
    path = f"{ROOT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
    node = shutil.which("node", path=path)
    assert node, "Node is missing: run `make test`, which installs it"
    assert (PROVIDER / "node_modules").is_dir(), "run `make test`, which installs the provider"
    return subprocess.Popen(
        [node, PROVIDER / "serve.mjs", *returns],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def link(tools: Any, tenant_id: int, issuers: dict[str, str]) -> None:
    people = {"sheng": ("wang.xy", "王秀英"), "shi": ("li.si", "李四")}
    for code, issuer in issuers.items():
        username, name = people[code]
        with tools.database.operator_session(tenant_id) as session:
            user = plant_user(session, tools, SYSTEM, NewUser(username, name, ("liaison",)))
        with tools.database.session(tenant_id) as session:
            new = NewProvider(code, CODES[code], issuer, "minsheng", SECRET)
            provider = add_provider(session, tools, SYSTEM, new)
            link_identity(session, tools, SYSTEM, user.id, provider.id, "wang")


@pytest.fixture
def window(browser: Any) -> Iterator[Page]:
    """A fresh window in Chinese."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    yield context.new_page()
    context.close()


def log_in(page: Page, doors: Doors, provider: str, name: str) -> None:
    """From our login page to the provider's form, and through its consent back to us."""
    page.goto(f"{doors.url}/login?office={doors.code}")
    page.get_by_role("link", name=CODES[provider]).click()
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill("whatever")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def test_rel_a1_the_right_person_comes_in_by_a_real_provider_and_goes_out(
    window: Page, doors: Doors
) -> None:
    log_in(window, doors, "sheng", "wang")
    expect(window).to_have_url(f"{doors.url}/queue")
    expect(window.locator(".person-name")).to_have_text("王秀英")
    window.locator(".person > summary").click()
    window.get_by_role("button", name="退出").click()
    expect(window.get_by_label("口令")).to_be_visible()
    window.goto(f"{doors.url}/queue")
    expect(window).to_have_url(f"{doors.url}/login?next=/queue")


def test_rel_a1_a_person_whom_nobody_linked_is_told_a_code_and_stays_out(
    window: Page, doors: Doors
) -> None:
    log_in(window, doors, "sheng", "zhang")
    expect(window.get_by_role("heading", name="这个身份还没有关联账号")).to_be_visible()
    expect(window.locator(".secret-code")).to_have_text(re.compile("^[A-Z2-7]{4}-[A-Z2-7]{4}$"))
    window.get_by_role("link", name="回到登录页").click()
    expect(window.get_by_role("link", name=CODES["shi"])).to_be_visible()
    window.goto(f"{doors.url}/queue")
    expect(window).to_have_url(f"{doors.url}/login?next=/queue")


def test_rel_a1_the_same_subject_at_a_second_real_provider_is_another_person(
    window: Page, doors: Doors
) -> None:
    log_in(window, doors, "shi", "wang")
    expect(window.locator(".person-name")).to_have_text("李四")


def test_rel_a1_who_gives_up_at_a_real_provider_is_led_back_to_our_login_page(
    window: Page, doors: Doors
) -> None:
    window.goto(f"{doors.url}/login?office={doors.code}")
    window.get_by_role("link", name=CODES["sheng"]).click()
    window.get_by_role("link", name="Cancel").click()
    expect(window.get_by_role("heading", name="没有登录")).to_be_visible()
    window.get_by_role("link", name="回到登录页").click()
    expect(window.get_by_label("口令")).to_be_visible()
