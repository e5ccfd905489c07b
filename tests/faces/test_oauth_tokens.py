"""Calling tokens back (RFC 7009) and asking about them (RFC 7662), on two processes."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from minsheng.accounts.service import (
    NewClient,
    ask_client,
    create_client,
    narrow_scopes,
    rotate_secret,
    turn_off_client,
)
from minsheng.audit import SYSTEM, Tools
from minsheng.faces.oauth import register_oauth, require_scope
from minsheng.faces.problems import register_problems
from minsheng.runtime.settings import Settings

GRANT = {"grant_type": "client_credentials"}
REVOKE, INTROSPECT = "/oauth/revoke", "/oauth/introspect"
SECOND = timedelta(seconds=1)


def serve(tools: Tools) -> FlaskClient:
    """A process of its own: an app with its own gate."""
    app = Flask("gate")
    register_oauth(app, tools, Settings.from_environ({}))
    register_problems(app)

    @app.get("/api/v1/cases")
    @require_scope("cases:read")
    def cases() -> Any:
        return "{}"

    return app.test_client()


@pytest.fixture
def http(tools: Tools) -> FlaskClient:
    return serve(tools)


@pytest.fixture
def elsewhere(tools: Tools) -> FlaskClient:
    """Another process of the same service."""
    return serve(tools)


@pytest.fixture
def client(tools: Tools, office: Callable[..., int]) -> NewClient:
    return make(tools, office())


def make(tools: Tools, tenant_id: int, name: str = "网关") -> NewClient:
    with tools.database.session(tenant_id) as session:
        return create_client(session, tools, SYSTEM, name, ["cases:read", "messages:write"])


def office_of(client: NewClient) -> int:
    return int(client.client_id.partition("-")[0])


def basic(client: NewClient) -> dict[str, str]:
    packed = base64.b64encode(f"{client.client_id}:{client.secret}".encode()).decode()
    return {"Authorization": f"Basic {packed}"}


def fetch(http: FlaskClient, client: NewClient) -> str:
    given: str = http.post("/oauth/token", data=GRANT, headers=basic(client)).json["access_token"]
    return given


def opens(http: FlaskClient, token: str) -> bool:
    answer = http.get("/api/v1/cases", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (200, 401)
    if answer.status_code == 401:
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    return bool(answer.status_code == 200)


def revoke(http: FlaskClient, client: NewClient, token: str, **more: str) -> Any:
    return http.post(REVOKE, data={"token": token, **more}, headers=basic(client))


def ask(http: FlaskClient, client: NewClient, token: str) -> Any:
    return http.post(INTROSPECT, data={"token": token}, headers=basic(client)).json


def test_a_revoked_token_is_dead_here_at_once_and_elsewhere_within_a_second(
    http: FlaskClient, elsewhere: FlaskClient, client: NewClient, tools: Any
) -> None:
    lost, kept = fetch(http, client), fetch(http, client)
    assert [opens(each, lost) for each in (http, elsewhere)] == [True, True]
    assert revoke(http, client, lost).status_code == 200
    assert not opens(http, lost)
    tools.clock.move(SECOND)
    assert not opens(elsewhere, lost)
    assert opens(http, kept)
    assert opens(elsewhere, kept)


def test_a_secret_in_the_form_revokes_as_one_in_the_header_does(
    http: FlaskClient, client: NewClient
) -> None:
    token = fetch(http, client)
    form = {"client_id": client.client_id, "client_secret": client.secret, "token": token}
    assert http.post(REVOKE, data=form | {"client_secret": "wrong"}).status_code == 401
    assert opens(http, token)
    assert http.post(REVOKE, data=form).status_code == 200
    assert not opens(http, token)


def test_an_unknown_foreign_ended_or_revoked_token_gets_the_answer_of_a_good_one(
    http: FlaskClient, client: NewClient, tools: Any, office: Callable[..., int]
) -> None:
    colleague, stranger = make(tools, office_of(client), "同事"), make(tools, office())
    theirs = [fetch(http, colleague), fetch(http, stranger)]
    old = fetch(http, client)
    tools.clock.move(timedelta(hours=1))
    again = fetch(http, client)
    theirs = [fetch(http, colleague), fetch(http, stranger)]
    answers = [revoke(http, client, each) for each in (again, again, old, "x", "a.b.c", *theirs)]
    assert {(each.status_code, each.text) for each in answers} == {(200, "{}")}
    assert [opens(http, each) for each in theirs] == [True, True]
    assert not opens(http, again)


def test_a_hint_is_passed_over_and_an_access_token_is_the_only_kind(
    http: FlaskClient, client: NewClient
) -> None:
    for hint in ("access_token", "refresh_token", "nonsense"):
        token = fetch(http, client)
        assert revoke(http, client, token, token_type_hint=hint).status_code == 200
        assert not opens(http, token)


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT])
def test_without_a_token_or_with_two_the_request_is_refused(
    http: FlaskClient, client: NewClient, path: str
) -> None:
    token = fetch(http, client)
    for form in ({}, {"token": ""}, {"token": [token, token]}, {"tokens": token}):
        answer = http.post(path, data=form, headers=basic(client))
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert http.post(f"{path}?token={token}", headers=basic(client)).status_code == 400
    assert http.get(path, headers=basic(client)).status_code == 405
    assert opens(http, token)


@pytest.mark.parametrize("path", [REVOKE, INTROSPECT])
def test_a_client_that_is_not_let_in_gets_one_answer_and_ends_nothing(
    http: FlaskClient, client: NewClient, tools: Tools, path: str
) -> None:
    token, tenant_id = fetch(http, client), office_of(client)
    off = make(tools, tenant_id, "停用")
    with tools.database.session(tenant_id) as session:
        turn_off_client(session, tools, SYSTEM, off.client_id)
        asked = ask_client(session, tools, SYSTEM, "待批", ["cases:read"])
    wrong = NewClient(client.client_id, "wrong")
    answers = [
        http.post(path, data={"token": token}, headers=basic(each))
        for each in (wrong, off, asked, NewClient("9-x", "y"))
    ]
    answers.append(http.post(path, data={"token": token}))
    answers.append(
        http.post(path, data={"token": token}, headers={"Authorization": f"Bearer {token}"})
    )
    assert {each.status_code for each in answers} == {401}
    assert {each.text for each in answers} == {answers[0].text}
    assert opens(http, token)


def test_plain_http_is_for_loopback_only_here_too(http: FlaskClient, client: NewClient) -> None:
    token = fetch(http, client)
    for path in (REVOKE, INTROSPECT):
        answer = http.post(
            path, data={"token": token}, headers=basic(client), base_url="http://desk.example"
        )
        assert answer.status_code == 400
        assert answer.json["error"] == "insecure_transport"
    assert opens(http, token)


def test_a_client_is_told_what_its_own_token_is_good_for(
    http: FlaskClient, client: NewClient, tools: Any
) -> None:
    now = int(tools.clock.now().timestamp())
    said = ask(http, client, fetch(http, client))
    assert len(said.pop("jti")) == 36
    assert said == {
        "active": True, "scope": "cases:read messages:write", "token_type": "Bearer",
        "client_id": client.client_id, "sub": client.client_id,
        "iss": "minsheng", "aud": "minsheng-api", "iat": now, "exp": now + 900,
    }  # fmt: skip


def test_of_any_other_token_nothing_is_told(
    http: FlaskClient, client: NewClient, tools: Any, office: Callable[..., int]
) -> None:
    gone = fetch(http, client)
    revoke(http, client, gone)
    colleague, stranger = make(tools, office_of(client), "同事"), make(tools, office())
    old = fetch(http, client)
    tools.clock.move(timedelta(hours=1))
    theirs = [fetch(http, colleague), fetch(http, stranger)]
    for each in (gone, old, "x", "a.b.c", *theirs):
        assert ask(http, client, each) == {"active": False}
    assert ask(http, colleague, theirs[0])["active"]


def test_a_scope_that_was_taken_away_is_told_as_gone(
    http: FlaskClient, client: NewClient, tools: Any
) -> None:
    token = fetch(http, client)
    with tools.database.session(office_of(client)) as session:
        narrow_scopes(session, tools, SYSTEM, client.client_id, {"messages:write"})
    tools.clock.move(SECOND)
    assert ask(http, client, token)["scope"] == "messages:write"
    answer = http.get("/api/v1/cases", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/scope-missing")


def test_a_client_that_is_asked_for_fetches_no_token(
    http: FlaskClient, client: NewClient, tools: Tools
) -> None:
    with tools.database.session(office_of(client)) as session:
        asked = ask_client(session, tools, SYSTEM, "待批", ["cases:read"])
    wanted, wrong = (
        http.post("/oauth/token", data=GRANT, headers=basic(each))
        for each in (asked, NewClient(client.client_id, "wrong"))
    )
    assert (wanted.status_code, wanted.text) == (401, wrong.text)


def test_both_secrets_fetch_tokens_after_a_rotation(
    http: FlaskClient, client: NewClient, tools: Tools
) -> None:
    with tools.database.session(office_of(client)) as session:
        new = rotate_secret(session, tools, SYSTEM, client.client_id, timedelta(days=7))
    assert opens(http, fetch(http, client))
    assert opens(http, fetch(http, new))


def test_asking_leaves_no_login_in_the_trail_and_revoking_one_entry(
    http: FlaskClient, client: NewClient, tools: Tools
) -> None:
    token = fetch(http, client)
    ask(http, client, token)
    revoke(http, client, token)
    revoke(http, client, "x")
    said = text(
        "select action, actor, origin from audit_entries"
        " where tenant_id = :id and action <> 'client.create' order by id"
    )
    with tools.database.owner_session() as session:
        rows = [tuple(row) for row in session.execute(said, {"id": office_of(client)})]
    actor = f"client:{client.client_id}"
    assert rows == [
        ("client.login", actor, "127.0.0.1"),
        ("token.revoke", actor, "127.0.0.1"),
    ]
