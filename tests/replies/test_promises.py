"""A promise that lands is told to everybody who asked, once; a demand left open is flagged."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from minsheng.audit import Actor
from minsheng.cases.service import Wish, merge
from minsheng.handling import service as handling
from minsheng.handling.errors import HandlingConflict
from minsheng.handling.work import HANDLERS
from minsheng.replies.notices import PROMISE_KEPT, Teller
from minsheng.replies.service import Words

LI = Wish(Actor("user", "li.si"))
PROMISE = "六月前建成幸福食堂"
EVIDENCE = "食堂已于6月1日开业，餐补电话请到社区领取。"
SAID = f"您反映的就餐难一事已经列入计划，{PROMISE}，由民政局负责，届时再向您反馈进展情况。"


@pytest.fixture
def case(bureau: Any, hotline: str, board: str, sample: Callable[..., Any]) -> tuple[str, str, str]:
    """A case of two citizens, one by telephone and one on a public board, answered by a promise."""
    bureau.put(hotline, [sample(1)])
    bureau.put(board, [sample(2)])
    first, second = bureau.case_of("S0001"), bureau.case_of("S0002")
    with bureau.session() as session:
        merge(session, bureau.tools, LI, first, second)
    (settle,) = [each for each in HANDLERS if each.kind == "settle"]
    settle(bureau.tools).work(bureau.claim("settle"))
    bureau.answer(first, Words(SAID))
    bureau.deliver()
    return first, hotline, board


def do(bureau: Any, verb: Callable[..., Any], number: str, *given: Any, **more: Any) -> Any:
    with bureau.session() as session:
        return verb(session, bureau.tools, more.pop("wish", LI), number, *given, **more)


def tell(bureau: Any) -> None:
    claims = bureau.claim(PROMISE_KEPT)
    if claims:
        Teller(bureau.tools).work(claims)
    bureau.deliver()


def test_feature_d18_every_asker_is_told_once_when_the_promise_lands(
    bureau: Any, case: tuple[str, str, str]
) -> None:
    number, hotline, board = case
    promise = do(bureau, handling.commit, number, PROMISE, date(2026, 11, 25))
    tell(bureau)
    assert [len(bureau.arrived(code)) for code in (hotline, board)] == [1, 1], "it has not landed"
    for _ in range(2):
        do(bureau, handling.land, number, promise.id, EVIDENCE)
        tell(bureau)
    told, posted = (bureau.arrived(code) for code in (hotline, board))
    assert [len(told), len(posted)] == [2, 2], "the answer, and one notice each"
    assert PROMISE in told[1].text
    assert EVIDENCE in told[1].text
    assert PROMISE in posted[1].text
    assert EVIDENCE not in posted[1].text, "how it was kept is for the citizens alone"
    assert bureau.audited("promise.tell") == 1
    assert bureau.count("outbox", "kind = 'notice' and state = 'sent'") == 2


def test_feature_d18_a_promise_that_was_withdrawn_tells_nobody_and_lands_no_more(
    bureau: Any, case: tuple[str, str, str]
) -> None:
    number, hotline, board = case
    promise = do(bureau, handling.commit, number, PROMISE, date(2026, 11, 25))
    withdrawn = Wish(LI.actor, "规划调整")
    do(bureau, handling.withdraw, number, promise.id, wish=withdrawn)
    with pytest.raises(HandlingConflict, match="withdrawn already"):
        do(bureau, handling.land, number, promise.id, EVIDENCE)
    tell(bureau)
    assert [len(bureau.arrived(code)) for code in (hotline, board)] == [1, 1]
    assert bureau.count("outbox", "kind = 'notice'") == 0


def test_feature_b10_a_reply_that_leaves_a_demand_open_is_flagged_until_each_is_answered(
    bureau: Any, hotline: str, sample: Callable[..., Any]
) -> None:
    bureau.put(hotline, [sample(1), sample(2)])
    number, joined = bureau.case_of("S0001"), bureau.case_of("S0002")
    (settle,) = [each for each in HANDLERS if each.kind == "settle"]
    settle(bureau.tools).work(bureau.claim("settle"))
    do(bureau, handling.add_demands, joined, ["增设路灯"])
    with bureau.session() as session:
        merge(session, bureau.tools, LI, number, joined)
    do(bureau, handling.add_demands, number, ["修好电梯", "公布检修记录"])
    do(bureau, handling.answer_demand, number, 1, "已修好")
    (flag,) = [each for each in bureau.review(number).flags if each["code"] == "demand_unanswered"]
    assert (flag["blocks"], sorted(flag["found"])) == (False, ["1. 增设路灯", "2. 公布检修记录"])
    do(bureau, handling.answer_demand, number, 2, "已张贴在大厅")
    bureau.change(
        "update demands set answered_at = now(), answer = '已装' where tenant_id = :tenant"
    )
    assert "demand_unanswered" not in {each["code"] for each in bureau.review(number).flags}
