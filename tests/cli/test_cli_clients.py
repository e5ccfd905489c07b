"""``minsheng clients``: a machine is let in, given another secret, called back and put out."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from minsheng.faces.app import create_app
from minsheng.faces.process import Process


def token(app: Flask, client: dict[str, str]) -> Any:
    said = {"grant_type": "client_credentials"} | client
    return app.test_client().post("/oauth/token", data=said)


def opens(http: FlaskClient, given: str) -> int:
    header = {"Authorization": f"Bearer {given}"}
    return http.get("/api/v1/tenants", headers=header).status_code


def test_a_machine_is_rotated_called_back_and_turned_off(
    shell: Any, county: str, today: Process
) -> None:
    app = create_app(today)
    of = ("--office", county)
    made = shell.json("clients", "create", *of, "--name", "hub", "--scope", "tenants:read")
    new = shell.json("clients", "rotate", *of, made["client_id"])
    assert [token(app, each).status_code for each in (made, new)] == [200, 200]
    newest = shell.json("clients", "rotate", *of, made["client_id"], "--now")
    assert [token(app, each).status_code for each in (made, new, newest)] == [401, 401, 200]
    given = token(app, newest).json["access_token"]
    assert opens(create_app(today).test_client(), given) == 200
    shell.json("clients", "revoke", *of, made["client_id"])
    assert opens(create_app(today).test_client(), given) == 401
    assert shell.json("clients", "off", *of, made["client_id"])["state"] == "off"
    assert token(app, newest).status_code == 401
    assert "off for good" in shell.refused("clients", "rotate", *of, made["client_id"])


def test_machines_are_listed_without_their_secrets(shell: Any, county: str, today: Process) -> None:
    of = ("--office", county)
    made = shell.json("clients", "create", *of, "--name", "hub", "--scope", "tenants:read")
    before = shell.json("clients", "list", *of)
    assert [(row["name"], row["state"], row["last_login"]) for row in before] == [
        ("hub", "active", None)
    ]
    token(create_app(today), made)
    after = shell("clients", "list", *of, "--json")
    assert made["client_secret"] not in after.stdout
    assert shell.json("clients", "list", *of)[0]["last_login"]


def test_a_machine_that_the_office_has_not_is_refused(shell: Any, county: str) -> None:
    nobody = "1-0193a5b2-7c4d-7e8f-9a0b-138123456789"
    for verb in ("rotate", "revoke", "off"):
        assert "no such account" in shell.refused("clients", verb, "--office", county, nobody)
