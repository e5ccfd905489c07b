"""``/users``: a machine sees, adds and turns off people, and grants nothing."""

from collections.abc import Callable
from typing import Any

from minsheng.accounts.people import find_username
from minsheng.accounts.service import NewUser, authenticate, find_user, plant_user
from minsheng.audit import SYSTEM
from minsheng.faces.process import Process

Office = Callable[..., int]
LI = {"username": "li.si", "name": "李四", "unit": "信访科", "roles": ["handler", "callback"]}


def test_a_person_is_added_and_the_roles_are_only_asked_for(api: Any, process: Process) -> None:
    made = api.post("/users", LI | {"last_day": "2099-12-31"})
    assert made.status_code == 201
    shown = made.json
    assert (shown["roles"], shown["roles_asked"]) == ([], ["handler", "callback"])
    assert (shown["state"], shown["expires_at"]) == ("active", "2099-12-31T16:00:00+00:00")
    password = shown.pop("initial_password")
    assert api.get("/users/li.si").json == shown
    assert api.get("/users").json == {"items": [shown], "next_cursor": None}
    tools = process.tools
    with tools.database.session(api.tenant_id) as session:
        assert authenticate(session, tools, "li.si", password, "127.0.0.1").initial_until


def test_what_cannot_be_an_account_is_refused_and_names_the_member(api: Any) -> None:
    assert api.post("/users", LI).status_code == 201
    assert api.post("/users", LI).status_code == 409
    for changed, field in (
        ({"username": "Li Si"}, "username"),
        ({"name": " "}, "name"),
        ({"roles": ["king"]}, "roles.0"),
        ({"roles": ["security_admin", "handler"]}, "roles"),
        ({"last_day": "2020-01-01"}, "expires"),
        ({"password": "secret-secret"}, "password"),
    ):
        answer = api.post("/users", LI | {"username": "wang.wu"} | changed)
        assert answer.status_code == 422, changed
        assert answer.json["errors"][0]["field"] == field
    assert api.get("/users/wang.wu").status_code == 404


def test_people_are_listed_by_user_name_words_role_and_state(api: Any) -> None:
    for name in ("c.c", "a.a", "b.b"):
        api.post("/users", LI | {"username": name, "unit": f"科{name}"})
    first = api.get("/users", limit=2).json
    assert [each["username"] for each in first["items"]] == ["a.a", "b.b"]
    assert first["next_cursor"] == "b.b"
    rest = api.get("/users", limit=2, cursor="b.b").json
    assert [each["username"] for each in rest["items"]] == ["c.c"]
    assert [e["username"] for e in api.get("/users", q="科b").json["items"]] == ["b.b"]
    assert api.get("/users", role="handler").json["items"] == []
    assert len(api.get("/users", state="waiting").json["items"]) == 3
    for wrong in ({"role": "king"}, {"state": "x"}, {"limit": 0}, {"q": "x" * 51}, {"who": "x"}):
        assert api.get("/users", **wrong).status_code == 422, wrong


def test_rel_d15_a_leaver_is_out_at_once(api: Any, process: Process) -> None:
    with process.tools.database.operator_session(api.tenant_id) as session:
        user = plant_user(session, process.tools, SYSTEM, NewUser("li.si", "李四", ("leader",)))
    answer = api.post("/users/li.si/off")
    assert (answer.status_code, answer.json["state"]) == (200, "off")
    with process.tools.database.session(api.tenant_id) as session:
        assert find_user(session, user.id).status == "off"
    assert api.post("/users/nobody/off").status_code == 404


def test_the_scopes_open_what_they_say_and_no_more(api_of: Any, office: Office) -> None:
    tenant_id = office()
    reader, writer = (api_of(tenant_id, [f"users:{verb}"]) for verb in ("read", "write"))
    assert writer.post("/users", LI).status_code == 201
    assert reader.get("/users/li.si").status_code == 200
    for refused in (
        reader.post("/users", LI | {"username": "wang.wu"}),
        reader.post("/users/li.si/off"),
        writer.get("/users"),
        writer.get("/users/li.si"),
        api_of(tenant_id, ["cases:read"]).get("/users"),
    ):
        assert refused.status_code == 403


def test_another_offices_person_is_as_absent_as_one_that_never_was(
    api: Any, api_of: Any, office: Office, process: Process
) -> None:
    other = api_of(office())
    assert other.post("/users", LI).status_code == 201
    for method, path in (("get", "/users/{}"), ("post", "/users/{}/off")):
        theirs, nobodys = (getattr(api, method)(path.format(n)) for n in ("li.si", "nobody"))
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.json == nobodys.json
    with process.tools.database.session(other.tenant_id) as session:
        assert find_username(session, "li.si").status == "active"
