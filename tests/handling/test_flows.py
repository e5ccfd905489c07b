"""Flows are data: chosen by an office, walked step by step, guarded where it matters."""

import datetime
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM
from minsheng.handling import service as verbs
from minsheng.handling.errors import (
    CloseRefused,
    HandlingConflict,
    HandlingInvalid,
    HandlingNotFound,
    HandlingStale,
    PersonUnfit,
    ReasonNeeded,
    SamePerson,
)
from minsheng.handling.office import Ways


def choose(desk: Any, flow: str) -> None:
    desk.ask(verbs.choose_ways, Ways(flow=flow))


def test_feature_d1_a_case_cannot_be_closed_without_a_call_back_record(desk: Any) -> None:
    number = desk.case()
    desk.walk(number, "call_back")
    said = desk.refused(CloseRefused, verbs.close, number, "resolved", by="hui")
    assert "no call-back record" in said
    desk.do(verbs.record_call_back, number, "unreached", "没人接", by="hui")
    assert "no call-back record" in desk.refused(
        CloseRefused, verbs.close, number, "resolved", by="hui"
    )
    desk.do(verbs.record_call_back, number, "satisfied", "满意", by="hui", resolved=True)
    desk.do(verbs.close, number, "resolved", by="hui")
    view = desk.view(number)
    assert (view.stage, view.outcome) == ("closed", "resolved")
    assert view.closed_at == desk.clock.now()
    entries = desk.entries()
    desk.do(verbs.close, number, "resolved", by="hui")
    assert desk.entries() == entries


def test_feature_d1_a_stated_exemption_by_another_person_stands_for_the_call_back(
    desk: Any,
) -> None:
    number = desk.case()
    desk.walk(number, "call_back")
    desk.refused(ReasonNeeded, verbs.mark_exempt, number, "call_back", by="zhao")
    desk.refused(SamePerson, verbs.mark_exempt, number, "call_back", by="wang", reason="匿名来信")
    desk.refused(HandlingInvalid, verbs.mark_exempt, number, "lunch", by="zhao", reason="匿名")
    desk.do(verbs.mark_exempt, number, "call_back", by="zhao", reason="匿名来信，无法回访")
    desk.do(verbs.close, number, "explained", by="hui")
    assert desk.view(number).exempt == {"call_back": "匿名来信，无法回访"}
    assert desk.view(number).stage == "closed"


def test_feature_d2_each_step_is_stamped_on_the_timeline(desk: Any) -> None:
    number = desk.case()
    moments = []
    for step in ("assign", "handle", "review", "reply", "call_back"):
        desk.clock.move(datetime.timedelta(minutes=7))
        desk.walk(number, step)
        moments.append(desk.clock.now())
    stamped = [e for e in desk.events(number) if e.kind in ("advance", "review")]
    assert [e.data["to"] for e in stamped] == ["assign", "handle", "review", "reply", "call_back"]
    assert [e.at for e in stamped] == moments
    assert [e.data["person"] for e in stamped] == [
        desk.name(who) for who in ("li", "li", "wang", "zhao", "wang")
    ]
    assert {"opened", "settled", "claim", "assign"} <= set(desk.kinds(number))


def test_feature_d3_whoever_handled_the_case_may_not_review_it(desk: Any) -> None:
    number = desk.case()
    desk.walk(number, "review")
    desk.refused(PersonUnfit, verbs.review, number, "pass", by="li")
    with desk.tools.database.operator_session(desk.tenant_id) as session:
        handled = "update case_handling set handled_by = :them where tenant_id = :office"
        asked = {"them": [desk.name("zhao")], "office": desk.tenant_id}
        session.execute(text(handled), asked)
    said = desk.refused(SamePerson, verbs.review, number, "pass", by="zhao")
    assert "another person" in said
    desk.do(verbs.review, number, "pass", by="sun")
    assert desk.view(number).step == "reply"


def test_feature_d3_a_re_check_of_the_same_unit_is_refused(desk: Any) -> None:
    desk.ask(verbs.choose_ways, Ways(flow="jinan-147"))
    number = desk.case()
    desk.do(verbs.advance, number, by="li")
    desk.do(verbs.advance, number, by="bai")
    desk.do(verbs.assign, number, desk.name("wang"))
    desk.do(verbs.claim, number, by="wang")
    desk.do(verbs.advance, number, by="bai")
    desk.do(verbs.advance, number, by="wang")
    assert desk.view(number).step == "supervise"
    desk.refused(PersonUnfit, verbs.review, number, "pass", by="zhao")
    with desk.tools.database.operator_session(desk.tenant_id) as session:
        made = "update users set unit = '市政科' where tenant_id = :office and username in (:a, :b)"
        names = {"office": desk.tenant_id, "a": desk.name("wang"), "b": desk.name("du")}
        session.execute(text(made), names)
        new = NewUser(desk.name("gu"), "顾", ("supervision",), unit="督查室")
        plant_user(session, desk.tools, SYSTEM, new)
    said = desk.refused(SamePerson, verbs.review, number, "pass", by="du")
    assert "another unit checks it" in said
    desk.do(verbs.review, number, "pass", by="gu")
    assert desk.view(number).step == "reply"


def test_feature_d5_the_first_receiver_owns_a_case_until_another_has_claimed_it(
    desk: Any,
) -> None:
    choose(desk, "tianjin")
    number = desk.case()
    first = desk.view(number).liaison
    assert first in (desk.name("li"), desk.name("deng"))
    desk.do(verbs.assign, number, desk.name("wang"))
    assert (desk.view(number).handler, desk.view(number).owner) == (desk.name("wang"), first)
    desk.do(verbs.claim, number, by="wang")
    assert desk.view(number).owner == desk.name("wang")


def test_feature_d5_a_return_without_a_reason_is_refused(desk: Any) -> None:
    choose(desk, "tianjin")
    number = desk.case()
    desk.do(verbs.advance, number, by="li")
    assert "reason is missing" in desk.refused(ReasonNeeded, verbs.send_back, number, by="li")
    desk.refused(HandlingInvalid, verbs.send_back, number, to="nowhere", by="li", reason="不归我")
    desk.do(verbs.send_back, number, by="li", reason="不属于本科职责")
    assert desk.view(number).step == "first"
    assert desk.events(number)[-1].data["reason"] == "不属于本科职责"
    desk.refused(HandlingConflict, verbs.send_back, number, by="li", reason="再退")


def test_feature_d7_the_five_steps_of_liaocheng_are_chosen_without_code(
    desk: Any, api_of: Any
) -> None:
    api = api_of(desk.tenant_id)
    assert api.get("/flows").json["chosen"] == "closed-loop"
    assert api.post("/handling-settings", {"flow": "nowhere"}).status_code == 404
    assert api.post("/handling-settings", {"flow": "liaocheng"}).json["flow"] == "liaocheng"
    steps = [step.name for step in desk.view(desk.case()).flow.steps]
    assert steps == ["专人收集", "明责交办", "限时办结", "回访核实", "审核回复"]


def test_feature_d8_the_seven_steps_of_147_have_an_owner_each(desk: Any) -> None:
    choose(desk, "jinan-147")
    number = desk.case()
    steps = desk.view(number).flow.steps
    assert len(steps) == 7
    assert all(step.owners for step in steps)
    said = desk.refused(PersonUnfit, verbs.advance, number, by="zhao")
    assert "belongs to opinion or liaison" in said
    desk.do(verbs.advance, number, by="li")
    desk.refused(PersonUnfit, verbs.advance, number, by="li")
    desk.do(verbs.advance, number, by="bai")
    assert desk.view(number).step == "assign"


def test_an_office_changes_a_flow_and_cases_under_way_keep_theirs(desk: Any, api_of: Any) -> None:
    api, old = api_of(desk.tenant_id), desk.case()
    steps = [{"code": "do", "name": "办理", "stage": "handling"}]
    assert api.post("/flows/closed-loop", {
        "name": "一步办结", "steps": steps,
    }).json["version"] == 2  # fmt: skip
    new = desk.case()
    assert [len(desk.view(each).flow.steps) for each in (old, new)] == [6, 1]
    for broken in (
        [{**steps[0], "stage": "lunch"}],
        [{**steps[0], "owners": ["king"]}],
        [{**steps[0], "needs": ["luck"]}],
        [steps[0], steps[0]],
        [{**steps[0], "stage": "received"}],
    ):
        entries = desk.entries()
        answer = api.post("/flows/own", {"name": "坏", "steps": broken})
        assert answer.status_code == 422, broken
        assert answer.json["errors"][0]["field"] == "steps"
        assert desk.entries() == entries


def test_bad_wishes_are_refused_clearly_and_change_nothing(desk: Any) -> None:
    number = desk.case()
    version = desk.view(number).version
    desk.do(verbs.claim, number, by="wang", version=version)
    stale = desk.refused(HandlingStale, verbs.advance, number, by="li", version=version)
    assert "changed meanwhile" in stale
    desk.refused(HandlingConflict, verbs.claim, number, by="zhou")
    desk.refused(PersonUnfit, verbs.assign, number, "nobody-at-all")
    desk.refused(PersonUnfit, verbs.assign, number, desk.name("zhao"))
    past = desk.clock.now() - datetime.timedelta(minutes=1)
    said = desk.refused(HandlingInvalid, verbs.set_deadline, number, past, reason="改")
    assert "has passed already" in said
    assert "use one of urgent" in desk.refused(HandlingInvalid, verbs.set_grade, number, "soon")
    desk.refused(HandlingInvalid, verbs.commit, number, "修好", datetime.date(2026, 11, 19))
    desk.refused(HandlingNotFound, verbs.answer_demand, number, 1, "好")
    desk.refused(CloseRefused, verbs.close, number, "resolved")
    desk.refused(ReasonNeeded, verbs.pause, number)
    with pytest.raises(HandlingNotFound):
        desk.ask(verbs.choose_ways, Ways(flow="nowhere"))
    assert desk.read(verbs.ways_of).flow == "closed-loop"


def test_a_case_is_reopened_for_another_round_and_its_history_is_kept(desk: Any) -> None:
    number = desk.case()
    desk.walk(number, "call_back")
    desk.do(verbs.record_call_back, number, "dissatisfied", "没修好", by="hui")
    desk.do(verbs.close, number, "explained", by="hui")
    desk.refused(HandlingConflict, verbs.advance, number)
    desk.refused(ReasonNeeded, verbs.reopen, number)
    before = desk.kinds(number)
    desk.do(verbs.reopen, number, reason="群众反映又坏了")
    view = desk.view(number)
    assert (view.round, view.step, view.stage, view.closed_at) == (2, "accept", "received", None)
    assert (view.claimed_at, view.outcome, view.due_at > desk.clock.now()) == (None, "", True)
    assert desk.kinds(number) == [*before, "reopen"]
    desk.do(verbs.mark_exempt, number, "flow", by="sun", reason="电话中已答复")
    said = desk.refused(CloseRefused, verbs.close, number, "resolved", by="hui")
    assert "no call-back record" in said, "the call of the first round does not count"
    assert len(desk.view(number).call_backs) == 1
    assert str(SYSTEM) in {event.actor for event in desk.events(number)}
