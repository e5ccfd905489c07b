"""The portal's form: one question at a time, nothing lost, taken in once, without any script."""

import html
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

SAID = {
    "subject": "枣园路3号院电梯停运",
    "body": "枣园路3号院3号楼电梯停运九天，楼上老人无法下楼，请督促修复。",
    "region": "枣园路3号院",
    "name": "孙建国",
    "phone": "13800139001",
    "email": "",
}
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
_CODE = re.compile(r"data-code>([0-9A-Z]{5}-[0-9A-Z]{5})<")


class Citizen:
    """A browser without script: it fills the fields of the page at hand and presses a button."""

    def __init__(self, desk: Any) -> None:
        self.http: FlaskClient = desk.app.test_client()
        self.root = f"/p/{desk.code}"
        self.page: TestResponse = self.http.get(f"{self.root}/write")

    @property
    def hidden(self) -> dict[str, str]:
        return {name: html.unescape(value) for name, value in _HIDDEN.findall(self.page.text)}

    def press(self, go: str = "next", path: str = "/write", **typed: str) -> TestResponse:
        self.page = self.http.post(self.root + path, data=self.hidden | typed | {"go": go})
        return self.page

    def walk(self, **said: str) -> TestResponse:
        """All five questions, and the end."""
        told = SAID | said
        for names in (("subject",), ("body",), ("region",), ("name", "phone", "email")):
            self.press(**{name: told[name] for name in names})
        return self.press()


@pytest.fixture
def citizen(desk: Any) -> Citizen:
    return Citizen(desk)


def count(desk: Any, table: str = "messages") -> int:
    with desk.tools.database.session(desk.tenant_id) as session:
        return int(session.scalar(text(f"select count(*) from {table}")))


def code_on(page: TestResponse) -> str:
    found = _CODE.search(page.text)
    assert found, page.text
    return found.group(1)


def test_five_questions_lead_to_a_query_code(desk: Any, citizen: Citizen) -> None:
    for step, (name, title) in enumerate(
        [("subject", "您要反映什么事"), ("body", "请说说经过"), ("region", "在什么地方")], start=1
    ):
        assert title in citizen.page.text
        assert f"第 {step} 步，共 5 步" in citizen.page.text
        citizen.press(**{name: SAID[name]})
    citizen.press(name=SAID["name"], phone=SAID["phone"])
    for said in SAID.values():
        assert said in citizen.page.text
    sent = citizen.press()
    assert sent.status_code == 200
    assert "工作日内答复" in sent.text
    assert len(code_on(sent)) == 11
    assert count(desk) == 1


def test_a_form_sent_twice_or_again_after_going_back_is_one_message(
    desk: Any, citizen: Citizen
) -> None:
    citizen.walk()
    code = code_on(citizen.page)
    again = Citizen(desk)
    again.walk()
    assert code_on(again.page) != code, "a fresh form is another matter"
    citizen.page = citizen.http.get(f"{citizen.root}/write")
    first = citizen.hidden
    data = first | SAID | {"step": "5", "go": "next"}
    pages = [citizen.http.post(f"{citizen.root}/write", data=data) for _ in range(2)]
    changed = citizen.http.post(f"{citizen.root}/write", data=data | {"body": "改了再按一次。"})
    assert len({code_on(page) for page in (*pages, changed)}) == 1
    assert "先前已经收到" not in pages[0].text
    assert "先前已经收到" in changed.text
    assert count(desk) == 3


REFUSED = [
    (1, "subject", "字" * 34_000),
    (1, "subject", ""),
    (2, "body", ""),
    (2, "body", "长" * 10_001),
    (3, "region", "区" * 101),
    (4, "name", ""),
    (4, "phone", "110"),
    (4, "email", "no mail"),
]


def test_what_cannot_be_taken_comes_back_with_what_to_change(citizen: Citizen) -> None:
    fresh = citizen.hidden | SAID
    for step, field, value in REFUSED:
        data = fresh | {"step": str(step), field: value}
        page = citizen.http.post(f"{citizen.root}/write", data=data)
        assert page.status_code == 422, field
        assert 'role="alert"' in page.text
        assert f"第 {step} 步" in page.text
        for name, said in SAID.items():
            assert html.escape(value if name == field else said) in page.text, (field, name)
        fine = citizen.http.post(f"{citizen.root}/write", data=fresh | {"step": str(step)})
        assert fine.status_code == 200


def test_script_in_every_field_is_words(desk: Any, citizen: Citizen) -> None:
    script = "<script>alert(1)</script>\u202e🚧"
    for field in ("subject", "body", "region", "name"):
        fresh = Citizen(desk)
        data = fresh.hidden | SAID | {"step": "4", field: script}
        fresh.page = citizen.http.post(f"{citizen.root}/write", data=data)
        assert fresh.page.status_code == 400, "another browser's form"
        fresh.page = fresh.http.post(f"{citizen.root}/write", data=data)
        assert "<script>alert" not in fresh.page.text, field
        assert html.escape("<script>alert(1)</script>") in fresh.page.text, field
        assert code_on(fresh.press())
    assert count(desk) == 4


def test_a_form_whose_page_is_too_old_gives_the_words_back(desk: Any, citizen: Citizen) -> None:
    data = citizen.hidden | SAID | {"step": "5", "csrf_token": "old"}
    page = citizen.http.post(f"{citizen.root}/write", data=data)
    assert page.status_code == 400
    assert "您写的都在" in page.text
    assert SAID["body"] in page.text
    assert count(desk) == 0
    citizen.page = page
    assert code_on(citizen.press())
    assert count(desk) == 1


def test_big_type_in_the_middle_of_writing_loses_nothing(citizen: Citizen) -> None:
    citizen.press(subject=SAID["subject"])
    page = citizen.press(look="size:big", body="写到一半")
    assert 'data-size="big"' in page.text
    assert "写到一半" in page.text
    assert "第 2 步" in page.text
    assert 'data-size="big"' in citizen.http.get(citizen.root + "/").text


def test_back_keeps_what_was_said(citizen: Citizen) -> None:
    citizen.press(subject=SAID["subject"])
    citizen.press(body=SAID["body"])
    page = citizen.press("back")
    assert "第 2 步" in page.text
    assert SAID["body"] in page.text


def test_nothing_of_a_citizen_stands_in_an_address(desk: Any, citizen: Citizen) -> None:
    citizen.walk()
    links = re.findall(r'(?:href|action|src)="([^"]*)"', citizen.page.text)
    assert links
    own = code_on(citizen.page)
    for said in (own, SAID["phone"], SAID["name"]):
        assert not [link for link in links if said in link and not link.startswith("sms:")]


def test_too_many_forms_of_one_address_wait_with_their_words(desk: Any, citizen: Citizen) -> None:
    data = citizen.hidden | SAID | {"step": "5"}
    for _ in range(30):
        assert citizen.http.post(f"{citizen.root}/write", data=data).status_code == 200
    held = citizen.http.post(f"{citizen.root}/write", data=data)
    assert held.status_code == 429
    assert SAID["body"] in held.text
    assert "十五分钟" in held.text
