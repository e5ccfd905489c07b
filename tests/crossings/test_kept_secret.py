"""Complaints about an office, and citizens who asked for secrecy, make no hints that tell."""

import uuid
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import Actor
from minsheng.cases.service import Sight, Wish, mark_complained, mark_confidential
from minsheng.crossings.service import CrossingConflict, agreed_crossing

ALL = Sight(confidential=True)
OFFICER = Actor("user", "petitions")


def mark(office: Any, case: str, code: str) -> None:
    tools = office.service.tools
    with tools.database.session(office.tenant_id) as session:
        mark_complained(session, tools, Wish(OFFICER, sight=ALL), case, code)


@pytest.fixture
def above(office_of: Any, city: int) -> Any:
    """The city above both counties."""
    return office_of(city)


def codes_of(service: Any, office: Any, column: str = "1") -> int:
    statement = f"select count({column}) from crossing_codes where tenant_id = :tenant"
    found: int = service.scalar(statement, tenant=office.tenant_id)
    return found


def test_the_office_complained_of_is_not_hinted_whichever_side_comes_first(
    above: Any, here: Any, words: Any
) -> None:
    """The city's case complains of the county; the county has the same matter."""
    message, case = above.take_in(words["first"])
    mark(above, case, here.code)
    here.contribute(words["again"])
    above.service.contribute(above.tenant_id, message)
    assert above.hints() == here.hints() == []


def test_a_body_below_the_one_complained_of_is_not_hinted_either(
    above: Any, here: Any, office: Any, office_of: Any, words: Any
) -> None:
    below = office_of(office("department", below=here.tenant_id))
    message, case = above.take_in(words["first"])
    mark(above, case, here.code)
    below.contribute(words["again"])
    above.service.contribute(above.tenant_id, message)
    assert above.hints() == below.hints() == []


def test_a_body_that_is_not_complained_of_is_hinted_as_the_control(
    above: Any, here: Any, there: Any, words: Any
) -> None:
    message, case = above.take_in(words["first"])
    mark(above, case, there.code)
    here.contribute(words["again"])
    above.service.contribute(above.tenant_id, message)
    assert len(above.hints()) == len(here.hints()) == 1


def test_a_complaint_about_the_office_itself_contributes_nothing(
    here: Any, there: Any, words: Any, service: Any, audit_of: Any
) -> None:
    message, case = here.take_in(words["first"])
    mark(here, case, here.code)
    service.contribute(here.tenant_id, message)
    assert codes_of(service, here) == 0
    there.contribute(words["again"])
    assert there.hints() == []
    assert audit_of(here.tenant_id, "crossing.contribute") == 0


def test_a_case_grown_secret_meanwhile_is_not_hinted_and_its_codes_go(
    here: Any, there: Any, words: Any, service: Any, clock: Any
) -> None:
    case = here.contribute(words["first"])
    mark(here, case, here.code)
    there.contribute(words["again"])
    assert there.hints() == here.hints() == []
    hasten(service, here)
    assert codes_of(service, here) == 0


def hasten(service: Any, office: Any) -> None:
    """Have the office's daily look at its codes come now."""
    with service.tools.database.owner_session() as session:
        session.execute(
            text("update work set due_at = :now where kind = 'recode' and tenant_id = :tenant"),
            {"now": service.clock.now(), "tenant": office.tenant_id},
        )
    service.work(office.tenant_id, "recode")


def test_a_case_found_to_complain_of_the_other_side_is_withdrawn_when_both_agree(
    above: Any, here: Any, words: Any, service: Any
) -> None:
    case = above.contribute(words["first"])
    here.contribute(words["again"])
    crossing = above.hint().id
    mark(above, case, here.code)
    above.agree(crossing)
    here.agree(crossing)
    service.work(here.tenant_id)
    assert {above.hint().state, here.hint().state} == {"withdrawn"}
    with (
        pytest.raises(CrossingConflict),
        service.tools.database.session(here.tenant_id) as session,
    ):
        agreed_crossing(session, crossing, ALL)


def test_hints_of_a_case_grown_secret_are_for_those_alone_who_may_see_it(
    here: Any, there: Any, met: Any
) -> None:
    mark(here, here.hint().case, here.code)
    assert here.hints(Sight()) == []
    assert [each.id for each in here.hints()] == [met]


def test_a_citizen_who_asked_for_secrecy_contributes_no_contact(
    here: Any, there: Any, words: Any, service: Any
) -> None:
    here.contribute(words["first"], confidential=True)
    there.contribute(words["again"])
    assert codes_of(service, here) == 1
    assert codes_of(service, here, "phone") == 0
    assert codes_of(service, there, "phone") == 1


def test_a_contact_given_before_the_citizen_asked_counts_no_more(
    here: Any, there: Any, words: Any, service: Any
) -> None:
    message, _ = here.take_in(words["first"])
    service.contribute(here.tenant_id, message)
    assert codes_of(service, here, "phone") == 1
    tools = service.tools
    with tools.database.session(here.tenant_id) as session:
        mark_confidential(session, tools, Wish(OFFICER, sight=ALL), uuid.UUID(message))
    hasten(service, here)
    assert codes_of(service, here) == 1
    assert codes_of(service, here, "phone") == 0


@pytest.mark.parametrize("phone", ["139****5678", "12345", ""])
def test_a_masked_or_shared_number_is_no_contact(
    here: Any, words: Any, service: Any, phone: str
) -> None:
    here.contribute(words["first"], phone=phone, name="")
    assert codes_of(service, here) == 1
    assert codes_of(service, here, "phone") == 0
