"""Declining and agreeing: one side opens nothing, both open each its own case, and nothing else."""

import uuid
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import SYSTEM
from minsheng.cases.service import Sight, Wish
from minsheng.crossings.service import (
    CrossingConflict,
    CrossingNotFound,
    agree,
    agreed_crossing,
    mark_handed_over,
)

ALL = Sight(confidential=True)


def opened(office: Any, crossing_id: uuid.UUID) -> Any:
    with office.service.tools.database.session(office.tenant_id) as session:
        return agreed_crossing(session, crossing_id, ALL)


def test_one_side_that_agrees_opens_nothing(
    here: Any, there: Any, met: Any, service: Any, audit_of: Any
) -> None:
    here.agree(met)
    here.agree(met)
    service.work(here.tenant_id)
    assert [here.hint().agreed_here, there.hint().agreed_there] == [True, True]
    for office in (here, there):
        assert office.hint().state == "hinted"
        with pytest.raises(CrossingConflict, match="is hinted, not agreed"):
            opened(office, met)
    assert audit_of(here.tenant_id, "crossing.agree") == 1
    assert audit_of(there.tenant_id, "crossing.agree") == 0


def test_both_sides_that_agree_open_each_its_own_case(
    here: Any, there: Any, met: Any, service: Any, audit_of: Any
) -> None:
    here.agree(met)
    there.agree(met)
    service.work(there.tenant_id)
    mine, theirs = opened(here, met), opened(there, met)
    assert (mine.case, mine.other_id, mine.other_code) == (
        here.hint().case, there.tenant_id, there.code,
    )  # fmt: skip
    assert (theirs.case, theirs.other_id) == (there.hint().case, here.tenant_id)
    assert mine.case_id != theirs.case_id
    assert {audit_of(office.tenant_id, "crossing.settle") for office in (here, there)} == {1}


def test_declining_closes_the_hint_for_both_and_keeps_the_reason_at_home(
    here: Any, there: Any, met: Any, service: Any
) -> None:
    here.agree(met)
    there.decline(met, "说的是另一部电梯")
    assert {here.hint().state, there.hint().state} == {"declined"}
    shared = service.scalar("select to_jsonb(c)::text from crossings c where id = :id", id=met)
    assert "另一部电梯" not in shared
    with pytest.raises(CrossingConflict, match="is declined, not hinted"):
        here.agree(met)
    with pytest.raises(CrossingConflict, match="is declined, not agreed"):
        opened(here, met)


def test_a_crossing_of_others_is_none_at_all(
    here: Any, there: Any, met: Any, office: Any, office_of: Any, city: int
) -> None:
    stranger = office_of(office("county", below=city))
    above = office_of(city)
    for outsider in (stranger, above):
        assert outsider.hints() == []
        with pytest.raises(CrossingNotFound):
            outsider.agree(met)
        with pytest.raises(CrossingNotFound):
            opened(outsider, met)
    with pytest.raises(CrossingNotFound):
        here.agree(uuid.uuid4())


def test_an_agreed_crossing_is_handed_over_once_and_only_when_somebody_leads(
    here: Any, there: Any, met: Any, service: Any
) -> None:
    here.agree(met)
    there.agree(met)
    service.work(there.tenant_id)
    handover = uuid.uuid4()
    with service.tools.database.session(here.tenant_id) as session:
        if opened(here, met).leads is None:
            pytest.fail("the one who heard first should lead")
        mark_handed_over(session, service.tools, SYSTEM, met, handover)
    assert {here.hint().state, there.hint().state} == {"handed_over"}
    with (
        pytest.raises(CrossingConflict),
        service.tools.database.session(there.tenant_id) as session,
    ):
        mark_handed_over(session, service.tools, SYSTEM, met, handover)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("update crossings set to_agreed = true, from_agreed = true", "agrees for itself"),
        ("update crossings set state = 'agreed'", "cannot take this step"),
        ("update crossings set state = 'handed_over'", "cannot take this step"),
        ("update crossings set band = 'likely', to_name = 'x'", "permission denied"),
        ("delete from crossings", "permission denied"),
        ("insert into crossings select from_tenant, gen_random_uuid(), to_tenant, from_code,"
         " from_name, from_stage, true, to_code, to_name, to_stage, true, band, 'agreed', null, '',"
         " null, now(), null from crossings", "begins as a hint"),
    ],
)  # fmt: skip
def test_the_database_itself_lets_no_side_open_a_crossing_alone(
    here: Any, met: Any, service: Any, said: str, word: str
) -> None:
    with (
        pytest.raises(Exception, match=word),
        service.tools.database.session(here.tenant_id) as session,
    ):
        session.execute(text(said))
    assert here.hint().state == "hinted"


def test_two_who_agree_at_once_wait_for_each_other(
    here: Any, there: Any, met: Any, service: Any
) -> None:
    """The second to come sees the first's agreement, so that work follows."""
    here.agree(met)
    wish = Wish(SYSTEM, sight=ALL)
    with service.tools.database.session(there.tenant_id) as session:
        crossing = agree(session, service.tools, wish, met)
        assert crossing.from_agreed
        assert crossing.to_agreed
    waits = "select count(*) from work where kind = 'settle_crossing' and row_id = :id"
    assert service.scalar(waits, id=met) == 1
