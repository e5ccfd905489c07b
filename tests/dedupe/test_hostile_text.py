"""Whatever arrives is answered, at a bounded cost."""

from collections.abc import Callable

import pytest

from minsheng_dedupe import Matcher, MemoryStore, Record

Letter = Callable[..., Record]

HOSTILE = [
    "",
    " \n\t ",
    "\x00",
    "\ud83d",
    "😀" * 50,
    "？" * 5000,
    "a",
    "The lift in block 3 has been out of order for weeks and nobody answers the telephone.",
    "ﷺ" * 3000,
    "一" * 100_000,
    "零十百千" * 2000,
    "()[]【】" * 3000,
    "尊敬的" * 3000,
    "> " * 5000,
    "-----原始邮件-----\n" * 500,
    "来电人反映" * 2000,
    "123456789012" * 3000,
    "3号楼" * 3000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("channel", ["hotline_12345", "mailbox", "leaders_board", "other"])
def test_hostile_text_is_answered(letter: Letter, text: str, channel: str) -> None:
    matcher = Matcher(None, MemoryStore())
    record = letter(subject=text, body=text, region=text, channel=channel)
    assert matcher.arrive([record]) == [[]]
    found = matcher.match(letter(message_id="x", subject=text, body=text, channel=channel))
    assert [m.message_id for m in found] == ["earlier"]


def test_a_huge_letter_is_told_from_another_huge_letter(letter: Letter) -> None:
    matcher = Matcher(None, MemoryStore())
    long = "".join(f"第{i}条意见涉及{chr(0x4E00 + i % 5000)}的安排。" for i in range(9000))
    matcher.add(letter(body=long, phone_ix=b"", name_ix=b""))
    same = matcher.match(letter(message_id="x", body=long, phone_ix=b"", name_ix=b""))
    assert same[0].decision == "review"
    other = letter(message_id="x", body=long[::-1], subject="无关", phone_ix=b"", name_ix=b"")
    assert all(m.decision == "different" for m in matcher.match(other))


def test_a_text_without_chinese_is_compared_too(letter: Letter) -> None:
    matcher = Matcher(None, MemoryStore())
    english = "The lift in block 3 of our estate has been out of order for three weeks now."
    matcher.add(letter(subject="Lift", body=english))
    assert matcher.match(letter(message_id="x", subject="Lift", body=english))[0].decision == "same"
    other = matcher.match(letter(message_id="x", subject="Tax", body="How do I pay the land tax?"))
    assert other[0].decision == "related"


def test_empty_letters_of_one_citizen_are_never_joined(letter: Letter) -> None:
    matcher = Matcher(None, MemoryStore())
    matcher.add(letter(subject="", body=""))
    (match,) = matcher.match(letter(message_id="x", subject="", body=""))
    assert match.decision == "related"
    assert (
        matcher.match(letter(message_id="x", subject="", body="", phone_ix=b"", name_ix=b"")) == []
    )
