"""Posting messages: idempotent, strict, and clear about what is wrong."""

from collections.abc import Callable
from typing import Any

import pytest

NEW_CHANNEL = {"code": "web", "plugin": "leaders_board", "name": "网页", "pushed": True}


def a_message(**more: Any) -> dict[str, Any]:
    return {
        "channel": "web",
        "external_id": "m-1",
        "subject": "槐河家园3号楼电梯停运",
        "body": "槐河家园3号楼的电梯停运一周，老人下不了楼，请督促物业维修。电话13800131234",
        "received_at": "2026-11-20T09:00:00+08:00",
        "region": "130129",
        "addressee": "县长信箱",
        "citizen": {"name": "李明", "phone": "13800131234"},
    } | more


@pytest.fixture(autouse=True)
def channel(api: Any) -> None:
    assert api.post("/channels", NEW_CHANNEL).status_code == 201


def test_a_posted_message_is_taken_in_once_and_becomes_a_case(
    api: Any, settle: Callable[[int], None]
) -> None:
    first = api.post("/messages", a_message())
    again = api.post("/messages", a_message())
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["created"] is True
    assert again.json == first.json | {"created": False}
    settle(api.tenant_id)
    known = api.post("/messages", a_message()).json
    assert known["case"] == api.get("/cases").json["items"][0]["number"]


def test_other_content_under_a_known_id_is_told_and_changes_nothing(
    api: Any, settle: Callable[[int], None]
) -> None:
    first = api.post("/messages", a_message()).json
    other = api.post("/messages", a_message(body="另外的内容")).json
    assert other["id"] == first["id"]
    assert other["differs"] is True
    settle(api.tenant_id)
    number = api.get("/cases").json["items"][0]["number"]
    shown = api.get(f"/cases/{number}").json["messages"]
    assert [message["body"][:5] for message in shown] == ["槐河家园3"]


def test_personal_numbers_and_the_name_are_masked_where_a_message_is_shown(
    api: Any, settle: Callable[[int], None]
) -> None:
    api.post("/messages", a_message(body="我是李明，电话13800131234，请回复"))
    settle(api.tenant_id)
    number = api.get("/cases").json["items"][0]["number"]
    message = api.get(f"/cases/{number}").json["messages"][0]
    assert message["body"] == "我是〔姓名〕，电话〔电话〕，请回复"
    assert message["citizen"] == {"name": "李*", "phone": "138******34"}


def test_a_batch_answers_for_each_item_and_keeps_the_good_ones(api: Any) -> None:
    items = [
        a_message(external_id="a"),
        a_message(external_id="b", received_at="2026-02-30T00:00:00+08:00"),
        a_message(external_id="c", channel="absent"),
        a_message(external_id="a"),
        a_message(external_id="d", colour="red"),
    ]
    results = api.post("/messages/batch", {"messages": items}).json["results"]
    assert [result["status"] for result in results] == [201, 422, 422, 200, 422]
    assert "received_at" in results[1]["errors"]
    assert "channel" in results[2]["errors"]
    assert results[3]["message"]["id"] == results[0]["message"]["id"]
    assert "colour" in results[4]["errors"]


def test_a_batch_of_more_than_five_hundred_is_refused_whole(api: Any) -> None:
    items = [a_message(external_id=str(number)) for number in range(501)]
    answer = api.post("/messages/batch", {"messages": items})
    assert answer.status_code == 422
    assert api.get("/cases").json["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"external_id": ""}, "external_id"),
        ({"received_at": "2026-13-01T00:00:00Z"}, "received_at"),
        ({"received_at": "2026-11-20T09:00:00"}, "received_at"),
        ({"received_at": "0001-01-01T00:00:00Z"}, "received_at"),
        ({"received_at": "2199-01-01T00:00:00Z"}, "received_at"),
        ({"body": None}, "body"),
        ({"citizen": {"age": 3}}, "citizen.age"),
        ({"colour": "red"}, "colour"),
        ({"subject": ["list"]}, "subject"),
    ],
)
def test_a_bad_member_is_named_and_nothing_is_stored(
    api: Any, change: dict[str, Any], field: str
) -> None:
    answer = api.post("/messages", a_message(**change))
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert field in [fault["field"] for fault in answer.json["errors"]]
    assert api.post("/messages", a_message()).json["created"] is True


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 422),
        (b'{"body": "\\ud800"}', 400),
        (b'{"body": "a\\u0000b"}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b"x" * (9 * 1024 * 1024), 413),
    ],
)
def test_a_body_that_is_no_message_gets_a_clear_problem(api: Any, body: bytes, status: int) -> None:
    answer = api.post("/messages", data=body, content_type="application/json")
    assert answer.status_code == status
    assert answer.json["title"]
    assert answer.json["detail"]


def test_a_channel_of_nobody_and_a_pulled_channel_are_refused(api: Any) -> None:
    assert api.post("/messages", a_message(channel="nobody")).status_code == 404
    refused = api.post("/channels", {"code": "h", "plugin": "hotline_12345", "name": "热线"})
    assert refused.status_code == 422, "a pulled channel needs its settings"


def test_a_plugin_that_is_not_installed_is_named(api: Any) -> None:
    answer = api.post("/channels", {"code": "t", "plugin": "telegraph", "name": "电报"})
    assert answer.status_code == 422
    assert "telegraph" in answer.json["detail"]


def test_a_channel_code_twice_is_a_conflict(api: Any) -> None:
    assert api.post("/channels", NEW_CHANNEL).status_code == 409
    assert len(api.get("/channels").json["items"]) == 1
