"""Bad input at the API: a clear problem, not a row changed, and one entry in the trail."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

TABLES = text("""
    select table_name from information_schema.columns where column_name = 'tenant_id'
    and table_schema = 'public' and table_name not in ('audit_entries', 'work') order by 1
""")
REFUSALS = text("""
    select action from audit_entries where tenant_id = :office and result like 'refused%'
    order by id
""")
DONE = "经现场核查，3号楼电梯已于11月18日更换主控板，现已恢复运行，物业将每月检修一次。"
Refused = Callable[..., dict[str, Any]]


@pytest.fixture
def refused(world: Any, api_of: Any) -> Refused:
    """Post as a client of an office; the problem, once the whole of the demand is shown to hold."""

    def state(office: int) -> dict[str, str]:
        with world.tools.database.owner_session() as session:
            return {
                name: session.scalar(
                    text(f"select md5(string_agg(t::text, '|' order by t::text)) from {name} t"
                         " where tenant_id = :office"), {"office": office},
                )
                for name in session.scalars(TABLES).all()
            }  # fmt: skip

    def trail(office: int) -> list[str]:
        with world.tools.database.owner_session() as session:
            return list(session.scalars(REFUSALS, {"office": office}))

    def post(
        office: int, path: str, body: Any, status: int, slug: str, action: str
    ) -> dict[str, Any]:
        client = api_of(office)
        before, entries = state(office), trail(office)
        answer = client.post(path, body)
        assert (answer.status_code, answer.json["type"]) == (status, f"/problems/{slug}"), (
            answer.text
        )
        assert answer.content_type == "application/problem+json"
        assert answer.json["title"]
        assert answer.json["detail"]
        assert state(office) == before
        assert trail(office) == [*entries, action]
        return dict(answer.json)

    return post


def test_the_approval_of_a_stale_version_is_refused(
    world: Any, api_of: Any, refused: Refused
) -> None:
    number, api = world.case(world.city, world.LIFT), api_of(world.city)
    made = api.post(f"/cases/{number}/replies", {"public_text": DONE}).json
    now = api.post(f"/replies/{made['id']}/submit", {"version": made["version"]}).json["version"]
    for version in (now - 1, now + 1):
        path = f"/replies/{made['id']}/approve"
        refused(world.city, path, {"version": version}, 409, "stale", "reply.approve")
    assert api.post(path, {"version": now}).status_code == 200


def test_a_dispatch_out_of_the_tree_in_a_circle_or_to_nowhere_is_refused(
    world: Any, office: Any, refused: Refused
) -> None:
    number, first = world.handed(world.city, world.county)
    theirs = world.case_of(world.county, first.id).number
    strange = world.code(office("county"))
    for to in (strange, world.code(world.sibling), world.code(world.province), "999999"):
        path = f"/cases/{theirs}/dispatch"
        refused(world.county, path, {"to": to}, 422, "out-of-reach", "case.dispatch")
    cycle = refused(
        world.county, path, {"to": world.code(world.city)}, 422, "out-of-reach", "case.dispatch"
    )
    assert "return it there" in cycle["detail"]
    own = {"to": world.code(world.county)}
    refused(world.county, path, own, 422, "out-of-reach", "case.dispatch")
    gone = f"/cases/{number[:-1]}9/dispatch"
    refused(world.city, gone, {"to": world.code(world.county)}, 404, "not-found", "case.dispatch")


def test_a_deadline_in_the_past_is_refused_for_an_order_and_for_the_case(
    world: Any, api_of: Any, refused: Refused
) -> None:
    number, to = world.case(world.city, world.LAMP), world.code(world.county)
    past = "2020-01-01T00:00:00+08:00"
    order = {"to": to, "due_at": past}
    said = refused(world.city, f"/cases/{number}/dispatch", order, 422, "invalid", "case.dispatch")
    assert said["errors"][0]["field"] == "due_at"
    world.runner.answer(world.city, "settle")
    body = {"due_at": past, "reason": "改期"}
    said = refused(
        world.city, f"/cases/{number}/deadline", body, 422, "invalid", "case.set_deadline"
    )
    assert "has passed already" in said["detail"]
    future = {"to": to, "due_at": "2027-01-01T00:00:00+08:00"}
    assert api_of(world.city).post(f"/cases/{number}/dispatch", future).status_code == 201


def test_an_unknown_template_is_refused(world: Any, refused: Refused) -> None:
    number = world.case(world.city, world.LAMP)
    body = {"template": "nowhere"}
    refused(world.city, f"/cases/{number}/replies", body, 404, "not-found", "reply.draft")


def test_a_rating_for_a_matter_of_somebody_else_is_refused(
    world: Any, api_of: Any, refused: Refused
) -> None:
    """A board rates what it brought, and no letter of another office or another channel."""
    offices = {}
    for at in (world.city, world.county):
        api = api_of(at)
        for code in ("board", "letters"):
            new = {"code": code, "plugin": "mailbox", "name": "信", "pushed": True}
            assert api.post("/channels", new).status_code == 201
        offices[at] = uuid.uuid4().hex
        said = {"channel": "board", "external_id": offices[at], "body": world.LAMP,
                "received_at": "2026-11-19T09:00:00+08:00"}  # fmt: skip
        assert api.post("/messages", said).status_code == 201
        world.runner.answer(at, "match")
    rating = {"external_id": offices[world.county], "solved": 1, "rated_at": "2026-11-20T09:00:00Z"}
    for channel, name in (("board", offices[world.county]), ("letters", offices[world.city])):
        body = rating | {"external_id": name}
        path = f"/channels/{channel}/ratings"
        refused(world.city, path, body, 404, "not-found", "rating.give")
    own = rating | {"external_id": offices[world.city]}
    assert api_of(world.city).post("/channels/board/ratings", own).status_code == 200
