"""Deadlines of working days: against the notices themselves, and as a case lives by them."""

import random
from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from chinese_calendar import is_workday

from minsheng.cases.service import merge, unmerge
from minsheng.handling import service as verbs
from minsheng.handling.calendar import Calendar, OwnDay, read_year, shipped_year, told_year
from minsheng.handling.deadlines import (
    CHINA,
    Hours,
    Term,
    deadline,
    deadline_steps,
    reminder_moment,
    working_moment,
)
from minsheng.handling.errors import HandlingInvalid, ReasonNeeded, SamePerson

REST = {
    2019: "1.1 2.4-2.10 4.5-4.7 5.1-5.4 6.7-6.9 9.13-9.15 10.1-10.7",
    2020: "1.1 1.24-2.2 4.4-4.6 5.1-5.5 6.25-6.27 10.1-10.8",
    2021: "1.1-1.3 2.11-2.17 4.3-4.5 5.1-5.5 6.12-6.14 9.19-9.21 10.1-10.7",
    2022: "1.1-1.3 1.31-2.6 4.3-4.5 4.30-5.4 6.3-6.5 9.10-9.12 10.1-10.7 12.31",
    2023: "1.1-1.2 1.21-1.27 4.5 4.29-5.3 6.22-6.24 9.29-10.6 12.30-12.31",
    2024: "1.1 2.10-2.17 4.4-4.6 5.1-5.5 6.10 9.15-9.17 10.1-10.7",
    2025: "1.1 1.28-2.4 4.4-4.6 5.1-5.5 5.31-6.2 10.1-10.8",
    2026: "1.1-1.3 2.15-2.23 4.4-4.6 5.1-5.5 6.19-6.21 9.25-9.27 10.1-10.7",
}
"""Days of rest by the State Council's notices, written down by hand."""
WORK = {
    2019: "2.2 2.3 4.28 5.5 9.29 10.12",
    2020: "1.19 4.26 5.9 6.28 9.27 10.10",
    2021: "2.7 2.20 4.25 5.8 9.18 9.26 10.9",
    2022: "1.29 1.30 4.2 4.24 5.7 10.8 10.9",
    2023: "1.28 1.29 4.23 5.6 6.25 10.7 10.8",
    2024: "2.4 2.18 4.7 4.28 5.11 9.14 9.29 10.12",
    2025: "1.26 2.8 4.27 9.28 10.11",
    2026: "1.4 2.14 2.28 5.9 9.20 10.10",
}
"""Weekends that are worked (调休)."""
FIXED = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}
GUESSED_2027 = {(2, 5), (2, 6), (2, 7), (2, 8), (4, 5), (6, 9), (9, 15)}
DAY = timedelta(days=1)
SHIPPED, HOURS = Calendar(), Hours()


def day_of(year: int, text: str) -> date:
    month, day = text.split(".")
    return date(year, int(month), int(day))


def days_of(year: int, spans: str) -> set[date]:
    found = set()
    for span in spans.split():
        first, _, last = span.partition("-")
        day = day_of(year, first)
        while day <= day_of(year, last or first):
            found.add(day)
            day += DAY
    return found


RESTED = frozenset().union(*(days_of(year, spans) for year, spans in REST.items()))
WORKED = frozenset().union(*(days_of(year, spans) for year, spans in WORK.items()))


def worked(day: date) -> bool:
    """Whether people work, by the tables of this file alone."""
    if day.year in REST:
        if day in WORKED:
            return True
        rest = day in RESTED
    else:
        rest = (day.month, day.day) in FIXED
        rest |= day.year == 2027 and (day.month, day.day) in GUESSED_2027
    return not rest and day.weekday() < 5


def filed(day: date, clock: time = time(10)) -> datetime:
    return datetime.combine(day, clock, CHINA)


def due(day: date, days: int, **more: Any) -> datetime:
    return deadline(SHIPPED, HOURS, Term(filed(day), days, **more)).due_at


@pytest.mark.parametrize(("days", "wanted"), [(5, date(2024, 10, 10)), (10, date(2024, 10, 16))])
def test_feature_d6_filed_before_the_holiday_is_due_after_it(days: int, wanted: date) -> None:
    assert due(date(2024, 9, 27), days) == datetime.combine(wanted, time(17, 30), CHINA)


def test_feature_d6_the_classes_are_same_day_five_and_ten_working_days(desk: Any) -> None:
    number = desk.case(received_at="2026-09-18T09:00:00+08:00")
    wanted = {"ordinary": date(2026, 9, 24), "complex": date(2026, 10, 9),
              "urgent": date(2026, 9, 18)}  # fmt: skip
    for grade, day in wanted.items():
        desk.do(verbs.set_grade, number, grade)
        assert desk.view(number).due_at == filed(day, time(17, 30)), grade
    assert desk.events(number)[-1].data["grade"] == "urgent"


def test_feature_d6_twenty_years_of_deadlines_agree_with_the_notices(scaled: Any) -> None:
    """The days of 2019 to 2038, counted by another way: a list of the days that are worked.

    All of them at full counts, else every fifth from a day that chance chooses.
    """
    first, last = date(2019, 1, 1), date(2038, 12, 31)
    apart = 6 - scaled(5, 1)
    begin = random.randrange(apart)
    print(f"every {apart} days, from day {begin}")
    line = [first + n * DAY for n in range((last - first).days + 60)]
    working = [day for day in line if worked(day)]
    for day in line[begin : (last - first).days + 1 : apart]:
        behind = bisect_right(working, day)
        found = deadline_steps(SHIPPED, HOURS, Term(filed(day), 10))
        counted = [each.day for each in found if each.number]
        assert counted == working[behind : behind + 10], day
        same = day if worked(day) else working[behind]
        assert due(day, 0).date() == same, day
    assert {shipped_year(year).status for year in REST} == {"published"}
    assert {shipped_year(year).status for year in (*range(2027, 2039), 1990)} == {"estimated"}


def test_the_shipped_years_are_those_of_the_library_they_were_seeded_from() -> None:
    day = date(2019, 1, 1)
    while day.year < 2027:
        assert SHIPPED.works(day) == is_workday(day) == worked(day), day
        day += DAY


@pytest.mark.parametrize(
    ("at", "days", "wanted"),
    [
        ("2026-11-20 00:00:00", 5, date(2026, 11, 27)),
        ("2026-11-19 23:59:59", 5, date(2026, 11, 26)),
        ("2026-11-20 17:29:59", 0, date(2026, 11, 20)),
        ("2026-11-20 17:30:00", 0, date(2026, 11, 23)),
        ("2026-11-21 09:00:00", 0, date(2026, 11, 23)),
        ("2026-01-31 12:00:00", 5, date(2026, 2, 6)),
        ("2024-02-29 12:00:00", 5, date(2024, 3, 7)),
        ("2025-12-31 18:00:00", 5, date(2026, 1, 8)),
        ("2025-12-31 23:59:59", 0, date(2026, 1, 4)),
    ],
)
def test_midnight_and_the_ends_of_months_and_years(at: str, days: int, wanted: date) -> None:
    term = Term(datetime.fromisoformat(f"{at}+08:00"), days)
    assert deadline(SHIPPED, HOURS, term).due_at.date() == wanted


def test_a_deadline_tells_day_by_day_why_each_counts() -> None:
    found = deadline(SHIPPED, HOURS, Term(filed(date(2024, 9, 27)), 5))
    told = [(each.day.day, each.number, each.why) for each in found.days]
    assert told[:4] == [(27, None, "filed"), (28, None, "weekend"), (29, 1, "makeup"),
                        (30, 2, "weekday")]  # fmt: skip
    assert told[4] == (1, None, "holiday")
    assert told[-1] == (10, 5, "weekday")
    assert found.days[4].name == "国庆节"
    assert not found.estimated


def test_a_year_without_a_notice_gives_an_estimate_that_says_so() -> None:
    across = deadline(SHIPPED, HOURS, Term(filed(date(2026, 12, 28)), 5))
    assert (across.estimated, across.due_at.date()) == (True, date(2027, 1, 5))
    assert not deadline(SHIPPED, HOURS, Term(filed(date(2026, 12, 18)), 5)).estimated
    far = deadline(SHIPPED, HOURS, Term(filed(date(2099, 12, 30)), 10))
    assert far.estimated


def test_an_office_that_never_works_gets_a_far_date_and_no_endless_walk() -> None:
    years = {
        year: read_year({
            "year": year, "status": "published", "source": "",
            "rest": {str(date(year, 1, 1) + n * DAY): "停" for n in range(365)}, "work": {},
        }) for year in range(2026, 2060)
    }  # fmt: skip
    found = deadline(Calendar(years), HOURS, Term(filed(date(2026, 1, 5)), 5))
    assert found.due_at.year > 2030


def test_waiting_and_more_days_move_a_deadline_by_working_days() -> None:
    start = date(2026, 11, 16)
    pause = (filed(date(2026, 11, 17)), filed(date(2026, 11, 19), time(15)))
    assert due(start, 5).date() == date(2026, 11, 23)
    assert due(start, 5, pauses=(pause,)).date() == date(2026, 11, 25)
    assert due(start, 5, extended=3).date() == date(2026, 11, 26)
    assert due(start, 5, pauses=(pause,), extended=3).date() == date(2026, 11, 30)
    assert due(start, 0, extended=2).date() == date(2026, 11, 18)
    short = (filed(start, time(11)), filed(start, time(11, 30)))
    assert due(start, 5, pauses=(short,)).date() == date(2026, 11, 23)
    fixed = filed(date(2026, 12, 1), time(12))
    assert due(start, 5, fixed_at=fixed) == fixed
    assert due(start, 5, fixed_at=fixed, extended=1) == filed(date(2026, 12, 2), time(12))
    assert due(start, 5, fixed_at=fixed, pauses=(pause,)) == filed(date(2026, 12, 3), time(12))
    assert due(start, 3, counts="calendar").date() == date(2026, 11, 19)
    assert due(date(2026, 11, 20), 3, counts="calendar").date() == date(2026, 11, 23)


def test_office_hours_are_what_the_time_to_claim_runs_in() -> None:
    friday = filed(date(2026, 11, 20), time(17))
    assert working_moment(SHIPPED, HOURS, friday, 60) == filed(date(2026, 11, 23), time(9))
    assert working_moment(SHIPPED, HOURS, friday, 30) == filed(date(2026, 11, 20), time(17, 30))
    night = filed(date(2026, 11, 22), time(3))
    assert working_moment(SHIPPED, HOURS, night, 60) == filed(date(2026, 11, 23), time(9, 30))


def test_a_reminder_comes_on_the_working_day_before() -> None:
    due_at = filed(date(2024, 10, 8), time(17, 30))
    before = reminder_moment(SHIPPED, HOURS, filed(date(2024, 9, 20)), due_at)
    assert before == filed(date(2024, 9, 30), time(8, 30))
    late = reminder_moment(SHIPPED, HOURS, filed(date(2024, 10, 8)), due_at)
    assert late == filed(date(2024, 10, 8), time(15, 30))


def test_an_office_closes_for_a_day_and_open_deadlines_move_with_an_entry(desk: Any) -> None:
    number = desk.case()
    assert desk.view(number).due_at == filed(date(2026, 11, 27), time(17, 30))
    desk.ask(verbs.set_office_day, date(2026, 11, 24), OwnDay(False, "大雪停止办公"))
    assert desk.run("redate") == 1
    assert desk.view(number).due_at == filed(date(2026, 11, 30), time(17, 30))
    last = desk.events(number)[-1]
    assert (last.kind, last.data["why"]) == ("redated", "calendar")
    days = {d.day: d for d in desk.read(verbs.deadline_view, number).days}
    assert (days[date(2026, 11, 24)].why, days[date(2026, 11, 24)].name) == (
        "closed", "大雪停止办公",
    )  # fmt: skip
    desk.ask(verbs.set_office_day, date(2026, 11, 28), OwnDay(True, "补班"))
    desk.run("redate")
    assert desk.view(number).due_at == filed(date(2026, 11, 28), time(17, 30))
    with pytest.raises(HandlingInvalid):
        desk.ask(verbs.set_office_day, date(2036, 1, 1), OwnDay(False, "太远"))


def test_a_years_notice_makes_open_deadlines_certain_once(desk: Any) -> None:
    number, closed = desk.case(), desk.case()
    desk.ask(verbs.set_grade_of_office, verbs.GradeOf("long", "长", 30))
    for each in (number, closed):
        desk.do(verbs.set_grade, each, "long")
    desk.run("redate")
    desk.read(lambda session: session.connection().exec_driver_sql(
        "update cases set closed_at = now(), stage = 'closed' where tenant_id = %s"
        " and number = %s", (desk.tenant_id, closed),
    ))  # fmt: skip
    view = desk.view(number)
    assert (view.due_at, view.due_estimated) == (filed(date(2027, 1, 4), time(17, 30)), True)
    told = {"year": 2027, "status": "published", "source": "通知", "rest": {
        "2027-01-01": "元旦", "2027-01-02": "元旦", "2027-01-03": "元旦", "2027-01-04": "元旦",
    }, "work": {}}  # fmt: skip
    assert desk.ask(verbs.publish_year, read_year(told)) == 1
    assert desk.run("redate") == 1
    view = desk.view(number)
    assert (view.due_at, view.due_estimated) == (filed(date(2027, 1, 5), time(17, 30)), False)
    assert desk.kinds(number).count("redated") == 1
    assert desk.ask(verbs.publish_year, read_year(told)) == 0
    assert desk.run("redate") == 0


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"year": "2027"}, "year"),
        ({"status": "perhaps"}, "status"),
        ({"rest": {"2026-12-31": "元旦"}}, "rest"),
        ({"rest": {"1 January": "元旦"}}, "rest"),
        ({"work": {"2027-01-01": "两样"}}, "work"),
        ({"work": ["2027-01-09"]}, "work"),
    ],
)
def test_a_notice_that_cannot_be_is_refused_by_field(changed: dict[str, Any], field: str) -> None:
    told = told_year(shipped_year(2027)) | {"rest": {"2027-01-01": "元旦"}} | changed
    with pytest.raises(HandlingInvalid) as refused:
        read_year(told)
    assert refused.value.field == field


def test_more_days_are_granted_by_another_person_and_counted(desk: Any) -> None:
    number = desk.case()
    before = desk.view(number).due_at
    desk.do(verbs.claim, number, by="wang")
    desk.refused(ReasonNeeded, verbs.ask_extension, number, 3, by="wang")
    desk.refused(HandlingInvalid, verbs.ask_extension, number, 0, by="wang", reason="材料未到")
    asked = desk.do(verbs.ask_extension, number, 3, by="wang", reason="材料未到")
    given = {"grant": True}
    desk.refused(SamePerson, verbs.decide_extension, number, asked.id, by="wang", **given)
    desk.do(verbs.decide_extension, number, asked.id, by="sun", **given)
    entries = desk.entries()
    desk.do(verbs.decide_extension, number, asked.id, by="sun", **given)
    assert desk.entries() == entries
    view = desk.view(number)
    assert view.due_at - before == timedelta(days=5), "three working days over a weekend"
    assert (view.extended_days, view.extensions[0].decided_by) == (3, desk.name("sun"))
    assert [a.kind for a in desk.alerts()] == ["extension_asked"]
    other = desk.do(verbs.ask_extension, number, 5, by="wang", reason="还要")
    desk.refused(ReasonNeeded, verbs.decide_extension, number, other.id, by="sun", grant=False)
    desk.do(verbs.decide_extension, number, other.id, by="sun", grant=False, answer="不再延")
    assert desk.view(number).due_at == view.due_at
    assert [e.state for e in desk.view(number).extensions] == ["granted", "refused"]


def test_a_case_that_waits_for_the_citizen_stands_still(desk: Any) -> None:
    number = desk.case()
    before = desk.view(number).due_at
    desk.do(verbs.pause, number, reason="等群众补材料")
    assert desk.work_rows("remind") == []
    desk.to("2026-11-30 09:00")
    assert desk.run("remind") == 0
    desk.do(verbs.resume, number)
    view = desk.view(number)
    assert view.due_at == filed(date(2026, 12, 4), time(17, 30))
    assert view.due_at - before == timedelta(days=7), "five working days that did not count"
    assert [p.reason for p in view.pauses] == ["等群众补材料"]
    entries = desk.entries()
    desk.do(verbs.resume, number)
    assert desk.entries() == entries


def test_a_joined_case_takes_the_earliest_deadline_and_parts_with_its_own(desk: Any) -> None:

    late = desk.case()
    early = desk.case(received_at="2026-11-18T11:00:00+08:00")
    own = desk.view(late).due_at
    desk.do(merge, late, early)
    desk.run("settle")
    assert desk.view(late).due_at == filed(date(2026, 11, 25), time(17, 30))
    desk.do(unmerge, late, early)
    desk.run("settle")
    assert desk.view(late).due_at == own
    assert desk.view(early).due_at == filed(date(2026, 11, 25), time(17, 30))
