"""Any bytes become a message or are refused as unreadable; nothing else happens."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from minsheng_hotline_12345 import plugin
from minsheng_hotline_12345.loopback import HotlineLoopback
from minsheng_hotline_12345.mapping import DEFAULT_FIELDS
from minsheng_sdk import (
    MessageUnreadable,
    ParsedMessage,
    RawItem,
    SampleMessage,
    Settings,
    SettingsInvalid,
)

ORDER = {
    "orderNum": "261120090000123456",
    "callTime": "2026-11-20 09:00:00",
    "callerName": "王样例",
    "callerPhone": "13800000000",
    "title": "路灯不亮",
    "majorContent": "幸福路路灯不亮",
    "address": "样例县城关镇",
    "organizationName": "样例县住建局",
    "callerType": "求助",
    "questionName": "市政设施",
    "sourceType": "电话",
}


def _parse(settings: Settings | None = None, **changed: Any) -> Any:
    raw = json.dumps({**ORDER, **changed}).encode()
    return plugin.minsheng_parse(settings or {}, RawItem("k", raw))


def test_an_order_of_the_loopback_is_read_into_our_words(
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    items: Callable[[Settings], list[RawItem]],
) -> None:
    sample = samples(1)[0]
    server.put([sample])
    item = items(server.settings)[0]
    message = plugin.minsheng_parse(server.settings, item)
    assert message.external_id == item.source_key
    assert (message.subject, message.body) == (sample.subject, sample.body)
    assert message.received_at == sample.received_at
    assert (message.region, message.addressee) == (sample.region, sample.addressee)
    assert (message.kind, message.extra["domain"]) == (sample.kind, sample.domain)
    assert message.citizen == sample.citizen


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20 09:00:00",
        "2026-11-20T09:00:00",
        "2026/11/20 09:00:00",
        "2026-11-20 09:00",
        "2026-11-20T01:00:00Z",
        "2026-11-20T09:00:00.5+08:00",
        "  2026-11-20 09:00:00 ",
    ],
)
def test_local_times_are_of_beijing(text: str) -> None:
    moment = _parse(callTime=text).received_at
    assert moment.replace(microsecond=0) == datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize("none", ["0001-01-01T00:00:00", "0001-01-01 00:00:00", "", None])
def test_a_time_that_says_none_gives_way_to_the_time_of_entry(none: object) -> None:
    message = _parse(callTime=none, createdTime="2026-11-20 10:00:00", deadlineDate=none)
    assert message.received_at == datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
    assert "deadline" not in message.extra


@pytest.mark.parametrize(
    "time",
    [
        "2026-02-30 00:00:00",
        "0001-01-01T00:00:00",
        "gestern",
        "1492-01-01",
        "9999-12-31 23:59:59",
        "0000-00-00",
        7,
        None,
        [],
        {},
    ],
)
def test_an_order_without_a_possible_time_is_unreadable(time: Any) -> None:
    with pytest.raises(MessageUnreadable):
        _parse(callTime=time)


@pytest.mark.parametrize("number", ["", "  ", None, [], {}, "1" * 201, "\0"])
def test_an_order_without_a_usable_number_is_unreadable(number: object) -> None:
    with pytest.raises(MessageUnreadable):
        _parse(orderNum=number)


@pytest.mark.parametrize("field", ["title", "majorContent", "callerName", "isSecret"])
@pytest.mark.parametrize("value", [[], {}, ["a"]])
def test_a_list_or_object_in_place_of_text_is_unreadable(field: str, value: Any) -> None:
    with pytest.raises(MessageUnreadable, match=field):
        _parse(**{field: value})


def test_numbers_and_flags_are_read_as_text() -> None:
    message = _parse(orderNum=261120090000123456, callerPhone=13800000000, isSecret=True)
    assert message.external_id == "261120090000123456"
    assert message.citizen.phone == "13800000000"
    assert message.extra["secret"] == "1"


def test_the_contact_number_stands_in_for_a_missing_call_number() -> None:
    assert _parse(callerPhone="", callerContact="0311-1").citizen.phone == "0311-1"
    assert _parse(callerContact="0311-1").citizen.phone == "13800000000"


def test_earlier_orders_are_the_thread() -> None:
    assert _parse(oldOrderNum="1", urgeOrderNum="2").thread == ("1", "2")
    assert _parse().thread == ()


def test_nul_and_lone_surrogates_do_not_reach_the_database() -> None:
    message = _parse(title="a\0b", majorContent="x\ud800y", callerName="\udfff")
    assert message.subject == "ab"
    assert message.body == "x\ufffdy"
    assert message.citizen.name == "\ufffd"


def test_a_surrogate_pair_stays_one_character() -> None:
    raw = json.dumps(ORDER).replace('"\\u8def\\u706f\\u4e0d\\u4eae"', '"\\ud83d\\ude00"').encode()
    assert plugin.minsheng_parse({}, RawItem("k", raw)).subject == "😀"


def test_a_city_with_other_names_is_read_by_its_mapping() -> None:
    theirs = {"gdbh": "1", "lwsj": "2026-11-20 09:00:00", "nr": "内容", "title": "不是标题"}
    fields = {"number": "gdbh", "received_at": "lwsj", "body": "nr", "subject": "-"}
    raw = json.dumps(theirs).encode()
    message = plugin.minsheng_parse({"fields": fields}, RawItem("1", raw))
    assert (message.external_id, message.subject, message.body) == ("1", "", "内容")


@pytest.mark.parametrize("fields", [{"nubmer": "x"}, {"number": ""}, {"updated_at": "-"}, "x"])
def test_a_mapping_that_cannot_work_names_the_setting(fields: Any) -> None:
    with pytest.raises(SettingsInvalid, match="fields"):
        _parse({"fields": fields})


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b"\xff", b"{" * 100_000, b"[" * 100_000, b"1" * 5000]
)
def test_bytes_that_are_no_order_are_unreadable(raw: bytes) -> None:
    with pytest.raises(MessageUnreadable):
        plugin.minsheng_parse({}, RawItem("k", raw))


def _total(raw: bytes) -> None:
    """Parse; the outcome is a storable message or the one refusal."""
    try:
        message = plugin.minsheng_parse({}, RawItem("k", raw))
    except MessageUnreadable:
        return
    assert isinstance(message, ParsedMessage)
    assert message.received_at.tzinfo is not None
    assert message.received_at.astimezone(UTC)
    words = [message.external_id, message.subject, message.body, message.region, message.kind]
    words += [message.addressee, message.citizen.name, message.citizen.phone, *message.thread]
    for text in [*words, *message.extra.values()]:
        assert "\0" not in text
        text.encode("utf-8")


def test_every_cut_of_an_order_is_read_or_refused() -> None:
    raw = json.dumps(ORDER).encode()
    for end in range(len(raw)):
        with pytest.raises(MessageUnreadable):
            plugin.minsheng_parse({}, RawItem("k", raw[:end]))


@given(st.binary(max_size=200))
@hypothesis_settings(deadline=None, max_examples=200)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    _total(raw)


_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
_VALUE = st.none() | st.booleans() | st.integers() | st.floats() | _TEXT | st.lists(_TEXT)
_TIME = st.datetimes().map(str) | _TEXT | st.sampled_from(["0001-01-01T00:00:00", "2026-02-30"])


@given(st.dictionaries(st.sampled_from(list(DEFAULT_FIELDS.values())), _VALUE), _TIME)
@hypothesis_settings(deadline=None, max_examples=300)
def test_any_order_is_read_or_refused(row: Any, time: Any) -> None:
    _total(json.dumps({"orderNum": "1", "callTime": time, **row}).encode())
