"""Every API operation with other offices' ids answers as for an id that is nowhere."""

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from minsheng.faces.app import create_app
from minsheng.faces.process import Process, build
from minsheng.runtime.clock import SetClock
from minsheng.runtime.database import OfficeSession
from minsheng.runtime.settings import Settings
from minsheng_tenants import context

LIFT = "槐河家园3号楼的电梯停运一周，老人下不了楼，请督促物业尽快维修电梯，谢谢。"
CANARY = "金丝雀"
NOWHERE = {
    "number": "999999-20000101-00001",
    "code": "nowhere-at-all",
    "finding_id": str(uuid.UUID(int=7)),
    "message": str(uuid.UUID(int=8)),
}
OPERATIONS: dict[str, Callable[[dict[str, str]], Any]] = {
    "GET /api/v1/tenants": lambda _: None,
    "POST /api/v1/tenants": lambda other: {
        "code": f"X-{uuid.uuid4().hex[:8].upper()}", "name": "某局", "kind": "department",
        "parent": other["tenant"],
    },
    "GET /api/v1/tenants/<code>": lambda _: None,
    "GET /api/v1/channels": lambda _: None,
    "POST /api/v1/channels": lambda _: {
        "code": f"c{uuid.uuid4().hex[:8]}", "plugin": "mailbox", "name": "x", "pushed": True,
    },
    "POST /api/v1/channels/<code>/check": lambda _: {},
    "POST /api/v1/channels/<code>/pull": lambda _: {},
    "POST /api/v1/channels/<code>/pause": lambda _: {},
    "POST /api/v1/channels/<code>/resume": lambda _: {},
    "POST /api/v1/messages": lambda other: message(other["code"]),
    "POST /api/v1/messages/batch": lambda other: {"messages": [message(other["code"])]},
    "GET /api/v1/cases": lambda _: None,
    "GET /api/v1/cases/<number>": lambda _: None,
    "GET /api/v1/cases/<number>/timeline": lambda _: None,
    "GET /api/v1/cases/<number>/similar": lambda _: None,
    "POST /api/v1/cases/<number>/merge": lambda other: {"other": other["number"]},
    "POST /api/v1/cases/<number>/unmerge": lambda other: {"other": other["number"]},
    "POST /api/v1/cases/<number>/split": lambda other: {"messages": [other["message"]]},
    "POST /api/v1/findings/<uuid:finding_id>/answer": lambda _: {"outcome": "same"},
}  # fmt: skip
"""Each operation and the body that carries the ids under attack; a new one must be added here."""
OWN_PATH = {"number": "number"}
"""Path places in which the office's own id is tried too, so that the body's id is reached."""


def message(channel: str, **more: Any) -> dict[str, Any]:
    return {
        "channel": channel, "external_id": uuid.uuid4().hex, "body": LIFT,
        "received_at": "2026-11-19T09:00:00+08:00",
    } | more  # fmt: skip


def operations(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1/") and "openapi" not in rule.rule:
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                if "docs" not in rule.rule:
                    yield method, rule.rule


def test_every_operation_is_under_attack(app: Flask) -> None:
    assert {f"{method} {rule}" for method, rule in operations(app)} == set(OPERATIONS)


def test_every_operation_asks_for_a_scope(app: Flask) -> None:
    for method, rule in operations(app):
        path = re.sub(r"<uuid:\w+>", str(uuid.uuid4()), rule)
        answer = app.test_client().open(re.sub(r"<\w+>", "x", path), method=method, json={})
        assert answer.status_code == 401, (method, rule)
    for endpoint, view in app.view_functions.items():
        if endpoint.partition(".")[0] in {"tenants", "channels", "messages", "cases"}:
            assert view.required_scope, endpoint  # type: ignore[attr-defined]


@pytest.fixture
def furnished(api_of: Any, settle: Any) -> Callable[[int], dict[str, str]]:
    """Give an office a channel, two cases and a finding; its ids by place."""

    def furnish(tenant_id: int) -> dict[str, str]:
        api = api_of(tenant_id)
        code = f"c{uuid.uuid4().hex[:12]}"
        api.post("/channels", {"code": code, "plugin": "mailbox", "name": "信", "pushed": True})
        posted = [
            message(code, body=LIFT + CANARY, citizen={"name": "甲", "phone": phone})
            for phone in ("13800138001", "13800138002")
        ]
        for each in posted:
            api.post("/messages", each)
        settle(tenant_id)
        shown = api.post("/messages", posted[0]).json
        similar = api.get(f"/cases/{shown['case']}/similar").json["items"][0]
        return {
            "number": shown["case"], "message": shown["id"], "code": code,
            "finding_id": similar["finding"], "tenant": code_of(api),
        }  # fmt: skip

    return furnish


def code_of(api: Any) -> str:
    seen = api.get("/tenants", limit=200).json["items"]
    return next(body["code"] for body in seen if body["parent"] is None)


@pytest.fixture
def family(office: Any) -> dict[str, int]:
    """An office and those around it in the tree."""
    city = office("city")
    mine = office("county", below=city)
    return {
        "mine": mine,
        "sibling": office("county", below=city),
        "parent": city,
        "child": office("department", below=mine),
        "ministry": office("ministry"),
    }


def fill(rule: str, ids: dict[str, str]) -> str:
    return re.sub(r"<(?:uuid:)?(\w+)>", lambda found: ids[found.group(1)], rule)


def answer_of(api: Any, operation: str, path: str, body: Any) -> tuple[int, str]:
    method = operation.partition(" ")[0]
    more = {} if body is None else {"json": body}
    answer = api.open(method, path, **more)
    return answer.status_code, answer.get_data(as_text=True)


def blurred(text: str, *ids: dict[str, str]) -> str:
    """A body without the ids that were asked for and without what differs in every answer."""
    for group in ids:
        for value in sorted(group.values(), key=len, reverse=True):
            text = text.replace(value, "ID")
    return re.sub(r'"request_id":\s*"[^"]+"', "", text)


def attack(api: Any, own: dict[str, str], foreign: dict[str, str], child: bool) -> list[str]:
    """Try every operation with foreign ids; what leaked, or differs from an id that is nowhere."""
    leaks = []
    nowhere = NOWHERE | {"tenant": "990000"}
    for operation, body_of in OPERATIONS.items():
        if child and "/tenants" in operation:
            continue  # An office may see and extend the tree below itself.
        rule = operation.partition(" ")[2]
        paths = [(fill(rule, foreign | {"code": path_code(rule, foreign)}),
                  fill(rule, nowhere | {"code": path_code(rule, nowhere)}))]  # fmt: skip
        if "<number>" in rule and body_of(foreign):
            paths.append((fill(rule, own), fill(rule, own)))
        for attacked, absent in paths:
            got = answer_of(api, operation, attacked, body_of(foreign))
            same = answer_of(api, operation, absent, body_of(nowhere))
            if CANARY in got[1] and "<" in rule and attacked != absent:
                leaks.append(f"{operation}: shows foreign content")
            if foreign["number"] in got[1] and got[0] == 200:
                leaks.append(f"{operation}: names a foreign case")
            if (got[0], blurred(got[1], foreign, nowhere)) != (
                same[0], blurred(same[1], foreign, nowhere),
            ) and names_ids(operation):  # fmt: skip
                leaks.append(f"{operation}: {got} is not {same}")
    return leaks


def path_code(rule: str, ids: dict[str, str]) -> str:
    return ids["tenant"] if "/tenants" in rule else ids["code"]


def names_ids(operation: str) -> bool:
    """Whether the answer speaks of the ids under attack, rather than of what it just made."""
    return operation not in {
        "GET /api/v1/tenants", "GET /api/v1/channels", "GET /api/v1/cases",
        "POST /api/v1/channels",
    }  # fmt: skip


@pytest.mark.parametrize("relation", ["sibling", "parent", "child", "ministry"])
def test_foreign_ids_answer_like_ids_that_are_nowhere(
    api_of: Any, furnished: Any, family: dict[str, int], relation: str
) -> None:
    own, foreign = furnished(family["mine"]), furnished(family[relation])
    leaks = attack(api_of(family["mine"]), own, foreign, relation == "child")
    assert leaks == []
    untouched = api_of(family[relation]).get(f"/cases/{foreign['number']}").json
    assert len(untouched["messages"]) == 1


def test_lists_hold_nothing_of_another_office(
    api_of: Any, furnished: Any, family: dict[str, int]
) -> None:
    own, foreign = furnished(family["mine"]), furnished(family["sibling"])
    api = api_of(family["mine"])
    for path in ("/cases", "/channels", "/tenants"):
        text = api.get(path).get_data(as_text=True)
        assert own["tenant"] in text or own["code"] in text
        assert not any(value in text for value in foreign.values()), path
    assert api.get("/cases", q=CANARY).json["items"][0]["number"].startswith(own["tenant"])


def test_row_security_alone_holds_when_the_applications_filter_is_off(
    api_of: Any, furnished: Any, family: dict[str, int]
) -> None:
    own, foreign = furnished(family["mine"]), furnished(family["sibling"])
    event.remove(OfficeSession, "do_orm_execute", context._narrow_statement)
    try:
        leaks = attack(api_of(family["mine"]), own, foreign, child=False)
    finally:
        event.listen(OfficeSession, "do_orm_execute", context._narrow_statement)
    assert leaks == []


def test_the_applications_filter_alone_holds_when_row_security_is_bypassed(
    settings: Settings,
    logins: Any,
    clock: SetClock,
    furnished: Any,
    family: dict[str, int],
    api_on: Any,
) -> None:
    own, foreign = furnished(family["mine"]), furnished(family["sibling"])
    strong = Settings(dict(settings.values) | {"MINSHENG_DATABASE_URL": logins.owner})
    process: Process = build(strong, clock)
    try:
        api = api_on(create_app(process), process, family["mine"])
        leaks = [leak for leak in attack(api, own, foreign, child=False) if "/tenants" not in leak]
    finally:
        process.close()
    assert leaks == []
