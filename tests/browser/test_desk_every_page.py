"""Every page in a browser: readable by axe, silent, alone with us; and a superior's look."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM, Tools
from minsheng.cases.service import Wish, place_case
from minsheng.citizens.service import Draw, Scores, draw_sample, publish, take_rating

pytestmark = pytest.mark.xdist_group("browser")

PASSWORD = "lao-shi-de-kou-ling-9"
ADMINISTRATION = {
    "qian": (
        "/channels", "/channels/new?plugin=mailbox", "/admin/users", "/admin/users/wang",
        "/admin/new-user", "/admin/imports", "/admin/bodies", "/admin/providers",
        "/admin/clients", "/admin/clients/new",
    ),
    "sun": ("/admin/roles",),
    "shen": ("/admin/audit",),
    "li": ("/leader", "/leader?show=all"),
}  # fmt: skip
DESK = (
    "/queue", "/queue?q=没有这句话", "/review", "/review/list", "/crossings", "/figures",
    "/channels", "/quarantine", "/low-ratings", "/low-ratings?state=closed", "/samples",
    "/styleguide", "/account", "/account/factor", "/nowhere", "/admin/users",
)  # fmt: skip
PORTAL = ("/", "/write", "/track", "/matters", "/nowhere")


@pytest.fixture
def looked_back(tools: Tools, running_desk: Any, people: int) -> tuple[str, ...]:
    """A low rating, a sample and a public matter; the addresses of the first two."""
    number, now = running_desk.number, tools.clock.now()
    with tools.database.session(people) as session:
        take_rating(session, tools, SYSTEM, "mailbox", "X1", Scores(solved=1, words="没修好"), now)
        publish(session, tools, Wish(SYSTEM), number, "枣园路3号院电梯停运")
        case_id = session.scalar(text("select id from cases where number = :n"), {"n": number})
        place_case(session, case_id, stage="closed", closed_at=now)
        days = Draw(now - timedelta(days=1), now + timedelta(days=1), "1", count=1)
        sample = draw_sample(session, tools, Wish(SYSTEM), days)
        review = session.scalar(text("select id from low_rating_reviews"))
    return f"/low-ratings/{review}", f"/samples/{sample.id}", f"/cases/{number}"


class Reader:
    """Reads pages by axe, wide and light, then narrow and dark, and keeps what is wrong."""

    def __init__(self, axe: Callable[[Page], list[str]], root: str) -> None:
        self.axe, self.root = axe, root
        self.faults: list[str] = []

    def read(self, page: Page, path: str) -> None:
        page.goto(self.root + path)
        page.wait_for_load_state()
        for width, scheme in ((1440, "light"), (390, "dark")):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            self.faults += [f"{path} {width} {scheme}: {said}" for said in self.axe(page)]
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                self.faults.append(f"{path} is {wide} px wide in a window of {width}")


def test_desk_no_page_has_a_serious_fault_for_readers_of_screens(
    running_desk: Any, looked_back: tuple[str, ...], window: Any, watched: Any, axe: Any
) -> None:
    reader = Reader(axe, running_desk.url)
    liaison = window(running_desk, "wang")
    for path in (*DESK, *looked_back):
        reader.read(liaison, path)
    for who, paths in ADMINISTRATION.items():
        page = window(running_desk, who)
        for path in paths:
            reader.read(page, path)
    for path in PORTAL:
        reader.read(liaison, f"/p/{running_desk.code}{path}")
    liaison.goto(f"{running_desk.url}/p/{running_desk.code}/matters")
    matter = liaison.locator("main a[href*='/matters/']").first.get_attribute("href")
    reader.read(liaison, str(matter))
    reader.read(page.context.browser.new_page(), "/login")
    assert reader.faults == []
    # A page that is not there, or not for this person, is answered by 404 or 403 as it should.
    refused = "the server responded with a status of 40"
    assert [each for each in watched.errors if refused not in each] == []
    assert watched.strangers == []


def test_desk_axe_sees_a_fault_that_is_put_into_a_page(
    running_desk: Any, people: int, window: Any, axe: Any
) -> None:
    page = window(running_desk, "wang")
    assert axe(page) == []
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<button>')")
    assert any(fault.startswith("button-name") for fault in axe(page))


def test_desk_a_province_looks_at_its_counties_and_sees_no_case_of_theirs(
    running_desk: Any, people: int, window: Any, watched: Any, axe: Any, tools: Tools, office: Any
) -> None:
    province = office("province")
    city = office("city", below=province)
    county = office("county", below=city)
    with tools.database.operator_session(province) as session:
        plant_user(
            session, tools, SYSTEM, NewUser("zhang", "张督办", ("general_office",), PASSWORD)
        )
        wanted = text("select code from tenants where id = :id")
        codes = {each: session.scalar(wanted, {"id": each}) for each in (province, city, county)}
        name = session.scalar(text("select name from tenants where id = :id"), {"id": county})
    page = window(type(running_desk)(running_desk.url, codes[province], ""), "zhang")
    page.get_by_role("link", name="总览").click()
    page.wait_for_load_state()
    assert axe(page) == []
    page.goto(f"{running_desk.url}/figures?office={codes[city]}")
    link = page.locator(f"a[href*='office={codes[county]}']").first
    expect(link).to_have_text(name)
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    trail = page.get_by_role("navigation", name="上级")
    expect(trail.get_by_role("link")).to_have_count(2)
    assert watched.errors == []
    beyond = page.goto(f"{running_desk.url}/cases/{running_desk.number}")
    assert beyond.status == 404
    assert watched.strangers == []
