"""Any bytes become a message or are refused as unreadable; nothing else happens."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from minsheng_leaders_board import plugin
from minsheng_leaders_board.loopback import BoardLoopback
from minsheng_sdk import MessageUnreadable, ParsedMessage, RawItem, SampleMessage, Settings

ROW = {
    "tid": 9000001,
    "subject": "路灯不亮",
    "content": "幸福路路灯不亮，晚上老人出行不便...",
    "dateline": 1763600400,
    "forumName": "样例县委书记",
    "typeName": "征集活动",
    "domainName": "城建",
    "stateInfo": "待回复",
    "nickName": "王***",
    "from": " 样例省 样例市",
    "answerContent": None,
}
LETTER = {
    "dataType": 1,
    "content": "幸福路路灯不亮，晚上老人出行不便，请修。",
    "contactName": "王样例",
    "contactPhone": "13800000000",
}
OFFICIAL = {"dataType": 4, "content": "已修好。", "organization": "样例县住建局"}


def _parse(*entries: object, **changed: Any) -> Any:
    stored = {"list": {**ROW, **changed}, "detail": {"contentList": list(entries)}}
    return plugin.minsheng_parse({}, RawItem("k", json.dumps(stored).encode()))


def test_a_letter_of_the_loopback_is_read_into_our_words(
    server: BoardLoopback,
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


def test_the_detail_gives_the_whole_text_and_the_person() -> None:
    message = _parse(OFFICIAL, LETTER)
    assert message.body == LETTER["content"]
    assert (message.citizen.name, message.citizen.phone) == ("王样例", "13800000000")
    assert (message.extra["answer"], message.extra["answered_by"]) == ("已修好。", "样例县住建局")
    assert "cut" not in message.extra


def test_without_detail_the_row_must_do() -> None:
    message = _parse()
    assert message.body == ROW["content"]
    assert (message.citizen.name, message.citizen.phone) == ("王***", "")
    assert message.extra["cut"] == "1"
    assert "answer" not in message.extra


def test_leading_spaces_of_the_region_go() -> None:
    assert _parse().region == "样例省 样例市"


def test_campaign_types_pass_as_they_are() -> None:
    assert _parse().kind == "征集活动"


@pytest.mark.parametrize("epoch", [1763600400, "1763600400"])
def test_the_dateline_is_epoch_seconds(epoch: object) -> None:
    moment = datetime(2025, 11, 20, 1, 0, tzinfo=UTC)
    assert _parse(dateline=epoch).received_at == moment
    assert _parse(createDateline=epoch, dateline=1763700000).received_at == moment


@pytest.mark.parametrize(
    "epoch", [None, "", 0, -1, 1763600400000, 4_102_444_800, "gestern", [], 1.5, 10**30, "１２"]
)
def test_a_letter_without_a_possible_time_is_unreadable(epoch: object) -> None:
    with pytest.raises(MessageUnreadable):
        _parse(dateline=epoch)


@pytest.mark.parametrize("tid", [None, "", "x", -1, 0, [], True, 1.5, 10**18])
def test_a_letter_without_a_tid_is_unreadable(tid: object) -> None:
    with pytest.raises(MessageUnreadable):
        _parse(tid=tid)


@pytest.mark.parametrize("field", ["subject", "from", "nickName", "typeName", "answerContent"])
@pytest.mark.parametrize("value", [[], {}, ["a"]])
def test_a_list_or_object_in_place_of_text_is_unreadable(field: str, value: Any) -> None:
    with pytest.raises(MessageUnreadable):
        _parse(**{field: value})


def test_nul_and_lone_surrogates_do_not_reach_the_database() -> None:
    message = _parse({**LETTER, "content": "x\ud800y"}, subject="a\0b")
    assert (message.subject, message.body) == ("ab", "x\ufffdy")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        b'{"list":[]}',
        b'{"list":{"tid":1,"dateline":1},"detail":[1]}',
        b'{"list":{"tid":1,"dateline":1},"detail":{"contentList":5}}',
        b'{"list":{"tid":1,"dateline":1},"detail":{"contentList":[5]}}',
        b"[" * 100_000,
        b"1" * 5000,
    ],
)
def test_bytes_that_are_no_letter_are_unreadable(raw: bytes) -> None:
    with pytest.raises(MessageUnreadable):
        plugin.minsheng_parse({}, RawItem("k", raw))


def _total(raw: bytes) -> None:
    """Parse; the outcome is a storable message or the one refusal."""
    try:
        message = plugin.minsheng_parse({}, RawItem("k", raw))
    except MessageUnreadable:
        return
    assert isinstance(message, ParsedMessage)
    assert message.received_at.astimezone(UTC)
    words = [message.external_id, message.subject, message.body, message.region, message.kind]
    words += [message.addressee, message.citizen.name, message.citizen.phone]
    for text in [*words, *message.extra.values()]:
        assert "\0" not in text
        text.encode("utf-8")


def test_every_cut_of_a_letter_is_read_or_refused() -> None:
    raw = json.dumps({"list": ROW, "detail": {"contentList": [LETTER]}}).encode()
    for end in range(len(raw)):
        with pytest.raises(MessageUnreadable):
            plugin.minsheng_parse({}, RawItem("k", raw[:end]))


@given(st.binary(max_size=200))
@hypothesis_settings(deadline=None, max_examples=200)
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    _total(raw)


_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
_VALUE = st.none() | st.booleans() | st.integers() | st.floats() | _TEXT | st.lists(_TEXT)
_ROW = st.dictionaries(st.sampled_from([*ROW, "createDateline"]), _VALUE, max_size=4)
_ENTRY = st.dictionaries(st.sampled_from(list(LETTER)), _VALUE, max_size=4)


@given(_ROW, st.lists(_ENTRY, max_size=3) | _VALUE)
@hypothesis_settings(deadline=None, max_examples=300)
def test_any_letter_is_read_or_refused(row: Any, detail: object) -> None:
    stored = {"list": {**ROW, **row}, "detail": {"contentList": detail}}
    _total(json.dumps(stored).encode())
