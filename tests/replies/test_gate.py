"""One official reply a case and round: the winner, the correction, the topic answered otherwise."""

import random
import secrets
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from minsheng.audit import Actor
from minsheng.cases.service import Wish, merge, unmerge
from minsheng.replies.service import (
    AnsweredAlready,
    AnsweredOtherwise,
    ReplyConflict,
    Words,
    acknowledge,
    approve,
    correct,
    count_warnings,
    send_to_joined,
    submit,
)
from minsheng_sdk import Citizen

OFFICERS = 8
LI = Wish(Actor("user", "li.si"))
WANG = Wish(Actor("user", "wang.wu"))


def answer(officer: int, number: str) -> str:
    return f"{number}反映的电梯停运一事，由第{officer}科负责，维修已经完成，恢复运行，请放心使用。"


def test_rel_r1_of_eight_officers_at_once_one_answers_and_seven_learn_who(
    bureau: Any,
    hotline: str,
    sample: Callable[..., Any],
    scaled: Callable[[int, int], int],
) -> None:
    count = scaled(500, 6)
    bureau.put(hotline, [sample(number) for number in range(count)])
    numbers = bureau.cases()
    drafts = {
        number: [
            bureau.review(number, answer(each, number), Wish(Actor("user", f"officer-{each}")))
            for each in range(OFFICERS)
        ]
        for number in numbers
    }
    seed = secrets.randbelow(1_000_000)
    sys.stdout.write(f"seed {seed}\n")
    dice = random.Random(seed)

    def send(number: str, officer: int) -> AnsweredAlready | None:
        try:
            bureau.approve(drafts[number][officer], Wish(Actor("user", f"officer-{officer}")))
        except AnsweredAlready as error:
            return error
        return None

    with ThreadPoolExecutor(OFFICERS) as pool:
        for number in numbers:
            order = dice.sample(range(OFFICERS), OFFICERS)
            told = list(pool.map(lambda officer, n=number: send(n, officer), order))
            (official,) = [reply for reply in bureau.replies(number) if reply.official]
            refused = [error for error in told if error is not None]
            assert len(refused) == OFFICERS - 1
            for error in refused:
                winner, yours = error.members["winner"], error.members["yours"]
                assert (winner["by"], winner["text"]) == (
                    official.approved_by, official.public_text,
                )  # fmt: skip
                assert yours["text"] != winner["text"]
                assert winner["by"] in str(error)
    assert bureau.count("outbox") == count
    assert bureau.audited("reply.approve", "refused: AnsweredAlready") == count * (OFFICERS - 1)


def test_rel_r1_the_database_itself_takes_one_official_reply_a_round(
    bureau: Any, hotline: str, sample: Callable[..., Any]
) -> None:
    bureau.put(hotline, [sample(1)])
    (number,) = bureau.cases()
    first, second = bureau.answer(number), bureau.review(number, answer(2, number))
    by_hand = (
        "update replies set state = 'approved', official = true, approved_at = now()"
        " where tenant_id = :tenant and id = :id"
    )
    with pytest.raises(IntegrityError, match="uq_replies_official"):
        bureau.rows(by_hand, id=second.id)
    changed = "update replies set public_text = '' where tenant_id = :tenant and id = :id"
    with pytest.raises(IntegrityError, match="stays as it is"), bureau.session() as session:
        session.execute(text(changed), {"tenant": bureau.tenant_id, "id": first.id})


def test_approving_a_stale_version_is_refused_and_changes_nothing(
    bureau: Any, hotline: str, sample: Callable[..., Any]
) -> None:
    bureau.put(hotline, [sample(1)])
    (number,) = bureau.cases()
    view = bureau.review(number)
    with pytest.raises(ReplyConflict), bureau.session() as session:
        approve(session, bureau.tools, WANG, view.id, view.version - 1)
    assert bureau.count("outbox") == 0
    assert bureau.audited("reply.approve", "refused: VersionStale") == 1
    assert bureau.approve(view).official


def test_a_correction_is_the_only_way_past_and_reaches_all_who_got_the_first(
    bureau: Any, hotline: str, mailbox: str, sample: Callable[..., Any]
) -> None:
    bureau.put(hotline, [sample(1)])
    bureau.put(mailbox, [sample(2)])
    first, second = bureau.case_of("S0001"), bureau.case_of("S0002")
    with bureau.session() as session:
        merge(session, bureau.tools, LI, first, second)
    bureau.answer(first)
    bureau.deliver()
    with bureau.session() as session:
        unmerge(session, bureau.tools, LI, first, second)
    with pytest.raises(AnsweredAlready):
        bureau.answer(first, answer(2, first))
    with bureau.session() as session:
        view = correct(session, bureau.tools, LI, first, Words(answer(3, first)))
        view = submit(session, bureau.tools, LI, view.id, view.version)
    done = bureau.approve(view)
    assert (done.kind, done.official) == ("correction", True)
    bureau.deliver()
    for code in (hotline, mailbox):
        told = bureau.arrived(code)
        assert len(told) == 2, code
        assert told[1].text.replace("\r", "").startswith("【更正】")
        assert answer(3, first)[:20] in told[1].text
    kinds = [
        row.kind
        for row in bureau.rows(
            "select kind from case_events where tenant_id = :tenant and kind like 'reply_c%'"
        )
    ]
    assert kinds == ["reply_corrected"]


def test_nothing_is_corrected_before_it_is_answered_nor_by_two_at_once(
    bureau: Any, hotline: str, sample: Callable[..., Any]
) -> None:
    bureau.put(hotline, [sample(1)])
    (number,) = bureau.cases()
    tools = bureau.tools
    with pytest.raises(ReplyConflict, match="no official answer"), bureau.session() as session:
        correct(session, tools, LI, number, Words("更正"))
    bureau.answer(number)
    with bureau.session() as session:
        views = [correct(session, tools, LI, number, Words(answer(n, number))) for n in (2, 3)]
        views = [submit(session, tools, LI, view.id, view.version) for view in views]
    bureau.approve(views[0])
    with pytest.raises(AnsweredAlready):
        bureau.approve(views[1])


def test_a_correction_takes_back_what_has_not_gone_out_yet(
    bureau: Any, hotline: str, sample: Callable[..., Any]
) -> None:
    bureau.put(hotline, [sample(1)])
    (number,) = bureau.cases()
    bureau.answer(number)
    with bureau.session() as session:
        view = correct(session, bureau.tools, LI, number, Words(answer(5, number)))
        view = submit(session, bureau.tools, LI, view.id, view.version)
    bureau.approve(view)
    bureau.deliver()
    assert [each.state for each in bureau.deliveries(number)] == ["superseded", "sent"]
    assert len(bureau.arrived(hotline)) == 1


def test_two_answered_cases_that_are_joined_need_a_correction_and_joined_ones_get_the_answer(
    bureau: Any, hotline: str, sample: Callable[..., Any]
) -> None:
    bureau.put(hotline, [sample(1), sample(2), sample(3)])
    one, two, three = (bureau.case_of(f"S000{n}") for n in (1, 2, 3))
    tools, shown = bureau.tools, bureau.answer(one)
    bureau.answer(two, answer(2, two))
    with bureau.session() as session:
        merge(session, tools, LI, one, three)
    with bureau.session() as session:
        assert len(send_to_joined(session, tools, WANG, shown.id)) == 1
        assert send_to_joined(session, tools, WANG, shown.id) == []
    bureau.deliver()
    assert len(bureau.arrived(hotline)) == 3
    with bureau.session() as session:
        merge(session, tools, LI, one, two)
    with bureau.session() as session:
        view = correct(session, tools, LI, one, Words(answer(6, one)))
        view = submit(session, tools, LI, view.id, view.version)
    bureau.approve(view)
    bureau.deliver()
    assert len(bureau.arrived(hotline)) == 6, "the correction went to all three"
    assert sum(reply.official for number in (one, two) for reply in bureau.replies(number)) == 1


@pytest.fixture
def twins(bureau: Any, hotline: str, sample: Callable[..., Any]) -> tuple[str, str]:
    """Two cases of two citizens that the matcher holds for one matter."""
    told = [sample(5, "A"), sample(5, "B", Citizen("钱六", "13700000006"))]
    bureau.put(hotline, told)
    return bureau.case_of("A0005"), bureau.case_of("B0005")


@pytest.mark.parametrize(
    ("earlier", "later", "kind"),
    [
        ("预计12月10日前完成改造，请您放心。", "预计12月25日前完成改造，请您放心。", "date"),
        ("补助标准为每户3000元，凭身份证领取。", "补助标准为每户0.2万元，凭身份证领取。", "amount"),
        (
            "经核查，您家符合补助条件，可以申请。",
            "经核查，您家不符合补助条件，敬请谅解。",
            "verdict",
        ),
    ],
)
def test_a_topic_answered_otherwise_is_a_warning_with_both_texts_acknowledged_once(
    bureau: Any, twins: tuple[str, str], earlier: str, later: str, kind: str
) -> None:
    one, two = twins
    tools = bureau.tools
    bureau.answer(one, f"您反映的槐河家园供暖改造一事收悉，经核查情况属实。{earlier}")
    view = bureau.review(two, f"您反映的槐河家园供暖改造一事收悉，经核查情况属实。{later}")
    assert [warning.case for warning in view.warnings] == [one]
    assert kind in {each["kind"] for each in view.warnings[0].differs}
    with pytest.raises(AnsweredOtherwise, match=one) as refused:
        bureau.approve(view)
    assert earlier in refused.value.members["theirs"][0]["text"]
    assert later in refused.value.members["yours"]["text"]
    with bureau.session() as session:
        assert count_warnings(session) == {"raised": 1, "acknowledged": 0}
        acknowledge(session, tools, WANG, view.id, view.version)
    assert bureau.approve(view).official
    with bureau.session() as session:
        assert count_warnings(session) == {"raised": 1, "acknowledged": 1}


def test_the_same_promise_and_one_older_than_180_days_warn_nobody(
    bureau: Any, twins: tuple[str, str]
) -> None:
    one, two = twins
    same = "您反映的槐河家园供暖改造一事，预计12月10日前完成改造，每户补助3000元，符合补助条件。"
    bureau.answer(one, same)
    assert bureau.review(two, f"{same}特此答复。").warnings == []
    bureau.clock.move(timedelta(days=181))
    other = same.replace("12月10日", "12月30日")
    assert bureau.review(two, other).warnings == []
    bureau.clock.move(timedelta(days=-2))
    assert len(bureau.review(two, other).warnings) == 1
