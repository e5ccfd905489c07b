"""An officer's morning in a browser: a duplicate reviewed, the case handed on, answered, approved.

A leader's instruction and an administrator's new mailbox stand beside it, each page without an
error in its console, without a request to another host, and read by axe-core.
"""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.xdist_group("browser")

PASSWORD = "lao-shi-de-kou-ling-9"


def test_an_officers_morning_from_a_duplicate_to_an_approved_reply(
    running_desk: Any, people: int, window: Any, watched: Any, axe: Any
) -> None:
    page = window(running_desk, "wang")
    assert axe(page) == []
    page.goto(f"{running_desk.url}/review")
    assert axe(page) == []
    page.keyboard.press("1")
    expect(page.get_by_role("status").first).to_contain_text("已合并")
    page.goto(f"{running_desk.url}/cases/{running_desk.number}")
    expect(page.locator("article.origin")).to_have_count(4)
    page.get_by_role("button", name="签收").click()
    expect(page.get_by_role("status").first).to_contain_text("已签收")
    assert axe(page) == []

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
    assert axe(leader) == []
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


def test_desk_an_administrator_adds_a_mailbox_of_a_real_imap_server(
    running_desk: Any, people: int, window: Any, watched: Any, axe: Any, dovecot: Any
) -> None:
    account = dovecot.account()
    account.append(b"Subject: lamp\r\nFrom: a@example.org\r\n\r\nThe lamp is out.\r\n")
    page = window(running_desk, "qian")
    page.goto(f"{running_desk.url}/channels/new?plugin=mailbox")
    page.locator("#name").fill("书记信箱")
    page.locator("#code").fill("letters-2")
    fill_in(page, account.settings | {"password": "wrong"})
    page.get_by_role("button", name="试连").click()
    expect(page.locator(".channel-check .notice-danger")).to_be_visible()
    fill_in(page, account.settings)
    page.get_by_role("button", name="试连").click()
    expect(page.locator(".channel-check .notice-ok")).to_contain_text("连得上")
    assert axe(page) == []
    page.get_by_role("button", name="添加，马上取件").click()
    expect(page.get_by_role("heading", name="书记信箱")).to_be_visible()
    assert account.seen() == set(), "a try of the connection reads no letter away"
    assert watched.errors == []
    assert watched.strangers == []


def fill_in(page: Page, settings: dict[str, Any]) -> None:
    """The settings of a channel in its form."""
    for name, value in settings.items():
        field = page.locator(f"[name=set-{name}]")
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(str(value))
        else:
            field.fill(str(value))
