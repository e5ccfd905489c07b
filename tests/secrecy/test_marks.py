"""The office complained of: marked by the rule and by people, joined, parted, never routed to."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import Actor
from minsheng.cases.service import (
    PLAIN,
    ReasonMissing,
    RouteRefused,
    Sight,
    Wish,
    complained_of,
    demand_route,
    find_case,
    mark_complained,
    may_see_case,
    routes_allowed,
    unmark_complained,
)
from minsheng_tenants import BodyNotFound

OFFICER = Actor("user", "petitions")
ALL = Sight(confidential=True)
LAMP = "槐树路口的路灯坏了半个月，晚上看不见路，请派人修理。"
WELL = "文化街的井盖破损，骑车的人摔倒两次，请更换井盖。"


def complaint(code: str) -> str:
    """A complaint about a body by its name in the tests' tree."""
    return f"我要投诉测试单位{code}，工作人员态度恶劣，多次推诿不作为。"


def wish(reason: str = "") -> Wish:
    return Wish(OFFICER, reason, sight=ALL)


def complained(desk: Any, number: str) -> set[str]:
    return {office["code"] for office in desk.case(number)["complained"]}


@pytest.fixture
def departments(desk: Any, office: Any, owner: Any) -> list[str]:
    """The codes of two departments of the desk's county."""
    ids = [office("department", below=desk.tenant_id) for _ in range(2)]
    rows = owner.execute(text("select code from tenants where id = any(:ids)"), {"ids": ids})
    return [row.code for row in rows]


@pytest.fixture
def mark(process: Any, desk: Any) -> Callable[..., None]:
    """``mark(number, code)``; ``mark(number, code, reason)`` takes the mark away."""

    def change(number: str, code: str, reason: str = "") -> None:
        with process.tools.database.session(desk.tenant_id) as session:
            verb = unmark_complained if reason else mark_complained
            verb(session, process.tools, wish(reason), number, code)

    return change


def merge(desk: Any, number: str, other: str, verb: str = "merge") -> None:
    answer = desk.trusted.post(f"/cases/{number}/{verb}", {"other": other})
    assert answer.status_code == 200, answer.text


def test_joined_cases_share_their_marks_and_parted_each_has_its_own(
    desk: Any, departments: list[str], mark: Any
) -> None:
    (_, lamp), (_, well) = desk.take_in(desk.message(LAMP), desk.message(WELL))
    mark(lamp, departments[0])
    mark(well, departments[1])
    merge(desk, lamp, well)
    assert complained(desk, lamp) == complained(desk, well) == set(departments)
    merge(desk, lamp, well, "unmerge")
    assert complained(desk, lamp) == {departments[0]}
    assert complained(desk, well) == {departments[1]}


def test_a_mark_made_while_they_were_joined_stays_with_both(
    desk: Any, departments: list[str], mark: Any
) -> None:
    (_, lamp), (_, well) = desk.take_in(desk.message(LAMP), desk.message(WELL))
    merge(desk, lamp, well)
    mark(lamp, departments[0])
    merge(desk, lamp, well, "unmerge")
    assert complained(desk, lamp) == complained(desk, well) == {departments[0]}


def test_a_message_taken_out_keeps_the_mark_and_what_the_rule_found_goes_with_its_words(
    desk: Any, departments: list[str], mark: Any
) -> None:
    (_, lamp), (own, angry) = desk.take_in(desk.message(LAMP), desk.message(complaint("county")))
    mark(lamp, departments[0])
    merge(desk, lamp, angry)
    assert desk.case(lamp)["secret"]
    assert desk.case(angry)["secret"]
    answer = desk.trusted.post(f"/cases/{lamp}/split", {"messages": [own]})
    assert answer.json["number"] == angry
    assert answer.json["secret"]
    assert complained(desk, lamp) == {departments[0]}
    assert not desk.case(lamp)["secret"]


def test_a_mark_is_taken_away_with_a_reason_only_and_both_are_kept(
    desk: Any, departments: list[str], mark: Any, process: Any, audit_of: Any
) -> None:
    ((_, lamp),) = desk.take_in(desk.message(LAMP))
    mark(lamp, departments[0])
    mark(lamp, departments[0])
    tools = process.tools
    with (
        tools.database.session(desk.tenant_id) as session,
        pytest.raises(ReasonMissing, match="say why"),
    ):
        unmark_complained(session, tools, wish(" "), lamp, departments[0])
    mark(lamp, departments[0], "写的是另一个局")
    assert complained(desk, lamp) == set()
    made = (
        audit_of(desk.tenant_id, "case.complained"),
        audit_of(desk.tenant_id, "case.not_complained"),
    )
    assert [len(entries) for entries in made] == [1, 1]
    events = desk.trusted.get(f"/cases/{lamp}/timeline").json["items"]
    assert [e["data"]["reason"] for e in events if e["kind"] == "not_complained"] == [
        "写的是另一个局"
    ]


def test_what_the_rule_found_is_forgotten_with_the_mark_and_the_case_is_open_again(
    desk: Any, mark: Any
) -> None:
    ((_, angry),) = desk.take_in(desk.message(complaint("county")))
    assert desk.plain.get(f"/cases/{angry}").status_code == 404
    mark(angry, desk.code, "说的是外地的同名单位")
    assert desk.plain.get(f"/cases/{angry}").status_code == 200
    assert complained(desk, angry) == set()


def test_an_office_out_of_sight_cannot_be_marked(
    desk: Any, tree: Any, process: Any, owner: Any
) -> None:
    ((_, lamp),) = desk.take_in(desk.message(LAMP))
    code = owner.scalar(text("select code from tenants where id = :id"), {"id": tree["sibling"]})
    tools = process.tools
    with tools.database.session(desk.tenant_id) as session:
        for absent in (code, "X-NOWHERE"):
            with pytest.raises(BodyNotFound):
                mark_complained(session, tools, wish(), lamp, absent)


def test_a_case_goes_above_the_office_complained_of_and_never_to_it_or_below(
    desk_of: Any, tree: Any, process: Any, audit_of: Any, owner: Any
) -> None:
    city = desk_of(tree["city"])
    code = owner.scalar(text("select code from tenants where id = :id"), {"id": tree["county"]})
    ((_, lamp),) = city.take_in(city.message(LAMP))
    tools = process.tools
    with tools.database.session(city.tenant_id) as session:
        case = find_case(session, lamp)
        assert routes_allowed(session, case, tree.values()) == {*tree.values()}
        mark_complained(session, tools, wish(), lamp, code)
        allowed = {tree["city"], tree["sibling"]}
        assert routes_allowed(session, case, tree.values()) == allowed
        demand_route(session, tools, OFFICER, case, tree["sibling"])
        for refused in (tree["county"], tree["department"]):
            assert not may_see_case(session, case, refused)
            with pytest.raises(RouteRefused, match=r"article 46 \(5\)"):
                demand_route(session, tools, OFFICER, case, refused)
    assert [entry.result for entry in audit_of(city.tenant_id, "case.route")] == ["refused"] * 2


def test_rel_i8_every_route_is_decided_as_the_tree_says(
    office: Any, desk_of: Any, process: Any, owner: Any, dice: random.Random, scaled: Any
) -> None:
    """Random marks in a random tree, each route against the ancestors as the owner reads them."""
    city = office("city")
    offices = [city]
    for _ in range(6):
        county = office("county", below=city)
        offices += [county, office("department", below=county), office("street", below=county)]
    stranger = office("ministry")
    desk = desk_of(city)
    rows = owner.execute(
        text("select id, code, ancestors from tenants where id = any(:ids)"), {"ids": offices}
    )
    known = {row.id: (row.code, {*row.ancestors, row.id}) for row in rows}
    tools = process.tools
    for at in range(scaled(500, 50)):
        if at % 10 == 0:
            ((_, number),) = desk.take_in(desk.message(f"{LAMP}{at}"))
            marked: set[int] = set()
        with tools.database.session(city) as session:
            chosen = dice.choice(offices)
            mark_complained(session, tools, wish(), number, known[chosen][0])
            marked.add(chosen)
            case = find_case(session, number, ALL)
            assert complained_of(session, case) == marked
            assert case.secret == (city in marked)
            expected = {each for each in offices if not known[each][1] & marked} | {stranger}
            assert routes_allowed(session, case, [*offices, stranger]) == expected


def test_a_route_to_a_body_that_might_stand_below_an_unseen_one_is_refused(
    desk_of: Any, tree: Any, process: Any, owner: Any
) -> None:
    """A handover may bring a mark on a body above: who stands below it cannot be known here."""
    county = desk_of(tree["county"])
    ((_, lamp),) = county.take_in(county.message(LAMP))
    tools = process.tools
    with tools.database.operator_session(tree["county"]) as session:
        session.execute(
            text(
                "insert into complained_offices select tenant_id, id, :city, 'person',"
                " gen_random_uuid(), 'x', now() from cases"
                " where number = :number and tenant_id = :county"
            ),
            {"city": tree["city"], "number": lamp, "county": tree["county"]},
        )
    with tools.database.session(tree["county"]) as session:
        case = find_case(session, lamp, PLAIN)
        assert routes_allowed(session, case, tree.values()) == set()
        above = owner.scalar(
            text("select parent_id from tenants where id = :id"), {"id": tree["city"]}
        )
        assert routes_allowed(session, case, [above]) == {above}
