"""An officer's morning in a browser: a duplicate reviewed, the case handed on, answered, approved.

A leader's instruction and an administrator's new mailbox stand beside it, each page without an
error in its console, without a request to another host, and read by axe-core.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from minsheng.accounts.service import NewUser, find_tenant_for_login, plant_user
from minsheng.audit import SYSTEM, Tools
from minsheng.cases.matching import MatchMaker
from minsheng.intake.service import MATCH, PushedMessage, find_channel, push_messages
from minsheng.runtime.work import claim_work
from minsheng_mailbox.loopback import MailLoopback
from minsheng_sdk import Citizen

pytestmark = pytest.mark.xdist_group("browser")

ROOT = Path(__file__).parents[2]
AXE = ROOT / "platform/minsheng/faces/frontend/node_modules/axe-core/axe.min.js"
PASSWORD = "lao-shi-de-kou-ling-9"
LEASE = timedelta(seconds=60)
NEIGHBOUR = "枣园路3号院3号楼电梯停运已经9天，楼上老人无法下楼，请派人来修。"
SERIOUS = ("serious", "critical")


@pytest.fixture
def people(tools: Tools, running_desk: Any, office: Callable[..., int]) -> int:
    """A leader and an administrator beside the liaison, a street below, and a neighbour's call."""
    with tools.database.public_session() as session:
        tenant_id = find_office(session, running_desk.code)
    office("street", below=tenant_id)
    with tools.database.operator_session(tenant_id) as session:
        for name, role in (("li", "leader"), ("qian", "system_admin")):
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


def find_office(session: Any, code: str) -> int:
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


def read_by_axe(page: Page) -> list[str]:
    """What a reader of screens would stumble over, serious or worse."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['id']}: {each['nodes'][0]['target']}"
        for each in found["violations"]
        if each["impact"] in SERIOUS
    ]


def test_an_officers_morning_from_a_duplicate_to_an_approved_reply(
    running_desk: Any, people: int, window: Any, watched: Any
) -> None:
    page = window(running_desk, "wang")
    assert read_by_axe(page) == []
    page.goto(f"{running_desk.url}/review")
    assert read_by_axe(page) == []
    page.keyboard.press("1")
    expect(page.get_by_role("status").first).to_contain_text("已合并")
    page.goto(f"{running_desk.url}/cases/{running_desk.number}")
    expect(page.locator("article.origin")).to_have_count(4)
    page.get_by_role("button", name="签收").click()
    expect(page.get_by_role("status").first).to_contain_text("已签收")
    assert read_by_axe(page) == []

    page.locator("summary", has_text="转办").click()
    code = page.locator("#bodies option").first.get_attribute("value")
    page.locator("input[name=to]").fill(code or "")
    page.locator(".confirm-sheet").get_by_role("button", name="转办").click()
    expect(page.get_by_role("status").first).to_contain_text("已转出")

    page.get_by_role("button", name="写答复").click()
    words = page.locator("textarea[name=public_text]")
    words.fill("3号楼电梯已于今日修复，检验合格后恢复运行，物业安排专人值守。")
    expect(page.locator("[data-saved]")).to_contain_text("第 2 版")
    assert page.evaluate("Object.keys(localStorage).filter(k => k.includes('draft'))") == []
    page.get_by_role("button", name="送审批").click()
    expect(page.get_by_role("status").first).to_contain_text("已送审批")

    leader = window(running_desk, "li")
    leader.goto(f"{running_desk.url}/leader")
    assert read_by_axe(leader) == []
    leader.goto(f"{running_desk.url}/cases/{running_desk.number}")
    leader.locator("#instruction").fill("请街道三日内报结果。")
    leader.get_by_role("button", name="签发").click()
    expect(leader.locator(".instruction-text")).to_have_text("请街道三日内报结果。")
    leader.get_by_role("button", name="批准并送达").click()
    expect(leader.get_by_role("status").first).to_contain_text("已批准")
    assert watched.errors == []
    assert watched.strangers == []


def test_what_was_typed_when_the_session_ended_is_back_after_the_login(
    running_desk: Any, people: int, window: Any
) -> None:
    page = window(running_desk, "wang")
    case = f"{running_desk.url}/cases/{running_desk.number}"
    page.goto(case)
    page.get_by_role("button", name="写答复").click()
    expect(page.locator("[data-editor]")).to_be_visible()
    page.context.clear_cookies()
    page.locator("textarea[name=public_text]").fill("写了一半的话")
    page.goto(running_desk.url)
    page.locator("#office").fill(running_desk.code)
    page.get_by_label("账号").fill("wang")
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_load_state()
    page.goto(case)
    expect(page.locator("textarea[name=public_text]")).to_have_value("写了一半的话")
    expect(page.locator("[data-restored]")).to_be_visible()


def test_an_administrator_adds_a_mailbox_after_trying_it(
    running_desk: Any, people: int, window: Any, watched: Any
) -> None:
    server = MailLoopback()
    server.start()
    page = window(running_desk, "qian")
    page.goto(f"{running_desk.url}/channels/new?plugin=mailbox")
    page.locator("#name").fill("书记信箱")
    page.locator("#code").fill("letters-2")
    for name, value in server.settings.items():
        field = page.locator(f"[name=set-{name}]")
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(str(value))
        else:
            field.fill(str(value))
    page.get_by_role("button", name="试连").click()
    expect(page.locator(".channel-check .notice-ok")).to_contain_text("连得上")
    assert read_by_axe(page) == []
    page.get_by_role("button", name="添加，马上取件").click()
    expect(page.get_by_role("heading", name="书记信箱")).to_be_visible()
    server.stop()
    page.goto(f"{running_desk.url}/styleguide")
    assert read_by_axe(page) == []
    assert watched.errors == []
    assert watched.strangers == []
