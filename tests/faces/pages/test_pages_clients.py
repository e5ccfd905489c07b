"""The pages about machines: two people, a secret shown once, and taking access back."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from minsheng.accounts.errors import ClientRefused
from minsheng.accounts.scopes import SCOPES
from minsheng.accounts.service import ask_client, check_client
from minsheng.audit import Actor
from minsheng.faces.web.client_lines import scope_words

PAGES = "/admin/clients"
FORM = {"name": "12345 热线平台", "scope": "messages:write"}


@pytest.fixture
def system(desk: Any) -> Any:
    """The desk with a system administrator at it."""
    desk.log_in("system_admin")
    return desk


def switch(desk: Any, role: str) -> None:
    """Have a person of another role log in at the same browser."""
    desk.http.post("/logout", data={"csrf_token": desk.token(PAGES)})
    desk.log_in(role)


def words(answer: TestResponse) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def ask(desk: Any, **more: str) -> tuple[str, str]:
    """Ask for a machine by the form; its id and secret as the page shows them."""
    answer = desk.send(f"{PAGES}/new", of=f"{PAGES}/new", **FORM | more)
    assert answer.status_code == 200, words(answer)
    client_id, secret = re.findall(r'<output class="secret-line">([^<]+)</output>', answer.text)
    return client_id, secret


def comes_in(desk: Any, client_id: str, secret: str) -> bool:
    try:
        with desk.tools.database.session(desk.tenant_id) as session:
            check_client(session, desk.tools, client_id, secret, "192.0.2.1")
    except ClientRefused:
        return False
    return True


def do(desk: Any, client_id: str, verb: str, **form: str) -> TestResponse:
    address = f"{PAGES}/{client_id}"
    return desk.http.post(
        f"{address}/{verb}", data=form | {"csrf_token": desk.token(address)}, follow_redirects=True
    )


def test_one_person_asks_and_another_agrees(system: Any) -> None:
    client_id, secret = ask(system)
    assert "安全管理员批准后才能用" in words(system.http.get(f"{PAGES}/{client_id}"))
    assert not comes_in(system, client_id, secret)
    switch(system, "security_admin")
    assert "待批准" in words(system.http.get(PAGES))
    answer = do(system, client_id, "decide", answer="grant")
    assert "已批准，对方现在可以进来。" in words(answer)
    assert comes_in(system, client_id, secret)


def test_a_refusal_keeps_the_machine_out_for_good(system: Any) -> None:
    client_id, secret = ask(system)
    switch(system, "security_admin")
    assert "已记下：不批准" in words(do(system, client_id, "decide", answer="refuse"))
    assert "情况已经变了" in words(do(system, client_id, "decide", answer="grant"))
    assert not comes_in(system, client_id, secret)


def test_a_decision_without_an_answer_decides_nothing(system: Any) -> None:
    client_id, _secret = ask(system)
    switch(system, "security_admin")
    for said in ({}, {"answer": "perhaps"}):
        do(system, client_id, "decide", **said)
        assert "待批准" in words(system.http.get(f"{PAGES}/{client_id}"))


def test_who_asked_sees_no_button_and_is_refused_at_the_form(desk: Any) -> None:
    desk.log_in("security_admin")
    asker = Actor("user", "security_admin", "127.0.0.1")
    with desk.tools.database.session(desk.tenant_id) as session:
        made = ask_client(session, desk.tools, asker, "自己的", ["cases:read"])
    page = desk.http.get(f"{PAGES}/{made.client_id}")
    assert "这是您提请的，要由另一个人批准。" in words(page)
    assert 'value="grant"' not in page.text
    answer = do(desk, made.client_id, "decide", answer="grant")
    assert "自己提请的，要由另一个人批准。" in words(answer)
    assert not comes_in(desk, made.client_id, made.secret)


def test_each_of_the_two_has_only_its_own_half(system: Any) -> None:
    client_id, _secret = ask(system)
    token = {"csrf_token": system.token(PAGES)}
    decided = system.http.post(f"{PAGES}/{client_id}/decide", data=token | {"answer": "grant"})
    assert decided.status_code == 403
    switch(system, "security_admin")
    token = {"csrf_token": system.token(PAGES)}
    for verb in ("rotate", "drop-previous", "narrow", "revoke", "off"):
        assert system.http.post(f"{PAGES}/{client_id}/{verb}", data=token).status_code == 403
    assert system.http.post(f"{PAGES}/new", data=token | FORM).status_code == 403
    assert system.http.get(f"{PAGES}/new").status_code == 403
    assert f"{PAGES}/new" not in system.http.get(PAGES).text


@pytest.mark.parametrize("role", ["liaison", "leader", "audit_admin"])
def test_nobody_else_sees_machines(desk: Any, role: str) -> None:
    desk.log_in(role)
    assert desk.http.get(PAGES).status_code == 403


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": ""}, "请填写名称"),
        ({"name": "名" * 51}, "请填写名称"),
        ({"scope": ""}, "请至少勾选一项权限"),
        ({"scope": "all"}, "请至少勾选一项权限"),
    ],
)
def test_a_form_that_cannot_be_used_says_what_to_change(
    system: Any, form: dict[str, str], said: str
) -> None:
    answer = system.send(f"{PAGES}/new", of=f"{PAGES}/new", **FORM | form)
    assert answer.status_code == 422
    assert said in words(answer)
    assert "还没有接口账号" in words(system.http.get(PAGES))


def test_a_name_is_given_once(system: Any) -> None:
    ask(system)
    answer = system.send(f"{PAGES}/new", of=f"{PAGES}/new", **FORM)
    assert answer.status_code == 422
    assert "本单位已有这个名称的接口账号" in words(answer)


def test_a_secret_is_shown_once_and_a_new_one_leaves_the_old_for_a_week(system: Any) -> None:
    client_id, old = ask(system)
    switch(system, "security_admin")
    do(system, client_id, "decide", answer="grant")
    system.http.post("/logout", data={"csrf_token": system.token(PAGES)})
    system.send("/login", office=system.code, username="system_admin",
                password="lao-shi-de-kou-ling-9")  # fmt: skip
    for path in (PAGES, f"{PAGES}/{client_id}"):
        assert old not in system.http.get(path).text
    answer = do(system, client_id, "rotate")
    assert answer.headers["Cache-Control"] == "no-store"
    new = re.findall(r'<output class="secret-line">([^<]+)</output>', answer.text)[1]
    assert comes_in(system, client_id, old)
    assert comes_in(system, client_id, new)
    page = words(system.http.get(f"{PAGES}/{client_id}"))
    assert "有效到" in page
    assert "对方还在用旧密钥" not in page
    system.tools.clock.move(timedelta(minutes=1))
    assert comes_in(system, client_id, old)
    assert "对方还在用旧密钥" in words(system.http.get(f"{PAGES}/{client_id}"))
    assert "旧密钥已作废。" in words(do(system, client_id, "drop-previous"))
    assert not comes_in(system, client_id, old)
    assert comes_in(system, client_id, new)


def test_access_is_narrowed_called_back_and_ended(system: Any) -> None:
    form = system.token(f"{PAGES}/new")
    two = {"name": "平台", "scope": ["cases:read", "messages:write"], "csrf_token": form}
    answer = system.http.post(f"{PAGES}/new", data=two)
    client_id = re.findall(r'<output class="secret-line">([^<]+)</output>', answer.text)[0]
    assert "没有改动" in words(do(system, client_id, "narrow", scope="tenants:write"))
    assert "权限已减少" in words(do(system, client_id, "narrow", scope="cases:read"))
    page = words(system.http.get(f"{PAGES}/{client_id}"))
    assert scope_words("cases:read") in page
    assert scope_words("messages:write") not in page
    assert "已发的令牌全部作废" in words(do(system, client_id, "revoke"))
    assert "已永久停用" in words(do(system, client_id, "off"))
    assert "已经停用，不能再启用" in words(system.http.get(f"{PAGES}/{client_id}"))
    token = {"csrf_token": system.token(PAGES)}
    for verb in ("rotate", "drop-previous", "narrow"):
        gone = system.http.post(f"{PAGES}/{client_id}/{verb}", data=token)
        assert gone.headers["Location"].endswith("done=already")


def test_another_offices_machine_is_not_found(system: Any, office: Any) -> None:
    other = office()
    with system.tools.database.session(other) as session:
        theirs = ask_client(session, system.tools, Actor("user", "x"), "别人的", ["cases:read"])
    assert "别人的" not in system.http.get(PAGES).text
    token = {"csrf_token": system.token(PAGES)}
    assert system.http.get(f"{PAGES}/{theirs.client_id}").status_code == 404
    for verb in ("rotate", "drop-previous", "narrow", "revoke", "off"):
        answer = system.http.post(f"{PAGES}/{theirs.client_id}/{verb}", data=token)
        assert answer.status_code == 404


def test_every_scope_is_said_in_the_words_of_the_desk(system: Any) -> None:
    page = system.http.get(f"{PAGES}/new").text
    for scope in SCOPES:
        assert f'value="{scope}"' in page
        found = re.search(rf'value="{scope}"[^>]*><span>([^<]+) <code', page)
        assert found, scope
        assert any("一" <= sign <= "鿿" for sign in found.group(1)), scope


def test_a_name_is_text_on_every_page(system: Any) -> None:
    client_id, _secret = ask(system, name="<b onclick=x>&")
    for path in (PAGES, f"{PAGES}/{client_id}"):
        text = system.http.get(path).text
        assert "<b onclick" not in text
        assert "&lt;b onclick=x&gt;&amp;" in text


def test_the_pages_speak_english(system: Any) -> None:
    client_id, _secret = ask(system, name="Hub")
    for path in (PAGES, f"{PAGES}/new", f"{PAGES}/{client_id}"):
        main = system.http.get(path, headers={"Accept-Language": "en"}).text
        main = main.partition('<main class="page"')[2].partition("</main>")[0]
        assert main
        chinese = [sign for sign in re.sub(r"<[^>]+>", "", main) if "一" <= sign <= "鿿"]
        assert chinese == [], path
