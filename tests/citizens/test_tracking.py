"""Coming back: the code and four digits open one's own message and nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from minsheng.cases.service import merge
from minsheng.citizens.limits import ASKS, CODE_TRIES
from minsheng.citizens.service import (
    TrackLocked,
    TrackRefused,
    Visit,
    VisitEnded,
    note_read,
    read_visit,
    tracked,
    visit_token,
)

OTHER = "13800138888"


def see(county: Any, visit: Visit) -> Any:
    with county.session() as session:
        return tracked(session, county.tools, visit)


def test_code_and_digits_open_ones_own_message(county: Any) -> None:
    ticket = county.submit()
    before = see(county, county.track(ticket.code))
    assert (before.step, before.answer, before.due_at) == ("received", None, None)
    county.match()
    number = county.number_of(ticket.message_id)
    county.answer(number, "电梯已修好。", "物业补您三个月电梯费。")
    county.close(number)
    after = see(county, county.track(ticket.code))
    assert after.step == "closed"
    assert (after.answer.text, after.answer.private) == ("电梯已修好。", "物业补您三个月电梯费。")
    assert after.may_rate
    assert after.may_reopen


def test_a_wrong_code_and_wrong_digits_are_refused_alike_and_kept_alike(county: Any) -> None:
    ticket = county.submit()
    said = []
    for code, digits in ((ticket.code, "0000"), ("ZZZZZZZZZZ", "9001"), ("", ""), ("%", "９００")):
        with pytest.raises(TrackRefused) as refused:
            county.track(code, digits)
        said.append((type(refused.value), str(refused.value)))
    assert len(set(said)) == 1
    kept = county.ask("select result from audit_entries where action = 'citizen.track'")
    assert [row.result for row in kept] == ["no"] * 4
    assert county.track(ticket.code).message_id == ticket.message_id
    kept = county.ask("select result from audit_entries where action = 'citizen.track'")
    assert sorted(row.result for row in kept) == ["no"] * 4 + ["ok"]


@pytest.mark.parametrize("exists", [True, False])
def test_ten_wrong_tries_lock_a_code_be_it_one_or_none(county: Any, exists: bool) -> None:
    ticket = county.submit()
    code = ticket.code if exists else "ZZZZZZZZZZ"
    for at in range(CODE_TRIES):
        with pytest.raises(TrackRefused):
            county.track(code, "0000", f"10.1.0.{at}")
    with pytest.raises(TrackLocked) as locked:
        county.track(code, "9001")
    assert locked.value.retry_after > 0
    county.clock.move(timedelta(minutes=16))
    if exists:
        assert county.track(code).message_id == ticket.message_id


def test_one_address_cannot_try_code_after_code(county: Any) -> None:
    ticket = county.submit()
    for at in range(ASKS):
        with pytest.raises(TrackRefused):
            county.track(f"ZZZZZZZZ{at:02d}", "0000", "10.2.0.1")
    with pytest.raises(TrackLocked):
        county.track(ticket.code, origin="10.2.0.1")
    assert county.track(ticket.code, origin="10.2.0.2").message_id == ticket.message_id


def test_a_visit_ends_by_itself_and_cannot_be_made_or_carried_elsewhere(
    county: Any, office: Any
) -> None:
    visit = county.track(county.submit().code)
    other = county.submit(phone=OTHER)
    with county.session() as session:
        token = visit_token(session, county.tools, visit)
        assert read_visit(session, county.tools, token) == Visit(
            visit.message_id, visit.until.replace(microsecond=0)
        )
        forged = visit_token(session, county.tools, Visit(other.message_id, visit.until))
        for wrong in ("", "x", token[:-4], forged[:20] + token[20:], token + "AAAA", "é"):
            with pytest.raises(VisitEnded):
                read_visit(session, county.tools, wrong)
    with county.tools.database.session(office("county")) as session, pytest.raises(VisitEnded):
        read_visit(session, county.tools, token)
    county.clock.move(timedelta(minutes=31))
    with county.session() as session, pytest.raises(VisitEnded):
        read_visit(session, county.tools, token)


def test_citizens_of_one_case_never_see_each_other(county: Any) -> None:
    mine = county.submit()
    theirs = county.submit(
        subject="钱淑芬家楼下电梯", body="我是钱淑芬，腿脚不好，电梯停了九天下不了楼。",
        name="钱淑芬", phone=OTHER, confidential=True,
    )  # fmt: skip
    county.match()
    numbers = [county.number_of(each.message_id) for each in (theirs, mine)]
    if numbers[0] != numbers[1]:
        with county.session() as session:
            merge(session, county.tools, county.wish(confidential=True), *numbers)
    county.add(county.track(theirs.code, "8888"), "钱淑芬补充：邻居也下不来。")
    county.match()
    county.answer(county.number_of(mine.message_id), "电梯已修好。")
    shown = see(county, county.track(mine.code))
    assert "钱淑芬" not in str(shown)
    assert "邻居" not in str(shown)
    assert shown.answer.text == "电梯已修好。"
    other = see(county, county.track(theirs.code, "8888"))
    assert other.answer.text == "电梯已修好。"
    assert "孙建国" not in str(other)
    assert [each.words for each in other.added] == ["〔姓名〕补充：邻居也下不来。"]


def test_reading_an_offered_answer_delivers_it_once(county: Any) -> None:
    ticket = county.submit()
    county.match()
    number = county.number_of(ticket.message_id)
    county.answer(number, "电梯已修好。")
    county.run(
        "insert into outbox (tenant_id, id, reply_id, case_id, channel_id, message_id,"
        " delivery_key, state, created_at, changed_at) select r.tenant_id, gen_random_uuid(),"
        " r.id, r.case_id, m.channel_id, m.id, 'k', 'offered', :now, :now from replies r,"
        " messages m where m.id = :id",
        id=ticket.message_id, now=county.tools.clock.now(),
    )  # fmt: skip
    other = county.track(
        county.submit(phone=OTHER, body="别人的另外一件事，路灯坏了。").code, "8888"
    )
    with county.session() as session:
        assert note_read(session, county.tools, "10.0.0.1", other) == 0
    visit = county.track(ticket.code)
    for expected in (1, 0):
        with county.session() as session:
            assert note_read(session, county.tools, "10.0.0.1", visit) == expected
    assert county.ask("select state from outbox")[0][0] == "sent"
