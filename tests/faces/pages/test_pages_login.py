"""Coming in and going out, and what stops somebody who may not."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.faces.web.login import local_path

PASSWORD = "lao-shi-de-kou-ling-9"


def test_a_person_logs_in_by_office_name_and_password_and_lands_on_the_queue(desk: Any) -> None:
    desk.add_user("liaison")
    answer = desk.send("/login", office=desk.code, username="liaison", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/")
    assert desk.http.get("/").location == "/queue"
    assert "还没有诉求" in desk.http.get("/queue").text


@pytest.mark.parametrize("wrong", ["office", "username", "password"])
def test_whatever_is_wrong_the_refusal_is_the_same_and_keeps_no_password(
    desk: Any, wrong: str
) -> None:
    desk.add_user("liaison")
    form = {"office": desk.code, "username": "liaison", "password": PASSWORD} | {wrong: "nobody"}
    answer = desk.send("/login", **form)
    assert answer.status_code == 401
    assert "单位代码、账号或口令不对" in answer.text
    assert PASSWORD not in answer.text
    assert desk.http.get("/queue").status_code == 303


def test_an_administrator_begins_at_the_accounts_and_reads_no_case(desk: Any) -> None:
    desk.log_in("system_admin")
    assert desk.http.get("/").location == "/admin/users"
    refused = desk.http.get("/queue")
    assert refused.status_code == 403
    assert "您的账号不能做这件事" in refused.text


def test_logging_out_ends_the_session_on_the_server_too(desk: Any) -> None:
    desk.log_in()
    stolen = desk.http.get_cookie("minsheng").value
    assert desk.send("/logout", of="/queue").location == "/login?done=left"
    desk.http.set_cookie("minsheng", stolen)
    assert desk.http.get("/queue").location == "/login?next=/queue"


def test_a_session_nobody_uses_ends_and_a_page_that_asks_by_itself_does_not_keep_it(
    desk: Any, clock: Any
) -> None:
    desk.log_in()
    for _ in range(4):
        clock.move(timedelta(minutes=9))
        live = desk.http.get("/queue", headers={"HX-Request": "true"})
    assert live.status_code == 401
    assert desk.http.get("/queue").status_code == 303


def test_after_the_login_one_goes_on_where_one_wanted_to(desk: Any) -> None:
    asked = desk.http.get("/queue?view=review")
    assert asked.location == "/login?next=/queue?view%3Dreview"
    desk.add_user("liaison")
    form = {"office": desk.code, "username": "liaison", "password": PASSWORD}
    assert desk.send("/login", **form, next="/queue?view=review").location == "/queue?view=review"


@pytest.mark.parametrize(
    "trick", ["//evil.example", "/\\evil.example", "https://evil.example", "\\\\evil", "", "/\n/x"]
)
def test_no_link_sends_people_to_another_host_after_the_login(page_app: Any, trick: str) -> None:
    with page_app.test_request_context():
        assert local_path(trick) == "/"
        assert (
            local_path("/cases/130129-20261120-00001?x=//y") == "/cases/130129-20261120-00001?x=//y"
        )


def test_another_offices_session_cookie_opens_that_office_only(desk: Any, office: Any) -> None:
    desk.take_in_heating()
    number = desk.take_in("mailbox", "另一件", "幼儿园门口缺少减速带，接送孩子很危险，请装上。", "")
    desk.log_in()
    assert desk.http.get(f"/cases/{number}").status_code == 200
    other = office("county")
    with desk.tools.database.session(other) as session:
        code = session.scalar(text("select code from tenants where id = :id"), {"id": other})
    desk.tenant_id, desk.code, desk.http = other, code, desk.app.test_client()
    desk.log_in()
    absent = desk.http.get(f"/cases/{number[:-1]}9").text
    assert desk.http.get(f"/cases/{number}").status_code == 404
    assert "没有这一页" in absent


def test_language_and_brightness_are_kept_and_nothing_else_is_taken(desk: Any) -> None:
    chosen = desk.send("/preferences", language="en", theme="dark", next="/login")
    assert chosen.location == "/login"
    page = desk.http.get("/login").text
    assert '<html lang="en" data-theme="dark">' in page
    assert "Log in" in page
    desk.send("/preferences", language="<b>", theme="pink", next="//evil.example")
    assert '<html lang="en" data-theme="dark">' in desk.http.get("/login").text
    asked = desk.app.test_client().get("/login", headers={"Accept-Language": "en-GB,en;q=0.8"})
    assert '<html lang="en"' in asked.text
