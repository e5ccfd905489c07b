"""``minsheng users`` and ``clients``: whoever is made can come in, and is told so once."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from minsheng.accounts.scopes import SCOPES
from minsheng.accounts.service import authenticate
from minsheng.faces.app import create_app
from minsheng.faces.process import Process
from minsheng_tenants import find_body

PASSWORD = "lao-shi-de-kou-ling-9"


def user(county: str, *more: str, name: str = "li", role: str = "liaison") -> tuple[str, ...]:
    person = ("--username", name, "--name", "李明", "--role", role)
    return ("users", "create", "--office", county, *person, *more)


def test_a_user_is_made_and_comes_in_by_the_password(
    shell: Any, county: str, today: Process
) -> None:
    made = shell.json(*user(county, "--password", PASSWORD))
    assert made == {"username": "li", "name": "李明", "roles": "liaison"}
    tools = today.tools
    with tools.database.owner_session() as session:
        tenant_id = find_body(session, county).id
    with tools.database.session(tenant_id) as session:
        assert authenticate(session, tools, "li", PASSWORD, "127.0.0.1").username == "li"
    assert "exists already" in shell.refused(*user(county, "--password", PASSWORD))


def test_a_password_is_asked_for_twice_and_on_standard_error(shell: Any, county: str) -> None:
    done = shell(*user(county, "--json"), given=f"{PASSWORD}\n{PASSWORD}\n")
    assert done.exit_code == 0
    assert done.stdout == '{"username": "li", "name": "李明", "roles": "liaison"}\n'
    assert PASSWORD not in done.output
    assert shell(*user(county, name="wang"), given=f"{PASSWORD}\nother\n").exit_code == 1


@pytest.mark.parametrize(
    ("changed", "password"),
    [({}, "short"), ({"name": "Li Ming"}, PASSWORD), ({"name": ""}, PASSWORD)],
)
def test_a_user_that_cannot_be_is_refused_without_repeating_the_password(
    shell: Any, county: str, changed: dict[str, str], password: str
) -> None:
    said = shell.refused(*user(county, "--password", password, **changed))
    assert "\n" not in said
    assert password not in said


def test_a_role_that_is_none_is_refused_with_the_roles(shell: Any, county: str) -> None:
    done = shell(*user(county, "--password", PASSWORD, role="king"))
    assert done.exit_code == 2
    assert "liaison" in done.stderr


def test_accounts_are_listed_turned_off_and_on(shell: Any, county: str) -> None:
    shell.json(*user(county, "--password", PASSWORD))
    shell.json(*user(county, "--password", PASSWORD, name="wang", role="leader"))
    listed = shell.json("users", "list", "--office", county)
    assert [(row["username"], row["roles"]) for row in listed] == [
        ("li", "liaison"), ("wang", "leader"),
    ]  # fmt: skip
    only = shell.json("users", "list", "--office", county, "--role", "leader", "--q", "李明")
    assert [row["username"] for row in only] == ["wang"]
    assert shell.json("users", "off", "--office", county, "li")["state"] == "off"
    assert shell.json("users", "on", "--office", county, "li")["state"] == "active"
    assert "no such account" in shell.refused("users", "off", "--office", county, "nobody")


def test_the_operator_asks_for_roles_and_a_second_person_decides(shell: Any, county: str) -> None:
    shell.json(*user(county, "--password", PASSWORD))
    asked = shell.json("users", "roles", "--office", county, "--username", "li", "--role", "leader")
    assert [(row["username"], row["roles"], row["asked"]) for row in asked] == [
        ("li", "liaison", "leader")
    ]
    assert shell.json("users", "roles", "--office", county) == asked
    assert shell("users", "roles", "--office", county, "--role", "leader").exit_code == 2
    both = ("--role", "leader", "--role", "audit_admin")
    assert "stands alone" in shell.refused(
        "users", "roles", "--office", county, "--username", "li", *both
    )


def test_a_file_of_accounts_is_imported_or_refused_as_a_whole(
    shell: Any, county: str, tmp_path: Path
) -> None:
    file = tmp_path / "accounts.csv"
    file.write_text("username,name,unit,roles\nli.si,李四,,经办人\nwang.wu,王五,,\n")
    made = shell.json("users", "import", "--office", county, str(file))
    assert [row["username"] for row in made] == ["li.si", "wang.wu"]
    assert [row["asked"] for row in shell.json("users", "roles", "--office", county)] == ["handler"]
    said = shell.refused("users", "import", "--office", county, str(file))
    assert "line 2, username" in said
    assert "nothing was imported" in said
    file.write_text("username,name,unit,roles\nan.quan,安全,,安全管理员\n")
    printed = shell("users", "import", "--office", county, str(file), "--plant")
    assert printed.exit_code == 0
    assert printed.stdout.startswith('\ufeff"username","name","initial_password"')
    [row] = shell.json("users", "list", "--office", county, "--q", "an.quan")
    assert row["roles"] == "security_admin"


def token(app: Flask, client: dict[str, str]) -> Any:
    said = {"grant_type": "client_credentials"} | client
    return app.test_client().post("/oauth/token", data=said)


def test_a_clients_secret_opens_the_api_for_the_scopes_it_was_given(
    shell: Any, county: str, today: Process
) -> None:
    app = create_app(today)
    add = ("clients", "create", "--office", county, "--name")
    made = shell.json(*add, "reader", "--scope", "tenants:read", "--scope", "cases:read")
    given = token(app, made)
    assert given.status_code == 200
    assert set(given.json["scope"].split()) == {"tenants:read", "cases:read"}
    header = {"Authorization": f"Bearer {given.json['access_token']}"}
    http = app.test_client()
    listed = http.get("/api/v1/tenants", headers=header).json["items"]
    assert [body["code"] for body in listed] == [county]
    assert http.get("/api/v1/channels", headers=header).status_code == 403
    assert token(app, made | {"client_secret": "wrong"}).status_code == 401
    assert "exists already" in shell.refused(*add, "reader")


def test_a_client_without_named_scopes_may_do_everything(
    shell: Any, county: str, today: Process
) -> None:
    app = create_app(today)
    made = shell.json("clients", "create", "--office", county, "--name", "all")
    assert set(token(app, made).json["scope"].split()) == set(SCOPES)


def test_a_scope_that_is_none_is_refused_with_the_scopes(shell: Any, county: str) -> None:
    done = shell("clients", "create", "--office", county, "--name", "x", "--scope", "all")
    assert done.exit_code == 2
    assert "cases:read" in done.stderr
