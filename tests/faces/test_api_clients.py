"""``/clients``: a machine sees and ends machines, asks for one, and renews its own secret."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from minsheng.accounts.service import ask_client, check_client, decide_client
from minsheng.audit import SYSTEM, Actor
from minsheng.faces.process import Process

NEW = {"name": "数据局平台", "scopes": ["messages:write"]}
PERSON = Actor("user", "anquan", "127.0.0.1")


def grant(app: Flask, said: dict[str, Any]) -> Any:
    form = {"grant_type": "client_credentials", "client_id": said["client_id"],
            "client_secret": said["client_secret"]}  # fmt: skip
    return app.test_client().post("/oauth/token", data=form)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def agreed(process: Process, api: Any, client_id: str) -> None:
    with process.tools.database.session(api.tenant_id) as session:
        decide_client(session, process.tools, PERSON, client_id, granted=True)


def test_a_machine_is_asked_for_and_comes_in_after_a_person_agreed(
    api: Any, app: Flask, process: Process
) -> None:
    made = api.post("/clients", NEW)
    assert made.status_code == 201
    assert made.json["state"] == "asked"
    assert grant(app, made.json).status_code == 401
    agreed(process, api, made.json["client_id"])
    assert grant(app, made.json).json["scope"] == "messages:write"
    shown = api.get(f"/clients/{made.json['client_id']}").json
    assert (shown["name"], shown["state"], shown["decided_by"]) == (
        NEW["name"], "active", "user:anquan",
    )  # fmt: skip
    assert shown["asked_by"].startswith(f"client:{api.tenant_id}-")


def test_nothing_of_the_api_lets_a_machine_agree(api: Any) -> None:
    made = api.post("/clients", NEW).json["client_id"]
    for verb in ("decide", "grant", "activate", "on", "rotate"):
        assert api.post(f"/clients/{made}/{verb}", {"granted": True}).status_code in (404, 405)
    assert api.get(f"/clients/{made}").json["state"] == "asked"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "名" * 51}, "name"),
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["all"]}, "scopes.0"),
        ({"scopes": "cases:read"}, "scopes"),
        ({"secret": "mine"}, "secret"),
        ({"status": "active"}, "status"),
    ],
)
def test_a_machine_that_cannot_be_is_refused_by_its_member(
    api: Any, changed: dict[str, Any], field: str
) -> None:
    answer = api.post("/clients", NEW | changed)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json["errors"]] == [field]


def test_a_name_is_taken_once(api: Any) -> None:
    assert api.post("/clients", NEW).status_code == 201
    assert api.post("/clients", NEW).status_code == 409


def test_the_list_shows_the_offices_machines_without_secrets_in_pages(
    api: Any, api_of: Callable[..., Any], office: Callable[..., int]
) -> None:
    secrets = [api.post("/clients", NEW | {"name": f"b-{n}"}).json["client_secret"] for n in "123"]
    api_of(office()).post("/clients", NEW | {"name": "b-4"})
    first = api.get("/clients", limit=2)
    rest = api.get("/clients", limit=200, cursor=first.json["next_cursor"])
    assert [each["name"] for each in first.json["items"]] == ["b-1", "b-2"]
    assert "b-3" in [each["name"] for each in rest.json["items"]]
    assert "b-4" not in first.text + rest.text
    assert rest.json["next_cursor"] is None
    assert not [each for each in secrets if each in first.text + rest.text]


def test_a_machine_renews_its_own_secret_and_the_old_one_holds_a_week(
    api: Any, app: Flask, process: Process
) -> None:
    made = api.post("/clients", NEW | {"scopes": ["clients:rotate"]}).json
    agreed(process, api, made["client_id"])
    token = grant(app, made).json["access_token"]
    http = app.test_client()
    answer = http.post("/api/v1/clients/self/rotate", headers=bearer(token))
    assert answer.status_code == 200
    assert answer.json["client_id"] == made["client_id"]
    assert answer.json["previous_secret_until"].startswith("2026-11-27T04:00:00")
    assert grant(app, made).status_code == 200
    assert grant(app, answer.json).status_code == 200


def test_a_machine_without_the_scope_renews_nothing(api_of: Callable[..., Any], api: Any) -> None:
    writer = api_of(api.tenant_id, ("clients:write", "clients:read"))
    assert writer.post("/clients/self/rotate").status_code == 403


def test_a_machine_turned_off_is_dead_in_this_process_at_once(
    api: Any, app: Flask, process: Process
) -> None:
    made = api.post("/clients", NEW | {"scopes": ["tenants:read"]}).json
    agreed(process, api, made["client_id"])
    token = grant(app, made).json["access_token"]
    http = app.test_client()
    assert http.get("/api/v1/tenants", headers=bearer(token)).status_code == 200
    assert api.post(f"/clients/{made['client_id']}/off").json["state"] == "off"
    assert http.get("/api/v1/tenants", headers=bearer(token)).status_code == 401
    assert grant(app, made).status_code == 401
    assert (
        api.post(f"/clients/{made['client_id']}/narrow", {"scopes": ["tenants:read"]})
        .json["type"]
        .endswith("/conflict")
    )


def test_all_tokens_are_called_back_and_scopes_narrowed(
    api: Any, app: Flask, process: Process
) -> None:
    made = api.post("/clients", NEW | {"scopes": ["tenants:read", "channels:read"]}).json
    agreed(process, api, made["client_id"])
    token, http = grant(app, made).json["access_token"], app.test_client()
    address = f"/clients/{made['client_id']}"
    assert http.get("/api/v1/channels", headers=bearer(token)).status_code == 200
    kept = api.post(f"{address}/narrow", {"scopes": ["tenants:read"]})
    assert kept.json["scopes"] == ["tenants:read"]
    assert http.get("/api/v1/channels", headers=bearer(token)).status_code == 403
    assert http.get("/api/v1/tenants", headers=bearer(token)).status_code == 200
    more = api.post(f"{address}/narrow", {"scopes": ["tenants:read", "channels:read"]})
    assert more.status_code == 422
    assert api.post(f"{address}/revoke-tokens").status_code == 200
    assert http.get("/api/v1/tenants", headers=bearer(token)).status_code == 401


def test_another_offices_machine_is_as_absent_as_one_that_is_nowhere(
    api: Any, api_of: Callable[..., Any], office: Callable[..., int]
) -> None:
    theirs = api_of(office()).post("/clients", NEW).json["client_id"]
    nowhere = f"{api.tenant_id}-{theirs.partition('-')[2]}"
    answers = []
    for client_id in (theirs, nowhere, "x"):
        address = f"/clients/{client_id}"
        answers += [
            api.get(address),
            api.post(f"{address}/narrow", {"scopes": ["cases:read"]}),
            api.post(f"{address}/revoke-tokens"),
            api.post(f"{address}/off"),
        ]
    assert {(each.status_code, each.text) for each in answers} == {(404, answers[0].text)}


def test_reading_scopes_read_and_writing_scopes_write(
    api_of: Callable[..., Any], api: Any, process: Process
) -> None:
    reader = api_of(api.tenant_id, ("clients:read",))
    writer = api_of(api.tenant_id, ("clients:write",))
    assert reader.get("/clients").status_code == 200
    assert writer.get("/clients").status_code == 403
    assert reader.post("/clients", NEW).status_code == 403
    with process.tools.database.session(api.tenant_id) as session:
        made = ask_client(session, process.tools, SYSTEM, "x", ["cases:read"])
    for verb in ("off", "revoke-tokens"):
        assert reader.post(f"/clients/{made.client_id}/{verb}").status_code == 403
        assert writer.post(f"/clients/{made.client_id}/{verb}").status_code == 200


def test_a_secret_of_the_answer_is_the_one_that_is_checked(api: Any, process: Process) -> None:
    made = api.post("/clients", NEW).json
    agreed(process, api, made["client_id"])
    with process.tools.database.session(api.tenant_id) as session:
        client = check_client(
            session, process.tools, made["client_id"], made["client_secret"], "127.0.0.1"
        )
    assert client.name == NEW["name"]
