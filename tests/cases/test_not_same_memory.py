"""What a person said is not the same matter, the matcher does not join (DESIGN invariant 4)."""

import uuid
from collections.abc import Callable
from typing import Any

from minsheng.audit import Actor
from minsheng.cases.memory import remember_not_same
from minsheng.faces.process import Process

LIFT = "槐河家园3号楼2单元的电梯停运已经一个星期，老人上下楼非常不方便，物业一直不修，请督促维修。"
OFFICER = Actor("user", "liaison")


def posted(api: Any, number: int) -> dict[str, Any]:
    """Post one citizen's matter once more; what the API answers."""
    said = {
        "channel": "web", "external_id": f"m-{number}", "subject": "电梯停运", "body": LIFT,
        "received_at": f"2026-11-19T09:0{number}:00+08:00",
        "citizen": {"name": "李明", "phone": "13800131111"},
    }  # fmt: skip
    answer: dict[str, Any] = api.post("/messages", said).json
    return answer


def test_the_matcher_joins_nothing_that_a_person_said_is_not_the_same(
    api: Any, process: Process, settle: Callable[[int], None]
) -> None:
    api.post("/channels", {"code": "web", "plugin": "mailbox", "name": "网页", "pushed": True})
    first = posted(api, 1)
    settle(api.tenant_id)
    second, third = posted(api, 2), posted(api, 3)
    with process.tools.database.session(api.tenant_id) as session:
        ours, theirs = uuid.UUID(second["id"]), uuid.UUID(first["id"])
        remember_not_same(session, process.tools, OFFICER, [ours], [theirs])
    settle(api.tenant_id)
    cases = [posted(api, number)["case"] for number in (1, 2, 3)]
    assert cases[1] != cases[0], "a person said that they are not the same"
    assert cases[2] in cases[:2], "of the third message nobody said anything"
    assert third["created"] is True


def test_without_such_a_word_the_same_messages_are_one_case(
    api: Any, settle: Callable[[int], None]
) -> None:
    api.post("/channels", {"code": "web", "plugin": "mailbox", "name": "网页", "pushed": True})
    for number in (1, 2, 3):
        posted(api, number)
        settle(api.tenant_id)
    assert len({posted(api, number)["case"] for number in (1, 2, 3)}) == 1
