"""首接首办: each rule, its tie, and the superior that chooses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import Actor
from minsheng.cases.service import Sight
from minsheng.crossings.lead import Claimant, Decided, decide, holds
from minsheng.crossings.service import (
    CrossingConflict,
    CrossingNotFound,
    LeadInvalid,
    agreed_crossing,
    choose_lead,
    lead_rules,
    mark_handed_over,
    set_lead_rules,
    waiting_choices,
)
from minsheng.crossings.sides import Place

ALL = Sight(confidential=True)
BOSS = Actor("user", "superior")
EARLY = datetime(2026, 11, 18, tzinfo=UTC)
CITY = Place(3, "130100", "某市", (1, 2, 3))
COUNTY = Place(4, "130129", "某县", (1, 2, 3, 4))
BESIDE = Place(5, "130130", "邻县", (1, 2, 3, 5))
BUREAU = Place(6, "D00001", "某局", (1, 2, 3, 6))


def claim(place: Place, region: str = "", at: datetime | None = EARLY) -> Claimant:
    return Claimant(place, region, at)


@pytest.mark.parametrize(
    ("one", "other", "lead"),
    [
        (claim(COUNTY, "130129"), claim(BESIDE), 4),
        (claim(COUNTY), claim(BESIDE, "130130"), 5),
        (claim(COUNTY, "130129"), claim(CITY), 4),
        (claim(CITY), claim(BUREAU, "130129"), 3),
        (claim(COUNTY, "130129"), claim(BESIDE, "130129101"), 4),
        (claim(COUNTY, "130129"), claim(BESIDE, "130130"), None),
        (claim(COUNTY), claim(BESIDE), None),
        (claim(COUNTY, "130999"), claim(BESIDE), None),
        (claim(COUNTY, "440100"), claim(CITY), None),
    ],
)
def test_territory_gives_the_body_whose_region_holds_the_matter_and_no_one_at_a_tie(
    one: Claimant, other: Claimant, lead: int | None
) -> None:
    rule = "territory" if lead else "superior_choice"
    assert decide(("territory",), one, other) == Decided(lead, rule)
    assert decide(("territory",), other, one) == Decided(lead, rule)


def test_the_first_receiver_leads_and_no_one_when_both_heard_at_once() -> None:
    late = claim(BESIDE, at=EARLY + timedelta(seconds=1))
    rules = ("first_receiver",)
    assert decide(rules, claim(COUNTY), late) == Decided(4, "first_receiver")
    assert decide(rules, late, claim(COUNTY)) == Decided(4, "first_receiver")
    assert decide(rules, claim(COUNTY), claim(BESIDE)) == Decided(None, "superior_choice")
    unknown = replace(late, first_at=None)
    assert decide(rules, claim(COUNTY), unknown) == Decided(None, "superior_choice")


def test_rules_are_asked_in_order_and_none_after_the_superior() -> None:
    one, other = claim(COUNTY, "130129", EARLY + timedelta(hours=1)), claim(BESIDE)
    assert decide(("territory", "first_receiver"), one, other) == Decided(4, "territory")
    assert decide(("first_receiver", "territory"), one, other) == Decided(5, "first_receiver")
    asked = ("superior_choice", "territory", "first_receiver")
    assert decide(asked, one, other) == Decided(None, "superior_choice")


@pytest.mark.parametrize(
    ("code", "region", "held"),
    [
        ("130000", "130129", True), ("130100", "130129", True), ("130129", "130129", True),
        ("130129", "130129101", True), ("130129101", "130129101", True),
        ("130129101", "130129", False), ("130129", "130130", False), ("130200", "130129", False),
        ("D00001", "130129", False), ("130129", "", False),
    ],
)  # fmt: skip
def test_a_body_holds_what_its_code_begins(code: str, region: str, held: bool) -> None:
    assert holds(code, region) is held


def rules_of(service: Any, tenant_id: int) -> tuple[str, ...]:
    with service.tools.database.session(tenant_id) as session:
        return lead_rules(session)


def give_rules(service: Any, tenant_id: int, *rules: str) -> None:
    with service.tools.database.session(tenant_id) as session:
        set_lead_rules(session, service.tools, BOSS, rules)


def test_rules_have_a_default_are_set_in_order_and_refused_when_they_are_none(
    service: Any, city: int, province: int, audit_of: Any
) -> None:
    assert rules_of(service, city) == ("territory", "first_receiver", "superior_choice")
    give_rules(service, city, "first_receiver")
    give_rules(service, city, "superior_choice", "territory")
    assert rules_of(service, city) == ("superior_choice", "territory")
    assert rules_of(service, province) == ("territory", "first_receiver", "superior_choice")
    assert audit_of(city, "lead_rules.set") == 2
    for wrong in ((), ("territory", "territory"), ("dice",)):
        with pytest.raises(LeadInvalid, match="name each rule once"):
            give_rules(service, city, *wrong)


@pytest.fixture
def agreed(here: Any, there: Any, words: Any, service: Any, city: int) -> Any:
    """``agreed(*rules)``: both have agreed below a city with these rules; the crossing's id."""

    def make(*rules: str) -> Any:
        give_rules(service, city, *rules)
        here.contribute(words["first"])
        there.contribute(words["again"], received_at=datetime(2026, 11, 19, 5, 0, tzinfo=UTC))
        crossing = here.hint().id
        here.agree(crossing)
        there.agree(crossing)
        service.work(there.tenant_id)
        return crossing

    return make


def test_who_heard_first_leads_and_each_side_is_told(agreed: Any, here: Any, there: Any) -> None:
    crossing = agreed("territory", "first_receiver")
    assert (here.hint().leads, there.hint().leads) == ("ours", "theirs")
    assert here.hint().lead_rule == "first_receiver"
    with here.service.tools.database.session(there.tenant_id) as session:
        assert agreed_crossing(session, crossing, ALL).leads is False


def test_the_superior_chooses_once_learning_the_bodies_and_nothing_of_the_matter(
    agreed: Any, here: Any, there: Any, service: Any, city: int, audit_of: Any
) -> None:
    crossing = agreed("superior_choice")
    assert (here.hint().state, here.hint().leads) == ("agreed", "asked")
    tools = service.tools
    with tools.database.session(here.tenant_id) as session:
        assert agreed_crossing(session, crossing, ALL).leads is None
        with pytest.raises(CrossingConflict, match="nobody leads yet"):
            mark_handed_over(session, tools, BOSS, crossing, crossing)
    with tools.database.session(city) as session:
        (choice,) = waiting_choices(session)
        assert {body.code for body in choice.bodies} == {here.code, there.code}
        with pytest.raises(LeadInvalid, match="one of the two"):
            choose_lead(session, tools, BOSS, crossing, "100101")
        choose_lead(session, tools, BOSS, crossing, there.code)
        assert waiting_choices(session) == []
        with pytest.raises(CrossingConflict, match="chosen already"):
            choose_lead(session, tools, BOSS, crossing, here.code)
    row = service.scalar(
        "select to_jsonb(c)::text from lead_choices c where crossing_id = :id", id=crossing
    )
    assert here.hint().case not in row
    service.work(city)
    assert (here.hint().leads, there.hint().leads) == ("theirs", "ours")
    assert here.hint().lead_rule == "superior_choice"
    assert audit_of(city, "lead.ask") == audit_of(city, "lead.choose") == 1
    assert {audit_of(each.tenant_id, "crossing.lead") for each in (here, there)} == {1}


def test_a_choice_of_another_office_is_none(
    agreed: Any, here: Any, service: Any, province: int
) -> None:
    crossing = agreed("superior_choice")
    for outsider in (province, here.tenant_id):
        with (
            service.tools.database.session(outsider) as session,
            pytest.raises(CrossingNotFound),
        ):
            choose_lead(session, service.tools, BOSS, crossing, here.code)


def test_a_case_found_to_complain_of_the_superior_opens_nothing_and_the_superior_is_not_asked(
    here: Any, there: Any, words: Any, service: Any, city: int
) -> None:
    give_rules(service, city, "superior_choice")
    message, case = here.take_in(words["first"])
    there.contribute(words["again"], received_at=datetime(2026, 11, 19, 5, 0, tzinfo=UTC))
    service.contribute(here.tenant_id, message)
    crossing = here.hint().id
    with service.tools.database.owner_session() as session:
        session.execute(
            text(
                "insert into complained_offices values"
                " (:tenant, (select id from cases where tenant_id = :tenant and number = :number),"
                " :office, 'person', gen_random_uuid(), 'user:petitions', now())"
            ),
            {"tenant": here.tenant_id, "number": case, "office": city},
        )
    here.agree(crossing)
    there.agree(crossing)
    service.work(there.tenant_id)
    with service.tools.database.session(city) as session:
        assert waiting_choices(session) == []
    assert (here.hint().state, here.hint().leads) == ("withdrawn", "")
