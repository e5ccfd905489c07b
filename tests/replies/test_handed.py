"""Answers and handovers: up the road, adopted at once or for review, and one of them only."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from minsheng.audit import Actor
from minsheng.cases.service import CaseConflict, Wish
from minsheng.handling.handover_work import Carrier, Placer
from minsheng.handling.handovers_dispatch import dispatch
from minsheng.replies.adopting import Adopter
from minsheng.replies.service import (
    AnsweredAlready,
    Rules,
    Words,
    correct,
    set_rules,
    submit,
)

LEASE = timedelta(seconds=60)
LI = Wish(Actor("user", "li.si"))
DONE = "经现场核查，槐河家园电梯已经更换主控板并恢复运行，物业将每月检修一次，费用由物业承担。"
OTHER = "该电梯属于自管设施，请向业主委员会反映，本单位将督促物业公司尽快协调处理，感谢您的关注。"


@pytest.fixture
def pair(bureau: Any, hotline: str, office: Callable[..., int], sample: Any) -> Any:
    """A city with a citizen's message, and the county to which its case was handed."""
    below = office("street", below=bureau.tenant_id)
    county = replace(bureau, tenant_id=below, sources={}, ports={})
    bureau.put(hotline, [sample(1)])
    (number,) = bureau.cases()
    code = bureau.rows("select code from tenants where id = :below", below=below)[0][0]
    with bureau.session() as session:
        dispatch(session, bureau.tools, LI, number, code)
    carry(bureau, county)
    return bureau, county, number, county.cases()[0]


def carry(*bureaus: Any) -> None:
    """Let the carriers and adopters do what is due, in both offices, until nothing is."""
    for _ in range(4):
        for each in bureaus:
            for kind, handler in (
                ("handover", Carrier(each.tools, LEASE)),
                ("handover_placed", Placer(each.tools)),
                ("adopt", Adopter(each.tools, LEASE)),
            ):
                if claims := each.claim(kind):
                    handler.work(claims)
            each.walk()


def test_the_leads_answer_is_adopted_for_review_and_reaches_the_senders_citizen(
    pair: Any, hotline: str
) -> None:
    city, county, number, below = pair
    county.answer(below, Words(DONE, "私下：480元"))
    carry(city, county)
    (draft,) = city.replies(number)
    assert (draft.state, draft.source, draft.public_text) == ("draft", "handover", DONE)
    with city.session() as session:
        view = submit(session, city.tools, LI, draft.id, draft.version)
    city.approve(view)
    city.deliver()
    (told,) = city.arrived(hotline)
    assert DONE in told.text
    carry(city, county)
    assert len(city.replies(number)) == 1


def test_where_the_office_says_so_the_answer_goes_out_at_once_and_so_does_its_correction(
    pair: Any, hotline: str
) -> None:
    city, county, number, below = pair
    with city.session() as session:
        set_rules(session, city.tools, LI, Rules("direct"))
    county.answer(below, DONE)
    carry(city, county)
    (reply,) = city.replies(number)
    assert reply.official
    with county.session() as session:
        view = correct(session, county.tools, LI, below, Words(OTHER))
        view = submit(session, county.tools, LI, view.id, view.version)
    county.approve(view)
    carry(city, county)
    assert [each.official for each in city.replies(number)] == [False, True]
    city.deliver()
    assert [each.kind for each in city.replies(number)] == ["official", "correction"]


def test_the_sender_may_frame_the_leads_answer_and_not_change_it(pair: Any) -> None:
    city, county, number, below = pair
    county.answer(below, DONE)
    with pytest.raises(AnsweredAlready) as refused:
        city.answer(number, OTHER)
    assert refused.value.members["winner"]["text"] == DONE
    assert refused.value.members["yours"]["text"] == OTHER
    assert city.answer(number, f"赵先生，您好！{DONE}感谢您的来电。").official


def test_a_sender_that_answers_itself_recalls_the_case_and_the_lead_learns_who_won(
    pair: Any,
) -> None:
    city, county, number, below = pair
    view = county.review(below, OTHER)
    city.answer(number, DONE)
    with pytest.raises(AnsweredAlready, match="测试单位"):
        county.approve(view)
    carry(city, county)
    with pytest.raises(CaseConflict, match="closed"):
        county.approve(view)
    assert county.count("replies", "official") == 0


def test_rel_r1_the_parent_and_seven_officers_below_at_once_give_one_answer(
    bureau: Any, hotline: str, office: Callable[..., int], sample: Any, scaled: Any
) -> None:
    below = office("street", below=bureau.tenant_id)
    county = replace(bureau, tenant_id=below, sources={}, ports={})
    count = scaled(50, 2)
    bureau.put(hotline, [sample(number) for number in range(count)])
    code = bureau.rows("select code from tenants where id = :below", below=below)[0][0]
    for number in bureau.cases():
        with bureau.session() as session:
            dispatch(session, bureau.tools, LI, number, code)
        carry(bureau, county)
        mine = county.cases()[-1]
        views = [(bureau, bureau.review(number, f"上级答复：{DONE}"))]
        views += [(county, county.review(mine, f"第{n}科答复：{OTHER}")) for n in range(7)]
        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(outcome, views))
        assert told.count("") == 1, told
        assert all(told.count(each) for each in told)
        carry(bureau, county)
        winners = bureau.count("replies", "official") + county.count("replies", "official")
        assert winners == 1 + bureau.cases().index(number)


def outcome(each: tuple[Any, Any]) -> str:
    office, view = each
    try:
        office.approve(view)
    except AnsweredAlready as error:
        return str(error.members["winner"]["by"])
    return ""
