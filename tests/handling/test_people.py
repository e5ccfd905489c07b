"""Who takes a case in, who stands in, and that nobody's case is nobody's (D10, D11)."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM
from minsheng.handling import service as verbs
from minsheng.handling.errors import HandlingInvalid, PersonUnfit


def test_feature_d10_an_unclaimed_case_is_an_alert_once_its_time_is_over(desk: Any) -> None:
    number = desk.case()
    view = desk.view(number)
    assert view.claim_until == desk.clock.now() + (view.claim_until - desk.clock.now())
    assert view.claim_until.isoformat() == "2026-11-20T05:00:00+00:00", "an hour of office time"
    desk.to("2026-11-20 12:59")
    desk.run("unclaimed")
    assert desk.alerts() == []
    desk.to("2026-11-20 13:00")
    entries = desk.entries()
    for _ in range(2):
        desk.run("unclaimed")
    (alert,) = desk.alerts()
    assert (alert.kind, alert.data["person"]) == ("unclaimed", view.handler)
    assert desk.entries() == entries + 1
    shown = desk.read(verbs.list_alerts)
    assert [(each.kind, each.case) for each in shown] == [("unclaimed", number)]
    desk.ask(verbs.see_alert, alert.id)
    assert desk.read(verbs.list_alerts) == []


def test_feature_d10_a_case_that_was_claimed_in_time_raises_no_alert(desk: Any) -> None:
    number = desk.case()
    desk.do(verbs.claim, number, by="wang")
    assert desk.work_rows("unclaimed") == []
    desk.to("2026-11-23 09:00")
    desk.run("unclaimed")
    assert desk.alerts() == []
    entries = desk.entries()
    desk.do(verbs.claim, number, by="wang")
    assert desk.entries() == entries, "a second click is nothing new"


def test_feature_d10_the_deputy_takes_cases_in_while_the_liaison_is_on_leave(desk: Any) -> None:
    desk.ask(verbs.set_liaison, desk.name("li"), "一科", desk.name("bai"))
    assert desk.view(desk.case()).liaison == desk.name("li")
    desk.ask(verbs.set_leave, desk.name("li"), date(2026, 11, 20), date(2026, 11, 24))
    view = desk.view(desk.case())
    assert (view.liaison, view.handler, view.unit) == (desk.name("bai"), desk.name("bai"), "一科")
    desk.refused(PersonUnfit, verbs.assign, view.number, desk.name("li"))
    desk.to("2026-11-25 09:00")
    assert desk.view(desk.case()).liaison == desk.name("li")


def test_feature_d10_the_deputy_takes_over_what_a_liaison_on_leave_left(desk: Any) -> None:
    desk.ask(verbs.set_liaison, desk.name("li"), "一科", desk.name("bai"))
    number = desk.case()
    desk.ask(verbs.set_leave, desk.name("li"), date(2026, 11, 20), date(2026, 11, 24))
    desk.to("2026-11-20 13:00")
    desk.run("unclaimed")
    view = desk.view(number)
    assert (view.handler, view.liaison) == (desk.name("bai"), desk.name("bai"))
    assert view.claim_until > desk.clock.now()
    assert desk.kinds(number)[-1] == "deputy"
    with pytest.raises(HandlingInvalid):
        desk.ask(verbs.set_liaison, desk.name("li"), "", desk.name("li"))
    with pytest.raises(PersonUnfit):
        desk.ask(verbs.set_liaison, desk.name("zhao"), "", "")
    with pytest.raises(HandlingInvalid):
        desk.ask(verbs.set_leave, desk.name("li"), date(2026, 11, 24), date(2026, 11, 20))


def test_cases_are_shared_among_the_liaisons(desk: Any) -> None:
    takers = {desk.view(desk.case()).liaison for _ in range(2)}
    assert takers == {desk.name("li"), desk.name("deng")}


def test_feature_d11_every_open_case_has_an_office_a_unit_and_a_person(desk: Any) -> None:
    numbers = [desk.case() for _ in range(3)]
    for number in numbers:
        view = desk.view(number)
        assert view.handler
        assert view.unit
        assert view.due_at
    assert desk.read(verbs.orphans) == []
    made = (
        "update cases set handler = '' where number = :number",
        "update cases set unit = '' where number = :number",
        "update users set status = 'off' where username = "
        "(select handler from cases where number = :number)",
    )
    with desk.tools.database.operator_session(desk.tenant_id) as session:
        for statement, number in zip(made, numbers, strict=True):
            session.execute(text(statement), {"number": number})
    found = {each.number: each.lacks for each in desk.read(verbs.orphans)}
    assert found[numbers[0]] == "person"
    assert found[numbers[1]] in ("unit", "account")
    assert found[numbers[2]] == "account"


def test_feature_d11_an_office_without_anybody_is_told_and_served_once_somebody_comes(
    bare_desk: Any, tools: Any
) -> None:
    desk = bare_desk
    number = desk.case()
    view = desk.view(number)
    assert (view.handler, view.step, view.due_at is not None) == ("", "accept", True)
    assert [each.lacks for each in desk.read(verbs.orphans)] == ["person"]
    desk.to("2026-11-20 14:00")
    desk.run("settle")
    assert len(desk.alerts("nobody")) == 1
    with tools.database.operator_session(desk.tenant_id) as session:
        name = f"li-{desk.tenant_id}"
        plant_user(session, tools, SYSTEM, NewUser(name, "李", ("liaison",)))
    desk.to("2026-11-20 15:30")
    desk.run("settle")
    assert desk.view(number).handler == name
    assert desk.read(verbs.orphans) == []
    assert desk.work_rows("settle") == []
