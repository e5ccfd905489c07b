"""What a case says of its reply's way, when channels end at once and when rounds have passed."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from minsheng.audit import Actor
from minsheng.cases.service import Wish, merge
from minsheng.replies.fanout import refresh_states

LI = Wish(Actor("user", "li.si"))
_SENT = text(
    "update outbox set state = 'sent', sent_at = now() where tenant_id = :tenant and id = :id"
)


def reply_state(bureau: Any) -> str:
    (row,) = bureau.rows(
        "select reply_state from cases where tenant_id = :tenant and state = 'open'"
    )
    return str(row.reply_state)


def end(bureau: Any, session: Any, delivery: Any) -> None:
    session.execute(_SENT, {"tenant": bureau.tenant_id, "id": delivery.id})
    refresh_states(session, [delivery.reply])


def end_impatiently(bureau: Any, delivery: Any) -> None:
    with bureau.session() as session:
        session.execute(text("set local lock_timeout = '100ms'"))
        end(bureau, session, delivery)


def test_of_two_channels_that_end_at_once_the_second_waits_and_sees_the_first(
    bureau: Any, hotline: str, mailbox: str, sample: Callable[..., Any]
) -> None:
    for code in (hotline, mailbox):
        bureau.put(code, [sample(1, code[:2])])
    one, *others = bureau.cases()
    for other in others:
        with bureau.session() as session:
            merge(session, bureau.tools, LI, one, other, despite_not_same=True)
    bureau.answer(one)
    first, second = bureau.deliveries(one)
    with bureau.session() as ours:
        end(bureau, ours, first)
        with pytest.raises(OperationalError):
            end_impatiently(bureau, second)
    assert reply_state(bureau) == "approved"
    with bureau.session() as theirs:
        end(bureau, theirs, second)
    assert reply_state(bureau) == "delivered"


def test_what_goes_out_of_an_earlier_round_says_nothing_of_the_present_one(
    bureau: Any, hotline: str, sample: Callable[..., Any]
) -> None:
    bureau.put(hotline, [sample(1)])
    (number,) = bureau.cases()
    bureau.answer(number)
    bureau.change(
        "update cases set round = round + 1, reply_state = 'none' where tenant_id = :tenant"
    )
    bureau.deliver()
    assert [each.state for each in bureau.deliveries(number)] == ["sent"]
    assert reply_state(bureau) == "none"
