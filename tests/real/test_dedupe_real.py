"""The matcher on 2,816 real letters with 71 known repeats (`taidi2020c` of the shared data).

The letters are anonymised, so a user's code stands for the citizen. Three ways of knowing the
citizen are tried: by name alone, by everything, and by another mixture on each channel.
"""

import csv
import hashlib
import os
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from difflib import SequenceMatcher
from pathlib import Path

import pytest

from minsheng_dedupe import Match, Matcher, MemoryStore, Record

CHINA = timezone(timedelta(hours=8))
CHANNELS = ("leaders_board", "mailbox", "hotline_12345")
ALIKE = {"text.exact", "text.near", "text.contained", "text.similar"}
Answers = dict[str, list[Match]]

READ = {
    frozenset(pair.split())
    for pair in (
        "22481 22513", "18437 18516", "18413 18435", "18413 25633", "18288 25582", "8774 8997",
        "34212 35985", "23153 23158", "76654 74615", "118583 112186",
        "116229 116231", "126390 126392", "24575 24581",
        "92575 87916", "32790 35504", "114512 118365", "38589 38600",
    )
}  # fmt: skip
"""Joins beside the known repeats whose letters were read while this was written, whole or their
first 420 characters, and taken for one matter of one citizen (2026-11-22). No officer has read
them, and nobody a second time. The last one names a second school besides."""


def _folder() -> Path:
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return Path(os.environ.get("MINSHENG_SHARED_DATA", beside)) / "taidi2020c"


def _rows(name: str) -> list[dict[str, str]]:
    with (_folder() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _time(text: str) -> datetime:
    day, _, clock = text.strip().replace("/", "-").partition(" ")
    year, month, date = map(int, day.split("-"))
    return datetime(year, month, date, *map(int, clock.split(":")), tzinfo=CHINA)


def _by_name(_channel: str, user: bytes) -> dict[str, bytes]:
    return {"name_ix": user}


def _by_all(_channel: str, user: bytes) -> dict[str, bytes]:
    return {"name_ix": user, "phone_ix": b"p" + user, "email_ix": b"e" + user}


def _by_channel(channel: str, user: bytes) -> dict[str, bytes]:
    known = {"mailbox": {"email_ix": b"e" + user}, "hotline_12345": {"phone_ix": b"p" + user}}
    return {"name_ix": user, **known.get(channel, {})}


def _record(row: dict[str, str], identity: Callable[[str, bytes], dict[str, bytes]]) -> Record:
    user = hashlib.blake2b(row["留言用户"].encode(), key=b"real", digest_size=16).digest()
    channel = "leaders_board"
    if identity is _by_channel:
        channel = CHANNELS[hashlib.blake2b(row["留言编号"].encode()).digest()[0] % 3]
    return Record(
        row["留言编号"], channel, row["留言主题"], row["留言详情"], _time(row["留言时间"]),
        **identity(channel, user),  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture(scope="module")
def letters() -> list[dict[str, str]]:
    return sorted(_rows("fujian4_with_replies.csv"), key=lambda row: _time(row["留言时间"]))


@pytest.fixture(scope="module", params=[_by_name, _by_all, _by_channel], ids=lambda p: p.__name__)
def answers(request: pytest.FixtureRequest, letters: list[dict[str, str]]) -> Answers:
    records = [_record(row, request.param) for row in letters]
    found = Matcher(None, MemoryStore()).arrive(records)
    return {r.message_id: a for r, a in zip(records, found, strict=True)}


def test_known_repeats_are_joined_or_shown(letters: list[dict[str, str]], answers: Answers) -> None:
    arrival = {row["留言编号"]: i for i, row in enumerate(letters)}
    pairs, found = _rows("fujian4_repeat_pairs.csv"), 0
    for pair in pairs:
        earlier, later = sorted((pair["id1"], pair["id2"]), key=arrival.__getitem__)
        said = {m.message_id: m.decision for m in answers[later]}
        found += said.get(earlier) in ("same", "review")
    assert len(pairs) == 71
    assert found / len(pairs) >= 0.95


def test_nothing_is_joined_beyond_known_and_read_pairs(answers: Answers) -> None:
    known = {frozenset((p["id1"], p["id2"])) for p in _rows("fujian4_repeat_pairs.csv")}
    joined = {
        frozenset((later, m.message_id))
        for later, a in answers.items() for m in a if m.decision == "same"
    }  # fmt: skip
    assert joined
    assert joined - known - READ == set()


def test_nine_of_ten_repeats_of_a_known_telephone_are_joined(
    letters: list[dict[str, str]],
) -> None:
    row = {r["留言编号"]: r for r in letters}
    found = Matcher(None, MemoryStore()).arrive([_record(r, _by_all) for r in letters])
    joined = {
        frozenset((r["留言编号"], m.message_id))
        for r, a in zip(letters, found, strict=True) for m in a if m.decision == "same"
    }  # fmt: skip
    pairs = [(p["id1"], p["id2"]) for p in _rows("fujian4_repeat_pairs.csv")]
    own = {frozenset(p) for p in pairs if row[p[0]]["留言用户"] == row[p[1]]["留言用户"]}
    assert len(own) == 57
    assert len(own & joined) / len(own) >= 0.9


def test_officers_are_asked_about_one_letter_in_twenty_at_most(answers: Answers) -> None:
    asked = sum(1 for a in answers.values() if a and a[0].decision == "review")
    assert 0 < asked <= 0.05 * len(answers)


def test_every_join_is_of_one_citizen_and_one_text_or_one_told_problem(
    letters: list[dict[str, str]], answers: Answers
) -> None:
    row = {r["留言编号"]: r for r in letters}
    joined = [(i, m) for i, a in answers.items() for m in a if m.decision == "same"]
    assert len(joined) >= 40
    for later, match in joined:
        one, other = row[later], row[match.message_id]
        assert one["留言用户"] == other["留言用户"], (later, match.message_id)
        if {r.code for r in match.reasons} & ALIKE:
            assert _held(one["留言详情"], other["留言详情"]) >= 0.6, (later, match.message_id)


def test_a_told_problem_joins_few_and_never_by_name_alone(answers: Answers) -> None:
    told = [
        {r.code for r in m.reasons}
        for a in answers.values() for m in a
        if m.decision == "same" and not {r.code for r in m.reasons} & ALIKE
    ]  # fmt: skip
    assert len(told) <= 0.02 * len(answers)
    assert all(codes & {"citizen.phone", "citizen.email"} for codes in told)
    assert all(codes & {"problem.told", "problem.here"} for codes in told)


def _held(one: str, other: str) -> float:
    """The share of the shorter text that difflib finds in the longer one, in order."""
    one, other = "".join(one.split()), "".join(other.split())
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return sum(b.size for b in blocks) / max(min(len(one), len(other)), 1)
