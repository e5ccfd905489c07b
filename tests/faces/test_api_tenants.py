"""``/tenants``: the office, what stands below it, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.runtime.database import Database

Office = Callable[..., int]


@pytest.fixture
def code_of(database: Database) -> Callable[[int], str]:
    def find(tenant_id: int) -> str:
        with database.session(tenant_id) as session:
            own = text("select code from tenants where id = :id")
            code: str = session.scalar(own, {"id": tenant_id})
            return code

    return find


@pytest.fixture
def own(api: Any, code_of: Callable[[int], str]) -> str:
    return code_of(api.tenant_id)


def body(own: str, number: int = 1, **more: Any) -> dict[str, Any]:
    code = f"{own}-D{number}"
    return {"code": code, "name": "教育局", "kind": "department", "parent": own} | more


def test_an_office_is_shown_without_the_parent_that_it_may_not_see(api: Any, own: str) -> None:
    shown = api.get(f"/tenants/{own}")
    assert shown.status_code == 200
    assert (shown.json["code"], shown.json["kind"], shown.json["parent"]) == (own, "county", None)
    assert api.get("/tenants").json == {"items": [shown.json], "next_cursor": None}


def test_a_body_is_added_below_and_shown_with_its_parent(
    api: Any, own: str, database: Database
) -> None:
    made = api.post("/tenants", body(own))
    assert made.status_code == 201
    assert made.json == body(own) | {"status": "active"}
    assert api.get(f"/tenants/{own}-D1").json == made.json
    count = text("select count(*) from audit_entries where tenant_id = :id and action = :action")
    asked = {"id": api.tenant_id, "action": "tenant.create"}
    with database.owner_session() as session:
        session.execute(text("set local row_security = off"))
        assert session.scalar(count, asked) == 1


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"code": "x"}, 422, "code"),
        ({"code": "lower-case"}, 422, "code"),
        ({"name": ""}, 422, "name"),
        ({"name": "名" * 101}, 422, "name"),
        ({"name": "\n"}, 422, "name"),
        ({"kind": "village"}, 422, "kind"),
        ({"kind": "city", "code": "999900"}, 422, "parent"),
        ({"kind": "central", "code": "000000", "parent": ""}, 422, "parent"),
        ({"parent": ""}, 422, "parent"),
        ({"parent": None}, 422, "parent"),
        ({"parent": "NOWHERE"}, 404, ""),
        ({"parent": "100100"}, 404, ""),
        ({"colour": "red"}, 422, "colour"),
    ],
)
def test_a_body_that_cannot_stand_there_is_refused_by_its_member(
    api: Any, own: str, changed: dict[str, Any], status: int, field: str
) -> None:
    answer = api.post("/tenants", body(own) | changed)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert [fault["field"] for fault in answer.json.get("errors", [])] == [field] * bool(field)
    assert [item["code"] for item in api.get("/tenants").json["items"]] == [own]


def test_a_code_that_stands_anywhere_is_not_given_again(
    api: Any, own: str, office: Office, code_of: Callable[[int], str]
) -> None:
    api.post("/tenants", body(own))
    for taken in (f"{own}-D1", code_of(office("department"))):
        answer = api.post("/tenants", body(own, code=taken))
        assert answer.status_code == 409
        assert answer.json["type"] == "/problems/exists"


def test_what_is_above_or_beside_is_answered_like_what_is_nowhere(
    api: Any, own: str, office: Office, code_of: Callable[[int], str]
) -> None:
    for code in (code_of(office("county")), "100100", "000000", "NOWHERE"):
        answer = api.get(f"/tenants/{code}")
        assert answer.status_code == 404
        assert answer.json["detail"] == f"no body with code '{code}' is known here"


def test_the_list_pages_by_code_without_gap_or_repeat(api: Any, own: str) -> None:
    for number in range(4):
        assert api.post("/tenants", body(own, number)).status_code == 201
    seen, cursor = [], ""
    while cursor is not None:
        page = api.get("/tenants", limit=2, cursor=cursor).json
        assert len(page["items"]) <= 2
        seen += [item["code"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [own, *(f"{own}-D{number}" for number in range(4))]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"page": 2}])
def test_a_list_that_cannot_be_shown_is_refused(api: Any, query: dict[str, Any]) -> None:
    answer = api.get("/tenants", **query)
    assert answer.status_code == 422
    assert next(iter(query)) in str(answer.json["errors"])


def test_a_token_that_reads_may_not_write(api_of: Callable[..., Any], api: Any, own: str) -> None:
    reader = api_of(api.tenant_id, ("tenants:read",))
    assert reader.get("/tenants").status_code == 200
    refused = reader.post("/tenants", body(own))
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/scope-missing")
