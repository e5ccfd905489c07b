"""The pages about providers: the ways in on the login page, and looking after them."""

import re
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.accounts.service import open_session
from minsheng.faces.web.cookies import session_cookie

GOOD = {
    "name": "省统一认证", "code": "sheng", "issuer": "https://id.example.gov.cn/realms/x",
    "scopes": "openid profile", "client_id": "minsheng", "client_secret": "geheim-4711",
}  # fmt: skip


@pytest.fixture
def bare(new_office: Any) -> Any:
    """An office without a provider, a system administrator at the browser."""
    made = new_office()
    made.add_user("clerk")
    log_in(made, made.add_user("admin", "system_admin"))
    return made


def log_in(office: Any, user: Any) -> None:
    with office.tools.database.session(office.tenant_id) as session:
        token = open_session(session, office.tools, user, "127.0.0.1")
    with office.app.test_request_context():
        office.http.set_cookie(session_cookie(), token)


def send(office: Any, path: str, of: str = "/admin/providers", **form: str) -> Any:
    """Submit a form of the page ``of``."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', office.http.get(of).text)
    assert found
    return office.http.post(path, data=form | {"csrf_token": found.group(1)})


def names_on_login_page(office: Any, code: str) -> list[str]:
    page = office.browser().get("/login", query_string={"office": code}).text
    return re.findall(r'href="/login/with/[^"]+">.*?</svg>([^<]+)</a>', page)


def test_the_login_page_shows_the_providers_of_the_office_that_was_chosen(
    county: Any, new_office: Any
) -> None:
    assert names_on_login_page(county, county.code) == ["统一认证sheng"]
    assert names_on_login_page(county, "") == []
    with county.tools.database.session(county.tenant_id) as session:
        session.execute(text("update login_providers set state = 'off'"))
    assert names_on_login_page(county, county.code) == []


def test_an_unknown_office_and_one_without_providers_show_the_same_page(
    county: Any, new_office: Any
) -> None:
    pages = [
        re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text).replace(code, "X")
        for code in (new_office().code, "999999")
        for answer in [county.browser().get("/login", query_string={"office": code})]
    ]
    assert pages[0] == pages[1]
    assert "没有可用的统一登录" in pages[0]


def test_a_wish_for_a_page_goes_along_to_the_provider(county: Any) -> None:
    query = {"office": county.code, "next": "/queue?view=review"}
    page = county.browser().get("/login", query_string=query).text
    assert f"/login/with/{county.code}/sheng?next=/queue?view%3Dreview" in page


def test_an_administrator_adds_a_provider_and_sees_what_to_register(bare: Any) -> None:
    assert "还没有登录方式" in bare.http.get("/admin/providers").text
    answer = send(bare, "/admin/providers", **GOOD)
    assert answer.location == "/admin/providers/sheng?done=provider_added"
    page = bare.http.get(answer.location).text
    assert f"http://localhost/login/return/{bare.code}/sheng" in page
    assert "geheim-4711" not in page
    assert bare.audit("provider.add") == [GOOD["issuer"]]
    (row,) = bare.rows("select client_secret from login_providers")
    assert b"geheim" not in bytes(row.client_secret)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("code", "Sheng!", "代码用小写字母"),
        ("name", "", "请写名称"),
        ("issuer", "http://id.example.gov.cn", "颁发者要写完整的安全网址"),
        ("issuer", "https://id.example.gov.cn?x=1", "颁发者要写完整的安全网址"),
        ("issuer", "https://a:b@id.example.gov.cn", "颁发者要写完整的安全网址"),
        ("issuer", "https://id.example.gov.cn#x", "颁发者要写完整的安全网址"),
        ("client_id", "", "请写对方给的客户端编号"),
        ("client_secret", "密钥", "请照对方给的原样粘贴"),
        ("scopes", "profile", "必须有 openid"),
    ],
)
def test_what_is_wrong_with_a_provider_is_said_beside_its_field(
    bare: Any, field: str, value: str, words: str
) -> None:
    answer = send(bare, "/admin/providers", **(GOOD | {field: value}))
    assert answer.status_code == 422
    assert words in answer.text
    assert GOOD["client_secret"] not in answer.text
    assert bare.rows("select id from login_providers") == []


def test_a_code_is_taken_once(bare: Any) -> None:
    send(bare, "/admin/providers", **GOOD)
    answer = send(bare, "/admin/providers", **GOOD)
    assert answer.status_code == 422
    assert "已经用了" in answer.text


def test_the_issuer_of_a_provider_never_changes_and_an_empty_secret_keeps_the_old(
    bare: Any,
) -> None:
    send(bare, "/admin/providers", **GOOD)
    (before,) = bare.rows("select client_secret from login_providers")
    changed = GOOD | {"name": "新名", "issuer": "https://evil.example", "client_secret": ""}
    answer = send(bare, "/admin/providers/sheng", **changed)
    assert answer.location.endswith("done=provider_changed")
    (after,) = bare.rows("select issuer, name, client_secret from login_providers")
    assert (after.issuer, after.name) == (GOOD["issuer"], "新名")
    assert after.client_secret == before.client_secret
    send(bare, "/admin/providers/sheng", **(GOOD | {"client_secret": "another"}))
    (last,) = bare.rows("select client_secret from login_providers")
    assert last.client_secret != before.client_secret
    assert bare.audit("provider.change") == ["ok", "ok: new secret"]


def test_a_provider_is_switched_off_and_on_again(bare: Any) -> None:
    send(bare, "/admin/providers", **GOOD)
    send(bare, "/admin/providers/sheng/off")
    assert names_on_login_page(bare, bare.code) == []
    send(bare, "/admin/providers/sheng/on")
    assert names_on_login_page(bare, bare.code) == ["省统一认证"]
    assert bare.audit("provider.turn_off") == bare.audit("provider.turn_on") == ["ok"]


def test_who_came_without_being_linked_is_linked_from_the_list(
    bare: Any, stand_in: Any, answer_with: Any
) -> None:
    bare.add_provider(stand_in)
    visitor = bare.browser()
    trip = bare.depart(http=visitor)
    answer_with(stand_in, stand_in.signed(trip.claims(sub="zhang-san")))
    (code,) = re.findall(r">([A-Z2-7]{4}-[A-Z2-7]{4})<", trip.come_back().text)
    page = bare.http.get("/admin/providers/sheng").text
    assert code in page
    form = {"username": "clerk", "subject": "zhang-san"}
    answer = send(bare, "/admin/providers/sheng/link", **form)
    assert answer.location.endswith("done=identity_linked")
    assert bare.audit("identity.link") == [f"ok: {code}"]
    assert "来过、还没关联的" not in bare.http.get("/admin/providers/sheng").text
    trip = bare.depart(http=visitor)
    answer_with(stand_in, stand_in.signed(trip.claims(sub="zhang-san")))
    assert trip.come_back().status_code == 303
    assert bare.is_in(visitor)

    (row,) = bare.rows("select id from user_identities")
    send(bare, f"/admin/providers/sheng/unlink/{row.id}")
    assert not bare.is_in(visitor)
    assert bare.rows("select id from user_identities") == []
    assert send(bare, f"/admin/providers/sheng/unlink/{row.id}").status_code == 404


@pytest.mark.parametrize(
    ("username", "subject", "words"),
    [
        ("nobody", "x", "没有这个账号"),
        ("admin", "x", "管理员的账号不能在这里关联"),
        ("clerk", "", "身份标识要照对方给的原样填写"),
        ("clerk", "李四", "身份标识要照对方给的原样填写"),
        ("clerk", "taken", "已经关联了账号"),
    ],
)
def test_a_link_that_cannot_be_made_says_why(
    bare: Any, stand_in: Any, username: str, subject: str, words: str
) -> None:
    bare.add_provider(stand_in)
    bare.link(bare.add_user("first"), "taken")
    form = {"username": username, "subject": subject}
    answer = send(bare, "/admin/providers/sheng/link", **form)
    assert answer.status_code == 422
    assert words in answer.text
    assert len(bare.rows("select id from user_identities")) == 1


def test_identities_that_nobody_links_are_few_and_go_after_thirty_days(
    county: Any, stand_in: Any, answer_with: Any
) -> None:
    with county.tools.database.session(county.tenant_id) as session:
        session.execute(text(
            "insert into unknown_identities select :id, gen_random_uuid(), p.id, 'old' || n,"
            " 'x', 1, :at - (n || ' minutes')::interval"
            " from login_providers p, generate_series(1, 80) n"
        ), {"id": county.tenant_id, "at": county.tools.clock.now()})  # fmt: skip
    trip = county.depart()
    answer_with(stand_in, stand_in.signed(trip.claims(sub="new")))
    trip.come_back()
    kept = [row.subject for row in county.rows("select subject from unknown_identities")]
    assert (len(kept), "new" in kept, "old1" in kept, "old60" in kept) == (50, True, True, False)


@pytest.mark.parametrize("path", ["/admin/providers", "/admin/providers/sheng"])
def test_only_a_system_administrator_opens_the_pages(county: Any, path: str) -> None:
    for role, status in (("security_admin", 403), ("liaison", 403), ("system_admin", 200)):
        log_in(county, county.add_user(role.replace("_", "-"), role))
        assert county.http.get(path).status_code == status, role
