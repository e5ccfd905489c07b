"""The plugin's own mail server: deterministic, a real protocol, and faulty on order."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from minsheng_mailbox import plugin
from minsheng_mailbox.loopback import MailLoopback
from minsheng_mailbox.loopback_mail import FORMS
from minsheng_sdk import (
    ChannelError,
    Citizen,
    CredentialsRefused,
    DeliveryUncertain,
    Fault,
    Loopback,
    OutgoingReply,
    Page,
    ProtocolBroken,
    RateLimited,
    SampleMessage,
    SourceUnavailable,
)

START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def samples(count: int) -> list[SampleMessage]:
    return [
        SampleMessage(
            sample_id=f"sample-{number}",
            subject=f"反映{number}号院供暖不热、朱镕锦家漏水的问题",
            body=f"尊敬的书记：\n我是{number}号院居民。\n\n室内温度不足，望核实。\n=3D .\n.\n",
            received_at=START + timedelta(minutes=number),
            addressee="县长信箱",
            citizen=Citizen("朱镕锦", "13900001234", f"c{number}@citizen.example"),
        )
        for number in range(count)
    ]


def pull(server: Loopback, cursor: str = "") -> Iterator[Page]:
    return plugin.minsheng_pull(server.settings, cursor)


def test_what_is_put_is_pulled_and_read_back_in_every_form(loopback: MailLoopback) -> None:
    put = samples(24)
    loopback.put(put)
    items = [item for page in pull(loopback) for item in page.items]
    read = [plugin.minsheng_parse(loopback.settings, item) for item in items]
    assert [message.subject for message in read] == [sample.subject for sample in put]
    assert [message.citizen for message in read] == [sample.citizen for sample in put]
    assert [message.received_at for message in read] == [sample.received_at for sample in put]
    assert {message.addressee for message in read} == {"县长信箱"}
    for message, sample in zip(read, put, strict=True):
        assert message.body.startswith(sample.body.strip())
    kinds = Counter(item.raw.partition(b"Content-Type: ")[2].split(b"\r\n")[0] for item in items)
    assert len(kinds) == len(FORMS)


def test_the_same_samples_after_a_restart_are_the_same_arrivals() -> None:
    keys = []
    for _start in range(2):
        server = plugin.minsheng_loopback()
        server.start()
        server.put(samples(5))
        keys.append([(i.source_key, i.epoch, i.raw) for page in pull(server) for i in page.items])
        server.stop()
        server.stop()
    assert keys[0] == keys[1]


def test_a_sample_put_again_arrives_again_only_when_edited(loopback: MailLoopback) -> None:
    first, second = samples(2)
    loopback.put([first, second])
    loopback.put([first])
    (page,) = pull(loopback)
    assert len(page.items) == 2
    edited = SampleMessage(first.sample_id, first.subject, "更正：是十二号院。", first.received_at)
    loopback.put([edited])
    (news,) = pull(loopback, page.cursor)
    ids = [
        plugin.minsheng_parse(loopback.settings, i).external_id for i in (*page.items, *news.items)
    ]
    assert ids[2] == ids[0] != ids[1]


def test_an_answer_comes_back_as_it_was_sent(loopback: MailLoopback, reply: OutgoingReply) -> None:
    plugin.minsheng_deliver(loopback.settings, reply)
    (kept,) = loopback.delivered()
    assert kept.delivery_key == reply.delivery_key
    assert (kept.external_id, kept.thread) == (reply.external_id, reply.thread)
    assert kept.text == reply.text.strip()
    assert (kept.office, kept.citizen.email) == (reply.office, reply.citizen.email)
    assert kept.subject.endswith(reply.subject)


MEANINGS: dict[Fault, type[ChannelError] | None] = {
    "refuse": SourceUnavailable,
    "drop": SourceUnavailable,
    "empty": None,
    "throttle": RateLimited,
    "garbage": ProtocolBroken,
    "deny": CredentialsRefused,
}


@pytest.mark.parametrize("fault", get_args(Fault))
@pytest.mark.parametrize("after", [0, 1, 2, 3, 4])
def test_a_fault_is_met_once_and_costs_no_letter(
    loopback: MailLoopback, fault: Fault, after: int
) -> None:
    loopback.put(samples(3))
    loopback.fail_next(fault, after)
    met: ChannelError | None = None
    pages: list[Page] = []
    try:
        pages += pull(loopback)
    except ChannelError as error:
        met = error
    meaning = MEANINGS[fault]
    if met is not None:
        assert isinstance(met, meaning or SourceUnavailable)
    else:
        # An empty list was asked for again, or one refused fetch letter by letter.
        assert fault in {"empty", "refuse"}
        assert sum(len(page.items) for page in pages) == 3
    cursor = pages[-1].cursor if pages else ""
    arrived = [item for page in pages for item in page.items]
    arrived += [item for page in pull(loopback, cursor) for item in page.items]
    assert [item.source_key.rpartition(":")[2] for item in arrived] == ["1", "2", "3"]


@pytest.mark.parametrize("after", [None, *range(2, 12)])
def test_uids_far_apart_cost_few_requests_and_no_letter(
    loopback: MailLoopback, after: int | None
) -> None:
    put = samples(5)
    for uid, sample in zip((1, 60_000, 60_001, 170_000, 4_000_000_000), put, strict=True):
        loopback.folder.next_uid = uid
        loopback.put([sample])
    if after is not None:
        loopback.fail_next("empty", after)
    pages: list[Page] = []
    # An answer without data either stops the run or is asked for again.
    with suppress(SourceUnavailable):
        pages += pull(loopback)
    pages += pull(loopback, pages[-1].cursor if pages else "")
    uids = [item.source_key.rpartition(":")[2] for page in pages for item in page.items]
    assert uids == ["1", "60000", "60001", "170000", "4000000000"]
    assert loopback.requests < 200


@pytest.mark.parametrize(
    ("fault", "meaning", "arrived"),
    [
        ("refuse", SourceUnavailable, 0),
        ("throttle", RateLimited, 0),
        ("deny", CredentialsRefused, 0),
        ("drop", DeliveryUncertain, 1),
        ("empty", DeliveryUncertain, 1),
        ("garbage", DeliveryUncertain, 1),
    ],
)
def test_a_fault_at_delivery_says_what_is_known(
    loopback: MailLoopback,
    reply: OutgoingReply,
    fault: Fault,
    meaning: type[ChannelError],
    arrived: int,
) -> None:
    loopback.fail_next(fault)
    with pytest.raises(meaning):
        plugin.minsheng_deliver(loopback.settings, reply)
    assert len(loopback.delivered()) == arrived
    plugin.minsheng_deliver(loopback.settings, reply)
    assert len(loopback.delivered()) == arrived + 1


def test_requests_are_counted(loopback: MailLoopback, reply: OutgoingReply) -> None:
    loopback.put(samples(1))
    before = loopback.requests
    assert list(pull(loopback))
    between = loopback.requests
    plugin.minsheng_deliver(loopback.settings, reply)
    assert before < between < loopback.requests


def test_settings_need_a_running_server() -> None:
    server = MailLoopback()
    with pytest.raises(RuntimeError, match="start"):
        _ = server.settings
    server.start()
    assert plugin.minsheng_check(server.settings).ok
    server.stop()


def test_the_plugin_says_what_it_is_and_its_settings_are_unique() -> None:
    info = plugin.minsheng_channel_info()
    assert (info.name, info.badge_zh, info.badge_en) == ("mailbox", "信箱", "Mail")
    names = [field.name for field in plugin.minsheng_settings_schema()]
    assert len(names) == len(set(names))
    assert [f.name for f in plugin.minsheng_settings_schema() if f.type == "secret"] == ["password"]


def test_the_form_of_a_letter_follows_from_its_sample_id() -> None:
    forms = {
        hashlib.sha256(f"sample-{number}".encode()).digest()[0] % len(FORMS) for number in range(24)
    }
    assert forms == set(range(len(FORMS)))
