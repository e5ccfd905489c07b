"""What a source does wrong becomes the right error, and the next run makes up for it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from minsheng_hotline_12345 import plugin
from minsheng_hotline_12345.loopback import HotlineLoopback
from minsheng_sdk import (
    ChannelError,
    CredentialsRefused,
    MessageUnreadable,
    ProtocolBroken,
    RateLimited,
    RawItem,
    SampleMessage,
    Settings,
    SourceUnavailable,
)
from minsheng_sdk.loopback_http import Reply, Request

FAULTS = {
    "refuse": SourceUnavailable,
    "drop": SourceUnavailable,
    "empty": SourceUnavailable,
    "throttle": RateLimited,
    "garbage": ProtocolBroken,
    "deny": CredentialsRefused,
}


@pytest.mark.parametrize("after", [0, 1, 3, 6])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_and_the_next_run_completes(
    fault: Any,
    after: int,
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
    clock: Any,
) -> None:
    for first in range(0, 60, 20):
        server.put(samples(20, first))
        clock.move(5)
    channel = desk(server, page_size=8)
    server.fail_next(fault, after)
    with pytest.raises(FAULTS[fault]):
        channel.pull()
    channel.pull()
    assert len(channel.known) == 60


def test_the_wait_that_the_source_asks_for_is_passed_on(
    server: HotlineLoopback, desk: Callable[..., Any]
) -> None:
    server.fail_next("throttle")
    with pytest.raises(RateLimited) as caught:
        desk(server).pull()
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [
        ("120", 120, 120),
        ("", 60, 60),
        ("soon", 60, 60),
        ("-5", 60, 60),
        ("999999999999", 86_400, 86_400),
    ],
)
def test_retry_after_is_read_as_seconds(
    given: str,
    least: float,
    most: float,
    odd_source: Callable[..., Settings],
    items: Callable[[Settings], list[RawItem]],
) -> None:
    settings = odd_source(lambda _: Reply(429, b"{}", {"Retry-After": given}))
    with pytest.raises(RateLimited) as caught:
        items(settings)
    assert least <= caught.value.retry_after <= most


@pytest.mark.parametrize(("hours", "least", "most"), [(2, 3600, 7200), (-2, 0, 0)])
def test_retry_after_is_read_as_a_date(
    hours: int,
    least: float,
    most: float,
    odd_source: Callable[..., Settings],
    items: Callable[[Settings], list[RawItem]],
) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(hours=hours))
    settings = odd_source(lambda _: Reply(429, b"{}", {"Retry-After": moment}))
    with pytest.raises(RateLimited) as caught:
        items(settings)
    assert least <= caught.value.retry_after <= most


@pytest.mark.parametrize("field", ["client_id", "client_secret"])
def test_wrong_credentials_are_refused(
    field: str, server: HotlineLoopback, desk: Callable[..., Any]
) -> None:
    with pytest.raises(CredentialsRefused):
        desk(server, **{field: "错"}).pull()


def test_a_token_that_runs_out_is_replaced_once(
    server: HotlineLoopback, samples: Callable[..., list[SampleMessage]], clock: Any
) -> None:
    server.put(samples(30))
    clock.move(1)
    settings = {**server.settings, "page_size": 10}
    keys = set()
    for page in plugin.minsheng_pull(settings, ""):
        keys |= {item.source_key for item in page.items}
        server.expire_tokens()
    assert len(keys) == 30


def test_a_source_that_takes_no_token_is_not_asked_for_ever(
    odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    asked = []

    def answer(request: pytest.FixtureRequest) -> Any:
        asked.append(request.path)
        return Reply(401, b"{}")

    with pytest.raises(CredentialsRefused):
        items(odd_source(answer))
    assert len(asked) == 2


def test_a_source_that_is_not_there_is_unavailable(
    server: HotlineLoopback, desk: Callable[..., Any]
) -> None:
    channel = desk(server)
    server.stop()
    with pytest.raises(SourceUnavailable):
        channel.pull()


def _listing(*rows: object, **more: Any) -> Any:
    body = {"status": "success", "des": "", "res": list(rows), "total": len(rows), **more}
    return lambda _: Reply(200, json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"status":"success"}',
        b'{"status":"success","res":{}}',
        '{"status":"error","des":"参数错误","res":[]}'.encode(),
        b'{"status":"success","res":[',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_an_answer_in_no_known_form_breaks_the_protocol(
    body: bytes, odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    with pytest.raises(ProtocolBroken):
        items(odd_source(lambda _: Reply(200, body)))


@pytest.mark.parametrize("status", [204, 301, 302, 400, 404, 418, 500, 502, 504])
def test_every_other_status_is_a_named_error(
    status: int, odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    settings = odd_source(lambda _: Reply(status, b"", {"Location": "http://127.0.0.1:9/"}))
    with pytest.raises(ChannelError) as caught:
        items(settings)
    assert isinstance(caught.value, SourceUnavailable) == (status >= 500 or status == 204)


def test_an_answer_beyond_the_limit_is_not_read(
    odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    settings = {**odd_source(lambda _: Reply(200, b" " * 1_100_000)), "max_megabytes": 1}
    with pytest.raises(ProtocolBroken, match="larger"):
        items(settings)


def test_rows_out_of_the_order_asked_for_are_refused(
    odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    rows = [
        {"orderNum": "2", "updatedTime": "2026-01-02 00:00:00"},
        {"orderNum": "1", "updatedTime": "2026-01-01 00:00:00"},
    ]
    with pytest.raises(ProtocolBroken, match="order"):
        items(odd_source(_listing(*rows)))


def test_rows_without_a_readable_update_time_are_refused(
    odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    with pytest.raises(ProtocolBroken, match="updatedTime"):
        items(odd_source(_listing({"orderNum": "2", "updatedTime": "gestern"})))


@pytest.mark.parametrize("number", [None, "", [], {"a": 1}, "9" * 300])
def test_a_row_without_a_usable_number_reaches_quarantine(
    number: object, odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    bad = {"orderNum": number, "updatedTime": "2026-01-01 00:00:00"}
    good = {"orderNum": "7", "updatedTime": "2026-01-01 00:00:00", "callTime": "2026-01-01"}
    settings = odd_source(_listing(bad, "no object", good))
    pulled = items(settings)
    assert len(pulled) == 3
    for item in pulled[:2]:
        assert item.source_key.startswith("sha256:")
        with pytest.raises(MessageUnreadable):
            plugin.minsheng_parse(settings, item)
    assert plugin.minsheng_parse(settings, pulled[2]).external_id == "7"


def test_a_source_whose_crowded_second_never_rests_is_left_to_the_next_run(
    odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    answered = []

    def answer(_request: Request) -> Any:
        answered.append(1)
        row = {"orderNum": "1", "updatedTime": "2026-01-01 00:00:00"}
        return _listing(row, total=100 + len(answered))(_request)

    with pytest.raises(SourceUnavailable, match="keep changing"):
        items(odd_source(answer))


def test_json_in_another_unicode_form_is_read(
    odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    row = {"orderNum": "1", "updatedTime": "2026-01-01 00:00:00", "title": "标题"}
    body = json.dumps({"status": "success", "res": [row], "total": 1}, ensure_ascii=False)
    for coded in (body.encode("utf-8-sig"), body.encode("utf-16")):
        settings = odd_source(lambda _, coded=coded: Reply(200, coded, content_type="text/html"))
        assert [item.source_key for item in items(settings)] == ["1"]


def test_a_second_whose_pages_never_end_is_not_read_for_ever(
    odd_source: Callable[..., Settings], items: Callable[[Settings], list[RawItem]]
) -> None:
    row = {"orderNum": "1", "updatedTime": "2026-01-01 00:00:00"}
    with pytest.raises(ProtocolBroken, match="does not move on"):
        items(odd_source(_listing(row, total=None)))
