"""Leaders' inbox and instructions: signed once, followed up, never hidden and never changed."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from minsheng.accounts.service import NewUser, plant_user
from minsheng.audit import SYSTEM, Actor
from minsheng.cases.service import Wish, mark_complained, merge, place_case, unmerge
from minsheng.handling.handovers_errors import HandoverConflict, InstructionNotFound, OrderInvalid
from minsheng.handling.instructions import (
    finish_instruction,
    follow_up,
    instruction_counts,
    instructions_of,
    no_open_instruction,
    sign_instruction,
)
from minsheng.handling.instructions_inbox import LeaderWish, leader_inbox, mark_for_leader
from minsheng.handling.service import reasons_against

LEADER = Actor("user", "zhang")
WORDS = "请住建局牵头，一周内修复并报结果。"


@pytest.fixture
def desk(world: Any) -> Any:
    """The world, with two leaders in the city's office."""
    with world.tools.database.operator_session(world.city) as session:
        for name, shown, unit in (("zhang", "张志强", "市长"), ("liu", "刘卫东", "市委书记")):
            new = NewUser(name, shown, ("leader",), unit=unit)
            plant_user(session, world.tools, SYSTEM, new)
        plant_user(session, world.tools, SYSTEM, NewUser("wang", "王秀英", ("handler",)))
    return world


def sign(desk: Any, number: str, words: str = WORDS, leader: Actor = LEADER) -> Any:
    with desk.session(desk.city) as session:
        return sign_instruction(session, desk.tools, Wish(leader), number, words)


def inbox(desk: Any, user: str = "zhang", **more: Any) -> list[Any]:
    with desk.session(desk.city) as session:
        return [*leader_inbox(session, LeaderWish(**more), user).rows]


def shown(desk: Any, number: str) -> list[Any]:
    with desk.session(desk.city) as session:
        return instructions_of(session, desk.tools, number)


def test_feature_f6_an_instruction_is_signed_followed_up_and_done(desk: Any) -> None:
    number = desk.case(desk.city, desk.LAMP)
    signed = sign(desk, number)
    with desk.session(desk.city) as session:
        follow_up(session, desk.tools, desk.wish(), signed.id, "已派人到现场")
        finish_instruction(session, desk.tools, desk.wish(), signed.id, "路灯已修复")
    (seen,) = shown(desk, number)
    assert (seen.text, seen.leader_name, seen.genuine) == (WORDS, "张志强", True)
    assert [note.words for note in seen.follow_ups] == ["已派人到现场"]
    assert (seen.state, seen.done_words, seen.done_by) == ("done", "路灯已修复", "user:wang")
    with desk.session(desk.city) as session:
        for verb in (follow_up, finish_instruction):
            with pytest.raises(HandoverConflict, match="done already"):
                verb(session, desk.tools, desk.wish(), signed.id, "再说")
    for action in ("instruction.sign", "instruction.follow_up", "instruction.done"):
        assert desk.audited(desk.city, action) == ["ok"]


@pytest.mark.parametrize(
    "said",
    [
        "body = body || 'x'",
        "leader = 'liu'",
        "leader_name = '刘卫东'",
        "signed_at = signed_at - interval '1 day'",
        "seal = 'x'",
    ],
)
def test_feature_f6_a_signed_instruction_is_immutable(desk: Any, said: str) -> None:
    signed = sign(desk, desk.case(desk.city, desk.LAMP))
    for statement in (f"update instructions set {said}", "delete from instructions"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            desk.scalar(desk.city, f"{statement} returning 1")
        with desk.tools.database.operator_session(desk.city) as session:
            with pytest.raises(ProgrammingError, match="instruction is not"):
                session.execute(text(f"{statement} where id = :id"), {"id": signed.id})
            session.rollback()


def test_feature_f6_what_was_done_with_the_guard_away_shows_by_the_signature(desk: Any) -> None:
    number = desk.case(desk.city, desk.LAMP)
    signed = sign(desk, number)
    with desk.tools.database.operator_session(desk.city) as session:
        session.execute(text("set local session_replication_role = replica"))
        said = text("update instructions set leader = 'liu' where id = :id")
        session.execute(said, {"id": signed.id})
    assert [each.genuine for each in shown(desk, number)] == [False]


def test_feature_f6_the_counts_are_those_of_the_window(desk: Any) -> None:
    number, other = desk.case(desk.city, desk.LAMP), desk.case(desk.city, desk.LIFT)
    at = desk.tools.clock
    begun = at.now()
    for _ in range(22):
        last = sign(desk, number)
    with desk.session(desk.city) as session:
        finish_instruction(session, desk.tools, desk.wish(), last.id, "已办结")
    later = begun + timedelta(days=400)
    at.move(timedelta(days=400))
    for _ in range(7):
        sign(desk, other, leader=Actor("user", "liu"))
    at.move(timedelta(days=-400))
    ends = (begun, later, datetime(2030, 1, 1, tzinfo=UTC))
    with desk.session(desk.city) as session:
        first, second = (
            instruction_counts(session, since, until) for since, until in pairwise(ends)
        )
    assert (first.signed, first.done, dict(first.leaders)) == (22, 1, {"张志强": 22})
    assert (second.signed, second.done, dict(second.leaders)) == (7, 0, {"刘卫东": 7})


def test_feature_a8_what_is_addressed_to_a_leader_stays_in_view_after_dispatch_and_closing(
    desk: Any,
) -> None:
    number = desk.case(desk.city, desk.LAMP, addressee="市长张志强")
    desk.case(desk.city, desk.LIFT)
    desk.dispatch(desk.city, number, desk.county)
    desk.carry()
    (row,) = inbox(desk)
    assert (row.number, row.bodies, row.addressee) == (number, ["测试单位street"], "市长张志强")
    case = desk.row(desk.city, number)
    with desk.session(desk.city) as session:
        place_case(session, case.id, stage="closed", closed_at=desk.tools.clock.now())
    assert inbox(desk) == []
    (row,) = inbox(desk, show="all")
    assert (row.number, row.closed) == (number, True)


def test_feature_a8_joining_a_case_with_another_does_not_hide_it(desk: Any) -> None:
    number, other = (
        desk.case(desk.city, desk.LAMP, addressee="市长信箱"),
        desk.case(desk.city, desk.LIFT),
    )
    signed = sign(desk, number)
    with desk.session(desk.city) as session:
        merge(session, desk.tools, desk.wish("一件事"), other, number)
    assert [row.number for row in inbox(desk)] == [other]
    assert [each.id for each in shown(desk, other)] == [signed.id]
    with desk.session(desk.city) as session:
        unmerge(session, desk.tools, desk.wish("两件事"), other, number)
    assert [row.number for row in inbox(desk)] == [number]
    assert shown(desk, other) == []


def test_feature_a8_a_case_is_not_closed_against_an_open_instruction(
    desk: Any, api_of: Any
) -> None:
    number = desk.case(desk.city, desk.LAMP)
    case, signed = desk.row(desk.city, number), sign(desk, number)
    desk.runner.answer(desk.city, "settle")
    refused = api_of(desk.city).post(
        f"/cases/{number}/close", {"outcome": "resolved", "person": "wang"}
    )
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/conflict")
    assert "instruction(s) of a leader not done" in refused.json["detail"]
    assert desk.row(desk.city, number).closed_at is None
    with desk.session(desk.city) as session:
        reason = no_open_instruction(session, case)
        assert "1 instruction(s) of a leader not done" in reason
        assert reason in reasons_against(session, case)
        finish_instruction(session, desk.tools, desk.wish(), signed.id, "已修复")
        session.flush()
        assert no_open_instruction(session, case) is None


def test_feature_a8_a_letter_to_one_leader_is_not_anothers_and_one_to_nobody_is_everybodys(
    desk: Any,
) -> None:
    to_zhang = desk.case(desk.city, desk.LAMP, addressee="张志强市长")
    to_post = desk.case(desk.city, desk.LIFT, addressee="市委书记")
    to_all = desk.case(desk.city, "学校门口红绿灯不亮，孩子过街危险。", addressee="领导信箱")
    assert {row.number for row in inbox(desk)} == {to_zhang, to_all}
    assert {row.number for row in inbox(desk, "liu")} == {to_post, to_all}
    with desk.session(desk.city) as session:
        mark_for_leader(session, desk.tools, desk.wish(), to_post, "zhang")
        mark_for_leader(session, desk.tools, desk.wish(), to_post, "zhang")
        with pytest.raises(OrderInvalid, match="no leader"):
            mark_for_leader(session, desk.tools, desk.wish(), to_post, "wang")
    assert {row.number for row in inbox(desk)} == {to_zhang, to_post, to_all}
    assert desk.audited(desk.city, "case.show_leader") == ["ok"]
    found, cursor = [], ""
    for _ in range(3):
        with desk.session(desk.city) as session:
            page = leader_inbox(session, LeaderWish(limit=1, cursor=cursor), "zhang")
        found += [row.number for row in page.rows]
        cursor = page.next_cursor
    assert (set(found), cursor) == ({to_zhang, to_post, to_all}, "")


def test_feature_a8_a_complaint_about_the_office_shows_to_a_leader_with_the_right_only(
    desk: Any,
) -> None:
    number = desk.case(desk.city, desk.LAMP, addressee="市长信箱")
    with desk.session(desk.city) as session:
        mark_complained(session, desk.tools, desk.wish(), number, desk.code(desk.city))
    assert inbox(desk) == []
    assert [row.number for row in inbox(desk, sight=desk.sees_all)] == [number]


def test_an_instruction_is_a_persons_and_has_words(desk: Any) -> None:
    number = desk.case(desk.city, desk.LAMP)
    for words in ("", " \n", "长" * 2001):
        with pytest.raises(OrderInvalid):
            sign(desk, number, words)
    with pytest.raises(OrderInvalid, match="by a person"):
        sign(desk, number, leader=Actor("client", "c1"))
    signed = sign(desk, number)
    with desk.session(desk.county) as session, pytest.raises(InstructionNotFound):
        follow_up(session, desk.tools, desk.wish(), signed.id, "已办")
    with desk.session(desk.city) as session:
        row = session.scalar(text("select row_to_json(i)::text from instructions i"))
    assert WORDS not in row
    assert WORDS.encode().hex() not in row
