"""No form is obeyed that did not come from a page of ours, in this browser, in this session."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

HOME = "http://localhost"
TRICKS: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "no token": lambda _own, _other: {"data": {"x": "1"}},
    "empty token": lambda _own, _other: {"data": {"csrf_token": ""}},
    "token turned round": lambda own, _other: {"data": {"csrf_token": own[::-1]}},
    "token of another session": lambda _own, other: {"data": {"csrf_token": other}},
    "token in the address": lambda own, _other: {"query_string": {"csrf_token": own}},
    "token in a cookie only": lambda own, _other: {"headers": {"Cookie": f"csrf_token={own}"}},
    "token as plain text": lambda own, _other: {
        "data": f"csrf_token={own}",
        "content_type": "text/plain",
    },
    "token as JSON": lambda own, _other: {"json": {"csrf_token": own}},
    "foreign origin": lambda own, _other: _from(own, Origin="https://evil.example"),
    "origin null": lambda own, _other: _from(own, Origin="null"),
    "own host by another scheme": lambda own, _other: _from(own, Origin="https://localhost"),
    "own host by another port": lambda own, _other: _from(own, Origin=f"{HOME}:8080"),
    "own host as a prefix": lambda own, _other: _from(own, Origin=f"{HOME}.evil.example"),
    "two origins": lambda own, _other: _from(own, Origin=f"{HOME} https://evil.example"),
    "cross-site": lambda own, _other: _from(own, **{"Sec-Fetch-Site": "cross-site"}),
    "same-site": lambda own, _other: _from(own, **{"Sec-Fetch-Site": "same-site"}),
    "cross-site that claims our origin": lambda own, _other: _from(
        own, Origin=HOME, **{"Sec-Fetch-Site": "cross-site"}
    ),
}
COUNTED = ("login_sessions", "audit_entries", "case_events", "findings", "work", "messages")


def _from(token: str, **headers: str) -> dict[str, Any]:
    return {"data": {"csrf_token": token}, "headers": headers}


def standing(stage: Any) -> list[Any]:
    """A digest of what forms change in the office."""
    said = "select count(*), coalesce(md5(string_agg(t::text, '' order by t::text)), '') from {} t"
    with stage.process.tools.database.owner_session() as session:
        return [
            session.execute(text(f"{said.format(table)} where tenant_id = {stage.tenant_id}")).one()
            for table in COUNTED
        ]


def test_rel_a5_no_form_that_is_not_ours_is_obeyed(
    stage: Any, page_forms: Any, scaled: Callable[[int, int], int]
) -> None:
    """At reduced counts each trick is tried on every third form, each form by every third trick."""
    mine, theirs = stage.browser(), stage.browser()
    before, obeyed = standing(stage), []
    step = 3 // scaled(3, 1)
    for turn, (trick, forge) in enumerate(TRICKS.items()):
        for method, rule in page_forms[turn % step :: step]:
            form = forge(mine.form_token, theirs.form_token)
            answer = mine.http.open(stage.path(rule), method=method, **form)
            if answer.status_code != 400:
                obeyed.append(f"{trick}: {method} {rule.rule} {answer.status}")
    assert obeyed == []
    assert standing(stage) == before
    assert mine.http.get("/queue").status_code == 200


def test_rel_a5_a_form_of_ours_gets_past_the_gate_so_the_attack_could_have_worked(
    stage: Any, page_forms: Any
) -> None:
    assert len(page_forms) >= 11
    for method, rule in page_forms:
        mine, nobody = stage.browser(), stage.app.test_client()
        for origin in ({}, {"Origin": HOME, "Sec-Fetch-Site": "same-origin"}):
            tries = [(mine.http, mine.form_token), (nobody, form_of(nobody))]
            answers = [
                http.open(stage.path(rule), method=method, **_from(token, **origin)).status_code
                for http, token in tries
            ]
            # Before a login a form bears the token of its browser, afterwards that of its session.
            assert set(answers) != {400}, f"{method} {rule.rule}"


def form_of(http: FlaskClient, **how: Any) -> str:
    """The token of the login form that a browser without a session was given."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', http.get("/login", **how).text)
    assert found
    return found.group(1)


def test_rel_a5_before_a_login_forms_are_as_strict(app: Any) -> None:
    mine, theirs = app.test_client(), app.test_client()
    for path in ("/login", "/preferences"):
        for trick, forge in TRICKS.items():
            form = forge(form_of(mine), form_of(theirs))
            assert mine.post(path, **form).status_code == 400, f"{trick}: {path}"
        assert mine.post(path, data={"csrf_token": form_of(mine)}).status_code != 400


def test_rel_a5_a_browser_without_the_form_cookie_is_refused(app: Any) -> None:
    token = form_of(app.test_client())
    fresh = app.test_client()
    assert fresh.post("/login", data={"csrf_token": token}).status_code == 400


@pytest.mark.parametrize(
    ("origin", "obeyed"),
    [("https://desk.example", True), ("http://desk.example", False), ("", True)],
)
def test_rel_a5_behind_a_proxy_that_ends_tls_the_origin_is_the_pages_own(
    app: Any, monkeypatch: pytest.MonkeyPatch, origin: str, obeyed: bool
) -> None:
    monkeypatch.setitem(app.config, "SESSION_COOKIE_SECURE", True)
    # The browser speaks TLS to the proxy, so it sends Secure cookies; the proxy speaks HTTP to us.
    http = app.test_client(use_cookies=False)
    here = {"Host": "desk.example", "X-Forwarded-Proto": "https"}
    page = http.get("/login", headers=here)
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    sent = here | {"Cookie": cookie} | ({"Origin": origin} if origin else {})
    answer = http.post("/preferences", data={"csrf_token": token.group(1)}, headers=sent)
    assert (answer.status_code == 303) is obeyed


def test_rel_a5_a_machines_address_takes_no_session_for_a_token(stage: Any) -> None:
    mine = stage.browser()
    for rule in stage.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}):
            if rule.rule.startswith(("/api/", "/oauth/")):
                form = {"csrf_token": mine.form_token, "grant_type": "client_credentials"}
                for given in ({"data": form}, {"json": form}):
                    answer = mine.http.open(stage.path(rule), method=method, **given)
                    assert answer.status_code in {400, 401}, rule.rule


def test_rel_a5_plain_text_is_no_body_for_a_machine_either(stage: Any, api_of: Any) -> None:
    api = api_of(stage.tenant_id)
    message = '{"channel": "xin", "external_id": "x", "subject": "s", "body": "b", '
    message += '"received_at": "2026-11-19T09:00:00+08:00", "citizen": {"name": "甲"}}'
    before = standing(stage)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = api.post("/messages", data=message.encode(), content_type=kind)
        assert answer.status_code in {400, 415, 422}, kind
    assert standing(stage) == before
    taken = api.post("/messages", data=message.encode(), content_type="application/json")
    assert taken.status_code == 201
