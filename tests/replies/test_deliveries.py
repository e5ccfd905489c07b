"""Delivery: right address, public and private text, channels that are down, holds, settling."""

import random
import secrets
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from minsheng.audit import Actor
from minsheng.cases.service import Wish, merge
from minsheng.intake.service import PushedMessage
from minsheng.replies.service import (
    ReplyConflict,
    ReplyInvalid,
    Words,
    channels_down,
    deliveries_of,
    hold,
    hold_all,
    on_hold,
    public_reply_of,
    release_holds,
    resend,
    settle_uncertain,
    take_offered,
)
from minsheng_sdk import Citizen

LI = Wish(Actor("user", "li.si"))
SURE = Wish(Actor("user", "zhao.liu"), "已电话向来信人核实")
PUBLIC = "经现场核查，3号楼电梯已于11月18日更换主控板，现已恢复运行，物业将每月检修一次。"
PRIVATE = "您垫付的维修费用480元可凭票据到物业服务中心报销。"


def test_feature_p8_private_text_reaches_the_citizen_and_never_the_public_board(
    bureau: Any, hotline: str, mailbox: str, board: str, sample: Callable[..., Any]
) -> None:
    codes = (hotline, mailbox, board)
    for number, code in enumerate(codes, 1):
        bureau.put(code, [sample(number)])
    first, *others = (bureau.case_of(f"S000{number}") for number in (1, 2, 3))
    for other in others:
        with bureau.session() as session:
            merge(session, bureau.tools, LI, first, other)
    bureau.answer(first, Words(PUBLIC, PRIVATE))
    assert bureau.deliver() == 3
    (told,), (mailed,), (posted,) = (bureau.arrived(code) for code in codes)
    assert PUBLIC in told.text
    assert PRIVATE in told.text
    assert PRIVATE in mailed.text
    assert posted.text == PUBLIC
    assert "480" not in f"{posted.text}{posted.private_text}{posted.subject}"
    with bureau.session() as session:
        case = bureau.rows("select id from cases where tenant_id = :tenant and state = 'open'")
        shown = public_reply_of(session, case[0].id)
    assert shown is not None
    assert shown.text == PUBLIC


def test_a_mail_is_threaded_to_the_letter_and_bears_one_message_id(
    bureau: Any, mailbox: str, sample: Callable[..., Any]
) -> None:
    bureau.put(mailbox, [sample(1)])
    (number,) = bureau.cases()
    bureau.answer(number)
    bureau.deliver()
    (mail,) = bureau.arrived(mailbox)
    letter = bureau.rows("select external_id from messages where tenant_id = :tenant")[0][0]
    (row,) = bureau.deliveries(number)
    assert mail.external_id == letter
    assert row.state == "sent"
    assert row.remote_id.startswith("<reply-")
    assert mail.delivery_key == row.remote_id.strip("<>").partition("@")[0]


def test_rel_r4_each_citizen_is_answered_on_the_own_channel_and_nobody_else(
    bureau: Any,
    hotline: str,
    mailbox: str,
    board: str,
    sample: Callable[..., Any],
    scaled: Callable[[int, int], int],
) -> None:
    """Cases are merged of one to four messages of several channels; some citizens wrote twice."""
    seed = secrets.randbelow(1_000_000)
    sys.stdout.write(f"seed {seed}\n")
    dice = random.Random(seed)
    codes, cases = (hotline, mailbox, board), scaled(1000, 5)
    plan: list[list[tuple[str, str, Citizen]]] = []
    for case in range(cases):
        people = [
            Citizen(f"孙{case}{n}", f"13{case:05d}{n:04d}", f"s{case}.{n}@example.org")
            for n in range(3)
        ]
        told = [(dice.choice(codes), dice.choice(people)) for _ in range(dice.randint(1, 4))]
        plan.append([(f"C{case}M{n}", code, who) for n, (code, who) in enumerate(told)])
    for code in codes:
        mine = [
            sample(place * 10 + n, f"{mark}X", who)
            for place, group in enumerate(plan)
            for n, (mark, where, who) in enumerate(group)
            if where == code
        ]
        bureau.put(code, mine)
    for place, group in enumerate(plan):
        numbers = [
            bureau.case_of(f"{mark}X{place * 10 + n:04d}")
            for n, (mark, _code, _who) in enumerate(group)
        ]
        for other in [each for each in numbers[1:] if each != numbers[0]]:
            if other in bureau.cases():
                with bureau.session() as session:
                    merge(session, bureau.tools, LI, numbers[0], other, despite_not_same=True)
        bureau.answer(
            numbers[0], f"第{place}号事项已经现场核查，问题属实，已经整改完毕，请您监督。"
        )
    while bureau.deliver():
        bureau.clock.move(timedelta(seconds=6))
    for code in codes:
        wanted = sorted(
            (f"第{place}号事项", who.email if code == mailbox else "")
            for place, group in enumerate(plan)
            for who in {who for _mark, where, who in group if where == code}
        )
        got = sorted(
            (each.text.partition("已经")[0], each.citizen.email) for each in bureau.arrived(code)
        )
        assert got == wanted, code
    assert bureau.count("outbox", "state <> 'sent'") == 0


def test_rel_r3_what_waits_for_a_channel_that_is_down_goes_out_in_order_once_it_is_up(
    bureau: Any, hotline: str, sample: Callable[..., Any], scaled: Callable[[int, int], int]
) -> None:
    count = scaled(300, 6)
    bureau.put(hotline, [sample(number) for number in range(count)])
    numbers = bureau.cases()
    begun = bureau.clock.now()
    for number in numbers[: count // 2]:
        bureau.answer(number, f"{number}已办：现场核查属实，已经整改完毕，请您继续监督我们的工作。")
    bureau.sources[hotline].stop()
    alarmed = None
    steps = [15] * 6 + [150] * 9
    for step, minutes in enumerate(steps):
        bureau.deliver()
        if step == 10:
            for number in numbers[count // 2 :]:
                bureau.answer(number, f"{number}已办：现场核查属实，已经整改完毕，请您监督工作。")
        if alarmed is None and bureau.audited("channel.down"):
            alarmed = bureau.clock.now() - begun
        bureau.clock.move(timedelta(minutes=minutes))
    assert alarmed is not None
    assert alarmed <= timedelta(hours=1)
    with bureau.session() as session:
        (down,) = channels_down(session)
    assert (down.channel, down.since) == (hotline, begun)
    assert bureau.count("outbox", "state = 'ready'") == count
    bureau.revive(hotline)
    bureau.clock.move(timedelta(hours=1))
    bureau.deliver()
    arrived = [each.text.partition("已办")[0] for each in bureau.arrived(hotline)]
    assert arrived == numbers, "all arrived, in the order in which they were approved"
    assert bureau.audited("channel.down") == 1
    with bureau.session() as session:
        assert channels_down(session) == []


def test_a_reply_that_the_source_never_takes_fails_visibly_and_can_be_sent_again(
    bureau: Any, hotline: str, sample: Callable[..., Any]
) -> None:
    bureau.put(hotline, [sample(1), sample(2)])
    one, two = bureau.cases()
    bureau.change(
        "update messages set external_id = 'nowhere' where tenant_id = :tenant and id ="
        " (select message_id from case_messages s join cases k on k.id = s.case_id"
        " where k.number = :number)",
        number=one,
    )
    for number in (one, two):
        bureau.answer(number)
    bureau.deliver()
    (failed,), (sent,) = bureau.deliveries(one), bureau.deliveries(two)
    assert (failed.state, sent.state) == ("failed", "sent")
    assert failed.trouble.startswith("DeliveryRefused")
    state = "select reply_state from cases where tenant_id = :tenant order by number"
    assert [row[0] for row in bureau.rows(state)] == ["uncertain", "delivered"]
    with bureau.session() as session:
        assert resend(session, bureau.tools, LI, failed.id).state == "ready"
    with pytest.raises(ReplyConflict, match="only what failed"), bureau.session() as session:
        resend(session, bureau.tools, LI, sent.id)
    bureau.deliver()
    assert len(bureau.arrived(hotline)) == 1


def test_a_channel_that_stays_away_is_given_up_after_days_where_everybody_sees_it(
    bureau: Any, hotline: str, sample: Callable[..., Any]
) -> None:
    bureau.put(hotline, [sample(1)])
    (number,) = bureau.cases()
    bureau.answer(number)
    bureau.sources[hotline].stop()
    for _ in range(8):
        bureau.deliver()
        bureau.clock.move(timedelta(days=1))
    (row,) = bureau.deliveries(number)
    assert row.state == "failed"
    assert row.trouble.startswith("given up after 7 days")
    assert bureau.count("work", "kind = 'deliver'") == 0
    assert bureau.audited("delivery.failed") == 1


def test_rel_d2_a_sender_that_was_overtaken_sends_nothing_and_changes_nothing(
    bureau: Any,
    hotline: str,
    mailbox: str,
    sample: Callable[..., Any],
    scaled: Callable[[int, int], int],
) -> None:
    """The sleeper holds old claims; another took over, asked, sent and finished."""
    for code in (hotline, mailbox):
        count = scaled(50, 3)
        bureau.put(code, [sample(number, code[:2]) for number in range(count)])
    for number in bureau.cases():
        bureau.answer(number)
    slept = bureau.claim("deliver")
    bureau.clock.move(timedelta(seconds=61))
    taken = bureau.claim("deliver")
    assert len(taken) == len(slept) > 0
    for claims in ([claim] for claim in slept):
        with pytest.raises(Exception, match="another worker"):
            bureau.deliverer().work(claims)
    assert bureau.count("outbox", "state <> 'ready'") == 0
    bureau.deliverer().work(taken)
    for claims in ([claim] for claim in slept):
        with pytest.raises(Exception, match="another worker"):
            bureau.deliverer().work(claims)
    assert [len(bureau.arrived(code)) for code in (hotline, mailbox)] == [count, count]
    assert bureau.count("outbox", "state = 'sent'") == 2 * count


def test_after_a_restore_nothing_goes_out_until_a_person_releases_it(
    bureau: Any, hotline: str, mailbox: str, sample: Callable[..., Any]
) -> None:
    for code in (hotline, mailbox):
        bureau.put(code, [sample(1, code[:2])])
    for number in bureau.cases():
        bureau.answer(number)
    bureau.clock.move(timedelta(minutes=1))
    with bureau.tools.database.owner_session() as session:
        assert hold_all(session, bureau.tools, "从备份恢复") > 0
    bureau.deliver()
    bureau.clock.move(timedelta(hours=2))
    bureau.deliver()
    assert bureau.arrived(hotline) == bureau.arrived(mailbox) == []
    with bureau.session() as session:
        held = on_hold(session)
        assert held is not None
        assert held.reason == "从备份恢复"
        numbers = bureau.cases()
        assert all(row.held for n in numbers for row in deliveries_of(session, n))
    with pytest.raises(ReplyInvalid), bureau.session() as session:
        release_holds(session, bureau.tools, LI)
    with bureau.session() as session:
        assert release_holds(session, bureau.tools, SURE) == 2
    bureau.deliver()
    assert len(bureau.arrived(hotline)) == 1, "the source was asked and had nothing"
    assert bureau.arrived(mailbox) == [], "a mail of which nothing can be proved is not sent"
    assert bureau.count("outbox", "state = 'uncertain'") == 1
    with pytest.raises(ReplyConflict, match="nothing is on hold"), bureau.session() as session:
        release_holds(session, bureau.tools, SURE)


def test_a_person_who_answers_for_it_that_nothing_was_sent_lets_all_of_it_go(
    bureau: Any, mailbox: str, sample: Callable[..., Any]
) -> None:
    bureau.put(mailbox, [sample(1)])
    (number,) = bureau.cases()
    bureau.answer(number)
    with bureau.session() as session:
        hold(session, bureau.tools, SURE)
        bureau.clock.move(timedelta(minutes=1))
        release_holds(session, bureau.tools, SURE, unsent=True)
    bureau.deliver()
    assert len(bureau.arrived(mailbox)) == 1


def test_a_pushed_channel_is_offered_its_replies_and_says_that_it_took_them(bureau: Any) -> None:
    code = bureau.open_pushed()
    posted = PushedMessage("A1", "路灯", "槐河路3号路灯不亮", bureau.clock.now())
    bureau.push(code, [posted])
    (number,) = bureau.cases()
    bureau.answer(number)
    assert bureau.deliver() == 0
    (row,) = bureau.deliveries(number)
    assert row.state == "offered"
    for _ in range(2):
        with bureau.session() as session:
            assert take_offered(session, bureau.tools, LI, row.id).state == "sent"
    assert bureau.audited("delivery.taken") == 1


@pytest.mark.parametrize("arrived", [True, False])
def test_an_uncertain_one_is_settled_by_a_person_with_words(
    bureau: Any, mailbox: str, sample: Callable[..., Any], arrived: bool
) -> None:
    bureau.put(mailbox, [sample(1)])
    (number,) = bureau.cases()
    bureau.answer(number)
    bureau.sources[mailbox].fail_next("drop", 0)
    bureau.deliver()
    (row,) = bureau.deliveries(number)
    assert row.state == "uncertain"
    with pytest.raises(ReplyConflict, match="may have arrived"), bureau.session() as session:
        resend(session, bureau.tools, LI, row.id)
    with pytest.raises(ReplyInvalid, match="how you found out"), bureau.session() as session:
        settle_uncertain(session, bureau.tools, LI, row.id, arrived=arrived)
    before = len(bureau.arrived(mailbox))
    with bureau.session() as session:
        settled = settle_uncertain(session, bureau.tools, SURE, row.id, arrived=arrived)
    assert settled.settled_words == SURE.reason
    bureau.deliver()
    assert [each.state for each in bureau.deliveries(number)] == ["sent"]
    assert len(bureau.arrived(mailbox)) == before + (not arrived)


def test_the_database_never_takes_a_sent_one_back(
    bureau: Any, hotline: str, sample: Callable[..., Any]
) -> None:
    bureau.put(hotline, [sample(1)])
    (number,) = bureau.cases()
    bureau.answer(number)
    bureau.deliver()
    back = "update outbox set state = 'ready', sent_at = null where tenant_id = :tenant"
    with pytest.raises(IntegrityError, match="once it arrived"), bureau.session() as session:
        session.execute(text(back), {"tenant": bureau.tenant_id})
