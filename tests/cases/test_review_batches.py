"""The review is emptied by the batch: each answer has its own result, and none is done twice."""

import uuid
from typing import Any

import pytest

LIFT = (
    "槐河家园{at}号楼2单元的电梯停运已经一个星期，老人上下楼非常不方便，物业一直不修，请督促维修。"
)


@pytest.fixture
def asked(desk: Any) -> Any:
    """A desk with four open findings, and their ids."""
    for at in range(4):
        for citizen in (1, 2):
            desk.send(LIFT.format(at=at + 1), f"1390013{at}{citizen:03d}")
    cases = desk.api.get("/cases", view="review").json["items"]
    hints = [hint for case in cases for hint in desk.hints(case["number"])]
    ids = list(dict.fromkeys(hint["finding"] for hint in hints if hint["decision"] == "review"))
    assert len(ids) == 4
    return desk, ids


def answered(desk: Any, *answers: tuple[str, str]) -> Any:
    body = {"answers": [{"finding": one, "outcome": said} for one, said in answers]}
    return desk.api.post("/findings/answers", body)


def results(answer: Any) -> list[str]:
    return [each["result"] for each in answer.json["results"]]


def test_a_batch_is_answered_item_by_item_and_again_changes_nothing(asked: Any) -> None:
    desk, ids = asked
    batch = list(zip(ids, ("same", "different", "related", "same"), strict=True))
    first = answered(desk, *batch)
    assert results(first) == ["done"] * 4
    assert [each["outcome"] for each in first.json["results"]] == [said for _, said in batch]
    merged = first.json["results"][0]
    assert desk.api.get(f"/cases/{merged['other']}").json["merged_into"] == merged["case"]
    assert desk.api.get("/cases", view="review").json["items"] == []
    cases = desk.api.get("/cases").json["items"]
    assert results(answered(desk, *batch)) == ["known"] * 4
    assert desk.api.get("/cases").json["items"] == cases


def test_what_was_closed_meanwhile_has_its_own_result_and_the_others_are_done(asked: Any) -> None:
    desk, ids = asked
    desk.api.post(f"/findings/{ids[1]}/answer", {"outcome": "related"})
    answer = answered(
        desk, (ids[0], "same"), (ids[1], "different"), (str(uuid.uuid4()), "same"), (ids[2], "same")
    )
    assert results(answer) == ["done", "closed", "absent", "done"]
    assert answer.json["results"][1]["outcome"] == "related"
    assert all(answer.json["results"][at]["detail"] for at in (1, 2))


def test_a_pair_said_not_to_be_the_same_is_refused_and_the_others_are_done(asked: Any) -> None:
    desk, ids = asked
    number = desk.api.get("/cases", view="review").json["items"][0]["number"]
    (hint,) = [each for each in desk.hints(number) if each["decision"] == "review"]
    desk.api.post(f"/cases/{number}/merge", {"other": hint["case"]})
    desk.api.post(f"/cases/{number}/unmerge", {"other": hint["case"]})
    rest = [each for each in ids if each != hint["finding"]]
    answer = answered(desk, (hint["finding"], "same"), *((each, "same") for each in rest))
    assert results(answer) == ["closed", "done", "done", "done"]
    assert answer.json["results"][0]["outcome"] == "different"


def test_another_offices_findings_are_none_here(asked: Any, desk_of: Any, office: Any) -> None:
    desk, ids = asked
    other = desk_of(office())
    assert results(answered(other, *((each, "same") for each in ids))) == ["absent"] * 4
    assert len(desk.api.get("/cases", view="review").json["items"]) == 8


def test_a_batch_too_long_or_with_an_unknown_answer_is_refused_whole(asked: Any) -> None:
    desk, ids = asked
    assert answered(desk, *[(ids[0], "same")] * 201).status_code == 422
    assert answered(desk, (ids[0], "same"), (ids[1], "perhaps")).status_code == 422
    assert answered(desk).status_code == 422
    assert len(desk.api.get("/cases", view="review").json["items"]) == 8
