"""One citizen's visit in a real browser: write, keep the code, look it up, rate; alone with us."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from minsheng.audit import Tools
from minsheng.cases.matching import MatchMaker
from minsheng.cases.service import place_case
from minsheng.citizens.service import place_messages
from minsheng.intake.service import MATCH
from minsheng.runtime.work import claim_work

pytestmark = pytest.mark.xdist_group("browser")

LEASE = timedelta(seconds=60)
BODY = "解放路的路灯全灭了，晚上看不清路，已经摔了两位老人。"
SMALL = """() => [...document.querySelectorAll('a, button, summary, textarea, input')]
  .filter(e => e.offsetParent && e.type !== 'hidden' && !e.matches('.first-submit, .skip'))
  .map(e => [e.outerHTML.slice(0, 90), (e.closest('label') || e).getBoundingClientRect()])
  .filter(([_, r]) => r.height < 43.5 || r.width < 43.5).map(([html]) => html)"""
UNNAMED = """() => [...document.querySelectorAll('a, button, summary, textarea, input, select')]
  .filter(e => e.offsetParent && e.type !== 'hidden')
  .filter(e => !(e.textContent.trim() || e.ariaLabel || (e.labels && e.labels.length)))
  .map(e => e.outerHTML.slice(0, 90))"""
DOUBLED = """() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id)
  return ids.filter((id, at) => ids.indexOf(id) !== at) }"""


def look_at(page: Page) -> None:
    """What axe would say first: targets, names, one heading, no id twice, nothing too wide."""
    assert page.evaluate(SMALL) == []
    assert page.evaluate(UNNAMED) == []
    assert page.evaluate(DOUBLED) == []
    assert page.locator("h1").count() == 1
    assert page.locator("html[lang]").count() == 1
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def tenant_of(tools: Tools, code: str) -> int:
    with tools.database.public_session() as session:
        return int(session.scalar(text("select id from resolve_tenant(:c)"), {"c": code}))


def handle(tools: Tools, tenant_id: int) -> None:
    """What the worker and the office do meanwhile: matched, handled, closed."""
    with tools.database.session(tenant_id) as session:
        claims = claim_work(session, MATCH, tools.clock.now(), LEASE)
    MatchMaker(tools, LEASE, place_messages).work(claims)
    with tools.database.session(tenant_id) as session:
        case_id = session.scalar(text("select id from cases where origins ? 'portal'"))
        now = tools.clock.now()
        place_case(session, case_id, stage="closed", closed_at=now, reply_state="delivered")


def go_on(page: Page) -> None:
    look_at(page)
    page.locator(".buttons .button-main").click()


def test_desk_citizen_visit_from_the_first_word_to_the_rating(
    page: Page, running_desk: Any, watched: Any, tools: Tools
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    root = f"{running_desk.url}/p/{running_desk.code}"
    page.goto(f"{root}/")
    page.get_by_role("button", name="大字").click()
    expect(page.locator("html")).to_have_attribute("data-size", "big")
    look_at(page)
    page.get_by_role("link", name="我要反映").click()
    page.locator("#subject").fill("解放路路灯不亮")
    go_on(page)
    page.locator("#body").fill(BODY)
    expect(page.locator("[data-draft-kept]")).to_be_visible()

    page.goto(f"{root}/write")  # The connection was lost, or the page closed.
    page.get_by_role("button", name="接着写").click()
    expect(page.locator("#subject")).to_have_value("解放路路灯不亮")
    go_on(page)
    expect(page.locator("#body")).to_have_value(BODY)
    go_on(page)
    page.locator("#region").fill("解放路")
    go_on(page)
    page.locator("#name").fill("周小川")
    page.locator("#phone").fill("13800139777")
    go_on(page)
    go_on(page)
    code = page.locator("[data-code]").inner_text()
    look_at(page)
    page.goto(f"{root}/write")
    expect(page.get_by_role("button", name="接着写")).to_be_hidden()

    handle(tools, tenant_of(tools, running_desk.code))
    page.goto(f"{root}/track")
    page.locator("#code").fill(code.lower())
    page.locator("#digits").fill("9777")
    go_on(page)
    expect(page).to_have_url(f"{root}/mine")
    expect(page.locator(".path-step[aria-current]")).to_have_text("办结")
    for name, mark in (("solved", 4), ("manner", 5), ("speed", 5)):
        page.locator(f"input[name={name}][value='{mark}']").check()
    look_at(page)
    page.get_by_role("button", name="提交评价").click()
    expect(page.get_by_text("解决程度 4 分")).to_be_visible()
    page.get_by_role("button", name="结束查询").click()
    expect(page).to_have_url(f"{root}/")
    assert watched.errors == []
    assert watched.strangers == []
