"""Figures grow as things happen, reach every office above, and never tell of a small number."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import SYSTEM
from minsheng.cases.service import Wish, find_case, mark_complained, place_case
from minsheng.faces.process import Process
from minsheng.supervision.figures import hide_small

_TEXT = "槐河家园{n}号楼楼道灯坏了{n}天，老人摸黑上下楼，请修。"


@pytest.fixture
def intake(api_of: Any, settle: Any, process: Process) -> Callable[[int, int], list[str]]:
    """``intake(office, count)``: so many messages of so many matters; the cases' numbers."""

    def take(office: int, count: int) -> list[str]:
        api = api_of(office)
        channel = {"plugin": "leaders_board", "code": "in", "name": "网页", "pushed": True}
        assert api.post("/channels", channel).status_code == 201
        said = [_said(n) for n in range(count)]
        assert api.post("/messages/batch", {"messages": said}).status_code == 200
        settle(office)
        return [row["number"] for row in api.get("/cases", limit=200).get_json()["items"]]

    return take


def _said(n: int) -> dict[str, Any]:
    citizen = {"name": "", "phone": f"1390000{n:04d}", "email": ""}
    return {
        "channel": "in", "external_id": f"m{n}", "subject": f"第{n}件：{chr(0x4e00 + n * 37) * 4}",
        "body": _TEXT.format(n=n) + chr(0x5000 + n * 91) * 30, "citizen": citizen,
        "received_at": "2026-11-19T09:00:00+08:00",
    }  # fmt: skip


def figures(api: Any, **wish: str) -> dict[str, Any]:
    answer = api.get("/metrics", **wish)
    assert answer.status_code == 200, answer.get_json()
    found: dict[str, Any] = answer.get_json()
    return found


def test_a_case_of_a_county_reaches_the_province_through_the_city(
    tree: dict[str, int], intake: Any, add_up: Any, api_of: Any
) -> None:
    intake(tree["east"], 6)
    add_up(tree["east"], tree["first"], tree["province"])
    whole = figures(api_of(tree["province"]))
    assert whole["office"]["counts"]["cases"] == 6
    assert whole["office"]["counts"]["messages"] == 6
    assert whole["office"]["counts"]["open"] == 6
    by_count = sorted(line["counts"]["cases"] for line in whole["offices"])
    assert by_count == [0, 6], "one city has six, the other none"


def test_adding_up_twice_changes_nothing(
    tree: dict[str, int], intake: Any, add_up: Any, api_of: Any
) -> None:
    intake(tree["east"], 6)
    line = tree["east"], tree["first"], tree["province"]
    add_up(*line)
    before = figures(api_of(tree["province"]))
    add_up(*line, *line)
    assert figures(api_of(tree["province"])) == before


def test_what_is_closed_joined_and_overdue_is_counted_where_it_belongs(
    tree: dict[str, int], intake: Any, add_up: Any, api_of: Any, process: Process
) -> None:
    numbers = intake(tree["east"], 8)
    api, now = api_of(tree["east"]), process.tools.clock.now()
    api.post(f"/cases/{numbers[0]}/merge", {"other": numbers[1], "reason": "同一件事"})
    with process.tools.database.session(tree["east"]) as session:
        done, late = (find_case(session, number) for number in numbers[2:4])
        place_case(session, done.id, stage="closed", closed_at=now, due_at=now)
        place_case(session, late.id, due_at=now.replace(year=now.year - 1))
    add_up(tree["east"], tree["first"])
    counts = figures(api)["office"]["counts"]
    assert counts == {
        "messages": 8, "cases": 7, "joined": 1, "closed": 1, "late": 0, "open": 6, "overdue": 1,
    }  # fmt: skip
    api.post(f"/cases/{numbers[0]}/unmerge", {"other": numbers[1], "reason": "不是同一件"})
    add_up(tree["east"])
    assert figures(api)["office"]["counts"]["cases"] == 8
    assert figures(api)["office"]["counts"]["joined"] == 0


def test_a_complaint_about_the_office_itself_counts_nowhere(
    tree: dict[str, int], intake: Any, add_up: Any, api_of: Any, process: Process
) -> None:
    number = intake(tree["east"], 6)[0]
    add_up(tree["east"])
    assert figures(api_of(tree["east"]))["office"]["counts"]["cases"] == 6
    with process.tools.database.session(tree["east"]) as session:
        code = session.scalar(text("select code from tenants where id = :id"), {"id": tree["east"]})
        mark_complained(session, process.tools, Wish(SYSTEM), number, str(code))
    add_up(tree["east"])
    assert figures(api_of(tree["east"]))["office"]["counts"]["cases"] == 5


def test_the_facts_are_what_counting_the_cases_gives(
    tree: dict[str, int], intake: Any, add_up: Any, process: Process
) -> None:
    numbers = intake(tree["west"], 7)
    with process.tools.database.session(tree["west"]) as session:
        for number in numbers[:3]:
            place_case(session, find_case(session, number).id, closed_at=process.tools.clock.now())
    add_up(tree["west"])
    with process.tools.database.session(tree["west"]) as session:
        counted = session.execute(
            text("select count(*), count(*) filter (where closed_at is null) from cases"
                 " where tenant_id = :id and state = 'open'"), {"id": tree["west"]}
        ).one()  # fmt: skip
        said = dict(
            session.execute(
                text("select measure, sum(value)::int from facts where tenant_id = :id"
                     " and measure in ('cases', 'open') group by 1"), {"id": tree["west"]}
            ).all()  # type: ignore[arg-type]
        )  # fmt: skip
    assert (said["cases"], said["open"]) == tuple(counted) == (7, 4)


def test_an_office_sees_no_figures_beside_or_above_it(
    tree: dict[str, int], api_of: Any, process: Process
) -> None:
    codes = {}
    with process.tools.database.owner_session() as session:
        for name, tenant_id in tree.items():
            chosen = text("select code from tenants where id = :id")
            codes[name] = str(session.scalar(chosen, {"id": tenant_id}))
    county = api_of(tree["east"])
    assert county.get("/metrics", office=codes["east"]).status_code == 200
    nowhere = county.get("/metrics", office="999999")
    for name in ("west", "first", "province", "second"):
        refused = county.get("/metrics", office=codes[name])
        assert refused.status_code == nowhere.status_code == 404, name


def test_a_superior_is_not_told_a_number_below_five(
    tree: dict[str, int], intake: Any, add_up: Any, api_of: Any, process: Process
) -> None:
    intake(tree["east"], 3)
    intake(tree["west"], 9)
    add_up(tree["east"], tree["west"], tree["first"], tree["province"])
    lines = figures(api_of(tree["first"]))["offices"]
    said = {line["counts"]["cases"] for line in lines}
    assert said == {None}, "the three are hidden, and with them the nine, since the sum is known"
    assert figures(api_of(tree["east"]))["office"]["counts"]["cases"] == 3, "its own it may know"


def test_hiding_leaves_nothing_to_work_out() -> None:
    rows = [{"n": 3}, {"n": 12}, {"n": 7}, {"n": 0}]
    assert [row["n"] for row in hide_small(rows)] == [None, 12, None, 0]
    assert [row["n"] for row in hide_small([{"n": 2}, {"n": 4}, {"n": 9}])] == [None, None, 9]
    assert [row["n"] for row in hide_small([{"n": 5}, {"n": 0}])] == [5, 0]


@pytest.mark.parametrize(
    "wish",
    [
        {"since": "2026-11-20", "until": "2026-11-01"},
        {"since": "2020-01-01", "until": "2026-11-01"},
        {"since": "gestern"},
    ],
)
def test_a_window_that_makes_no_sense_is_refused_with_its_name(
    api: Any, wish: dict[str, str]
) -> None:
    answer = api.get("/metrics", **wish)
    assert answer.status_code == 422
    assert "since" in str(answer.get_json())
