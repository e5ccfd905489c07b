"""Posted messages: one a number, however often, however many at once."""

import random
import secrets
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from minsheng.intake.channels import ChannelInvalid
from minsheng.intake.push import PushedMessage
from minsheng_sdk import Citizen

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
SAID = PushedMessage(
    "A-1", "路灯不亮", "槐树街3号院路灯不亮", NOON, "赞皇县", "住建局", "投诉",
    Citizen("李四", "13800001234", "li@example.org"),
)  # fmt: skip


@pytest.fixture
def api(desk: Any) -> Any:
    """The desk with a channel to post to."""
    desk.add_channel("api", pushed=True)
    return desk


def test_a_posted_message_is_stored_read_and_waits_to_be_matched(api: Any) -> None:
    (answer,) = api.push([SAID])
    assert (answer.external_id, answer.created, answer.differs) == ("A-1", True, False)
    (message,) = api.messages()
    assert message.id == answer.id
    assert (message.external_id, message.subject, message.region) == ("A-1", "路灯不亮", "赞皇县")
    assert message.received_at == NOON
    assert [row.state for row in api.inbox()] == ["parsed"]
    assert [row.row_id for row in api.work("match")] == [answer.id]
    assert api.work("parse") == []
    assert [entry.object_id for entry in api.audit("message.push")] == [str(answer.id)]


def test_posting_again_adds_nothing_and_names_the_first(api: Any) -> None:
    (first,) = api.push([SAID])
    for _ in range(3):
        (again,) = api.push([SAID])
        assert (again.id, again.created, again.differs) == (first.id, False, False)
    assert len(api.messages()) == len(api.inbox()) == len(api.work("match")) == 1
    assert len(api.audit("message.push")) == 1


def test_one_number_twice_in_a_call_is_one_message(api: Any) -> None:
    other = replace(SAID, external_id="A-2")
    answers = api.push([SAID, other, SAID])
    assert [answer.created for answer in answers] == [True, True, False]
    assert answers[0].id == answers[2].id != answers[1].id
    assert not any(answer.differs for answer in answers)
    assert len(api.messages()) == 2


def test_the_first_of_a_call_stands_and_the_second_is_said_to_differ(api: Any) -> None:
    answers = api.push([SAID, replace(SAID, body="别的事情")])
    assert [answer.differs for answer in answers] == [False, True]
    assert [message.body for message in api.messages()] == [SAID.body]


@pytest.mark.parametrize(
    "change",
    [
        {"body": "改了"},
        {"subject": "改了"},
        {"citizen": Citizen("王五")},
        {"region": "元氏县"},
        {"received_at": NOON.replace(hour=5)},
    ],
    ids=["body", "subject", "citizen", "region", "time"],
)
def test_a_known_number_with_other_content_changes_nothing_and_is_said(
    api: Any, change: dict[str, Any]
) -> None:
    (first,) = api.push([SAID])
    (again,) = api.push([replace(SAID, **change)])
    assert (again.id, again.created, again.differs) == (first.id, False, True)
    assert [message.body for message in api.messages()] == [SAID.body]


def test_answers_come_in_the_order_of_what_was_posted(api: Any) -> None:
    api.push([replace(SAID, external_id=f"A-{n}") for n in (3, 1)])
    answers = api.push([replace(SAID, external_id=f"A-{n}") for n in (2, 1, 4, 3, 0)])
    assert [answer.external_id for answer in answers] == ["A-2", "A-1", "A-4", "A-3", "A-0"]
    assert [answer.created for answer in answers] == [True, False, True, False, True]


def test_posting_nothing_answers_nothing(api: Any) -> None:
    assert api.push([]) == []
    assert api.inbox() == []


def test_a_pulled_channel_takes_no_posts(desk: Any) -> None:
    desk.add_channel("script")
    with pytest.raises(ChannelInvalid, match="is pulled"):
        desk.push([SAID], "script")
    assert desk.inbox() == []


def test_offices_and_channels_know_their_own_numbers_only(
    api: Any, new_desk: Callable[[], Any]
) -> None:
    neighbour = new_desk()
    for office, code in ((api, "second"), (neighbour, "api")):
        office.add_channel(code, pushed=True)
    assert api.push([SAID])[0].created
    assert api.push([SAID], "second")[0].created
    assert neighbour.push([SAID])[0].created
    assert len({message.id for one in (api, neighbour) for message in one.messages()}) == 3


def test_a_post_that_was_rolled_back_may_come_again(api: Any) -> None:
    with pytest.raises(RuntimeError):
        _push_and_fail(api)
    assert api.inbox() == api.messages() == api.work("match") == []
    assert api.audit("message.push") == []
    assert api.push([SAID])[0].created


def _push_and_fail(api: Any) -> None:
    with api.tools.database.session(api.tenant_id) as session:
        api.push_in(session, [SAID])
        raise RuntimeError


def test_one_message_posted_by_many_at_once_is_created_once(api: Any) -> None:
    ready = threading.Barrier(8)

    def post(_number: int) -> Any:
        ready.wait()
        return api.push([SAID])[0]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert [answer.created for answer in answers].count(True) == 1
    assert len({answer.id for answer in answers}) == 1
    assert len(api.messages()) == len(api.inbox()) == 1


def test_shuffled_batches_at_once_neither_double_nor_wait_for_each_other(api: Any) -> None:
    seed = secrets.randbelow(1_000_000)
    sys.stdout.write(f"seed {seed}\n")
    posted = [replace(SAID, external_id=f"A-{n}") for n in range(60)]
    ready = threading.Barrier(6)

    def post(turn: int) -> int:
        mine = random.Random(seed + turn).sample(posted, len(posted))
        ready.wait()
        return sum(answer.created for answer in api.push(mine))

    with ThreadPoolExecutor(6) as pool:
        created = list(pool.map(post, range(6)))
    assert sum(created) == len(api.messages()) == 60


def test_posts_in_opposite_orders_wait_in_turn_and_never_for_each_other(api: Any) -> None:
    """Both are held up at the middle number, each with its first half inserted."""
    posted = [replace(SAID, external_id=f"A-{n}") for n in range(5)]
    with ThreadPoolExecutor(2) as pool:
        with suppress(RuntimeError), api.tools.database.session(api.tenant_id) as session:
            api.push_in(session, posted[2:3])
            answers = [pool.submit(api.push, order) for order in (posted, posted[::-1])]
            wait_for_waiters(api, 2)
            raise RuntimeError
        created = [answer.created for part in answers for answer in part.result()]
    assert created.count(True) == len(api.messages()) == 5


_WAITERS = """
    select count(*) from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database()
"""


def wait_for_waiters(api: Any, count: int) -> None:
    """Return once so many transactions wait for a lock, or after half a minute."""
    until = time.monotonic() + 30
    while time.monotonic() < until and api.rows(_WAITERS)[0][0] < count:
        threading.Event().wait(0.02)


def test_words_that_no_database_takes_are_cleaned(api: Any) -> None:
    odd = replace(SAID, subject="路\x00灯", body="不\ud800亮\x07", region="赞\x00皇")
    api.push([odd])
    (message,) = api.messages()
    assert (message.subject, message.body, message.region) == ("路灯", "不亮", "赞皇")


def test_what_is_stored_in_clear_holds_no_personal_number(api: Any) -> None:
    api.push([replace(SAID, body="我是李四，电话138 0000 1234，请回电")])
    (message,) = api.messages()
    assert message.body == "我是〔姓名〕，电话〔电话〕，请回电"
    sealed = b"".join(bytes(part) for part in (message.citizen, message.original))
    assert b"13800001234" not in sealed
    assert "李四".encode() not in sealed
