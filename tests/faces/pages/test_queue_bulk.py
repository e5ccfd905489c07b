"""The queue's work: views by hand and deadline, several cases at once, and taking that back."""

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from minsheng.cases.service import QueueQuery, find_case, place_case, queue_page
from minsheng.handling.service import handling_view

LAMPS = [
    (f"{word}街路灯不亮", f"{word}街{at}号门前{word}路灯坏了{at}天，晚上看不见路，请修。")
    for at, word in enumerate("甲乙丙丁戊", 3)
]


def _take_lamps(desk: Any) -> list[str]:
    return [desk.take_in("mailbox", *said, f"1380013900{at}") for at, said in enumerate(LAMPS)]


def _claimed(desk: Any, number: str) -> bool:
    with desk.tools.database.session(desk.tenant_id) as session:
        return handling_view(session, number).claimed_at is not None


def test_several_cases_are_claimed_at_once_and_given_back_within_ten_seconds(desk: Any) -> None:
    numbers = _take_lamps(desk)[:2]
    desk.log_in()
    done = desk.send("/queue/do", of="/queue", do="claim", case=numbers, query="sort=due")
    assert done.location == "/queue?sort=due&done=bulk"
    assert "已签收 2 件" in desk.http.get(done.location).text
    assert all(_claimed(desk, number) for number in numbers)

    undone = desk.send("/queue/undo", of="/queue", query="")
    assert undone.location.endswith("done=undone")
    assert not any(_claimed(desk, number) for number in numbers)
    with desk.tools.database.session(desk.tenant_id) as session:
        kinds = list(session.scalars(text("select kind from case_events order by id")))
    assert kinds.count("claim") == kinds.count("release") == 2


def test_after_the_ten_seconds_nothing_is_undone(desk: Any) -> None:
    number = _take_lamps(desk)[0]
    desk.log_in()
    done = desk.send("/queue/do", of="/queue", do="claim", case=number)
    kept = next(c for c in done.headers.getlist("Set-Cookie") if "minsheng_undo" in c)
    assert "Max-Age=10" in kept
    assert "HttpOnly" in kept
    assert "SameSite=Strict" in kept
    desk.http.delete_cookie("minsheng_undo")
    late = desk.send("/queue/undo", of="/queue")
    assert late.location.endswith("done=too_late")
    assert _claimed(desk, number)


def test_who_may_not_handle_sees_no_boxes_and_does_nothing_by_hand(desk: Any) -> None:
    number = _take_lamps(desk)[0]
    desk.log_in("readonly")
    assert "data-pick-row" not in desk.http.get("/queue").text
    refused = desk.http.post(
        "/queue/do",
        data={"do": "claim", "case": number, "csrf_token": desk.token("/account")},
    )
    assert refused.location.endswith("done=already")
    assert not _claimed(desk, number)


def test_by_deadline_every_case_comes_once_and_what_has_none_comes_last(desk: Any) -> None:
    numbers = _take_lamps(desk)
    now = desk.tools.clock.now()
    with desk.tools.database.session(desk.tenant_id) as session:
        for days, number in ((3, numbers[0]), (-2, numbers[1]), (3, numbers[2])):
            case = find_case(session, number)
            place_case(session, case.id, due_at=now + timedelta(days=days))
    seen, cursor = [], ""
    with desk.tools.database.session(desk.tenant_id) as session:
        while cursor is not None and len(seen) < 20:
            page = queue_page(session, desk.tools, QueueQuery(sort="due", cursor=cursor, limit=2))
            seen += [row.number for row in page.rows]
            cursor = page.next_cursor
    assert seen[0] == numbers[1]
    assert set(seen[1:3]) == {numbers[0], numbers[2]}
    assert sorted(seen) == sorted(numbers)

    desk.log_in()
    late = desk.http.get("/queue?view=overdue").text
    assert re.findall(r'data-row="([^"]+)"', late) == [numbers[1]]
    assert "逾期 2 工作日" in late
    assert numbers[1] not in desk.http.get("/queue?view=today").text


def test_a_view_is_kept_under_a_name_and_is_nobody_elses(desk: Any) -> None:
    desk.log_in()
    wished = "view=overdue&due=today&evil=1&cursor=x"
    kept = desk.send("/queue/views", of="/queue", query=wished, name=" 今天的 <b> ")
    page = desk.http.get(kept.location).text
    assert "今天的 &lt;b&gt;" in page
    assert 'href="/queue?view=overdue&amp;due=today"' in page
    desk.http = desk.app.test_client()
    desk.log_in("reviewer")
    assert "今天的" not in desk.http.get("/queue").text
    assert desk.send("/queue/views", of="/queue", query="", name="x" * 31).location.endswith(
        "done=view_refused"
    )
