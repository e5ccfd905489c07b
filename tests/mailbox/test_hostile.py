"""Any bytes give a message or MessageUnreadable, clean enough for the database."""

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from minsheng_mailbox.body import MAX_BODY
from minsheng_mailbox.parse import MAX_SUBJECT, parse
from minsheng_sdk import MessageUnreadable, ParsedMessage, RawItem

SENTENCES = (
    "小区门口路灯损坏已经三个月，晚上出行很不安全。",
    "请问农村低保申请需要哪些材料，去哪里办理？",
    "楼上饭店油烟直排，居民无法开窗，多次反映无果。",
    "学校门口没有减速带，接送孩子时车辆很多，请尽快安装。",
)
CODECS = ("gb2312", "gbk", "gb18030", "utf-8", "hz", "big5")
LABELS = (*CODECS, "x-gbk", "iso-8859-1", "us-ascii", "x-unknown", "", "unicode_escape", "\x00")
IDS = (b"<>", b"<a@b>", b"<<a@b>", b"a@b>", b"<a b>", b"\xff", b"<" + b"x" * 3000 + b">")
DATES = (b"", b"Mon, 99 Foo", b"0 Jan 0000", b"1 Jan 2026 99:99:99 +9999", b"\xb6\xfe", b"-1")
SENDERS = (b"<", b'"', b"a@[", b"(((((", b"<a@b", b"a@b,,,;", b'"\\', b"<a@b><c@d>", b"@", b":")
KINDS = (
    b"text/plain",
    b"text/html",
    b"multipart/mixed",
    b"multipart/alternative; boundary=z",
    b"message/rfc822",
    b"",
    b"text/",
    b";",
    b'text/plain; charset="',
    b"*/*; a*0*=b''c",
)


def must_hold(message: ParsedMessage) -> None:
    texts = [message.subject, message.body, message.external_id, message.addressee]
    texts += [message.citizen.name, message.citizen.phone, message.citizen.email]
    texts += [*message.thread, *message.extra.values(), *(a.name for a in message.attachments)]
    for text in texts:
        assert "\x00" not in text
        text.encode("utf-8")
    for line in [message.subject, message.citizen.name, message.citizen.email, message.addressee]:
        assert "\n" not in line
        assert "\r" not in line
    assert len(message.body) <= MAX_BODY
    assert len(message.subject) <= MAX_SUBJECT
    assert message.received_at.tzinfo is not None


def read(raw: bytes) -> ParsedMessage | None:
    try:
        message = parse(RawItem("INBOX:1:1", raw, "1"))
    except MessageUnreadable:
        return None
    must_hold(message)
    return message


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=3000))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    read(raw)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    b"From",
                    b"To",
                    b"Subject",
                    b"Date",
                    b"Received",
                    b"Message-ID",
                    b"References",
                    b"Content-Type",
                    b"Content-Transfer-Encoding",
                    b"Content-Disposition",
                    b"Reply-To",
                    b"Auto-Submitted",
                    b"Return-Path",
                    b"X-Minsheng-Truncated",
                ]
            ),
            st.binary(max_size=120)
            | st.text(alphabet="=?utf-8BQ<>\"'@,;:()\\\r\n %*0a", max_size=80).map(str.encode),
        ),
        min_size=1,
        max_size=12,
    ),
    st.binary(max_size=400),
)
def test_any_fields_and_body_are_read_or_refused(
    fields: list[tuple[bytes, bytes]], body: bytes
) -> None:
    read(b"".join(name + b": " + value + b"\r\n" for name, value in fields) + b"\r\n" + body)


def hostile(rng: random.Random) -> bytes:
    """One mail in which a few things are wrong at once."""
    text = rng.choice(SENTENCES)
    data = text.encode(rng.choice(CODECS), "replace")
    kind = rng.choice(KINDS) + b'; charset="' + rng.choice(LABELS).encode() + b'"'
    fields = [
        b"From: " + rng.choice([*SENDERS, data + b" <a@b.example>"]),
        b"Subject: " + rng.choice([data, b"=?gb2312?B?" + data + b"?=", b"=?x?q?=ZZ=?="]),
        b"Date: " + rng.choice(DATES),
        b"Message-ID: " + rng.choice(IDS),
        b"References: " + b" ".join(rng.choices(IDS, k=3)),
        b"To: " + b", ".join(rng.choices([*SENDERS, b"x@y.example"], k=rng.randrange(1, 40))),
        b"Content-Type: " + kind,
        b"Content-Transfer-Encoding: "
        + rng.choice([b"base64", b"quoted-printable", b"8bit", b"x", b""]),
    ]
    rng.shuffle(fields)
    raw = b"\r\n".join(fields) + rng.choice([b"\r\n\r\n", b"\n\n", b"\r\n", b""]) + data
    for _wound in range(rng.randrange(4)):
        at = rng.randrange(len(raw))
        raw = raw[:at] + rng.choice([b"\x00", b"\xff", b"\n", b"--z\n", b"=?", b""]) + raw[at + 1 :]
    return raw


def test_hostile_mails_are_stored_or_refused(scale: Callable[[int], int]) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    read_well = sum(read(hostile(rng)) is not None for _mail in range(scale(1000)))
    assert read_well > scale(1000) * 0.9


def test_mislabelled_but_whole_mails_are_read_right(scale: Callable[[int], int]) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    wrong = []
    for _mail in range(scale(1000)):
        text, codec, label = rng.choice(SENTENCES), rng.choice(CODECS[:5]), rng.choice(LABELS)
        kind = b'Content-Type: text/plain; charset="' + label.encode() + b'"\r\n'
        data = text.encode(codec)
        message = read(b"From: a@b.example\r\n" + kind + b"Subject: " + data + b"\r\n\r\n" + data)
        if message is None or (message.subject, message.body) != (text, text):
            wrong.append((text, codec, label))
    # The bound of the design: at least 99 % of what can be decoded is right.
    assert len(wrong) <= scale(1000) * 0.01, wrong[:5]
