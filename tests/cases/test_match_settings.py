"""What an office sets of its matching holds from the next message on, and for it alone."""

from typing import Any

import pytest

LI, WANG = {"phone": "13800131111", "name": "李明"}, {"phone": "13800132222", "name": "王芳"}
OTHER_DOOR = (
    "槐河家园5号楼2单元的电梯停运已经一个星期，老人上下楼非常不方便，物业一直不修，请督促维修。"
)


def change(desk: Any, **wish: Any) -> Any:
    return desk.api.open("PATCH", "/api/v1/matching", json=wish)


def test_different_citizens_never_join_by_themselves_unless_the_office_wants_it(desk: Any) -> None:
    assert desk.api.get("/matching").json == {"join": 0.97, "review": 0.5, "auto_join": "citizen"}
    assert desk.send(**LI) != desk.send(**WANG)
    (figures,) = [desk.api.get("/matching/figures").json["total"]]
    assert (figures["joined"], figures["joined_across"]) == (0, 0)


def test_with_anyone_different_citizens_on_one_matter_join_and_stay_apart_in_the_view(
    desk: Any,
) -> None:
    assert change(desk, auto_join="anyone", join=0.9).json["auto_join"] == "anyone"
    first = desk.send(**LI)
    assert desk.send(**WANG) == first
    case = desk.api.get(f"/cases/{first}").json
    shown = [message["citizen"]["name"] for message in case["messages"]]
    assert shown == ["李*", "王*"]
    why = case["joins"][1]
    assert why["score"] >= 0.9
    codes = {reason["code"] for reason in why["reasons"]}
    assert {"office.anyone", "citizen.other_phone"} <= codes
    assert desk.api.get("/matching/figures").json["total"]["joined_across"] == 1


def test_with_anyone_what_speaks_against_one_matter_still_forbids(desk: Any) -> None:
    change(desk, auto_join="anyone", join=0.9)
    assert desk.send(**LI) != desk.send(OTHER_DOOR, **WANG)


def test_with_anyone_what_is_less_likely_than_the_threshold_waits_for_a_person(desk: Any) -> None:
    change(desk, auto_join="anyone", join=0.99)
    first = desk.send(**LI)
    assert desk.send(**WANG) != first
    assert desk.hints(first)[0]["decision"] == "review"


def test_the_threshold_of_joining_decides_who_joins_by_himself(desk: Any) -> None:
    change(desk, join=1.0)
    first = desk.send(**LI)
    second = desk.send(LIKE, **LI)
    assert second != first
    assert desk.hints(first)[0]["decision"] == "review"
    change(desk, join=0.97)
    assert desk.send(LIKE, **LI) in (first, second)


LIKE = "槐河家园3号楼2单元电梯停运已一周，老人上下楼很不方便，物业一直不修，请督促物业维修电梯。"


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"join": 0.5}, "join"),
        ({"join": 1.01}, "join"),
        ({"join": "NaN"}, "join"),
        ({"join": "much"}, "join"),
        ({"review": 0.1}, "review"),
        ({"review": 0.97}, "review"),
        ({"join": 0.9, "review": 0.95}, "review"),
        ({"auto_join": "nobody"}, "auto_join"),
        ({"postings": 3}, "postings"),
    ],
)
def test_a_bad_setting_is_refused_by_name_and_changes_nothing(
    desk: Any, wish: dict[str, Any], field: str
) -> None:
    before = desk.api.get("/matching").json
    answer = change(desk, **wish)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json["errors"]] == [field]
    assert desk.api.get("/matching").json == before


def test_settings_need_their_own_scope_and_are_one_offices(
    desk: Any, api_of: Any, office: Any
) -> None:
    reader = api_of(desk.api.tenant_id, ("cases:read", "cases:write"))
    assert reader.open("PATCH", "/api/v1/matching", json={"join": 0.99}).status_code == 403
    assert change(desk, join=0.99).status_code == 200
    assert api_of(office()).get("/matching").json["join"] == 0.97
