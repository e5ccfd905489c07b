"""Replies by the API: the road, both texts in a 409, bad input that changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest

LIFT = "槐河家园3号楼的电梯停运一周，老人下不了楼，请督促物业尽快维修电梯。"
DONE = "经现场核查，3号楼电梯已于11月18日更换主控板，现已恢复运行，物业将每月检修一次。"
OTHER = "该电梯属于自管设施，请向业主委员会反映，本单位将督促物业公司协调处理，感谢您的关注。"


@pytest.fixture
def number(api: Any, settle: Callable[[int], None]) -> str:
    """A case of one pushed message."""
    new = {"code": "push", "plugin": "mailbox", "name": "推送", "pushed": True}
    assert api.post("/channels", new).status_code == 201
    said = {
        "channel": "push", "external_id": "A1", "body": LIFT,
        "received_at": "2026-11-19T09:00:00+08:00",
    }  # fmt: skip
    assert api.post("/messages", said).status_code == 201
    settle(api.tenant_id)
    return str(api.post("/messages", said).json["case"])


def reviewed(api: Any, number: str, text: str = DONE, **more: Any) -> Any:
    made = api.post(f"/cases/{number}/replies", {"public_text": text, **more})
    assert made.status_code == 201, made.text
    step = {"version": made.json["version"]}
    return api.post(f"/replies/{made.json['id']}/submit", step)


def test_the_second_answer_gets_a_409_with_both_texts_and_the_winner(api: Any, number: str) -> None:
    first, second = reviewed(api, number).json, reviewed(api, number, OTHER).json
    done = api.post(f"/replies/{first['id']}/approve", {"version": first["version"]})
    assert (done.status_code, done.json["official"]) == (200, True)
    late = api.post(f"/replies/{second['id']}/approve", {"version": second["version"]})
    assert late.status_code == 409
    assert late.json["type"] == "/problems/answered-already"
    assert late.json["winner"]["text"] == DONE
    assert late.json["yours"]["text"] == OTHER
    assert late.json["winner"]["by"].startswith("client:")
    shown = api.get(f"/cases/{number}/deliveries").json["items"]
    assert [each["state"] for each in shown] == ["offered"]
    taken = api.post(f"/deliveries/{shown[0]['id']}/taken")
    assert taken.json["state"] == "sent"


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        ({"public_text": ""}, 422, "invalid"),
        ({"public_text": "好" * 100_000}, 422, "invalid"),
        ({"template": "nowhere"}, 404, "not-found"),
        ({"public_text": DONE, "cites": ["无此文号"]}, 404, "not-found"),
    ],
)
def test_bad_input_is_told_clearly_changes_nothing_and_leaves_one_entry(
    api: Any, process: Any, number: str, body: dict[str, Any], status: int, slug: str
) -> None:
    made = api.post(f"/cases/{number}/replies", body)
    if made.status_code == 201:
        made = api.post(f"/replies/{made.json['id']}/submit", {"version": made.json["version"]})
    assert made.status_code == status
    assert made.json["type"] == f"/problems/{slug}"
    listed = api.get(f"/cases/{number}/replies").json["items"]
    assert all(each["state"] == "draft" for each in listed)
    with process.tools.database.owner_session() as session:
        refused = session.connection().exec_driver_sql(
            "select count(*) from audit_entries where tenant_id = %s and action like 'reply.%%'"
            " and result like 'refused%%'", (api.tenant_id,),
        )  # fmt: skip
        assert refused.scalar_one() == 1


def test_a_stale_version_is_a_409_with_both_texts(api: Any, number: str) -> None:
    made = api.post(f"/cases/{number}/replies", {"public_text": "初稿"}).json
    path, words = f"/replies/{made['id']}/save", {"public_text": "二稿", "version": 1}
    assert api.post(path, words).status_code == 200
    late = api.post(path, words | {"public_text": "三稿"})
    assert (late.status_code, late.json["type"]) == (409, "/problems/stale")
    assert (late.json["theirs"]["public_text"], late.json["yours"]["public_text"]) == (
        "二稿", "三稿",
    )  # fmt: skip


def test_feature_a12_a_reply_cites_documents_and_a_dead_or_withdrawn_one_is_flagged(
    api: Any, number: str
) -> None:
    for code, state in (
        ("国发〔2024〕1号", ""),
        ("冀政〔2020〕2号", "dead"),
        ("赞政3号", "withdrawn"),
    ):
        new = {"code": code, "title": "住宅电梯办法", "url": "https://www.example.gov.cn/1"}
        assert api.post("/documents", new).status_code == 200
        if state:
            marked = api.post("/documents/state", {"code": code, "state": state})
            assert marked.json["state"] == state
    codes = [each["code"] for each in api.get("/documents").json["items"]]
    view = reviewed(api, number, DONE, cites=codes).json
    assert {each["code"] for each in view["cites"]} == set(codes)
    assert {flag["code"]: flag["found"] for flag in view["flags"]} == {
        "dead_link": ["冀政〔2020〕2号"], "withdrawn": ["赞政3号"],
    }  # fmt: skip
    bad = {"code": "x", "title": "y", "url": "javascript:alert(1)"}
    assert api.post("/documents", bad).status_code == 422


def test_sending_is_held_and_released_by_the_api(api: Any, number: str) -> None:
    assert api.post("/deliveries/release", {"reason": "核对"}).status_code == 409
    assert api.post("/deliveries/hold", {"reason": "核对"}).json["held"] is True
    assert api.get("/deliveries/state").json["reason"] == "核对"
    assert api.post("/deliveries/release", {"reason": "已核对"}).json == {"waiting": 0}
    assert api.get("/deliveries/state").json["held"] is False
