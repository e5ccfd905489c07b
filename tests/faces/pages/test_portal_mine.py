"""Coming back by the portal, the public list, and what every page of it holds to."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import Actor
from minsheng.cases.matching import MatchMaker
from minsheng.cases.service import Wish, place_case
from minsheng.citizens.service import (
    Submission,
    count_send,
    place_messages,
    publish,
    set_portal,
    spoken_code,
    submit,
)
from minsheng.intake.service import MATCH
from minsheng.runtime.work import claim_work

LEASE = timedelta(seconds=60)
BODY = "枣园路3号院3号楼电梯停运九天，楼上老人无法下楼，请督促修复。"
OFFICER = Wish(Actor("user", "wang"))
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_KEY = re.compile(r'name="key" value="([^"]+)"')


class Door:
    """The portal of a desk's office and a browser in front of it."""

    def __init__(self, desk: Any) -> None:
        self.desk, self.http = desk, desk.app.test_client()
        self.root = f"/p/{desk.code}"

    def session(self) -> Any:
        return self.desk.tools.database.session(self.desk.tenant_id)

    def submit(self, phone: str = "13800139001") -> str:
        """A citizen's matter, matched; its query code."""
        form = Submission(uuid.uuid4().hex, "枣园路3号院电梯停运", BODY, "孙建国", phone)
        with self.session() as session:
            ticket = submit(session, self.desk.tools, "10.0.0.1", form)
        with self.session() as session:
            claims = claim_work(session, MATCH, self.desk.tools.clock.now(), LEASE)
        MatchMaker(self.desk.tools, LEASE, place_messages).work(claims)
        return spoken_code(ticket.code)

    def close(self) -> str:
        with self.session() as session:
            row = session.execute(text("select id, number from cases")).one()
            now = self.desk.tools.clock.now()
            place_case(session, row.id, stage="closed", closed_at=now, reply_state="delivered")
            return str(row.number)

    def send(self, path: str, of: str = "/track", **form: Any) -> Any:
        page = self.http.get(self.root + of).text
        token, key = _TOKEN.search(page), _KEY.search(page)
        assert token, page
        given = {"csrf_token": token.group(1), "key": key.group(1) if key else ""}
        return self.http.post(self.root + path, data=given | form)

    def track(self, code: str, digits: str = "9001") -> Any:
        return self.send("/track", code=code, digits=digits)

    def mine(self) -> str:
        return str(self.http.get(self.root + "/mine").text)


@pytest.fixture
def door(desk: Any) -> Door:
    return Door(desk)


def test_tracking_adding_rating_and_another_round_without_script(door: Door) -> None:
    code = door.submit()
    entered = door.track(code.lower())
    assert (entered.status_code, entered.location) == (303, f"{door.root}/mine")
    assert "已经收到" in door.mine()
    cookie = entered.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert code.replace("-", "") not in cookie
    added = door.send("/mine/add", "/mine", body="补充：今天又停了。")
    assert added.status_code == 303
    assert "补充：今天又停了。" in door.mine()
    early = door.send("/mine/rate", "/mine", solved=5, manner=5, speed=5)
    assert early.status_code == 409
    door.close()
    assert door.send("/mine/rate", "/mine", solved=1, manner=5).status_code == 422
    assert door.send("/mine/rate", "/mine", solved=1, manner=5, speed=5).status_code == 303
    assert "解决程度 1 分" in door.mine()
    refused = door.send("/mine/reopen", "/mine", reason="")
    assert refused.status_code == 422
    assert door.send("/mine/reopen", "/mine", reason="电梯第二天又停了。").status_code == 303
    assert "这是第 2 次办理" in door.mine()
    again = door.send("/mine/reopen", "/mine", reason="再来一次。")
    assert again.status_code == 409
    assert "再来一次。" in again.text
    assert door.send("/mine/leave", "/mine").status_code == 303
    assert door.http.get(door.root + "/mine").location == f"{door.root}/track?done=ended"


def test_ratings_count_among_what_one_address_sends_and_keep_their_words(door: Door) -> None:
    code = door.submit()
    door.close()
    door.track(code)
    for _ in range(30):
        count_send(door.desk.tools, door.desk.tenant_id, "127.0.0.1")
    marks = {"solved": 4, "manner": 5, "speed": 3, "words": "等得太久"}
    held = door.send("/mine/rate", "/mine", **marks)
    assert held.status_code == 429
    assert "十五分钟" in held.text
    assert "等得太久" in held.text
    assert "解决程度 4 分" not in door.mine()


def test_who_can_read_the_answer_is_not_told_that_it_was_only_received(door: Door) -> None:
    code = door.submit()
    with door.session() as session:
        case_id = session.scalar(text("select id from cases"))
        place_case(session, case_id, stage="received", reply_state="delivered")
    door.track(code)
    page = door.mine()
    assert "已经答复，请看下面" in page
    assert "已经收到，工作人员正在核对" not in page


def test_a_page_that_is_not_there_leads_back_into_the_portal_of_its_office(door: Door) -> None:
    lost = door.http.get(f"{door.root}/nowhere")
    assert lost.status_code == 404
    assert f'href="{door.root}/"' in lost.text
    nobody = door.http.get("/p/nobody-here/nowhere")
    assert nobody.status_code == 404
    assert "回到首页" not in nobody.text


def test_wrong_digits_ten_times_lock_the_code_with_a_clear_message(door: Door) -> None:
    code = door.submit()
    pages = [door.track(code, "0000") for _ in range(10)]
    unknown = door.track("ZZZZZ-ZZZZZ", "0000")
    assert {page.status_code for page in (*pages, unknown)} == {403}
    hide = re.compile(r'value="[^"]*"')
    assert hide.sub("", pages[0].text) == hide.sub("", unknown.text)
    locked = door.track(code)
    assert locked.status_code == 429
    assert "十五分钟" in locked.text
    fresh = Door(door.desk)
    assert fresh.track(fresh.submit("13800139444"), "9444").status_code == 303


def test_nobody_rates_or_adds_for_another_or_without_a_code(door: Door) -> None:
    mine, theirs = door.submit(), door.submit("13800138888")
    door.track(mine)
    stranger = Door(door.desk)
    for path, form in (("add", {"body": "冒充"}), ("rate", {"solved": 1}), ("reopen", {})):
        answer = stranger.send(f"/mine/{path}", "/track", **form)
        assert answer.location == f"{door.root}/track?done=ended", path
    stranger.track(theirs, "8888")
    stranger.send("/mine/add", "/mine", body="我是另一位。")
    assert "我是另一位" not in door.mine()
    assert "我是另一位" in stranger.mine()
    with door.session() as session:
        assert session.scalar(text("select count(*) from linked_messages")) == 1
        assert session.scalar(text("select count(*) from ratings")) == 0


def test_a_visit_to_one_office_opens_nothing_in_another(door: Door, office: Any) -> None:
    door.track(door.submit())
    with door.desk.tools.database.session(office("county")) as session:
        code = session.scalar(text("select code from tenants where id = current_tenant()"))
    assert door.http.get(f"/p/{code}/mine").location == f"/p/{code}/track?done=ended"
    assert door.http.get(door.root + "/mine").status_code == 200


def test_public_matters_are_listed_shown_and_co_signed(door: Door, office: Any) -> None:
    door.submit()
    number = door.close()
    assert "还没有公开的答复" in door.http.get(door.root + "/matters").text
    with door.session() as session:
        matter = publish(session, door.desk.tools, OFFICER, number, "枣园路3号院电梯停运")
    page = door.http.get(door.root + "/matters").text
    assert "枣园路3号院电梯停运" in page
    assert "孙建国" not in page
    at = f"/matters/{matter.id}"
    part = door.send("/similar", "/write", subject="枣园路3号院电梯坏了")
    assert at in part.text
    asked = door.send("/write", "/write", subject="枣园路3号院电梯坏了", step=1, go="next")
    assert "是不是同一件事" in asked.text
    wrong = door.send(f"{at}/cosign", at, name="周小川", phone="110", body="<i>我家</i>")
    assert wrong.status_code == 422
    assert "&lt;i&gt;我家" in wrong.text
    signed = door.send(f"{at}/cosign", at, name="周小川", phone="13800138222")
    assert re.search(r"data-code>\w{5}-\w{5}<", signed.text)
    with door.desk.tools.database.session(office("county")) as session:
        code = session.scalar(text("select code from tenants where id = current_tenant()"))
    foreign = door.http.get(f"/p/{code}{at}")
    absent = door.http.get(f"/p/{code}/matters/{uuid.UUID(int=1)}")
    unnamed = foreign.text.replace(str(matter.id), "ID")
    assert unnamed == absent.text.replace(str(uuid.UUID(int=1)), "ID")
    assert foreign.status_code == 404


def test_a_closed_portal_and_an_office_that_is_none_are_not_there(door: Door) -> None:
    absent = door.http.get("/p/999999/")
    assert absent.status_code == 404
    assert "没有这一页" in absent.text
    assert "去登录" not in absent.text, "no way from the portal to the desk"
    with door.session() as session:
        set_portal(session, door.desk.tools, OFFICER, {"open": False})
    closed = door.http.get(door.root + "/")
    assert (closed.status_code, closed.text) == (404, absent.text)
    assert door.http.get("/queue/nowhere").status_code == 404


def test_the_offices_own_name_and_colour_stand_on_its_pages(door: Door) -> None:
    with door.session() as session:
        changes = {"name": "枣园网上受理", "contact": "0311-12345", "accent": "#8a1c1c"}
        set_portal(session, door.desk.tools, OFFICER, changes)
    page = door.http.get(door.root + "/").text
    assert "枣园网上受理" in page
    assert "0311-12345" in page
    style = door.http.get(door.root + "/look.css")
    assert "--accent:#8a1c1c;--accent-ink:#ffffff" in style.text
    assert style.mimetype == "text/css"


def test_every_page_has_its_headers_switch_and_no_memory(door: Door) -> None:
    for path in ("/", "/write", "/track", "/matters", "/nowhere"):
        check_page(door.http.get(door.root + path))


def check_page(page: Any) -> None:
    assert page.headers["Cache-Control"] == "no-store"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "<style" not in page.text
    assert not re.search(r"\son\w+=|style=|<script(?! src)", page.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)
    if page.status_code == 200:
        body = page.text.index("<header")
        assert page.text.index("大字") < page.text.index("brand-mark")
        assert page.text.index("高对比") > body


def test_the_switch_is_kept_and_leads_back_to_this_portal_only(door: Door) -> None:
    at = f"{door.root}/track"
    kept = door.send("/look", "/track", look="contrast:high", next=at)
    assert (kept.status_code, kept.location) == (303, at)
    assert 'data-contrast="high"' in door.http.get(at).text
    for wish in ("https://evil.example/", "//evil.example", f"{door.root}/\\evil", "/queue", ""):
        assert door.send("/look", "/track", look="size:big", next=wish).location == f"{door.root}/"
    english = door.send("/look", "/track", language="en", next=at)
    assert english.status_code == 303
    assert "Look up your matter" in door.http.get(at).text


def test_a_form_of_another_site_is_refused(door: Door) -> None:
    door.track(door.submit())
    token = _TOKEN.search(door.http.get(door.root + "/track").text)
    assert token
    mine = {"csrf_token": token.group(1)}
    tricks: list[dict[str, Any]] = [
        {"data": {"body": "x"}},
        {"data": {"csrf_token": token.group(1)[::-1]}},
        {"data": mine, "headers": {"Origin": "https://evil.example"}},
    ]
    for path in ("/write", "/track", "/mine/add", "/mine/rate", "/mine/leave", "/look", "/similar"):
        for trick in tricks:
            assert door.http.post(door.root + path, **trick).status_code == 400, path
        assert door.http.post(door.root + path, data=mine).status_code != 400, path
