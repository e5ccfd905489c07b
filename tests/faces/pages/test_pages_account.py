"""The steps of a login after the password, and one's own account, with a second factor asked."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from html import unescape
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import text
from werkzeug.test import TestResponse

from minsheng.accounts.service import (
    NewUser,
    ask_roles,
    create_user,
    decide_roles,
    open_session,
    plant_user,
    turn_off_user,
)
from minsheng.audit import SYSTEM, Tools, make_tools
from minsheng.faces.app import create_app
from minsheng.faces.process import Process
from minsheng.intake.host import PluginHost, PluginRegistry
from minsheng.runtime.bell import Bell
from minsheng.runtime.database import Database
from minsheng.runtime.settings import SettingRefused, Settings

PASSWORD = "lao-shi-de-kou-ling-9"
CHOSEN = "shan-chong-shui-fu-7"
_FIELD = r'name="{name}" value="([^"]*)"'


def make_app(tools: Tools, **more: str) -> Iterator[Flask]:
    given = {f"MINSHENG_{name}": value for name, value in more.items()}
    settings = Settings.from_environ({"MINSHENG_TESTING": "1"} | given)
    bell = Bell(Redis(port=1), {}, 30)
    process = Process(settings, tools, bell, PluginRegistry.load(), PluginHost())
    yield create_app(process)
    process.host.close()


@pytest.fixture(scope="module")
def lasting_tools(shared_database: Database, master: Any, running_clock: Any) -> Tools:
    return make_tools(shared_database, master, running_clock)


@pytest.fixture(scope="module")
def app(lasting_tools: Tools) -> Iterator[Flask]:
    """The application as it comes: everybody needs a second factor."""
    yield from make_app(lasting_tools)


@pytest.fixture(scope="module")
def elsewhere(lasting_tools: Tools, logins: Any) -> Iterator[Flask]:
    """Another application on the same database, with connections of its own."""
    away = Database(logins.app, logins.worker)
    yield from make_app(replace(lasting_tools, database=away))
    away.dispose()


@dataclass
class Person:
    """A person of an office with a browser and perhaps an authenticator app."""

    tools: Tools
    tenant_id: int
    office: str
    http: FlaskClient
    username: str = "wang"
    secret: str = ""

    def send(self, path: str, of: str, **form: str) -> TestResponse:
        """Submit a form of the page ``of``, with the hidden fields that it has."""
        page = self.http.get(of).text
        hidden = {
            name: unescape(found.group(1))
            for name in ("csrf_token", "sealed", "next")
            if (found := re.search(_FIELD.format(name=name), page))
        }
        return self.http.post(path, data=hidden | form)

    def log_in(self, password: str = PASSWORD, **more: str) -> TestResponse:
        form = {"office": self.office, "username": self.username, "password": password}
        return self.send("/login", "/login", **form, **more)

    def code(self, steps: int = 0) -> str:
        totp = pyotp.TOTP(self.secret)
        return totp.generate_otp(totp.timecode(self.tools.clock.now()) + steps)

    def enrol(self, of: str = "/login/enrol", **proof: str) -> TestResponse:
        """Scan the code of a page and type what the app shows."""
        page = self.http.get(of).text
        found = re.search(r'<code class="typed-key">([A-Z2-7 ]+)</code>', page)
        assert found, page
        self.secret = found.group(1).replace(" ", "")
        sealed, csrf = (
            unescape(re.search(_FIELD.format(name=name), page).group(1))  # type: ignore[union-attr]
            for name in ("sealed", "csrf_token")
        )
        form = {"sealed": sealed, "csrf_token": csrf, "code": self.code(), **proof}
        answer = self.http.post(of, data=form)
        self.tools.clock.move(timedelta(minutes=1))
        return answer

    def come_in(self) -> list[str]:
        """Log in for the first time and set up the factor; the recovery codes."""
        self.log_in()
        return re.findall(r"<code>([0-9A-Z]{5}-[0-9A-Z]{5})</code>", self.enrol().text)

    def again(self) -> "Person":
        """The same person at another browser."""
        other = self.http.application.test_client()
        return Person(self.tools, self.tenant_id, self.office, other, self.username, self.secret)

    def is_in(self) -> bool:
        return self.http.get("/queue").status_code == 200

    def token(self) -> str:
        return str(self.http.get_cookie("minsheng").value)  # type: ignore[union-attr]

    def user_id(self) -> Any:
        with self.tools.database.session(self.tenant_id) as session:
            said = text("select id from users where username = :name")
            return session.scalar(said, {"name": self.username})


@pytest.fixture
def person(tools: Tools, app: Flask, office: Callable[..., int]) -> Person:
    """A liaison of a fresh county."""
    return new_person(tools, app, office("county"))


def new_person(tools: Tools, app: Flask, tenant_id: int) -> Person:
    with tools.database.operator_session(tenant_id) as session:
        plant_user(session, tools, SYSTEM, NewUser("wang", "王秀英", ("liaison",), PASSWORD))
        code = session.scalar(text("select code from tenants where id = :id"), {"id": tenant_id})
    return Person(tools, tenant_id, str(code), app.test_client())


def test_the_first_login_sets_up_a_factor_and_shows_ten_recovery_codes_once(
    person: Person,
) -> None:
    answer = person.log_in(next="/channels")
    assert answer.location == "/login/code?next=/channels"
    assert person.http.get(answer.location).location == "/login/enrol?next=/channels"
    assert not person.is_in()
    shown = person.enrol("/login/enrol?next=/channels")
    codes = re.findall(r"<code>([0-9A-Z]{5}-[0-9A-Z]{5})</code>", shown.text)
    assert len(set(codes)) == 10
    assert 'href="/"' in shown.text or 'href="/channels"' in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert person.is_in()
    assert person.http.get("/login/enrol").status_code == 303


def test_the_picture_is_in_the_page_and_no_address_and_no_script(person: Person) -> None:
    person.log_in()
    page = person.http.get("/login/enrol")
    assert page.text.count('src="data:image/svg+xml') == 1
    assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]
    assert "otpauth" not in page.text


def test_the_next_login_asks_for_a_code_and_goes_on_where_one_wanted_to(person: Person) -> None:
    person.come_in()
    second = person.again()
    assert second.log_in(next="/channels").location == "/login/code?next=/channels"
    assert second.http.get("/login").location == "/login/code?next=/"
    wrong = second.send("/login/code", "/login/code", code="abc")
    assert wrong.status_code == 401
    assert "验证码不对" in wrong.text
    assert not second.is_in()
    right = second.send("/login/code", "/login/code?next=/channels", code=second.code())
    assert right.location == "/channels"
    assert second.is_in()


def test_a_recovery_code_comes_in_once(person: Person) -> None:
    codes = person.come_in()
    for browser, status in ((person.again(), 303), (person.again(), 401)):
        browser.log_in()
        assert browser.send("/login/code", "/login/code", code=codes[0]).status_code == status


def test_rel_a2_five_wrong_codes_lead_back_to_the_login(person: Person) -> None:
    person.come_in()
    guesser = person.again()
    guesser.log_in()
    for _ in range(4):
        assert guesser.send("/login/code", "/login/code", code="abcdef").status_code == 401
    last = guesser.send("/login/code", "/login/code", code="abcdef")
    assert last.location == "/login?done=too_many"
    assert guesser.http.get_cookie("minsheng") is None
    assert "这次登录已经结束" in guesser.http.get(last.location).text
    assert not guesser.is_in()
    assert person.is_in()


def test_no_page_opens_to_a_login_half_done(person: Person) -> None:
    person.log_in()
    for path in ("/queue", "/account", "/account/factor", "/channels", "/review"):
        assert person.http.get(path).location.startswith("/login?next="), path
    answer = person.send("/account/sessions/end-others", "/login/enrol")
    assert answer.status_code == 401
    assert person.http.get("/").location == "/login"


def test_rel_a2_a_token_known_before_a_step_is_worth_nothing_after_it(person: Person) -> None:
    person.http.set_cookie("minsheng", f"{person.tenant_id}.{'a' * 43}")
    person.log_in()
    planted = person.token()
    person.enrol()
    risen = person.token()
    assert len({f"{person.tenant_id}.{'a' * 43}", planted, risen}) == 3
    for known in (f"{person.tenant_id}.{'a' * 43}", planted):
        thief = person.again()
        thief.http.set_cookie("minsheng", known)
        assert not thief.is_in()
        assert thief.http.get("/login/code").location.startswith("/login?next=")
    assert person.is_in()


def test_a_new_login_ends_the_session_that_the_browser_held(person: Person) -> None:
    person.come_in()
    old = person.token()
    fresh = person.again()
    fresh.http.set_cookie("minsheng", old)
    page = person.again()
    page.http.set_cookie("minsheng", old)
    assert page.is_in()
    token = re.search(_FIELD.format(name="csrf_token"), fresh.again().http.get("/login").text)
    assert token
    # The login page sends on whoever is in; a form kept open in another window still works.
    fresh.http.set_cookie("minsheng_form", "formtoken")
    form = {"office": person.office, "username": "wang", "password": PASSWORD}
    assert fresh.http.post("/login", data=form | {"csrf_token": "formtoken"}).status_code == 303
    assert not page.is_in()


def test_one_begins_anew_from_a_step_by_logging_out(person: Person) -> None:
    person.log_in()
    half = person.token()
    assert person.send("/logout", "/login/enrol").location == "/login?done=left"
    person.http.set_cookie("minsheng", half)
    assert person.http.get("/login/enrol").location.startswith("/login?next=")


def test_a_given_password_must_be_changed_before_anything_else(person: Person) -> None:
    with person.tools.database.session(person.tenant_id) as session:
        new = NewUser("xin", "新来的", (), PASSWORD, initial=True)
        create_user(session, person.tools, SYSTEM, new)
    newcomer = person.again()
    newcomer.username = "xin"
    assert newcomer.log_in(next="/channels").location == "/login/password?next=/channels"
    given = newcomer.token()
    page = "/login/password?next=/channels"
    for password, again in ((CHOSEN, "another-one-77"), (PASSWORD, PASSWORD), ("short", "short")):
        form = {"password": password, "again": again}
        assert newcomer.send("/login/password", page, **form).status_code == 422
    assert newcomer.http.get("/login/enrol").location.startswith("/login?next=")
    done = newcomer.send("/login/password", page, password=CHOSEN, again=CHOSEN)
    assert done.location == "/login/code?next=/channels"
    assert newcomer.token() != given
    newcomer.enrol()
    assert newcomer.http.get("/account").status_code == 200
    late = newcomer.again()
    assert late.log_in(PASSWORD).status_code == 401
    assert late.log_in(CHOSEN).status_code == 303


def test_a_given_password_that_ran_out_is_refused_in_the_same_words(person: Person) -> None:
    with person.tools.database.session(person.tenant_id) as session:
        new = NewUser("xin", "新来的", (), PASSWORD, initial=True)
        create_user(session, person.tools, SYSTEM, new)
    person.tools.clock.move(timedelta(days=14))
    said = {}
    for name in ("xin", "nobody"):
        newcomer = person.again()
        newcomer.username = name
        answer = newcomer.log_in()
        said[name] = answer.status_code, re.sub(r'value="[^"]*"', "", answer.text)
    assert said["xin"] == said["nobody"]
    assert said["xin"][0] == 401


def test_ones_own_account_shows_who_one_is_and_where_one_is_logged_in(person: Person) -> None:
    person.come_in()
    second = person.again()
    second.log_in()
    second.send("/login/code", "/login/code", code=second.code())
    page = person.http.get("/account").text
    for said in ("王秀英", "wang", "测试单位county", "联络员", "127.0.0.1", "本次登录", "已设置"):
        assert said in page, said
    assert page.count('/end"') == 1
    assert 'href="/account"' in person.http.get("/queue").text


def test_another_browsers_session_is_ended_from_ones_own_account(person: Person) -> None:
    person.come_in()
    for way in ("one", "all"):
        second = person.again()
        second.log_in()
        second.send("/login/code", "/login/code", code=second.code())
        person.tools.clock.move(timedelta(minutes=1))
        assert second.is_in()
        page = person.http.get("/account").text
        (end,) = re.findall(r'action="(/account/sessions/[0-9a-f-]{36}/end)"', page)
        path = end if way == "one" else "/account/sessions/end-others"
        assert person.send(path, "/account").location == "/account?done=session_ended"
        assert not second.is_in()
        assert person.is_in()


def test_a_password_is_changed_for_the_old_one_and_other_browsers_are_out(
    person: Person,
) -> None:
    person.come_in()
    second = person.again()
    second.log_in()
    second.send("/login/code", "/login/code", code=second.code())
    token = person.token()
    form = {"old": PASSWORD, "password": CHOSEN, "again": CHOSEN}
    for wrong in ({"old": "wrong"}, {"again": "other"}, {"password": "short", "again": "short"}):
        answer = person.send("/account/password", "/account", **(form | wrong))
        assert answer.status_code == 422
        assert CHOSEN not in answer.text
    assert second.is_in()
    done = person.send("/account/password", "/account", **form)
    assert done.location == "/account?done=password"
    assert person.is_in()
    assert person.token() != token
    assert not second.is_in()
    assert person.again().log_in(PASSWORD).status_code == 401
    assert person.again().log_in(CHOSEN).status_code == 303


def test_a_stolen_session_is_no_place_to_guess_the_password(person: Person) -> None:
    person.come_in()
    form = {"old": "wrong", "password": CHOSEN, "again": CHOSEN}
    for _ in range(4):
        assert person.send("/account/password", "/account", **form).status_code == 422
    assert person.send("/account/password", "/account", **form).location == "/login?done=too_many"
    assert not person.is_in()


def test_a_new_phone_needs_a_code_of_the_old_one(person: Person) -> None:
    codes = person.come_in()
    old = person.secret
    assert person.enrol("/account/factor", proof="").status_code == 422
    assert person.enrol("/account/factor", proof="abcdef").status_code == 422
    person.secret = old
    done = person.enrol("/account/factor", proof=codes[0])
    assert done.status_code == 200
    renewed = person.again()
    renewed.log_in()
    old_phone = renewed.again()
    old_phone.secret = old
    old_phone.log_in()
    answer = old_phone.send("/login/code", "/login/code", code=old_phone.code())
    assert answer.status_code == 401
    assert renewed.send("/login/code", "/login/code", code=renewed.code()).status_code == 303
    spent = person.again()
    spent.log_in()
    assert spent.send("/login/code", "/login/code", code=codes[1]).status_code == 401


def test_new_recovery_codes_need_a_code_and_void_the_old_ones(person: Person) -> None:
    old = person.come_in()
    refused = person.send("/account/recovery-codes", "/account", code="abcdef")
    assert refused.status_code == 422
    shown = person.send("/account/recovery-codes", "/account", code=person.code())
    new = re.findall(r"<code>([0-9A-Z]{5}-[0-9A-Z]{5})</code>", shown.text)
    assert len(set(new) - set(old)) == 10
    for code, status in ((old[0], 401), (new[0], 303)):
        browser = person.again()
        browser.log_in()
        assert browser.send("/login/code", "/login/code", code=code).status_code == status


@pytest.fixture
def offered(tools: Tools, page_app: Flask, office: Callable[..., int]) -> Person:
    """A person of a service that offers the second factor and asks for none."""
    return new_person(tools, page_app, office("county"))


def test_where_the_factor_is_offered_one_comes_in_without_and_may_set_it_up(
    offered: Person,
) -> None:
    assert offered.log_in().location == "/"
    assert offered.is_in()
    assert "未设置" in offered.http.get("/account").text
    assert offered.enrol("/account/factor", proof="wrong").status_code == 422
    assert offered.again().log_in().location == "/"
    assert offered.enrol("/account/factor", proof=PASSWORD).status_code == 200
    assert offered.again().log_in().location == "/login/code?next=/"


def test_a_person_who_comes_by_a_provider_has_no_password_or_factor_here(
    offered: Person,
) -> None:
    with offered.tools.database.operator_session(offered.tenant_id) as session:
        new = NewUser("lai", "来自外面", ("liaison",))
        user = plant_user(session, offered.tools, SYSTEM, new)
    with offered.tools.database.session(offered.tenant_id) as session:
        token = open_session(session, offered.tools, user, "127.0.0.1")
    offered.http.set_cookie("minsheng", token)
    page = offered.http.get("/account").text
    assert "来自外面" in page
    assert "原口令" not in page
    assert "二次验证" not in page
    assert offered.http.get("/account/factor").location == "/account"
    for path in ("/account/factor", "/account/recovery-codes"):
        assert offered.send(path, "/account", code="123456").location == "/account"


def test_the_setting_says_required_or_offered_and_nothing_else(tools: Tools) -> None:
    with pytest.raises(SettingRefused):
        next(make_app(tools, SECOND_FACTOR="no"))


Ending = Callable[[Person, Person], None]


def log_out(person: Person, _admin: Person) -> None:
    person.again()
    person.send("/logout", "/account")


def turn_off(person: Person, _admin: Person) -> None:
    with person.tools.database.session(person.tenant_id) as session:
        turn_off_user(session, person.tools, SYSTEM, person.user_id())


def change(person: Person, _admin: Person) -> None:
    form = {"old": PASSWORD, "password": CHOSEN, "again": CHOSEN}
    assert person.send("/account/password", "/account", **form).status_code == 303


def expire(person: Person, _admin: Person) -> None:
    with person.tools.database.owner_session() as session:
        said = text("update users set expires_at = :at where tenant_id = :id")
        session.execute(said, {"at": person.tools.clock.now(), "id": person.tenant_id})


def wait(person: Person, _admin: Person) -> None:
    person.tools.clock.move(timedelta(minutes=30))


def cut_role(person: Person, admin: Person) -> None:
    with person.tools.database.session(person.tenant_id) as session:
        asked = ask_roles(session, person.tools, SYSTEM, person.user_id(), [])
        decide_roles(session, person.tools, SYSTEM, admin.user_id(), asked.id, granted=True)


@pytest.mark.parametrize(
    ("ending", "status"),
    [(log_out, 303), (turn_off, 303), (change, 303), (expire, 303), (wait, 303), (cut_role, 403)],
)
def test_rel_a2_what_ends_a_session_ends_it_in_another_process_at_its_next_request(
    person: Person, elsewhere: Flask, ending: Ending, status: int
) -> None:
    """Two applications on one database, each with connections of its own."""
    person.come_in()
    with person.tools.database.operator_session(person.tenant_id) as session:
        new = NewUser("an", "安全员", ("security_admin",), PASSWORD)
        plant_user(session, person.tools, SYSTEM, new)
    admin = person.again()
    admin.username = "an"
    there = elsewhere.test_client()
    there.set_cookie("minsheng", person.token())
    assert there.get("/queue").status_code == 200
    ending(person, admin)
    assert there.get("/queue").status_code == status


def test_rel_p4_with_the_store_away_nobody_comes_in(person: Person, master: Any) -> None:
    person.come_in()
    away = Database("postgresql+psycopg://x@127.0.0.1:1/x")
    tools = type(person.tools)(
        away, person.tools.clock, person.tools.keyring, person.tools.auditor, person.tools.master
    )
    for app in make_app(tools):
        nowhere = person.again()
        nowhere.http = app.test_client()
        answer = nowhere.log_in()
        assert answer.status_code == 503
        assert "暂时不能服务" in answer.text
        assert answer.headers["Retry-After"] == "10"
        assert nowhere.http.get_cookie("minsheng") is None
        nowhere.http.set_cookie("minsheng", person.token())
        assert nowhere.http.get("/queue").status_code == 503
        assert nowhere.http.get("/api/v1/cases").status_code == 401
    away.dispose()
    assert person.is_in()


def test_rel_a2_a_known_and_an_unknown_user_are_refused_alike(person: Person) -> None:
    """In status, headers and body, save what was typed and the numbers of the request."""
    said = []
    for username in ("wang", "nobody"):
        guesser = person.again()
        guesser.username = username
        guesser.http.set_cookie("minsheng_form", "formtoken")
        answer = guesser.log_in("wrong password")
        body = answer.text.replace(f'value="{username}"', "")
        headers = sorted(
            (name, value) for name, value in answer.headers if name not in ("X-Request-ID",)
        )
        same = [(n, v) for n, v in headers if n != "Content-Length"]
        said.append((answer.status_code, body, same))
    assert said[0] == said[1]
    assert said[0][0] == 401
