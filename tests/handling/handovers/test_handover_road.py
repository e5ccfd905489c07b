"""Dispatch between offices: what arrives, what both sides see, and what each of them may do."""

from datetime import timedelta
from typing import Any

import pytest

from minsheng.cases.service import merge, split, unmerge
from minsheng.handling.custody import every_child_answered, list_handovers
from minsheng.handling.errors import ReasonNeeded
from minsheng.handling.handovers_errors import HandoverConflict, HandoverNotFound


def test_feature_d12_the_custody_chain_is_the_same_on_both_sides(world: Any) -> None:
    number, made = world.handed(world.city, world.county)
    world.pass_time()
    world.accept(world.county, made.id)
    world.pass_time()
    world.answer(world.county, world.incoming(world.county).to_message, "已修好。", "费用由镇承担")
    world.carry()
    theirs = world.case_of(world.county, made.id).number
    above, below = world.custody(world.city, number), world.custody(world.county, theirs)
    assert above.steps == below.steps
    assert [step.kind for step in above.steps] == ["sent", "received", "accepted", "answered"]
    assert above.owner == below.owner == world.code(world.county)
    answer = world.answer_of(world.city, made.id)
    assert (answer.public_text, answer.private_text) == ("已修好。", "费用由镇承担")
    with pytest.raises(HandoverNotFound):
        world.answer_of(world.county, made.id)


def test_feature_d12_a_chain_of_three_levels_is_seen_by_all_of_them(world: Any) -> None:
    number, first = world.handed(world.city, world.county)
    world.pass_time()
    world.accept(world.county, first.id)
    world.pass_time()
    second = world.dispatch(
        world.county, world.case_of(world.county, first.id).number, world.street
    )
    world.carry()
    world.pass_time()
    world.accept(world.street, second.id)
    world.pass_time()
    world.answer(world.street, world.incoming(world.street).to_message, "街道已修好。")
    world.carry()
    custody, county, street = (
        world.custody(world.city, number),
        world.code(world.county),
        world.code(world.street),
    )
    assert [(step.kind, step.office) for step in custody.steps] == [
        ("sent", world.code(world.city)), ("received", county), ("accepted", county),
        ("sent", county), ("received", street), ("accepted", street), ("answered", street),
    ]  # fmt: skip
    at_street = world.custody(world.street, world.case_of(world.street, second.id).number)
    assert at_street.steps == custody.steps
    assert at_street.owner == custody.owner == street
    assert world.answer_of(world.county, second.id).public_text == "街道已修好。"
    assert world.answer_of(world.city, first.id) is None, "an answer goes up a level at a time"
    with pytest.raises(HandoverNotFound):
        world.answer_of(world.city, second.id)


def test_feature_d12_a_parent_closes_only_when_every_child_answered(
    world: Any, api_of: Any
) -> None:
    number, _lead = world.handed(world.city, world.county)
    world.dispatch(world.city, number, world.sibling, role="co")
    world.carry()
    case = world.row(world.city, number)
    world.answer(world.county, world.incoming(world.county).to_message, "已修好。")
    world.carry()
    with world.session(world.city) as session:
        assert "not answered yet by 测试单位street:" in every_child_answered(session, case)
    world.runner.answer(world.city, "settle")
    close = (f"/cases/{number}/close", {"outcome": "resolved", "person": "wang"})
    open_still = api_of(world.city).post(*close)
    assert (open_still.status_code, open_still.json["type"]) == (409, "/problems/conflict")
    assert "not answered yet by 测试单位street:" in open_still.json["detail"]
    world.answer(world.sibling, world.incoming(world.sibling).to_message, "已配合。")
    world.carry()
    with world.session(world.city) as session:
        assert every_child_answered(session, case) is None
    assert "not answered yet" not in api_of(world.city).post(*close).json["detail"]


def test_feature_d12_a_case_has_one_lead_and_any_number_of_co_handlers(world: Any) -> None:
    number, _lead = world.handed(world.city, world.county)
    with pytest.raises(HandoverConflict, match="leads on"):
        world.dispatch(world.city, number, world.sibling)
    world.dispatch(world.city, number, world.sibling, role="co")
    world.dispatch(world.city, number, world.street, role="co")
    with pytest.raises(HandoverConflict, match="already"):
        world.dispatch(world.city, number, world.sibling, role="co")


def test_feature_d5_the_first_receiver_owns_a_case_until_another_accepts_it(world: Any) -> None:
    number, made = world.handed(world.city, world.county)
    assert world.custody(world.city, number).owner == world.code(world.city)
    assert world.row(world.city, number).stage == "assigned"
    world.accept(world.county, made.id)
    world.carry()
    assert world.custody(world.city, number).owner == world.code(world.county)
    assert world.row(world.city, number).stage == "handling"
    world.pass_time()
    world.give_back(world.county, made.id, "不属于本县职责")
    world.carry()
    assert world.custody(world.city, number).owner == world.code(world.city)


def test_feature_d5_a_return_without_a_reason_is_refused(world: Any) -> None:
    number, made = world.handed(world.city, world.county)
    for reason in ("", "  \n"):
        with pytest.raises(ReasonNeeded):
            world.give_back(world.county, made.id, reason)
    assert world.kinds(made.id, world.city) == ["sent", "received"]
    world.give_back(world.county, made.id, "不属于本县职责，应由市公路局办理")
    world.carry()
    assert world.handover(world.city, made.id).reason == "不属于本县职责，应由市公路局办理"
    assert world.row(world.city, number).stage == "received"
    case = world.case_of(world.county, made.id)
    assert (case.stage, case.closed_at is not None) == ("closed", True)
    with pytest.raises(HandoverConflict, match="returned"):
        world.accept(world.county, made.id)
    again = world.dispatch(world.city, number, world.sibling)
    assert again.state == "sent"


def test_what_was_handed_on_is_recalled_before_it_is_returned(world: Any) -> None:
    _number, first = world.handed(world.city, world.county)
    below = world.case_of(world.county, first.id).number
    second = world.dispatch(world.county, below, world.street)
    world.carry()
    with pytest.raises(HandoverConflict, match="recall it first"):
        world.give_back(world.county, first.id, "不属于本县职责")
    world.recall(world.county, second.id, "收回")
    world.carry()
    world.give_back(world.county, first.id, "不属于本县职责")
    world.carry()
    assert world.handover(world.city, first.id).state == "returned"


def test_what_is_joined_at_the_receiver_is_told_and_nothing_of_what_it_was_joined_with(
    world: Any, citizen: Any
) -> None:
    person = citizen("13812345678")
    known = world.case(world.county, world.LAMP + "是我打过热线的那件事。", citizen=person)
    number, made = world.handed(world.city, world.county, citizen=person)
    assert world.case_of(world.county, made.id).number == known
    seen = world.custody(world.city, number).handovers[0]
    assert (seen.state, seen.joined) == ("joined", True)
    assert world.kinds(made.id, world.city) == ["sent", "received", "joined"]
    assert known not in repr(seen)
    world.answer(world.county, world.incoming(world.county).to_message, "两件一并已修好。")
    world.carry()
    assert world.answer_of(world.city, made.id).public_text == "两件一并已修好。"


def test_an_officer_who_joins_it_later_is_told_up_too(world: Any) -> None:
    other = world.case(world.county, world.LIFT)
    number, made = world.handed(world.city, world.county)
    assert not world.custody(world.city, number).handovers[0].joined
    theirs = world.case_of(world.county, made.id).number
    with world.session(world.county) as session:
        merge(session, world.tools, world.wish("一件事"), other, theirs)
    world.accept(world.county, made.id)
    world.carry()
    assert world.custody(world.city, number).handovers[0].joined
    assert world.case_of(world.county, made.id).number == other


def test_a_recall_closes_the_receivers_case_and_what_it_handed_on(world: Any) -> None:
    number, first = world.handed(world.city, world.county)
    theirs = world.case_of(world.county, first.id).number
    second = world.dispatch(world.county, theirs, world.street)
    world.carry()
    with pytest.raises(ReasonNeeded):
        world.recall(world.city, first.id, "")
    world.recall(world.city, first.id, "市里直接办理")
    world.carry()
    assert world.row(world.county, theirs).closed_at is not None
    assert world.handover(world.county, second.id).state == "recalled"
    assert world.case_of(world.street, second.id).closed_at is not None
    assert world.row(world.city, number).closed_at is None
    with pytest.raises(HandoverConflict, match="recalled"):
        world.accept(world.county, first.id)
    with pytest.raises(HandoverConflict, match="nobody to answer"):
        world.answer(world.county, world.incoming(world.county).to_message, "晚了")


def test_a_recall_leaves_what_the_receiver_had_of_its_own(world: Any, citizen: Any) -> None:
    person = citizen("13812345679")
    known = world.case(world.county, world.LAMP + "请县里修。", citizen=person)
    _number, made = world.handed(world.city, world.county, citizen=person)
    world.recall(world.city, made.id, "市里直接办理")
    world.carry()
    assert world.row(world.county, known).closed_at is None
    assert world.row(world.county, known).message_count == 1
    gone = world.case_of(world.county, made.id)
    assert (gone.number != known, gone.stage) == (True, "closed")


def test_a_recall_before_it_arrived_and_before_it_is_matched_is_a_recall(world: Any) -> None:
    number = world.case(world.city, world.LAMP)
    early = world.dispatch(world.city, number, world.county)
    world.recall(world.city, early.id, "发错了")
    world.carry()
    count = "select count(*) from messages where tenant_id = :tenant"
    assert world.scalar(world.county, count) == 0
    made = world.dispatch(world.city, number, world.county)
    world.runner.answer(world.city, "handover")
    world.recall(world.city, made.id, "又发错了")
    world.runner.answer(world.city, "handover")
    assert world.scalar(world.county, count) == 1
    world.runner.answer(world.county, "match")
    world.tools.clock.move(timedelta(minutes=1))
    world.carry()
    assert world.case_of(world.county, made.id).stage == "closed"


def test_an_answer_cannot_be_recalled_and_a_second_one_corrects_it(world: Any) -> None:
    _number, made = world.handed(world.city, world.county)
    message = world.incoming(world.county).to_message
    world.answer(world.county, message, "下月修。")
    world.carry()
    with pytest.raises(HandoverConflict, match="answered"):
        world.recall(world.city, made.id, "收回")
    world.pass_time()
    world.answer(world.county, message, "更正：本周修。")
    world.carry()
    answer = world.answer_of(world.city, made.id)
    assert (answer.public_text, answer.corrected) == ("更正：本周修。", True)
    assert world.kinds(made.id, world.city)[-2:] == ["answered", "corrected"]


def test_an_answer_makes_one_work_row_for_the_senders_reply(world: Any) -> None:
    _number, made = world.handed(world.city, world.county)
    message, adopt = world.incoming(world.county).to_message, "kind = 'adopt' and row_id = :id"
    said = f"select count(*) from work where tenant_id = :tenant and {adopt}"
    reply = made.id
    for _ in range(3):
        world.answer(world.county, message, "已修好。", reply_id=reply)
        world.carry()
    assert world.scalar(world.city, said, id=made.id) == 1
    assert world.scalar(world.county, said, id=made.id) == 0
    assert world.audited(world.city, "handover.answered") == ["ok"]
    assert world.audited(world.county, "handover.answer") == ["ok"]


def test_the_handover_follows_the_messages_it_was_made_of(world: Any) -> None:
    one, other = world.case(world.city, world.LAMP), world.case(world.city, world.LIFT)
    with world.session(world.city) as session:
        merge(session, world.tools, world.wish("一件事"), one, other)
    made = world.dispatch(world.city, one, world.county)
    world.carry()
    with world.session(world.city) as session:
        unmerge(session, world.tools, world.wish("不是一件事"), one, other)
    for number in (one, other):
        assert [each.id for each in world.custody(world.city, number).handovers] == [made.id]
        with world.session(world.city) as session:
            assert every_child_answered(session, world.row(world.city, number))
    world.answer(world.county, world.incoming(world.county).to_message, "都已办好。")
    world.carry()
    told = "select count(*) from case_events where tenant_id = :tenant and kind = :kind"
    assert world.scalar(world.city, told, kind="handover_answered") == 2


def test_messages_that_came_after_a_dispatch_and_are_taken_out_have_no_handover(
    world: Any, citizen: Any
) -> None:
    person = citizen("13812345670")
    number, made = world.handed(world.city, world.county, citizen=person)
    (late,) = world.push(world.city, world.said(world.LAMP + "再催一次。", citizen=person))
    world.runner.answer(world.city, "match")
    assert world.number_of(world.city, late) == number
    with world.session(world.city) as session:
        home = split(session, world.tools, world.wish("另一件"), number, [late])
    assert world.custody(world.city, home.number).handovers == []
    assert [each.id for each in world.custody(world.city, number).handovers] == [made.id]


def test_lists_show_what_came_and_went_with_the_number_of_the_own_side(world: Any) -> None:
    number, made = world.handed(world.city, world.county)
    with world.session(world.city) as session:
        out, came = (list_handovers(session, way).items for way in ("out", "in"))
    assert ([each.id for each in out], [*came]) == ([made.id], [])
    assert (out[0].case, out[0].office) == (number, world.code(world.county))
    with world.session(world.county) as session:
        (got,) = list_handovers(session, "in", states=["received"]).items
        assert list_handovers(session, "in", states=["answered"]).items == []
    assert (got.case, got.office) == (
        world.case_of(world.county, made.id).number,
        world.code(world.city),
    )


def test_the_list_is_walked_by_its_cursor(world: Any) -> None:
    number = world.case(world.city, world.LAMP)
    roles = {world.county: "lead", world.sibling: "co", world.street: "co"}
    made = [world.dispatch(world.city, number, to, role=role).id for to, role in roles.items()]
    found, cursor = [], ""
    for _ in made:
        with world.session(world.city) as session:
            page = list_handovers(session, "out", cursor=cursor, limit=1)
        found += [each.id for each in page.items]
        cursor = page.next_cursor
    assert (found, cursor) == (made[::-1], "")


def test_the_order_goes_along_with_its_deadline_words_and_demands(world: Any) -> None:
    due = world.tools.clock.now() + timedelta(days=3)
    number = world.case(world.city, world.LAMP)
    more = {"due_at": due, "note": "请重视", "demands": ["三日内到现场", "报照片"]}
    made = world.dispatch(world.city, number, world.county, **more)
    world.carry()
    assert world.case_of(world.county, made.id).due_at == due
    got = world.handover(world.county, made.id)
    assert (got.note, got.demands) == ("请重视", ["三日内到现场", "报照片"])
