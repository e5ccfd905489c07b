"""The queue and the merge ledger through the API."""

from collections.abc import Callable
from typing import Any

import pytest

LIFT = "槐河家园3号楼2单元的电梯停运已经一个星期，老人上下楼非常不方便，物业一直不修，请督促维修。"
ROAD = "龙门路与迎宾街口的红绿灯早高峰不亮，车辆抢行，孩子过马路非常危险，请交警部门尽快修复。"
HEAT = "嶂石岩小区供暖温度只有十四度，家里老人孩子受冻，供热公司电话没人接，请协调解决供暖问题。"
LI = {"name": "李明", "phone": "13800131111"}
WANG = {"name": "王芳", "phone": "13800132222"}
Post = Callable[..., str]


@pytest.fixture
def post(api: Any, settle: Callable[[int], None]) -> Post:
    """Post a message and give the number of its case."""
    api.post("/channels", {"code": "web", "plugin": "mailbox", "name": "网页", "pushed": True})
    count = iter(range(100))

    def send(body: str, citizen: dict[str, str], **more: str) -> str:
        said = {
            "channel": "web",
            "external_id": f"m-{next(count)}",
            "subject": body[:12],
            "body": body,
            "received_at": "2026-11-19T09:00:00+08:00",
            "citizen": citizen,
        } | more
        assert api.post("/messages", said).status_code == 201
        settle(api.tenant_id)
        number: str = api.post("/messages", said).json["case"]
        return number

    return send


def numbers(api: Any, **query: Any) -> set[str]:
    return {item["number"] for item in api.get("/cases", **query).json["items"]}


def test_one_citizens_repeat_joins_by_itself_and_says_why(api: Any, post: Post) -> None:
    first, second = post(LIFT, LI), post(LIFT + "盼复。", LI)
    assert first == second
    case = api.get(f"/cases/{first}").json
    assert len(case["messages"]) == 2
    why = case["joins"][1]
    assert why["by"] == "system:minsheng"
    assert why["score"] > 0.9
    assert "citizen.phone" in {reason["code"] for reason in why["reasons"]}
    assert all(reason["zh"] and reason["en"] for reason in why["reasons"])


def test_another_citizens_same_words_wait_for_a_person(api: Any, post: Post) -> None:
    first, second = post(LIFT, LI), post(LIFT, WANG)
    assert first != second
    found = api.get(f"/cases/{first}/similar").json["items"][0]
    assert (found["case"], found["decision"]) == (second, "review")
    assert numbers(api, view="review") == {first, second}


def test_another_building_is_never_joined_even_for_one_citizen(api: Any, post: Post) -> None:
    first, second = post(LIFT, LI), post(LIFT.replace("3号楼", "5号楼"), LI)
    assert first != second


def test_a_person_joins_two_cases_and_takes_them_apart_again(api: Any, post: Post) -> None:
    lift, road = post(LIFT, LI), post(ROAD, LI)
    before = {number: api.get(f"/cases/{number}").json["messages"] for number in (lift, road)}
    merged = api.post(f"/cases/{lift}/merge", {"other": road, "reason": "同一来件"}).json
    assert len(merged["messages"]) == 2
    assert numbers(api) == {lift}
    assert api.get(f"/cases/{road}").json["merged_into"] == lift
    apart = api.post(f"/cases/{lift}/unmerge", {"other": road, "reason": "看错了"})
    assert apart.json["number"] == road
    after = {number: api.get(f"/cases/{number}").json["messages"] for number in (lift, road)}
    assert after == before
    kinds = [event["kind"] for event in api.get(f"/cases/{lift}/timeline").json["items"]]
    assert kinds == ["opened", "merged", "unmerged"]


def test_what_was_said_not_to_be_the_same_is_not_joined_again_unasked(api: Any, post: Post) -> None:
    lift, road = post(LIFT, LI), post(ROAD, LI)
    api.post(f"/cases/{lift}/merge", {"other": road})
    api.post(f"/cases/{lift}/unmerge", {"other": road})
    refused = api.post(f"/cases/{lift}/merge", {"other": road})
    assert refused.status_code == 409
    assert refused.json["type"].endswith("said-not-same")
    confirmed = api.post(f"/cases/{lift}/merge", {"other": road, "despite_not_same": True})
    assert confirmed.status_code == 200


def test_what_joined_meanwhile_goes_home_with_its_sender(api: Any, post: Post) -> None:
    lift, road = post(LIFT, LI), post(ROAD, WANG)
    api.post(f"/cases/{lift}/merge", {"other": road})
    assert post(ROAD + "再次反映。", WANG) == lift
    api.post(f"/cases/{lift}/unmerge", {"other": road})
    home = api.get(f"/cases/{road}").json["messages"]
    assert [message["body"] for message in home] == [ROAD, ROAD + "再次反映。"]
    assert len(api.get(f"/cases/{lift}").json["messages"]) == 1


def test_one_origin_is_split_off_and_the_others_stay(api: Any, post: Post) -> None:
    case = post(LIFT, LI)
    post(LIFT + "请回复。", LI)
    post(LIFT + "谢谢。", LI)
    messages = api.get(f"/cases/{case}").json["messages"]
    new = api.post(f"/cases/{case}/split", {"messages": [messages[1]["id"]]}).json
    assert [message["id"] for message in new["messages"]] == [messages[1]["id"]]
    assert numbers(api) == {case, new["number"]}
    assert len(api.get(f"/cases/{case}").json["messages"]) == 2
    again = api.post(f"/cases/{case}/merge", {"other": new["number"]})
    assert again.status_code == 409, "the split is remembered as not the same"


def test_a_finding_is_answered_once_and_never_asked_again(api: Any, post: Post) -> None:
    first, second = post(LIFT, LI), post(LIFT, WANG)
    finding = api.get(f"/cases/{first}/similar").json["items"][0]["finding"]
    answer = api.post(f"/findings/{finding}/answer", {"outcome": "different"})
    assert answer.json["outcome"] == "different"
    assert numbers(api, view="review") == set()
    assert api.post(f"/findings/{finding}/answer", {"outcome": "same"}).status_code == 404
    assert api.post(f"/cases/{first}/merge", {"other": second}).status_code == 409


def test_a_finding_answered_same_joins_the_two_cases(api: Any, post: Post) -> None:
    first, second = post(LIFT, LI), post(LIFT, WANG)
    finding = api.get(f"/cases/{second}/similar").json["items"][0]["finding"]
    joined = api.post(f"/findings/{finding}/answer", {"outcome": "same"}).json
    assert {joined["case"], joined["other"]} == {first, second}
    assert numbers(api) == {joined["case"]}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/cases/{one}/merge", {"other": "{one}"}, 409),
        ("/cases/{one}/merge", {"other": "130129-19990101-00001"}, 404),
        ("/cases/{one}/merge", {}, 422),
        ("/cases/{one}/unmerge", {"other": "{two}"}, 409),
        ("/cases/{one}/split", {"messages": []}, 422),
        ("/cases/{one}/split", {"messages": ["00000000-0000-7000-8000-000000000000"]}, 404),
        ("/cases/nothing/merge", {"other": "{one}"}, 404),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_and_changes_nothing(
    api: Any, post: Post, path: str, body: dict[str, Any], status: int
) -> None:
    one, two = post(LIFT, LI), post(ROAD, WANG)
    named = {key: value.format(one=one, two=two) if isinstance(value, str) else value
             for key, value in body.items()}  # fmt: skip
    answer = api.post(path.format(one=one, two=two), named)
    assert answer.status_code == status
    assert answer.json["detail"]
    assert numbers(api) == {one, two}


def test_the_only_message_of_a_case_cannot_be_split_off(api: Any, post: Post) -> None:
    case = post(LIFT, LI)
    only = api.get(f"/cases/{case}").json["messages"][0]["id"]
    assert api.post(f"/cases/{case}/split", {"messages": [only]}).status_code == 409


def test_the_queue_is_found_by_words_number_and_telephone(api: Any, post: Post) -> None:
    lift, road = post(LIFT, LI), post(ROAD, WANG)
    assert numbers(api, q="电梯停运") == {lift}
    assert numbers(api, q="紅綠燈 早高峰") == {road}, "traditional script finds simplified text"
    assert numbers(api, q="１３８００１３２２２２") == {road}
    assert numbers(api, q=lift.lower()) == {lift}
    assert numbers(api, q="没有这样的话") == set()
    assert numbers(api, q="100%_") == set()


def test_the_queue_pages_by_cursor_without_gap_or_repeat(api: Any, post: Post) -> None:
    made = [post(text, LI, received_at=f"2026-11-1{day}T09:00:00+08:00")
            for day, text in enumerate((LIFT, ROAD, HEAT))]  # fmt: skip
    seen, cursor = [], ""
    for _ in made:
        page = api.get("/cases", limit=1, cursor=cursor).json
        seen += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == made[::-1]
    assert cursor is None


def test_a_search_pages_past_cases_of_one_moment_without_gap(api: Any, post: Post) -> None:
    made = {post(f"请尽快处理。{body}", LI) for body in (LIFT, ROAD, HEAT)}
    assert len(made) == 3
    seen, cursor = [], ""
    for _ in made:
        page = api.get("/cases", q="请尽快处理", limit=1, cursor=cursor).json
        seen += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"] or ""
    assert len(seen) == 3
    assert set(seen) == made


@pytest.mark.parametrize(
    "query",
    [{"view": "mine"}, {"state": "lost"}, {"sort": "name"}, {"cursor": "%%%"}, {"limit": 0},
     {"limit": 201}, {"colour": "red"}, {"cursor": "WzFd"}],
)  # fmt: skip
def test_a_queue_that_cannot_be_shown_is_refused_by_the_parameters_name(
    api: Any, query: dict[str, Any]
) -> None:
    answer = api.get("/cases", **query)
    assert answer.status_code == 422
    assert next(iter(query)) in str(answer.json)
