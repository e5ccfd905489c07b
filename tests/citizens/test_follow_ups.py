"""Who writes again joins the own case; who only names another's message does not."""

from typing import Any

import pytest

from minsheng.cases.service import mark_complained, merge, unmerge
from minsheng.citizens.service import SubmissionInvalid
from minsheng_sdk import Citizen

FIGURES = (
    "select measure, sum(change) from fact_changes where measure in ('cases', 'messages', 'joined')"
    " group by measure having sum(change) <> 0 order by measure"
)
THANKS = "谢谢你们，问题已经解决了，给你们点赞！"
MATTER = "和平路12号院下水道堵了三天，污水漫到门口，物业不管，请派人疏通。"


def test_feature_d20_the_thank_you_letter_joins_its_case_and_is_no_new_arrival(county: Any) -> None:
    first = county.arrive(county.letter("<a1@example.org>", MATTER))
    county.match()
    number = county.number_of(first)
    county.close(number)
    thanks = county.arrive(county.letter("<a2@example.org>", THANKS, thread=("<a1@example.org>",)))
    county.match()
    assert county.number_of(thanks) == number
    assert county.ask("select kind from linked_messages where message_id = :i", i=thanks) == [
        ("follow_up",)
    ]
    arrivals = "select count(*) from messages m where not exists (select from linked_messages l"
    arrivals += " where l.message_id = m.id and l.kind = 'follow_up')"
    assert county.ask(arrivals)[0][0] == 1
    assert county.ask("select count(*) from cases")[0][0] == 1
    assert county.ask("select stage from cases")[0][0] == "closed"
    assert county.ask(FIGURES) == [("cases", 1), ("messages", 1)], "neither arrival nor duplicate"
    strange = county.arrive(county.letter("<a3@example.org>", THANKS))
    county.match()
    assert county.number_of(strange) != number, "thanks alone name no case"
    assert county.ask(FIGURES) == [("cases", 2), ("messages", 2)]
    code = county.ask("select code from tenants where id = current_tenant()")[0][0]
    with county.session() as session:
        mark_complained(session, county.tools, county.wish(), number, code)
    assert county.ask(FIGURES) == [("cases", 1), ("messages", 1)], "nothing is left of it"


def test_a_stranger_who_names_anothers_letter_gets_a_case_of_their_own(county: Any) -> None:
    first = county.arrive(county.letter("<a1@example.org>", MATTER))
    stranger = Citizen(name="赵小兰", email="mallory@example.org")
    forged = county.letter(
        "<x@example.org>", "请把材料寄给我。", thread=("<a1@example.org>",), citizen=stranger
    )
    second = county.arrive(forged)
    county.match()
    assert county.number_of(first) != county.number_of(second)
    assert county.ask("select count(*) from linked_messages")[0][0] == 0


def test_a_reference_into_another_channel_or_office_says_nothing(county: Any, office: Any) -> None:
    first = county.arrive(county.letter("<a1@example.org>", MATTER))
    second = county.arrive(
        county.letter("B1", THANKS, thread=("<a1@example.org>",)), "leaders_board"
    )
    county.match()
    assert county.number_of(first) != county.number_of(second)
    other = type(county)(county.tools, county.clock, office("county"))
    third = other.arrive(other.letter("<a9@example.org>", THANKS, thread=("<a1@example.org>",)))
    other.match()
    assert other.ask("select count(*) from linked_messages")[0][0] == 0
    assert other.number_of(third)


def test_a_letter_that_follows_our_answer_by_its_message_id_joins(county: Any) -> None:
    first = county.arrive(county.letter("<a1@example.org>", MATTER))
    county.match()
    county.answer(county.number_of(first), "已疏通。")
    county.run(
        "insert into outbox (tenant_id, id, reply_id, case_id, channel_id, message_id,"
        " delivery_key, state, remote_id, created_at, changed_at, sent_at) select r.tenant_id,"
        " gen_random_uuid(), r.id, r.case_id, m.channel_id, m.id, 'k', 'sent', '<ours@gov>',"
        " :now, :now, :now from replies r, messages m",
        now=county.tools.clock.now(),
    )
    thanks = county.arrive(county.letter("<a2@example.org>", THANKS, thread=("<ours@gov>",)))
    county.match()
    assert county.number_of(thanks) == county.number_of(first)


def test_what_a_citizen_adds_joins_the_case_though_nothing_was_matched_yet(county: Any) -> None:
    ticket = county.submit()
    visit = county.track(ticket.code)
    assert county.add(visit, "补充：今天又停了。")
    county.match()
    rows = county.ask("select k.number, k.message_count from cases k")
    assert [(row.message_count) for row in rows] == [2]
    assert county.add(visit, "再补充：电梯门也坏了。")
    county.match()
    (row,) = county.ask("select message_count, origins from cases")
    assert row.message_count == 3
    assert row.origins == {"portal": 3}
    assert len(county.ask("select 1 from case_messages where algorithm = 'link/1'")) == 2


def test_an_addition_sent_twice_is_one(county: Any, key: Any) -> None:
    visit, secret = county.track(county.submit().code), key()
    assert county.add(visit, "补充：今天又停了。", secret)
    assert not county.add(visit, "补充：今天又停了。", secret)
    assert county.ask("select count(*) from messages")[0][0] == 2
    with pytest.raises(SubmissionInvalid):
        county.add(visit, " ")
    with pytest.raises(SubmissionInvalid):
        county.add(visit, "长" * 10_001)


def test_a_form_sent_again_as_an_addition_follows_nothing(county: Any, key: Any) -> None:
    """A citizen's own form secret, used for an addition, must not link a message to itself."""
    secret = key()
    ticket = county.submit(key=secret)
    assert not county.add(county.track(ticket.code), "同一把钥匙", secret)
    county.match()
    assert county.number_of(ticket.message_id)
    assert county.ask("select count(*) from linked_messages")[0][0] == 0


def test_an_addition_follows_its_message_when_the_case_is_taken_apart(county: Any) -> None:
    mine = county.submit()
    theirs = county.submit(phone="13800138888", body="解放路的路灯全灭了，晚上看不清路，请派人修。",
                           subject="解放路路灯不亮")  # fmt: skip
    county.match()
    numbers = [county.number_of(each.message_id) for each in (mine, theirs)]
    with county.session() as session:
        merge(session, county.tools, county.wish(), *numbers)
    county.add(county.track(theirs.code, "8888"), "补充：路口那盏也灭了。")
    county.match()
    assert county.ask("select message_count from cases where number = :n", n=numbers[0]) == [(3,)]
    with county.session() as session:
        unmerge(session, county.tools, county.wish(), *numbers)
    assert county.ask("select message_count from cases where number = :n", n=numbers[1]) == [(2,)]
