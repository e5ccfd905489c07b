"""A result is written back once, and what is not known is said."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from minsheng_hotline_12345 import plugin
from minsheng_hotline_12345.loopback import HotlineLoopback
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

POST = 1
"""The number of good requests before the POST: the sign-in."""


def _reply(order: str, key: str = "reply-1@desk", text: str = "路灯已修好。") -> Any:
    return OutgoingReply(key, order, "答复：路灯", text, "样例县住建局")


@pytest.fixture
def order(
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    items: Callable[[Settings], list[RawItem]],
) -> Any:
    server.put(samples(1))
    return items(server.settings)[0].source_key


def test_a_result_arrives_as_it_was_sent(server: HotlineLoopback, order: str) -> None:
    reply = _reply(order)
    receipt = plugin.minsheng_deliver(server.settings, reply)
    assert receipt.delivery_key == reply.delivery_key
    assert receipt.remote_id
    assert server.delivered() == [reply]


def test_a_delivered_result_is_found_by_its_key_and_no_other(
    server: HotlineLoopback, order: str
) -> None:
    receipt = plugin.minsheng_deliver(server.settings, _reply(order))
    found = plugin.minsheng_look_up_delivery(server.settings, "reply-1@desk")
    assert found is not None
    assert found.remote_id == receipt.remote_id
    assert plugin.minsheng_look_up_delivery(server.settings, "reply-2@desk") is None


def test_the_same_key_twice_is_one_result(server: HotlineLoopback, order: str) -> None:
    first = plugin.minsheng_deliver(server.settings, _reply(order))
    second = plugin.minsheng_deliver(server.settings, _reply(order))
    assert first == second
    assert len(server.delivered()) == 1


def test_an_unknown_order_is_refused_for_good(server: HotlineLoopback, order: str) -> None:
    with pytest.raises(DeliveryRefused, match="工单不存在"):
        plugin.minsheng_deliver(server.settings, _reply("0"))
    assert server.delivered() == []


@pytest.mark.parametrize("fault", ["drop", "empty", "garbage"])
def test_a_lost_answer_is_uncertain_and_settled_by_looking_up(
    fault: Any, server: HotlineLoopback, order: str
) -> None:
    server.fail_next(fault, POST)
    with pytest.raises(DeliveryUncertain):
        plugin.minsheng_deliver(server.settings, _reply(order))
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
def test_a_refusal_before_the_work_leaves_no_result(
    fault: Any, error: type[Exception], server: HotlineLoopback, order: str
) -> None:
    server.fail_next(fault, POST)
    with pytest.raises(error):
        plugin.minsheng_deliver(server.settings, _reply(order))
    assert plugin.minsheng_look_up_delivery(server.settings, "reply-1@desk") is None
    plugin.minsheng_deliver(server.settings, _reply(order))
    assert len(server.delivered()) == 1


@pytest.mark.parametrize("fault", ["refuse", "drop", "empty"])
def test_a_failing_sign_in_is_no_uncertain_delivery(
    fault: Any, server: HotlineLoopback, order: str
) -> None:
    server.fail_next(fault)
    with pytest.raises(SourceUnavailable):
        plugin.minsheng_deliver(server.settings, _reply(order))
    assert server.delivered() == []


def test_no_connection_is_no_uncertain_delivery(server: HotlineLoopback, order: str) -> None:
    settings = server.settings
    server.stop()
    with pytest.raises(SourceUnavailable):
        plugin.minsheng_deliver(settings, _reply(order))


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failure_inside_the_source_is_uncertain(
    status: int, odd_source: Callable[..., Settings]
) -> None:
    settings = odd_source(lambda _: Reply(status, b"oops"))
    with pytest.raises(DeliveryUncertain):
        plugin.minsheng_deliver(settings, _reply("1"))


@pytest.mark.parametrize("body", [b"[]", b'{"status":"success","res":{"id":[]}}', b" " * 2_000_000])
def test_a_good_status_in_no_known_form_is_uncertain(
    body: bytes, odd_source: Callable[..., Settings]
) -> None:
    settings = {**odd_source(lambda _: Reply(200, body)), "max_megabytes": 1}
    with pytest.raises(DeliveryUncertain):
        plugin.minsheng_deliver(settings, _reply("1"))


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_stated_refusal_is_final_and_a_strange_one_is_not(
    status: int, odd_source: Callable[..., Settings]
) -> None:
    stated = odd_source(lambda _: Reply(status, b'{"status":"error","des":"closed"}'))
    with pytest.raises(DeliveryRefused):
        plugin.minsheng_deliver(stated, _reply("1"))
    strange = odd_source(lambda _: Reply(status, b"<html>"))
    with pytest.raises(ProtocolBroken):
        plugin.minsheng_deliver(strange, _reply("1"))


def test_a_reply_with_unsendable_characters_still_arrives(
    server: HotlineLoopback, order: str
) -> None:
    plugin.minsheng_deliver(server.settings, _reply(order, text="已\0修\ud800好"))
    assert server.delivered()[0].text == "已修\ufffd好"


def test_a_result_of_another_key_is_not_taken_for_ours(odd_source: Callable[..., Settings]) -> None:
    rows = json.dumps({"status": "success", "res": [{"idempotencyKey": "x", "id": "1"}]}).encode()
    settings = odd_source(lambda _: Reply(200, rows))
    assert plugin.minsheng_look_up_delivery(settings, "y") is None
