"""Joins by the matcher are listed and drawn at random; a person's verdict is kept and obeyed."""

from typing import Any

import pytest

LI = {"phone": "13800131111", "name": "李明"}
MATTERS = ("路灯不亮", "井盖破损", "暖气不热", "工地夜里施工", "公交车不准点", "下水道堵了")


@pytest.fixture
def joined(desk: Any) -> Any:
    """A desk where each of six matters was told twice by its citizen."""
    for at, matter in enumerate(MATTERS):
        body = f"槐河路{at + 1}号院{matter}，居民很不方便，请有关部门尽快派人来处理。"
        for _ in range(2):
            desk.send(body, f"1380013000{at}")
    return desk


def joins(desk: Any, **query: Any) -> list[Any]:
    found: list[Any] = desk.api.get("/matching/joins", **query).json["items"]
    return found


def verdict(desk: Any, join: Any, said: str, **more: Any) -> Any:
    path = f"/matching/joins/{join['message']}/verdict"
    return desk.api.post(path, {"verdict": said, **more})


def test_every_join_is_listed_with_why_and_by_which_version(joined: Any) -> None:
    listed = joins(joined)
    assert len(listed) == len(MATTERS)
    for join in listed:
        case = joined.api.get(f"/cases/{join['case']}").json
        assert [message["id"] for message in case["messages"]] == [join["via"], join["message"]]
        assert join["score"] >= 0.97
        assert join["reasons"]
        assert join["algorithm"].startswith("levels:")
    pages, cursor = [], ""
    while cursor is not None:
        page = joined.api.get("/matching/joins", limit=4, cursor=cursor).json
        pages += page["items"]
        cursor = page["next_cursor"]
    assert pages == listed
    assert joins(joined, until="2020-01-01T00:00:00+08:00") == []
    assert joined.api.get("/matching/joins", cursor="x").status_code == 422


def test_a_sample_is_the_same_for_one_seed_and_another_for_another(joined: Any) -> None:
    span = {"since": "2026-11-01T00:00:00+08:00", "until": "2026-12-01T00:00:00+08:00"}
    drawn = {seed: joins(joined, sample=3, seed=seed, **span) for seed in range(8)}
    assert all(len(sample) == 3 for sample in drawn.values())
    assert joins(joined, sample=3, seed=5, **span) == drawn[5]
    assert len({tuple(join["message"] for join in sample) for sample in drawn.values()}) > 1
    everything = {join["message"] for sample in drawn.values() for join in sample}
    assert everything <= {join["message"] for join in joins(joined)}


def test_a_wrong_join_is_undone_and_the_same_text_never_joins_it_again(joined: Any) -> None:
    join = joins(joined)[0]
    answer = verdict(joined, join, "wrong", sampled=True, reason="两件事")
    assert answer.json["verdict"] == "wrong"
    assert answer.json["case"] != join["case"]
    assert joined.api.get(f"/cases/{join['case']}").json["messages"][0]["id"] == join["via"]
    merged = joined.api.post(f"/cases/{join['case']}/merge", {"other": answer.json["case"]})
    assert merged.status_code == 409


def test_the_measured_precision_counts_the_sample_alone(joined: Any) -> None:
    one, two, three, four, *_ = joins(joined)
    assert joined.api.get("/matching/figures").json["precision"]["share"] is None
    for join in (one, two):
        assert verdict(joined, join, "right", sampled=True).status_code == 200
    verdict(joined, three, "wrong", sampled=True)
    verdict(joined, four, "wrong")
    again = verdict(joined, one, "right", sampled=True)
    assert again.json["verdict"] == "right"
    figures = joined.api.get("/matching/figures").json
    measured = figures["precision"]
    assert (measured["right"], measured["wrong"], measured["share"]) == (2, 1, 66.67)
    assert measured["low"] < 66.67 < measured["high"]
    assert figures["total"]["found_wrong"] == 1
    assert "sample_right" not in figures["total"]


def test_a_verdict_stands_and_what_is_no_join_has_none(joined: Any) -> None:
    join = joins(joined)[0]
    verdict(joined, join, "right")
    assert verdict(joined, join, "wrong").status_code == 409
    assert verdict(joined, {"message": join["via"]}, "right").status_code == 404
    assert verdict(joined, join, "perhaps").status_code == 422


def test_a_join_that_somebody_undid_meanwhile_takes_its_verdict_all_the_same(joined: Any) -> None:
    join = joins(joined)[0]
    joined.api.post(f"/cases/{join['case']}/split", {"messages": [join["message"]]})
    cases = joined.api.get("/cases").json["items"]
    assert verdict(joined, join, "wrong").status_code == 200
    assert joined.api.get("/cases").json["items"] == cases


def test_a_secret_case_shows_no_join_and_takes_no_verdict_without_the_right(
    joined: Any, api_of: Any
) -> None:
    join = joins(joined)[0]
    own = joined.api.get("/tenants").json["items"][0]["code"]
    joined.api.post(f"/cases/{join['case']}/complained", {"office": own})
    plain = api_of(joined.api.tenant_id, ("cases:read", "cases:write"))
    assert len(plain.get("/matching/joins").json["items"]) == len(MATTERS) - 1
    path = f"/matching/joins/{join['message']}/verdict"
    assert plain.post(path, {"verdict": "right"}).status_code == 404
    assert len(joins(joined)) == len(MATTERS)


def test_of_a_citizen_who_asked_for_secrecy_no_reason_says_who_wrote(
    desk: Any, api_of: Any
) -> None:
    desk.post(desk.message(**LI), desk.message(**LI, confidential=True))
    plain = api_of(desk.api.tenant_id, ("cases:read",))
    (shown,) = plain.get("/matching/joins").json["items"]
    assert not any(reason["code"].startswith("citizen.") for reason in shown["reasons"])
    (seen,) = joins(desk)
    assert "citizen.phone" in {reason["code"] for reason in seen["reasons"]}
