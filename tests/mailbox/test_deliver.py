"""Answers by SMTP: threaded, injection-proof, and honest about what may have arrived."""

import smtplib
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from minsheng_mailbox import plugin
from minsheng_sdk import (
    Citizen,
    CredentialsRefused,
    DeliveryRefused,
    DeliveryUncertain,
    OutgoingReply,
    ProtocolBroken,
    RateLimited,
    Settings,
    SettingsInvalid,
    SourceUnavailable,
)

Scripted = Callable[..., int]
GREETING = b"220 ready\r\n"
EHLO = b"250 peer\r\n"
OK = b"250 OK\r\n"
GO = b"354 go on\r\n"


def at(port: int, **changed: object) -> Settings:
    return {
        "host": "127.0.0.1",
        "security": "none",
        "username": "desk@county.example",
        "password": "pw",
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "from_address": "desk@county.example",
        "timeout_s": 2,
    } | changed


def only(sink: Any) -> EmailMessage:
    (envelope,) = sink.taken
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_an_answer_is_threaded_to_the_citizens_letter(sink: Any, reply: OutgoingReply) -> None:
    receipt = plugin.minsheng_deliver(sink.settings, reply)
    mail = only(sink)
    assert mail["In-Reply-To"] == "<letter-2@citizen.example>"
    assert mail["References"].split() == [
        "<letter-1@citizen.example>",
        "<letter-2@citizen.example>",
    ]
    assert mail["Message-ID"] == receipt.remote_id == "<d-7f3a@county.example>"
    assert receipt.delivery_key == "d-7f3a"
    assert "queued as A1" in receipt.detail


def test_an_answer_says_who_to_whom_and_what(sink: Any, reply: OutgoingReply) -> None:
    plugin.minsheng_deliver(sink.settings, reply)
    mail = only(sink)
    assert mail["Subject"] == "答复: 反映路灯不亮"
    assert mail["From"].addresses[0].display_name == "某县信访局"
    assert mail["From"].addresses[0].addr_spec == "desk@county.example"
    assert mail["To"].addresses[0].addr_spec == "wang@citizen.example"
    assert mail.get_content() == reply.text.replace("\n", "\r\n")
    assert mail["Auto-Submitted"] is None
    assert sink.taken[0].mail_from == "desk@county.example"
    assert sink.taken[0].rcpt_tos == ["wang@citizen.example"]


def test_every_attempt_bears_the_same_message_id(sink: Any, reply: OutgoingReply) -> None:
    first = plugin.minsheng_deliver(sink.settings, reply)
    second = plugin.minsheng_deliver(sink.settings, reply)
    other = plugin.minsheng_deliver(sink.settings, replace(reply, delivery_key="d-8"))
    assert first.remote_id == second.remote_id != other.remote_id


def test_a_letter_without_message_id_is_answered_without_threading(
    sink: Any, reply: OutgoingReply
) -> None:
    plugin.minsheng_deliver(sink.settings, replace(reply, external_id="", thread=()))
    mail = only(sink)
    assert mail["In-Reply-To"] is None
    assert mail["References"] is None


def test_a_subject_that_is_an_answer_already_gets_no_second_prefix(
    sink: Any, reply: OutgoingReply
) -> None:
    plugin.minsheng_deliver(sink.settings, replace(reply, subject="答复：反映路灯不亮"))
    assert only(sink)["Subject"] == "答复：反映路灯不亮"


EVIL = "x\r\nBcc: spy@evil.example\r\n\r\nbody\x00\u2028\u202e\ud800"


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": EVIL},
        {"office": EVIL},
        {"office": '"<spy@evil.example>", '},
        {"citizen": Citizen(name=EVIL, email="wang@citizen.example")},
        {"citizen": Citizen(name='a" <spy@evil.example>, "', email="wang@citizen.example")},
        {"delivery_key": EVIL},
        {"external_id": "<a@b>\r\nBcc: spy@evil.example"},
        {"thread": ("<a@b>\r\nBcc: spy@evil.example", "<ok@b>")},
        {"text": "..\r\n.\r\nQUIT\r\n" + EVIL},
        {"subject": "长" * 5000},
    ],
)
def test_no_value_breaks_out_of_its_place(
    sink: Any, reply: OutgoingReply, changed: dict[str, Any]
) -> None:
    plugin.minsheng_deliver(sink.settings, replace(reply, **changed))
    (envelope,) = sink.taken
    head, _, _body = envelope.content.partition(b"\r\n\r\n")
    names = [
        line.partition(b":")[0]
        for line in head.split(b"\r\n")
        if not line.startswith((b" ", b"\t"))
    ]
    assert set(names) <= {
        b"From",
        b"To",
        b"Subject",
        b"Date",
        b"Message-ID",
        b"In-Reply-To",
        b"References",
        b"MIME-Version",
        b"Content-Type",
        b"Content-Transfer-Encoding",
        b"X-Peer",
    }
    assert len(names) == len(set(names))
    mail = only(sink)
    assert [box.addr_spec for box in mail["To"].addresses] == ["wang@citizen.example"]
    assert [box.addr_spec for box in mail["From"].addresses] == ["desk@county.example"]
    assert envelope.rcpt_tos == ["wang@citizen.example"]
    assert max(len(line) for line in envelope.content.split(b"\r\n")) <= 998


@pytest.mark.parametrize(
    "address",
    [
        "",
        "no address",
        "a@b.example\r\nRCPT TO:<spy@evil.example>",
        "a@b.example>, <spy@evil.example",
        "a@b.example spy@evil.example",
        "王@citizen.example",
    ],
)
def test_an_address_that_is_no_plain_one_is_refused(
    sink: Any, reply: OutgoingReply, address: str
) -> None:
    with pytest.raises(DeliveryRefused):
        plugin.minsheng_deliver(sink.settings, replace(reply, citizen=Citizen(email=address)))
    assert sink.taken == []


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("550 5.1.1 no such user", DeliveryRefused),
        ("451 4.3.0 try later", SourceUnavailable),
        ("450 4.7.1 too many letters", RateLimited),
        ("535 5.7.8 log in", CredentialsRefused),
    ],
)
def test_a_refused_recipient_is_told_apart_from_one_to_try_again(
    sink: Any, reply: OutgoingReply, answer: str, meaning: type[Exception]
) -> None:
    sink.refused_recipients["wang@citizen.example"] = answer
    with pytest.raises(meaning):
        plugin.minsheng_deliver(sink.settings, reply)
    assert sink.taken == []


@pytest.mark.parametrize(
    ("script", "meaning"),
    [
        # The final dot was sent and nothing says whether it was heard.
        ((EHLO, OK, OK, GO, None), DeliveryUncertain),
        ((EHLO, OK, OK, GO, b"what?\r\n"), DeliveryUncertain),
        ((EHLO, OK, OK, GO, b""), DeliveryUncertain),
        # The letter was not sent yet, or the server says that it did not take it.
        ((EHLO, OK, OK, None), SourceUnavailable),
        ((EHLO, None), SourceUnavailable),
        ((EHLO, OK, OK, GO, b"451 4.3.0 disk\r\n", b"221 bye\r\n"), SourceUnavailable),
        ((EHLO, OK, OK, GO, b"554 5.7.1 spam\r\n", b"221 bye\r\n"), DeliveryRefused),
        ((EHLO, OK, OK, b"250 what\r\n"), ProtocolBroken),
        ((EHLO, b"553 5.7.1 sender not yours\r\n"), SettingsInvalid),
    ],
)
def test_the_step_at_which_it_broke_decides_what_is_known(
    scripted: Scripted,
    reply: OutgoingReply,
    script: tuple[bytes | None, ...],
    meaning: type[Exception],
) -> None:
    with pytest.raises(meaning):
        plugin.minsheng_deliver(at(scripted(GREETING, *script)), reply)


def test_a_receipt_counts_even_when_the_goodbye_is_lost(
    scripted: Scripted, reply: OutgoingReply
) -> None:
    port = scripted(GREETING, EHLO, OK, OK, GO, b"250 taken\r\n", None)
    assert plugin.minsheng_deliver(at(port), reply).detail == "250 taken"


@pytest.mark.parametrize(
    ("greeting", "script", "meaning"),
    [
        (b"421 4.7.0 too many connections\r\n", (), RateLimited),
        (b"554 go away\r\n", (), SourceUnavailable),
        (b"HTTP/1.1 400\r\n", (), ProtocolBroken),
        (GREETING, (b"250-peer\r\n250 AUTH PLAIN\r\n", b"535 5.7.8 no\r\n"), CredentialsRefused),
        (GREETING, (b"250-peer\r\n250 AUTH PLAIN\r\n", b"454 4.7.0 later\r\n"), RateLimited),
    ],
)
def test_the_greeting_and_the_login_have_their_meaning(
    scripted: Scripted,
    reply: OutgoingReply,
    greeting: bytes,
    script: tuple[bytes, ...],
    meaning: type[Exception],
) -> None:
    with pytest.raises(meaning):
        plugin.minsheng_deliver(at(scripted(greeting, *script)), reply)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"smtp_host": ""}, "smtp_host"),
        ({"smtp_host": "mail.example.gov.cn"}, "smtp_security"),
        ({"from_address": "county desk"}, "from_address"),
        ({"from_name": "a\r\nBcc: x@y"}, "from_name"),
        ({"smtp_security": "starttls"}, "smtp_security"),
    ],
)
def test_sender_settings_that_cannot_work_name_the_field(
    sink: Any, reply: OutgoingReply, changed: dict[str, object], field: str
) -> None:
    with pytest.raises(SettingsInvalid) as refusal:
        plugin.minsheng_deliver(dict(sink.settings) | changed, reply)
    assert refusal.value.field == field
    assert sink.taken == []


def test_the_user_name_serves_as_sender_when_none_is_set(sink: Any, reply: OutgoingReply) -> None:
    plugin.minsheng_deliver(dict(sink.settings) | {"from_address": ""}, reply)
    assert sink.taken[0].mail_from == "desk@county.example"


def test_smtp_cannot_be_asked_for_an_earlier_letter(sink: Any, reply: OutgoingReply) -> None:
    plugin.minsheng_deliver(sink.settings, reply)
    assert plugin.minsheng_look_up_delivery(sink.settings, reply.delivery_key) is None
    info = plugin.minsheng_channel_info()
    assert info.can_deliver
    assert not info.can_look_up


def test_the_sink_of_these_tests_does_take_letters(sink: Any) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=10) as client:
        client.sendmail("a@b.example", ["c@d.example"], b"Subject: x\r\n\r\ny")
    assert sink.taken[0].rcpt_tos == ["c@d.example"]
