"""Opening a body's first administrator on the pages of its superior, by two people."""

import re
from typing import Any

import pytest
from sqlalchemy import text

_SECRET = re.compile(r'<output class="secret-word">([^<]+)</output>')


@pytest.fixture
def city(desk: Any, office: Any) -> tuple[Any, str]:
    """The desk of a city, and the code of a county below it."""
    desk.tenant_id = office("city")
    below = office("county", below=desk.tenant_id)
    with desk.tools.database.owner_session() as session:
        said = text("select id, code from tenants where id in (:own, :below)")
        rows = session.execute(said, {"own": desk.tenant_id, "below": below}).all()
    codes = {row.id: row.code for row in rows}
    desk.code = codes[desk.tenant_id]
    return desk, codes[below]


def switch(desk: Any, role: str) -> None:
    desk.http = desk.app.test_client()
    desk.log_in(role)


def ask(desk: Any, code: str, **changed: str) -> Any:
    said = {"role": "system_admin", "username": "zhang.san", "name": "张三", **changed}
    path = f"/admin/bodies/{code}/open"
    return desk.send(path, of="/admin/bodies" if code == "nowhere" else path, **said)


def test_two_people_open_an_account_that_comes_in_with_the_password(city: Any) -> None:
    desk, code = city
    desk.log_in("system_admin")
    assert "系统管理员未开" in desk.http.get("/admin/bodies").text
    asked = ask(desk, code)
    [password] = _SECRET.findall(asked.text)
    page = desk.http.get("/admin/bodies").text
    assert "系统管理员待批" in page
    assert "批准开户" not in page, "who asks does not decide"
    assert password not in page
    switch(desk, "security_admin")
    page = desk.http.get("/admin/bodies").text
    [path] = re.findall(r'action="(/admin/bodies/openings/[^"]+)"', page)
    done = desk.send(path, of="/admin/bodies", answer="grant")
    page = desk.http.get(done.location).text
    assert "账号已开" in page
    assert "系统管理员已开" in page
    again = desk.send(path, of="/admin/bodies", answer="grant")
    assert "情况已经变了" in desk.http.get(again.location).text
    desk.http, desk.code = desk.app.test_client(), code
    answer = desk.send("/login", office=code, username="zhang.san", password=password)
    assert answer.status_code == 303


def test_what_cannot_be_opened_is_refused_in_words(city: Any, office: Any) -> None:
    desk, code = city
    desk.log_in("system_admin")
    for changed, words in (
        ({"role": "leader"}, "请选三员中的一个"),
        ({"username": "Zhang San"}, "小写字母"),
        ({"name": ""}, "请填写姓名"),
    ):
        answer = ask(desk, code, **changed)
        assert answer.status_code == 422
        assert words in answer.text
    ask(desk, code)
    assert "已有一项在等待审批" in ask(desk, code, username="li.si").text
    assert desk.http.get("/admin/bodies/nowhere/open").status_code == 404
    assert desk.http.get("/admin/bodies/100101/open").status_code == 404


def test_asking_and_deciding_are_two_roles(city: Any) -> None:
    desk, code = city
    absent = "/admin/bodies/openings/018f0000-0000-7000-8000-000000000000"
    desk.log_in("system_admin")
    assert desk.send(absent, of="/admin/bodies", answer="grant").status_code == 403
    switch(desk, "security_admin")
    assert desk.http.get(f"/admin/bodies/{code}/open").status_code == 403
    assert ask_without_form(desk, code).status_code == 403
    switch(desk, "liaison")
    assert desk.http.get("/admin/bodies").status_code == 403


def ask_without_form(desk: Any, code: str) -> Any:
    return desk.send(f"/admin/bodies/{code}/open", of="/admin/bodies", role="system_admin")
