"""Where a case may not go: each refusal changes nothing and leaves one entry in the trail."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.cases.service import (
    CaseConflict,
    CaseNotFound,
    RouteRefused,
    Sight,
    Wish,
    mark_complained,
)
from minsheng.handling.handovers_dispatch import dispatch_many
from minsheng.handling.handovers_errors import BodyOutOfReach, HandoverConflict, OrderInvalid
from minsheng.handling.handovers_orders import Order

COUNT = "select count(*) from handovers where from_tenant = :tenant"
SEES_ALL = Sight(confidential=True)


@pytest.fixture
def refused(world: Any) -> Callable[..., None]:
    """Assert that a dispatch is refused, that nothing is changed, and that one entry says so."""

    def check(
        at: int, number: str, to: int, error: type[Exception], entry: str, **more: Any
    ) -> None:
        before, entries = world.scalar(at, COUNT), world.audited(at, entry)
        stage = world.row(at, number).stage
        with pytest.raises(error):
            world.dispatch(at, number, to, **more)
        assert world.scalar(at, COUNT) == before
        assert world.row(at, number).stage == stage
        (new,) = world.audited(at, entry)[len(entries) :]
        assert new.startswith("refused")

    return check


def test_a_case_goes_neither_to_the_office_itself_nor_out_of_its_tree(
    world: Any, refused: Any, office: Any
) -> None:
    number = world.case(world.county, world.LAMP)
    elsewhere = office("county")
    for to in (world.county, world.city, world.sibling, elsewhere):
        refused(world.county, number, to, BodyOutOfReach, "case.dispatch")
    with world.session(world.county) as session, pytest.raises(BodyOutOfReach):
        dispatch_many(session, world.tools, world.wish(), [Order(number, "999999")])
    assert world.dispatch(world.county, number, world.street).state == "sent"


def test_a_case_does_not_come_back_along_its_chain_of_custody(world: Any, refused: Any) -> None:
    _number, first = world.handed(world.province, world.city)
    at_city = world.case_of(world.city, first.id).number
    second = world.dispatch(world.city, at_city, world.county)
    world.carry()
    at_county = world.case_of(world.county, second.id).number
    for above in (world.city, world.province):
        with pytest.raises(BodyOutOfReach, match="return it there"):
            world.dispatch(world.county, at_county, above)
        refused(world.county, at_county, above, BodyOutOfReach, "case.dispatch")
    world.give_back(world.county, second.id, "不属于本县职责")
    world.carry()
    assert world.handover(world.city, second.id).state == "returned"


def test_a_case_that_is_unknown_joined_or_closed_is_not_handed_over(world: Any) -> None:
    number = world.case(world.city, world.LAMP)
    with pytest.raises(CaseNotFound):
        world.dispatch(world.city, number[:-1] + "9", world.county)
    with pytest.raises(CaseNotFound):
        world.dispatch(world.sibling, number, world.county)
    with world.session(world.city) as session:
        session.execute(
            text("update cases set closed_at = now(), stage = 'closed' where number = :number"),
            {"number": number},
        )
    with pytest.raises(CaseConflict, match="closed"):
        world.dispatch(world.city, number, world.county)


def test_an_order_out_of_form_is_refused(world: Any) -> None:
    number = world.case(world.city, world.LAMP)
    wrong = [
        {"role": "helper"},
        {"note": "长" * 1001},
        {"demands": ["报照片"] * 21},
        {"demands": [" "]},
        {"due_at": world.tools.clock.now().replace(tzinfo=None)},
    ]
    for more in wrong:
        with pytest.raises(OrderInvalid):
            world.dispatch(world.city, number, world.county, **more)
    assert world.scalar(world.city, COUNT) == 0


def test_rel_i8_the_office_complained_of_is_never_handed_the_case(world: Any, refused: Any) -> None:
    number = world.case(world.city, world.LAMP)
    with world.session(world.city) as session:
        mark_complained(session, world.tools, world.wish(), number, world.code(world.county))
    for to in (world.county, world.street):
        refused(world.city, number, to, RouteRefused, "case.route")
    assert world.dispatch(world.city, number, world.sibling).state == "sent"


def test_rel_i8_whom_a_case_complains_of_goes_along_and_holds_further_down(world: Any) -> None:
    number = world.case(world.province, world.LAMP)
    with world.session(world.province) as session:
        mark_complained(session, world.tools, world.wish(), number, world.code(world.street))
    made = world.dispatch(world.province, number, world.city)
    world.runner.answer(world.province, "handover")
    world.runner.answer(world.city, "match")
    theirs = world.case_of(world.city, made.id).number
    with pytest.raises(RouteRefused):
        world.dispatch(world.city, theirs, world.street)
    world.carry()
    with pytest.raises(RouteRefused):
        world.dispatch(world.city, theirs, world.street)
    below = world.dispatch(world.city, theirs, world.county)
    world.carry()
    with pytest.raises(RouteRefused):
        world.dispatch(world.county, world.case_of(world.county, below.id).number, world.street)


def test_rel_i8_a_complaint_about_the_office_itself_goes_up_past_those_it_complains_of(
    world: Any,
) -> None:
    number = world.case(world.county, world.LAMP)
    with pytest.raises(BodyOutOfReach):
        world.dispatch(world.county, number, world.city)
    own = world.code(world.county)
    with world.session(world.county) as session:
        mark_complained(session, world.tools, world.wish(), number, own)
    with pytest.raises(CaseNotFound):
        world.dispatch(world.county, number, world.city)
    made = world.dispatch(world.county, number, world.city, sight=SEES_ALL)
    world.carry()
    assert world.handover(world.city, made.id).state == "received"
    theirs = world.case_of(world.city, made.id).number
    with pytest.raises((RouteRefused, BodyOutOfReach)):
        world.dispatch(world.city, theirs, world.county)


def test_feature_d5_five_hundred_cases_are_handed_down_at_once(
    world: Any, scaled: Any, statements: Any
) -> None:
    many = scaled(500, 25)
    towns = [world.code(each) for each in (world.county, world.sibling)]
    bodies = [f"第{n}号院{n}栋{matter}请处理{n * 7919}" for n in range(many) for matter in ["漏水"]]
    world.push(world.province, *[world.said(body) for body in bodies])
    world.runner.answer(world.province, "match")
    with world.session(world.province) as session:
        numbers = session.scalars(text("select number from cases order by number")).all()
    orders = [Order(number, towns[at % 2]) for at, number in enumerate(numbers)]
    with world.session(world.province) as session, statements(session) as counted:
        dispatch_many(session, world.tools, world.wish(), orders)
    assert len(counted) <= 25, "a fixed number of queries"
    world.carry()
    got = "select count(*) from messages where tenant_id = :tenant and plugin = 'handover'"
    assert world.scalar(world.county, got) + world.scalar(world.sibling, got) == len(numbers)
    received = "select count(*) from handovers where from_tenant = :tenant and received_at is null"
    assert world.scalar(world.province, received) == 0


def test_one_order_that_cannot_be_carried_out_holds_back_all_of_them(world: Any) -> None:
    numbers = [world.case(world.city, world.LAMP), world.case(world.city, world.LIFT)]
    orders = [Order(numbers[0], world.code(world.county)), Order(numbers[1], "999999")]
    with pytest.raises(BodyOutOfReach), world.session(world.city) as session:
        dispatch_many(session, world.tools, world.wish(), orders)
    assert world.scalar(world.city, COUNT) == 0
    with pytest.raises(OrderInvalid), world.session(world.city) as session:
        dispatch_many(session, world.tools, world.wish(), [])
    with pytest.raises(HandoverConflict), world.session(world.city) as session:
        dispatch_many(session, world.tools, world.wish(), [orders[0], orders[0]])
    assert world.scalar(world.city, COUNT) == 0
    assert isinstance(world.wish(), Wish)
