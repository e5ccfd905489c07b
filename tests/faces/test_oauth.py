"""The token endpoint and the gate, through a small app of their own."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, g, jsonify
from flask.testing import FlaskClient
from sqlalchemy import text

from minsheng.accounts.service import NewClient, create_client, turn_off_client
from minsheng.audit import SYSTEM, Tools
from minsheng.faces.oauth import register_oauth, require_scope
from minsheng.faces.problems import register_problems
from minsheng.runtime.settings import Settings

GRANT = {"grant_type": "client_credentials"}


def make_app(tools: Tools) -> Flask:
    app = Flask("gate")
    register_oauth(app, tools, Settings.from_environ({"MINSHENG_TOKEN_SECONDS": "600"}))
    register_problems(app)

    @app.get("/api/v1/cases")
    @require_scope("cases:read")
    def cases() -> Any:
        return jsonify(tenant=g.tenant_id, actor=str(g.actor), origin=g.actor.origin)

    @app.post("/api/v1/cases")
    @require_scope("cases:write")
    def change() -> Any:
        return jsonify(changed=True)

    return app


@pytest.fixture
def http(tools: Tools) -> FlaskClient:
    return make_app(tools).test_client()


@pytest.fixture
def client(tools: Tools, office: Callable[..., int]) -> NewClient:
    return make_client(tools, office())


def make_client(tools: Tools, tenant_id: int) -> NewClient:
    with tools.database.session(tenant_id) as session:
        return create_client(session, tools, SYSTEM, "网关", ["cases:read", "messages:write"])


def basic(client_id: str, secret: str) -> dict[str, str]:
    packed = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {packed}"}


def fetch(http: FlaskClient, client: NewClient, **form: str) -> Any:
    headers = basic(client.client_id, client.secret)
    return http.post("/oauth/token", data={**GRANT, **form}, headers=headers)


def test_basic_and_form_both_fetch_a_short_lived_token_that_is_not_stored_on_the_way(
    http: FlaskClient, client: NewClient
) -> None:
    secret = {"client_id": client.client_id, "client_secret": client.secret}
    for answer in (fetch(http, client), http.post("/oauth/token", data={**GRANT, **secret})):
        assert answer.status_code == 200
        assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 600)
        assert answer.json["scope"] == "messages:write cases:read"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "refresh_token" not in answer.json


def test_a_token_opens_the_clients_own_office_and_names_the_actor(
    http: FlaskClient, client: NewClient
) -> None:
    bearer = {"Authorization": f"Bearer {fetch(http, client).json['access_token']}"}
    answer = http.get("/api/v1/cases", headers=bearer)
    assert answer.json == {
        "tenant": int(client.client_id.partition("-")[0]),
        "actor": f"client:{client.client_id}",
        "origin": "127.0.0.1",
    }
    pretended = {**bearer, "X-Tenant": "1", "X-Tenant-Id": "1"}
    assert http.get("/api/v1/cases?tenant_id=1", headers=pretended).json == answer.json


def test_a_narrower_scope_is_given_and_one_that_is_not_held_refused(
    http: FlaskClient, client: NewClient
) -> None:
    assert fetch(http, client, scope="cases:read").json["scope"] == "cases:read"
    for scope in ("cases:write", "cases:read cases:write", "nonsense", " ", "é"):
        answer = fetch(http, client, scope=scope)
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_scope")
        assert "access_token" not in answer.json


def test_a_token_of_a_narrower_scope_does_not_open_more(
    http: FlaskClient, client: NewClient
) -> None:
    token = fetch(http, client, scope="messages:write").json["access_token"]
    answer = http.get("/api/v1/cases", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/scope-missing"
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="minsheng", error="insufficient_scope", scope="cases:read"'
    )


def test_wrong_unknown_foreign_and_switched_off_clients_get_one_answer(
    http: FlaskClient, client: NewClient, tools: Tools, office: Callable[..., int]
) -> None:
    other_office = office()
    off = make_client(tools, other_office)
    with tools.database.session(other_office) as session:
        turn_off_client(session, tools, SYSTEM, off.client_id)
    moved = f"{other_office}-{client.client_id.partition('-')[2]}"
    answers = [
        http.post("/oauth/token", data=GRANT, headers=basic(client_id, secret))
        for client_id, secret in (
            (client.client_id, "wrong"),
            (client.client_id, ""),
            (moved, client.secret),
            (off.client_id, off.secret),
            ("999999999999-x", client.secret),
            ("", ""),
            (client.client_id + "\0", client.secret),
        )
    ]
    form = {**GRANT, "client_id": client.client_id, "client_secret": "wrong"}
    answers.append(http.post("/oauth/token", data=form))
    answers.append(http.post("/oauth/token", data=GRANT))
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json["error"] == "invalid_client"
    assert {answer.headers["WWW-Authenticate"][:6] for answer in answers} == {"Basic "}
    assert fetch(http, client).status_code == 200


@pytest.mark.parametrize(
    "header", ["Basic", "Basic é", "Basic !!!", "Basic /////w==", "Basic bm9jb2xvbg==", "Digest x",
               "Bearer x", "Basic " + "A" * 100_000]
)  # fmt: skip
def test_a_header_that_is_no_basic_login_is_refused_and_breaks_nothing(
    http: FlaskClient, client: NewClient, header: str
) -> None:
    form = {**GRANT, "client_id": client.client_id, "client_secret": client.secret}
    assert http.post("/oauth/token", data=form).status_code == 200
    sent = header.encode().decode("latin-1")
    answer = http.post("/oauth/token", data=form, headers={"Authorization": sent})
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": ["cases:read", "x"]}, "invalid_request"),
        ({"grant_type": "password", "username": "a", "password": "b"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code", "code": "x"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "unsupported_grant_type"),
        ({"grant_type": "不是"}, "unsupported_grant_type"),
    ],
    ids=str,
)
def test_any_other_grant_is_refused_in_the_words_of_rfc_6749(
    http: FlaskClient, client: NewClient, form: dict[str, Any], error: str
) -> None:
    headers = basic(client.client_id, client.secret)
    answer = http.post("/oauth/token", data=form, headers=headers)
    assert (answer.status_code, answer.json["error"]) == (400, error)
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_stands_in_the_address_is_not_taken(http: FlaskClient, client: NewClient) -> None:
    query = {**GRANT, "client_id": client.client_id, "client_secret": client.secret}
    assert http.post("/oauth/token", query_string=query).status_code == 400
    assert http.post("/oauth/token", query_string=query, data=GRANT).status_code == 401
    assert http.get("/oauth/token", query_string=query).status_code == 405
    headers = basic(client.client_id, client.secret)
    answer = http.post("/oauth/token?scope=cases:read", data=GRANT, headers=headers)
    assert answer.json["scope"] == "messages:write cases:read"


def test_plain_http_is_for_loopback_only(http: FlaskClient, client: NewClient) -> None:
    headers = basic(client.client_id, client.secret)
    answers = {
        base: http.post("/oauth/token", data=GRANT, headers=headers, base_url=base)
        for base in ("http://127.0.0.1:8000", "http://[::1]", "https://desk.example",
                     "http://desk.example")
    }  # fmt: skip
    assert [answer.status_code for answer in answers.values()] == [200, 200, 200, 400]
    assert answers["http://desk.example"].json["error"] == "insecure_transport"


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer a.b.c", "Token x", "Bearer é",
               "Bearer " + "x" * 1_000_000]
)  # fmt: skip
def test_without_a_valid_token_there_is_a_401_with_a_challenge(
    http: FlaskClient, header: str | None
) -> None:
    sent = {} if header is None else {"Authorization": header.encode().decode("latin-1")}
    answer = http.get("/api/v1/cases", headers=sent)
    assert answer.status_code == 401
    assert answer.json["type"] == "/problems/unauthorised"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="minsheng"')
    token_sent = len(sent.get("Authorization", "")) > 7 and "Bearer" in sent["Authorization"]
    assert ('error="invalid_token"' in answer.headers["WWW-Authenticate"]) is token_sent


def test_a_token_that_has_run_out_is_refused(
    http: FlaskClient, client: NewClient, tools: Any
) -> None:
    bearer = {"Authorization": f"Bearer {fetch(http, client).json['access_token']}"}
    tools.clock.move(timedelta(seconds=599))
    assert http.get("/api/v1/cases", headers=bearer).status_code == 200
    tools.clock.move(timedelta(seconds=1))
    assert http.get("/api/v1/cases", headers=bearer).status_code == 401


def test_reading_does_not_allow_writing(http: FlaskClient, client: NewClient) -> None:
    bearer = {"Authorization": f"bearer {fetch(http, client).json['access_token']}"}
    assert http.get("/api/v1/cases", headers=bearer).status_code == 200
    assert http.post("/api/v1/cases", headers=bearer).status_code == 403


def test_each_token_and_each_refusal_is_in_the_audit_trail(
    http: FlaskClient, client: NewClient, tools: Tools
) -> None:
    fetch(http, client)
    http.post("/oauth/token", data=GRANT, headers=basic(client.client_id, "wrong"))
    said = text(
        "select result, origin from audit_entries"
        " where tenant_id = :id and action = 'client.login' order by id"
    )
    tenant_id = int(client.client_id.partition("-")[0])
    with tools.database.owner_session() as session:
        rows = [tuple(row) for row in session.execute(said, {"id": tenant_id})]
    assert rows == [("ok", "127.0.0.1"), ("refused", "127.0.0.1")]


def test_a_gated_view_says_its_scope_and_an_unknown_scope_stops_the_start(tools: Tools) -> None:
    views = make_app(tools).view_functions
    assert views["cases"].required_scope == "cases:read"
    assert views["cases"]._apidoc["manual_doc"] == {"security": [{"oauth2": ["cases:read"]}]}
    with pytest.raises(KeyError):
        require_scope("cases:reed")
