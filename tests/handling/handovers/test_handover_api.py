"""The operations: dispatch, custody, lists, accept, return, recall, instructions."""

import uuid
from typing import Any

import pytest

from minsheng.audit import Actor
from minsheng.cases.service import Wish
from minsheng.handling.instructions import sign_instruction


@pytest.fixture
def api_at(api_of: Any) -> Any:
    return api_of


def test_a_case_is_dispatched_accepted_and_answered_over_the_api(world: Any, api_at: Any) -> None:
    city, county = api_at(world.city), api_at(world.county)
    number = world.case(world.city, world.LAMP)
    order = {"to": world.code(world.county), "note": "请办理", "demands": ["报照片"]}
    made = city.post(f"/cases/{number}/dispatch", order)
    assert (made.status_code, made.json["state"], made.json["case"]) == (201, "sent", number)
    world.carry()
    (got,) = county.get("/handovers").json["items"]
    assert (got["id"], got["direction"], got["note"]) == (made.json["id"], "in", "请办理")
    assert county.post(f"/handovers/{got['id']}/accept").json["state"] == "accepted"
    world.answer(world.county, world.incoming(world.county).to_message, "已修好。", "内部")
    world.carry()
    seen = city.get(f"/handovers/{got['id']}").json
    assert (seen["state"], seen["answer"]["public_text"]) == ("answered", "已修好。")
    assert county.get(f"/handovers/{got['id']}").json["answer"] is None
    above, below = (
        api.get(f"/cases/{case}/custody").json
        for api, case in ((city, number), (county, got["case"]))
    )
    assert above["steps"] == below["steps"]
    assert above["owner"] == world.code(world.county)


def test_what_cannot_be_done_is_a_problem_that_says_why(world: Any, api_at: Any) -> None:
    city, county = api_at(world.city), api_at(world.county)
    number, made = world.handed(world.city, world.county)
    away = city.post(f"/cases/{number}/dispatch", {"to": world.code(world.province)})
    assert (away.status_code, away.json["type"]) == (422, "/problems/out-of-reach")
    twice = city.post(f"/cases/{number}/dispatch", {"to": world.code(world.sibling)})
    assert (twice.status_code, twice.json["type"]) == (409, "/problems/conflict")
    for body in ({}, {"reason": " "}):
        bare = county.post(f"/handovers/{made.id}/return", body)
        assert bare.status_code == 422
    past = {"to": world.code(world.street), "due_at": "2020-01-01T00:00:00+08:00"}
    assert city.post(f"/cases/{number}/dispatch", past).status_code == 422
    for api, path in (
        (city, f"/handovers/{made.id}/accept"),
        (county, f"/handovers/{made.id}/recall"),
        (city, f"/handovers/{uuid.uuid4()}/recall"),
    ):
        assert api.post(path, {"reason": "收回"}).status_code == 404
    assert city.get("/handovers", cursor="x").status_code == 422


def test_a_recall_and_a_return_over_the_api_say_their_reason(world: Any, api_at: Any) -> None:
    city, county = api_at(world.city), api_at(world.county)
    number, made = world.handed(world.city, world.county)
    gone = county.post(f"/handovers/{made.id}/return", {"reason": "不属于本县职责"})
    assert (gone.json["state"], gone.json["reason"]) == ("returned", "不属于本县职责")
    world.carry()
    again = city.post(f"/cases/{number}/dispatch", {"to": world.code(world.county)}).json
    back = city.post(f"/handovers/{again['id']}/recall", {"reason": "市里办"})
    assert (back.json["state"], back.json["reason"]) == ("recalled", "市里办")
    states = [each["state"] for each in city.get("/handovers", direction="out").json["items"]]
    assert states == ["recalled", "returned"]
    found = city.get("/handovers", direction="out", state="returned").json["items"]
    assert [each["id"] for each in found] == [str(made.id)]


def test_several_cases_are_dispatched_together_or_not_at_all(world: Any, api_at: Any) -> None:
    city = api_at(world.city)
    numbers = [world.case(world.city, body) for body in (world.LAMP, world.LIFT)]
    items = [{"case": number, "to": world.code(world.county)} for number in numbers]
    bad = city.post("/handovers", {"items": [items[0], items[1] | {"to": "999999"}]})
    assert bad.status_code == 422
    assert city.get("/handovers", direction="out").json["items"] == []
    good = city.post("/handovers", {"items": items})
    assert good.status_code == 201
    assert [each["case"] for each in good.json["items"]] == numbers


def test_instructions_are_read_followed_up_and_done_over_the_api(world: Any, api_at: Any) -> None:
    city, number = api_at(world.city), world.case(world.city, world.LAMP)
    with world.session(world.city) as session:
        leader = Wish(Actor("user", "zhang"))
        signed = sign_instruction(session, world.tools, leader, number, "请重视")
    path = f"/instructions/{signed.id}"
    assert city.post(f"{path}/follow-ups", {"words": "已到现场"}).status_code == 201
    assert city.post(f"{path}/done", {"words": "已修复"}).status_code == 204
    assert city.post(f"{path}/done", {"words": "又"}).status_code == 409
    (seen,) = city.get(f"/cases/{number}/instructions").json["items"]
    assert (seen["text"], seen["genuine"], seen["state"]) == ("请重视", True, "done")
    assert [note["words"] for note in seen["follow_ups"]] == ["已到现场"]
    assert city.post(f"/cases/{number}/instructions", {"text": "x"}).status_code == 405
    assert api_at(world.county).post(f"{path}/done", {"words": "x"}).status_code == 404
