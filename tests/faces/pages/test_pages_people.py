"""Accounts and roles on the pages of the administrators: one asks, another decides."""

import re
from datetime import timedelta
from typing import Any

import pytest

from minsheng.accounts.people import find_username, turn_on_user
from minsheng.accounts.service import NewUser, ask_roles, plant_user
from minsheng.audit import SYSTEM

PASSWORD = "lao-shi-de-kou-ling-9"
LI = {"username": "li.si", "name": "李四", "unit": "信访科", "roles": "handler"}
_SECRET = re.compile(r'<output class="secret-word">([^<]+)</output>')


@pytest.fixture
def system(desk: Any) -> Any:
    """The desk with the system administrator logged in."""
    desk.log_in("system_admin")
    return desk


def plant(desk: Any, username: str, *roles: str, name: str = "李四") -> Any:
    with desk.tools.database.operator_session(desk.tenant_id) as session:
        return plant_user(session, desk.tools, SYSTEM, NewUser(username, name, roles, PASSWORD))


def find(desk: Any, username: str) -> Any:
    with desk.tools.database.session(desk.tenant_id) as session:
        return find_username(session, username)


def log_in_as(desk: Any, username: str, password: str = PASSWORD) -> Any:
    """Another browser, at the door with a password."""
    return desk.app.test_client(), {
        "office": desk.code, "username": username, "password": password,
    }  # fmt: skip


def enter(desk: Any, username: str, password: str = PASSWORD) -> Any:
    http, form = log_in_as(desk, username, password)
    token = re.search(r'name="csrf_token" value="([^"]+)"', http.get("/login").text)
    assert token
    answer = http.post("/login", data=form | {"csrf_token": token.group(1)})
    return http, answer


def switch(desk: Any, role: str) -> None:
    """Another person, in another browser, at the same desk."""
    desk.http = desk.app.test_client()
    desk.log_in(role)


def actions(desk: Any) -> list[str]:
    with desk.tools.database.owner_session() as session:
        rows = session.connection().exec_driver_sql(
            "select action from audit_entries where tenant_id = %s order by id", (desk.tenant_id,)
        )
        return [row.action for row in rows]


def test_an_administrator_begins_where_the_work_of_the_role_is(desk: Any) -> None:
    for role, path in (
        ("system_admin", "/admin/users"),
        ("security_admin", "/admin/roles"),
        ("audit_admin", "/admin/audit"),
    ):
        switch(desk, role)
        assert desk.http.get("/").location == path
        assert desk.http.get(path).status_code == 200
        assert desk.http.get("/queue").status_code == 403


def test_a_new_account_shows_its_password_once_and_waits_for_its_role(system: Any) -> None:
    made = system.send("/admin/new-user", of="/admin/new-user", **LI)
    assert made.status_code == 200
    [password] = _SECRET.findall(made.text)
    assert password not in system.http.get("/admin/users/li.si").text
    user = find(system, "li.si")
    assert (user.roles, user.name, user.unit) == ([], "李四", "信访科")
    assert user.initial_until is not None
    assert "待批：经办人" in system.http.get("/admin/users").text
    _http, answer = enter(system, "li.si", password)
    assert answer.status_code == 303
    assert answer.location != "/queue", "the initial password is to be changed first"


REFUSED = (
    ({"username": "Li Si"}, "小写字母"),
    ({"username": "system_admin"}, "本单位已有这个账号"),
    ({"name": " "}, "请填写姓名"),
    ({"unit": "科" * 51}, "科室名称最多"),
    ({"expires": "2020-01-01"}, "不早于今天"),
    ({"expires": "明年"}, "不早于今天"),
    ({"roles": "king"}, "三员只能单独有一个"),
)


def test_what_cannot_be_an_account_is_refused_in_words_and_kept_in_the_form(system: Any) -> None:
    for changed, words in REFUSED:
        answer = system.send("/admin/new-user", of="/admin/new-user", **LI | changed)
        assert answer.status_code == 422, changed
        assert words in answer.text
        assert not _SECRET.search(answer.text)
        assert 'value="信访科"' in answer.text or "unit" in changed
    assert "li.si" not in system.http.get("/admin/users").text


def test_an_account_is_found_by_name_user_name_unit_role_and_state(system: Any) -> None:
    plant(system, "zhao.liu", "leader", name="赵六")
    system.send("/admin/new-user", of="/admin/new-user", **LI)
    for query, here, gone in (
        ("q=赵", "zhao.liu", "li.si"),
        ("q=LI.S", "li.si", "zhao.liu"),
        ("q=信访", "li.si", "zhao.liu"),
        ("q=_", "system_admin", "zhao.liu"),
        ("role=leader", "zhao.liu", "li.si"),
        ("state=waiting", "li.si", "zhao.liu"),
        ("state=active", "zhao.liu", "nobody"),
    ):
        page = system.http.get(f"/admin/users?{query}").text
        assert f"/admin/users/{here}" in page, query
        assert f"/admin/users/{gone}" not in page, query
    assert "没有这样的账号" in system.http.get("/admin/users?q=%25").text
    assert system.http.get("/admin/users?state=gone").status_code == 422


def test_a_long_list_is_paged_without_gap_or_repeat(system: Any) -> None:
    with system.tools.database.operator_session(system.tenant_id) as session:
        for number in range(60):
            new = NewUser(f"u{number:03d}", "某人", ())
            plant_user(session, system.tools, SYSTEM, new)
    first = system.http.get("/admin/users").text
    following = re.search(r'href="([^"]*cursor=[^"]*)"', first)
    assert following
    second = system.http.get(following.group(1).replace("&amp;", "&")).text
    listed = [re.findall(r"/admin/users/(u\d{3})", page) for page in (first, second)]
    numbers = sorted({*listed[0], *listed[1]})
    assert numbers == [f"u{number:03d}" for number in range(60)]
    assert not {*listed[0]} & {*listed[1]}


def test_a_person_turned_off_is_out_at_the_next_click_and_comes_back_when_turned_on(
    system: Any,
) -> None:
    plant(system, "li.si", "handler")
    http, _answer = enter(system, "li.si")
    assert http.get("/queue").status_code == 200
    done = system.send("/admin/users/li.si/off", of="/admin/users/li.si")
    assert "所有登录都已结束" in system.http.get(done.location).text
    assert http.get("/queue").location.startswith("/login")
    assert enter(system, "li.si")[1].status_code == 401
    system.send("/admin/users/li.si/on", of="/admin/users/li.si")
    assert enter(system, "li.si")[1].status_code == 303
    assert http.get("/queue").status_code == 303, "the old session stays dead"
    assert {"user.turn_off", "user.turn_on"} <= {*actions(system)}


def test_nobody_turns_off_their_own_account(system: Any) -> None:
    done = system.send("/admin/users/system_admin/off", of="/admin/users/system_admin")
    assert "不能停用自己的账号" in system.http.get(done.location).text
    assert find(system, "system_admin").status == "active"


def test_the_last_day_is_the_whole_day_and_may_be_taken_away(system: Any) -> None:
    plant(system, "li.si", "handler")
    page = "/admin/users/li.si"
    system.send(f"{page}/expiry", of=page, expires="2026-11-20")
    until = find(system, "li.si").expires_at
    assert until.isoformat() == "2026-11-20T16:00:00+00:00"
    assert "2026-11-20" in system.http.get(page).text
    wrong = system.send(f"{page}/expiry", of=page, expires="2026-11-19")
    assert "没有保存" in system.http.get(wrong.location).text
    assert find(system, "li.si").expires_at == until
    system.tools.clock.move(timedelta(hours=13))
    assert enter(system, "li.si")[1].status_code == 401
    system.http = enter(system, "system_admin")[0]
    assert "已到期" in system.http.get("/admin/users?state=expired").text
    system.send(f"{page}/expiry", of=page, expires="")
    assert find(system, "li.si").expires_at is None


def test_a_new_initial_password_ends_the_logins_and_the_old_one(system: Any) -> None:
    plant(system, "li.si", "handler")
    http, _answer = enter(system, "li.si")
    shown = system.send("/admin/users/li.si/password", of="/admin/users/li.si")
    [password] = _SECRET.findall(shown.text)
    assert http.get("/queue").location.startswith("/login")
    assert enter(system, "li.si")[1].status_code == 401
    assert enter(system, "li.si", password)[1].status_code == 303


def test_rel_a4_who_checks_the_system_administrator_gets_no_new_password_from_him(
    system: Any,
) -> None:
    for role in ("security_admin", "audit_admin"):
        name = role.replace("_", ".")
        before = plant(system, name, role).password_hash
        for act in ("password", "factor"):
            done = system.send(f"/admin/users/{name}/{act}", of=f"/admin/users/{name}")
            assert done.status_code == 303
            assert "不能由系统管理员重设" in system.http.get(done.location).text
        assert find(system, name).password_hash == before


def test_roles_are_asked_for_by_one_and_granted_by_another(desk: Any) -> None:
    plant(desk, "li.si", "handler")
    http, _answer = enter(desk, "li.si")
    assert http.get("/quarantine").status_code == 403
    switch(desk, "system_admin")
    page = "/admin/users/li.si"
    desk.send(f"{page}/roles", of=page, roles="liaison")
    assert http.get("/quarantine").status_code == 403
    assert desk.http.get("/admin/roles").status_code == 403
    switch(desk, "security_admin")
    waiting = desk.http.get("/admin/roles").text
    [change] = re.findall(r'name="change" value="([^"]+)"', waiting)
    assert "<s>经办人</s>" in waiting
    assert "联络员" in waiting
    done = desk.send("/admin/roles", of="/admin/roles", change=change, answer="grant")
    page = desk.http.get(done.location).text
    assert "没有等待审批的角色" in page
    assert "已批准" in page
    assert http.get("/quarantine").status_code == 200, "at once, in the running session"
    assert find(desk, "li.si").roles == ["liaison"]


def test_many_role_changes_are_refused_at_once_and_a_decided_one_changes_nothing(
    desk: Any,
) -> None:
    users = [plant(desk, f"li.{number}", "handler") for number in range(3)]
    with desk.tools.database.session(desk.tenant_id) as session:
        changes = [
            str(ask_roles(session, desk.tools, SYSTEM, user.id, ["leader"]).id) for user in users
        ]
    desk.log_in("security_admin")
    form = {"change": changes, "answer": "refuse", "csrf_token": desk.token("/admin/roles")}
    assert desk.http.post("/admin/roles", data=form).location == "/admin/roles?done=roles_refused"
    again = desk.http.post("/admin/roles", data=form | {"answer": "grant"})
    assert again.location == "/admin/roles?done=already"
    assert [find(desk, user.username).roles for user in users] == [["handler"]] * 3
    nothing = desk.http.post("/admin/roles", data=form | {"change": "x"})
    assert nothing.location == "/admin/roles?done=none_chosen"


def test_rel_a4_what_one_asked_for_oneself_stands_there_with_the_reason_and_is_not_decidable(
    desk: Any,
) -> None:
    desk.log_in("security_admin")
    me, user = find(desk, "security_admin"), plant(desk, "li.si", "handler")
    with desk.tools.database.session(desk.tenant_id) as session:
        mine = ask_roles(session, desk.tools, SYSTEM, user.id, ["leader"], me.id)
        about_me = ask_roles(session, desk.tools, SYSTEM, me.id, ["leader"])
    page = desk.http.get("/admin/roles").text
    assert "这是您提出的" in page
    assert "这是您自己的角色" in page
    assert 'name="change"' not in page
    for change in (mine, about_me):
        done = desk.send("/admin/roles", of="/admin/roles", change=str(change.id), answer="grant")
        assert done.location == "/admin/roles?done=own_decision"
    assert find(desk, "li.si").roles == ["handler"]


def test_rel_a4_asking_for_ones_own_roles_is_refused(system: Any) -> None:
    page = "/admin/users/system_admin"
    done = system.send(f"{page}/roles", of=page, roles="security_admin")
    assert "自己的角色要由别人提请" in system.http.get(done.location).text
    assert "role.ask" not in actions(system)


def test_reading_accounts_is_not_changing_them(desk: Any) -> None:
    plant(desk, "li.si", "handler")
    desk.log_in("security_admin")
    page = desk.http.get("/admin/users/li.si").text
    assert "立即停用" not in page
    for act in ("off", "on", "expiry", "password", "factor", "roles"):
        answer = desk.send(f"/admin/users/li.si/{act}", of="/admin/users/li.si")
        assert answer.status_code == 403, act
    assert desk.http.get("/admin/new-user").status_code == 403
    assert desk.http.get("/admin/imports").status_code == 403


def test_another_offices_person_is_as_absent_as_one_that_never_was(
    system: Any, office: Any
) -> None:
    other = office("county")
    with system.tools.database.operator_session(other) as session:
        user = plant_user(session, system.tools, SYSTEM, NewUser("wai.ren", "外人", ("leader",)))
    for name in ("wai.ren", "nobody", "-"):
        assert system.http.get(f"/admin/users/{name}").status_code == 404
        assert system.send(f"/admin/users/{name}/off", of="/admin/users").status_code in (400, 404)
    with system.tools.database.session(other) as session:
        assert turn_on_user(session, system.tools, SYSTEM, user.id).status == "active"
