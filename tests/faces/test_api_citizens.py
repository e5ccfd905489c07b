"""Ratings, low-rating reviews, re-inspections, publishing and the portal by the API."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.cases.service import place_case

LIFT = "枣园路3号院3号楼电梯停运九天，楼上老人无法下楼，请督促尽快修复。"


@pytest.fixture
def number(api: Any, process: Any, settle: Any) -> str:
    """A closed case that came by a board."""
    api.post("/channels", {"code": "board", "plugin": "leaders_board", "name": "留言板",
                           "pushed": True})  # fmt: skip
    message = {
        "channel": "board", "external_id": "T1", "subject": "电梯停运", "body": LIFT,
        "received_at": "2026-11-19T09:00:00+08:00",
        "citizen": {"name": "甲", "phone": "13800138001"},
    }  # fmt: skip
    assert api.post("/messages", message).status_code == 201
    settle(api.tenant_id)
    found: str = api.post("/messages", message).json["case"]
    with process.tools.database.session(api.tenant_id) as session:
        case_id = session.scalar(text("select id from cases where number = :n"), {"n": found})
        place_case(session, case_id, stage="closed", closed_at=process.tools.clock.now())
    return found


def rating(solved: int, hour: int = 9, **more: Any) -> dict[str, Any]:
    return {
        "external_id": "T1", "solved": solved, "manner": 5,
        "rated_at": f"2026-11-20T{hour:02d}:00:00+08:00", **more,
    }  # fmt: skip


def test_a_rating_is_taken_its_review_closed_and_neither_twice(api: Any, number: str) -> None:
    given = api.post("/channels/board/ratings", rating(1))
    assert (given.status_code, given.json["low"]) == (200, True)
    assert api.post("/channels/board/ratings", rating(1)).json == given.json
    assert api.post("/channels/board/ratings", rating(9)).status_code == 422
    assert api.post("/channels/board/ratings", rating(1, external_id="T2")).status_code == 404
    assert api.post("/channels/nowhere/ratings", rating(1)).status_code == 404
    assert len(api.get(f"/cases/{number}/ratings").json["items"]) == 1
    (review,) = api.get("/low-ratings").json["items"]
    assert review["case"] == number
    found = {"cause": "承办人没有上门", "responsible": "住建局", "action": "重新上门检修"}
    at = f"/low-ratings/{review['id']}/close"
    assert api.post(at, found | {"cause": ""}).status_code == 422
    assert api.post(at, found).json["state"] == "closed"
    assert api.post(at, found).status_code == 409
    assert api.get("/low-ratings").json["items"] == []
    assert len(api.get("/low-ratings", state="all").json["items"]) == 1


def test_a_re_inspection_is_drawn_shown_and_recorded(api: Any, number: str, process: Any) -> None:
    now = process.tools.clock.now()
    window = {"since": (now - timedelta(days=1)).isoformat(),
              "until": (now + timedelta(days=1)).isoformat(), "seed": "2026-11"}  # fmt: skip
    assert api.post("/samples", window | {"share": 2.0}).status_code == 422
    drawn = api.post("/samples", window | {"share": 1.0})
    assert (drawn.status_code, [each["number"] for each in drawn.json["cases"]]) == (201, [number])
    at = f"/samples/{drawn.json['id']}"
    assert api.get(at).json["cases"][0]["result"] == ""
    look = {"result": "sound", "words": "现场看过，电梯正常。"}
    assert api.post(f"{at}/cases/{number}", look).json["cases"][0]["result"] == "sound"
    assert api.post(f"{at}/cases/{number}", look).status_code == 422
    assert [each["id"] for each in api.get("/samples").json["items"]] == [drawn.json["id"]]


def test_a_case_is_published_and_withdrawn_and_the_portal_set(api: Any, number: str) -> None:
    shown = api.post(f"/cases/{number}/publish", {"subject": "枣园路3号院电梯停运"})
    assert (shown.status_code, shown.json["met"]) == (200, 0)
    numbered = api.post(f"/cases/{number}/publish", {"subject": "请打13800138001"})
    assert numbered.status_code == 409
    assert api.post(f"/cases/{number}/unpublish", {}).status_code == 204
    assert api.post(f"/cases/{number}/unpublish", {}).status_code == 404
    assert api.get("/portal").json["low_at"] == 2
    assert api.post("/portal", {"accent": "#ffcc00"}).status_code == 422
    assert api.post("/portal", {"accent": "#8a1c1c", "low_at": 1}).json["accent"] == "#8a1c1c"
    assert api.get("/portal").json["low_at"] == 1
