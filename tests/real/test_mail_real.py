"""Hard mails of three mail libraries: each is read within bounds, or refused as unreadable."""

import os
import tracemalloc
from pathlib import Path

import pytest

from minsheng_mailbox.parse import parse
from minsheng_sdk import MessageUnreadable, ParsedMessage, RawItem

HERE = Path(__file__).resolve()
SHARED = Path(os.environ.get("MINSHENG_SHARED_DATA", HERE.parents[2].parent / "shared" / "data"))
MAILS = SHARED / "eml_nasty"
MOST_MEMORY = 200 * 1024 * 1024


def read(name: str) -> ParsedMessage:
    return parse(RawItem("INBOX:1:1", (MAILS / name).read_bytes(), "1"))


def test_every_hard_mail_is_read_or_refused_within_bounds() -> None:
    mails = sorted(MAILS.glob("**/*.eml"))
    assert len(mails) > 100
    tracemalloc.start()
    refused = []
    for mail in mails:
        tracemalloc.reset_peak()
        try:
            message = parse(RawItem("INBOX:1:1", mail.read_bytes(), "1"))
        except MessageUnreadable:
            refused.append(mail.name)
        else:
            (message.subject + message.body + message.citizen.name).encode("utf-8")
            assert "\x00" not in message.subject + message.body, mail.name
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY, mail.name
    tracemalloc.stop()
    # None of them exceeds our bounds or lacks a header.
    assert refused == []


@pytest.mark.parametrize(
    "name",
    [
        "gb2312_18030",
        "big5",
        "no-charset-01",
        "no-charset-02",
        "no-charset-03",
        "no-charset-07",
        "mime_charset_01",
        "mime_charset_02",
        "mime_charset_03",
        "unknown-text-charset",
    ],
)
def test_text_that_the_bytes_allow_has_no_replacement_character(name: str) -> None:
    message = read(f"kopano/{name}.eml")
    assert message.subject
    assert "\ufffd" not in message.subject + message.body + message.citizen.name + message.addressee


def test_a_gbk_character_under_a_gb2312_label_is_read() -> None:
    message = read("kopano/gb2312_18030.eml")
    assert message.subject.startswith(b"\xd7\x78\xc8\xa1".decode("gb18030"))
    assert message.citizen.name
    assert message.addressee


def test_characters_split_over_encoded_words_are_joined() -> None:
    subject = read("kopano/encoded-word-split.eml").subject
    # The last two words of that mail hold a byte that is no character, by design.
    assert subject.startswith("\u263a v\u0173. ")
    assert subject.endswith("\ubb98")
