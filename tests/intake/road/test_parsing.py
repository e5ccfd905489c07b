"""Arrivals become messages; one that cannot be read holds up no other, nor does a slow one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from minsheng.intake.messages import MAX_BODY
from minsheng.intake.parsing import Parser
from minsheng.runtime.clock import SetClock
from minsheng.runtime.work import StaleClaim
from minsheng_sdk import RawItem

LEASE = timedelta(seconds=60)
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def raw(*words: str) -> list[RawItem]:
    return [RawItem(str(n), said.encode()) for n, said in enumerate(words)]


@pytest.fixture
def channel(desk: Any) -> Any:
    return desk.add_channel()


def test_an_arrival_becomes_one_message_that_waits_to_be_matched(desk: Any, channel: Any) -> None:
    desk.take(channel, *raw("路灯不亮\n槐树街路灯不亮，电话13800001234"))
    assert desk.parse() == 1
    (message,) = desk.messages()
    assert (message.subject, message.body) == ("路灯不亮", "槐树街路灯不亮，电话〔电话〕")
    assert (message.plugin, message.channel_id) == ("scripted", channel.id)
    assert desk.work("parse") == []
    assert [row.row_id for row in desk.work("match")] == [message.id]
    assert [row.state for row in desk.inbox()] == ["parsed"]
    assert [entry.object_id for entry in desk.audit("message.read")] == [str(message.id)]


def test_blind_indexes_find_the_citizen_in_the_office_and_not_in_another(
    desk: Any, channel: Any, new_desk: Any
) -> None:
    other = new_desk()
    for office, place in ((desk, channel), (other, other.add_channel())):
        office.take(place, *raw("一件事\n内容", "又一件\n内容"))
        office.parse()
    ours = {bytes(m.phone_ix) for m in desk.messages()}
    theirs = {bytes(m.phone_ix) for m in other.messages()}
    assert len(ours) == len(theirs) == 1
    assert ours != theirs


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("crash here", "crashed"),
        ("unreadable", "unreadable"),
        ("before all time", "lied"),
        ("after all time", "lied"),
    ],
)
def test_what_cannot_be_read_goes_aside_and_the_rest_goes_on(
    desk: Any, channel: Any, words: str, reason: str
) -> None:
    desk.take(channel, *raw("一\n一", words, "三\n三"))
    desk.parse()
    assert [message.subject for message in desk.messages()] == ["一", "三"]
    (aside,) = desk.rows("select * from quarantine where tenant_id = :tenant")
    assert aside.reason == reason
    assert desk.work("parse") == []
    assert len(desk.audit("message.quarantine")) == 1


def test_channels_of_one_batch_are_parsed_each_by_its_own(desk: Any, channel: Any) -> None:
    second = desk.add_channel("second")
    desk.take(channel, *raw("一\n一", "二\n二"))
    desk.take(second, *raw("三\n三"))
    assert desk.parse() == 3
    told = {(message.subject, message.channel_id) for message in desk.messages()}
    assert told == {("一", channel.id), ("二", channel.id), ("三", second.id)}


def test_an_arrival_that_was_read_meanwhile_is_not_read_again(desk: Any, channel: Any) -> None:
    desk.take(channel, *raw("一\n一"))
    claims = desk.claim("parse")
    desk.tools.clock.move(timedelta(seconds=61))
    desk.parse()
    with pytest.raises(StaleClaim):
        Parser(desk.tools, desk.host, LEASE).work(claims)
    assert len(desk.messages()) == 1
    assert len(desk.work("match")) == 1


class SlowClock(SetClock):
    """Moves 15 s with every arrival the plugin has read; then another worker tries to take over."""

    def __init__(self, desk: Any) -> None:
        super().__init__(desk.tools.clock.now())
        self._desk = desk
        self._read = 0
        self.taken_over = 0

    def now(self) -> datetime:
        """The time, after what was read meanwhile."""
        read = len(self._desk.slowly_read())
        if read > self._read:
            self.move((read - self._read) * timedelta(seconds=15))
            self._read = read
            self.taken_over += len(self._desk.claim("parse", at=super().now()))
        return super().now()


def slow(*words: str) -> list[RawItem]:
    return raw(*(f"slow {word}\n{word}" for word in words))


def test_slow_arrivals_do_not_outlast_the_lease(desk: Any, channel: Any) -> None:
    """Ten times 15 s under a lease of 60 s: nobody may take them over in the meantime."""
    desk.take(channel, *slow(*"一二三四五六七八九十"))
    desk.tools = replace(desk.tools, clock=SlowClock(desk))
    desk.parse()
    assert desk.tools.clock.now() - NOON == timedelta(seconds=150)
    assert desk.tools.clock.taken_over == 0
    assert len(desk.messages()) == 10
    assert desk.work("parse") == []


def test_slow_arrivals_hold_those_of_the_channels_behind_them(desk: Any, channel: Any) -> None:
    second = desk.add_channel("second")
    desk.take(channel, *slow(*"一二三四五"))
    desk.take(second, *slow(*"六七八九十"))
    desk.tools = replace(desk.tools, clock=SlowClock(desk))
    desk.parse()
    assert desk.tools.clock.taken_over == 0
    assert len(desk.messages()) == 10


def test_a_long_body_is_cut_for_reading_and_whole_in_the_inbox(desk: Any, channel: Any) -> None:
    desk.take(channel, *raw("长\n" + "好" * (MAX_BODY + 5)))
    desk.parse()
    (message,) = desk.messages()
    assert len(message.body) == MAX_BODY
    assert message.details["cut"] is True
    assert desk.inbox()[0].size == 4 + 3 * (MAX_BODY + 5)
