"""An official reply is published once, and what is not known is said."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from minsheng_leaders_board import plugin
from minsheng_leaders_board.loopback import BoardLoopback
from minsheng_sdk import (
    CredentialsRefused,
    DeliveryRefused,
    DeliveryUncertain,
    OutgoingReply,
    ProtocolBroken,
    RateLimited,
    RawItem,
    SampleMessage,
    Settings,
    SourceUnavailable,
)
from minsheng_sdk.loopback_http import Reply


def _reply(letter: str, key: str = "reply-1@desk", text: str = "路灯已修好。") -> Any:
    return OutgoingReply(key, letter, "", text, "样例县住建局")


@pytest.fixture
def letter(
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    items: Callable[[Settings], list[RawItem]],
) -> Any:
    server.put(samples(2))
    return items(server.settings)[0].source_key


def test_a_reply_arrives_as_it_was_sent(server: BoardLoopback, letter: str) -> None:
    receipt = plugin.minsheng_deliver(server.settings, _reply(letter))
    assert receipt.remote_id
    assert server.delivered() == [_reply(letter)]


def test_a_delivered_reply_is_found_by_its_key_and_no_other(
    server: BoardLoopback, letter: str
) -> None:
    receipt = plugin.minsheng_deliver(server.settings, _reply(letter))
    assert plugin.minsheng_look_up_delivery(server.settings, "reply-1@desk") == receipt
    assert plugin.minsheng_look_up_delivery(server.settings, "reply-2@desk") is None


def test_the_same_key_twice_is_one_reply_and_another_key_another(
    server: BoardLoopback, letter: str
) -> None:
    first = plugin.minsheng_deliver(server.settings, _reply(letter))
    assert plugin.minsheng_deliver(server.settings, _reply(letter)) == first
    other = plugin.minsheng_deliver(server.settings, _reply(letter, "reply-2@desk"))
    assert other.remote_id != first.remote_id
    assert plugin.minsheng_look_up_delivery(server.settings, "reply-2@desk") == other
    assert len(server.delivered()) == 2


@pytest.mark.parametrize("unknown", ["1", "x", ""])
def test_an_unknown_letter_is_refused_for_good(
    unknown: Any, server: BoardLoopback, letter: str
) -> None:
    with pytest.raises(DeliveryRefused, match="留言不存在"):
        plugin.minsheng_deliver(server.settings, _reply(unknown))
    assert server.delivered() == []


@pytest.mark.parametrize("fault", ["drop", "empty", "garbage"])
def test_a_lost_answer_is_uncertain_and_settled_by_looking_up(
    fault: Any, server: BoardLoopback, letter: str
) -> None:
    server.fail_next(fault)
    with pytest.raises(DeliveryUncertain):
        plugin.minsheng_deliver(server.settings, _reply(letter))
    assert plugin.minsheng_look_up_delivery(server.settings, "reply-1@desk") is not None
    assert len(server.delivered()) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("refuse", SourceUnavailable),
        ("throttle", RateLimited),
        ("deny", CredentialsRefused),
    ],
)
def test_a_refusal_before_the_work_leaves_no_reply(
    fault: Any, error: type[Exception], server: BoardLoopback, letter: str
) -> None:
    server.fail_next(fault)
    with pytest.raises(error):
        plugin.minsheng_deliver(server.settings, _reply(letter))
    assert plugin.minsheng_look_up_delivery(server.settings, "reply-1@desk") is None
    plugin.minsheng_deliver(server.settings, _reply(letter))
    assert len(server.delivered()) == 1


def test_no_connection_is_no_uncertain_delivery(server: BoardLoopback, letter: str) -> None:
    settings = server.settings
    server.stop()
    with pytest.raises(SourceUnavailable):
        plugin.minsheng_deliver(settings, _reply(letter))


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"resultData":{"replyId":[]}}', b" " * 2_000_000])
def test_a_good_status_in_no_known_form_is_uncertain(
    body: bytes, odd_source: Callable[..., Settings]
) -> None:
    settings = {**odd_source(lambda _: Reply(200, body)), "max_megabytes": 1}
    with pytest.raises(DeliveryUncertain):
        plugin.minsheng_deliver(settings, _reply("1"))


def test_a_reply_with_unsendable_characters_still_arrives(
    server: BoardLoopback, letter: str
) -> None:
    plugin.minsheng_deliver(server.settings, _reply(letter, text="已\0修\ud800好"))
    assert server.delivered()[0].text == "已修\ufffd好"


def test_a_citizens_words_that_carry_our_key_are_not_taken_for_a_reply(
    odd_source: Callable[..., Settings],
) -> None:
    entries = [{"dataType": 1, "replyKey": "y"}, {"dataType": 4, "replyKey": "x"}]
    body = json.dumps({"resultData": {"contentList": entries}}).encode()
    settings = odd_source(lambda _: Reply(200, body))
    assert plugin.minsheng_look_up_delivery(settings, "y") is None
    assert plugin.minsheng_look_up_delivery(settings, "x") is not None


def test_a_detail_in_no_known_form_is_no_look_up(odd_source: Callable[..., Settings]) -> None:
    settings = odd_source(lambda _: Reply(200, b'{"resultData":{"contentList":5}}'))
    with pytest.raises(ProtocolBroken):
        plugin.minsheng_look_up_delivery(settings, "y")
