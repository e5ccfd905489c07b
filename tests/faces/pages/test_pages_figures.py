"""The central page: figures with their window and cohort, for those who may read them."""

from typing import Any

import pytest

from minsheng_tenants import Tenant


@pytest.fixture
def leader(desk: Any) -> Any:
    desk.log_in("leader")
    return desk


def test_the_page_says_which_days_and_which_cohort_its_figures_are_of(leader: Any) -> None:
    page = leader.http.get("/figures?since=2026-11-01&until=2026-11-20")
    assert page.status_code == 200
    assert "2026-11-01" in page.text
    assert "2026-11-20" in page.text
    assert "按案件受理日" in page.text


@pytest.mark.parametrize(
    "query", ["sort=name", "since=gestern", "since=2026-11-20&until=2026-11-01"]
)
def test_a_wish_that_makes_no_sense_is_refused(leader: Any, query: str) -> None:
    assert leader.http.get(f"/figures?{query}").status_code == 422


def test_a_body_that_is_not_below_is_answered_like_none(leader: Any, office: Any) -> None:
    beside = leader.http.get(f"/figures?office={_code(leader, office('county'))}")
    nowhere = leader.http.get("/figures?office=999999")
    assert beside.status_code == nowhere.status_code == 404


def test_who_may_not_read_figures_is_refused(desk: Any) -> None:
    desk.log_in("handler")
    assert desk.http.get("/figures").status_code == 403
    assert "/figures" not in desk.http.get("/queue").text


def _code(desk: Any, tenant_id: int) -> str:
    with desk.tools.database.session(tenant_id) as session:
        return str(session.get(Tenant, tenant_id).code)
