"""Schedules by a clock that jumps: nothing missed, nothing told twice."""

from datetime import timedelta
from typing import Any

import pytest

from minsheng.handling import service as verbs

HOUR = timedelta(hours=1)
TIMED = ("unclaimed", "remind", "promise")


def test_rel_f2_reminders_and_the_passed_deadline_are_told_once_each(desk: Any) -> None:
    number = desk.case()
    desk.to("2026-11-26 08:29")
    desk.run(*TIMED)
    assert desk.alerts("due_soon") == []
    desk.to("2026-11-26 08:30")
    for _ in range(3):
        desk.run(*TIMED)
    assert [alert.for_user for alert in desk.alerts("due_soon")] == [desk.view(number).handler]
    desk.to("2026-11-27 17:29")
    desk.run(*TIMED)
    assert desk.overdues() == []
    desk.to("2026-11-27 17:30")
    for _ in range(3):
        desk.run(*TIMED)
    assert len(desk.overdues()) == len(desk.alerts("overdue")) == 1
    assert desk.kinds(number).count("overdue") == 1
    assert desk.work_rows("remind") == []


@pytest.mark.parametrize("jump", [-HOUR, HOUR], ids=["back", "ahead"])
def test_rel_f2_a_clock_that_jumps_by_an_hour_misses_and_doubles_nothing(
    desk: Any, jump: timedelta
) -> None:
    """The clock jumps at every moment that matters, and jumps back a while later."""
    desk.case()
    told = ("unclaimed", "due_soon", "overdue")
    for moment in ("2026-11-20 13:00", "2026-11-26 08:30", "2026-11-27 00:00", "2026-11-27 17:30"):
        desk.to(moment)
        for step in (-HOUR / 2, jump, HOUR / 2, -jump, HOUR / 2):
            desk.run(*TIMED)
            desk.clock.move(step)
        desk.run(*TIMED)
    desk.to("2026-12-01 09:00")
    desk.run(*TIMED)
    assert {kind: len(desk.alerts(kind)) for kind in told} == dict.fromkeys(told, 1)
    assert len(desk.overdues()) == 1


def test_rel_f2_a_service_that_slept_over_a_holiday_tells_what_was_due(desk: Any) -> None:
    number = desk.case(received_at="2026-09-28T09:00:00+08:00")
    assert desk.run("remind") == 1
    assert len(desk.overdues()) == 1, "its deadline had passed when it came in"
    desk.do(verbs.reopen, number, reason="还开着")
    assert len(desk.overdues()) == 1


def test_rel_f2_a_deadline_that_moves_is_told_for_itself(desk: Any) -> None:
    number = desk.case()
    desk.to("2026-11-27 17:30")
    desk.run("remind")
    asked = desk.do(verbs.ask_extension, number, 2, by="wang", reason="等结果")
    desk.do(verbs.decide_extension, number, asked.id, by="sun", grant=True)
    desk.run("remind")
    assert len(desk.overdues()) == 1
    desk.to("2026-12-01 17:30")
    desk.run("remind")
    assert sorted(each.due_at for each in desk.overdues())[1] == desk.view(number).due_at
    assert len(desk.overdues()) == 2


def test_rel_f2_a_closed_case_is_reminded_of_no_more(desk: Any) -> None:
    number = desk.case()
    for what in ("flow", "reply", "call_back"):
        desk.do(verbs.mark_exempt, number, what, by="sun", reason="群众撤诉")
    desk.do(verbs.close, number, "invalid", by="sun")
    assert desk.work_rows("remind") == desk.work_rows("unclaimed") == []
    desk.to("2026-12-01 09:00")
    assert desk.run(*TIMED) == 0
