"""The thin road in a browser: log in, see one case with three origins, take one out, see two."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.xdist_group("browser")

PASSWORD = "lao-shi-de-kou-ling-9"


def log_in(page: Page, desk: Any) -> None:
    page.goto(desk.url)
    page.locator("#office").fill(desk.code)
    page.get_by_label("账号").fill("wang")
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="全部", exact=True)).to_be_visible()
    # The heading is seen before the script that answers keys has run; load ends after both.
    page.wait_for_load_state()


def test_one_case_with_three_origins_becomes_one_with_two_and_another(
    page: Page, running_desk: Any, watched: Any
) -> None:
    log_in(page, running_desk)
    row = page.locator("[data-row]")
    expect(row).to_have_count(1)
    expect(row.locator(".badge")).to_have_text(["电话", "留言板", "信箱"], use_inner_text=True)
    expect(page.locator("#preview .preview-origin")).to_have_count(3)

    row.get_by_role("link").click()
    columns = page.locator("article.origin")
    expect(columns).to_have_count(3)
    expect(page.locator(".join .reasons")).to_have_count(2)
    expect(page.locator(".join-score").first).to_contain_text("%")

    last = columns.nth(2)
    last.get_by_text("拆出", exact=True).click()
    last.get_by_role("button", name="确认拆出").click()
    expect(columns).to_have_count(2)
    page.get_by_role("status").get_by_role("link").click()
    expect(columns).to_have_count(1)
    assert watched.errors == []
    assert watched.strangers == []


def test_the_keyboard_reaches_rows_help_and_the_way_back(
    page: Page, running_desk: Any, watched: Any
) -> None:
    log_in(page, running_desk)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("[data-row][data-selected]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{running_desk.url}/cases/{running_desk.number}")
    page.wait_for_load_state()
    page.keyboard.press("v")
    expect(page.locator("[data-compare]")).not_to_have_class("compare-on")
    page.keyboard.press("u")
    expect(page).to_have_url(f"{running_desk.url}/queue")
    assert watched.errors == []


def test_an_injected_script_is_text_and_an_inline_one_is_stopped(
    page: Page, running_desk: Any, watched: Any
) -> None:
    log_in(page, running_desk)
    page.goto(f"{running_desk.url}/queue?q=<img src=x onerror=document.title='x'>")
    expect(page.get_by_role("searchbox")).to_have_value("<img src=x onerror=document.title='x'>")
    assert watched.errors == []
    page.evaluate(
        "() => { document.body.insertAdjacentHTML('beforeend', '<p onclick=x style=color:red>') }"
    )
    assert any("Content Security Policy" in error for error in watched.errors)


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_its_window(
    browser: Any, running_desk: Any, width: int, scheme: str
) -> None:
    size = {"width": width, "height": 844}
    context = browser.new_context(viewport=size, color_scheme=scheme, locale="zh-CN")
    page = context.new_page()
    log_in(page, running_desk)
    for path in ("/queue", f"/cases/{running_desk.number}", "/channels", "/quarantine", "/lost"):
        page.goto(running_desk.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
