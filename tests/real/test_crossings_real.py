"""Codes of 2,816 real letters dealt to twenty offices, with 71 known repeats (`taidi2020c`).

The letters are anonymised and have no telephone: a user's code stands for the contact, or nothing
does. Beside the codes stands one office's matcher, which has read every text.
"""

import csv
import hashlib
import itertools
import os
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from minsheng.crossings.coding import Codes, Contact, blind, encode
from minsheng.crossings.scoring import THRESHOLD, score
from minsheng.crossings.tokens import TokenReader
from minsheng_dedupe import Matcher, MemoryStore, Record

CHINA = timezone(timedelta(hours=8))
OFFICES, CANDIDATES = 20, 40
Pair = frozenset[str]


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


def _office(message_id: str) -> int:
    return hashlib.blake2b(message_id.encode(), key=b"office").digest()[0] % OFFICES


def _record(row: dict[str, str]) -> Record:
    user = hashlib.blake2b(row["留言用户"].encode(), digest_size=16).digest()
    words = row["留言主题"], row["留言详情"]
    return Record(row["留言编号"], "leaders_board", *words, _time(row["留言时间"]), phone_ix=user)


@pytest.fixture(scope="module")
def letters() -> list[dict[str, str]]:
    return sorted(_rows("fujian4_with_replies.csv"), key=lambda row: _time(row["留言时间"]))


def _hinted(letters: list[dict[str, str]], *, with_contact: bool) -> set[Pair]:
    """The pairs of two offices that would be hinted."""
    reader, index = TokenReader(), defaultdict(list)
    codes: dict[str, Codes] = {}
    found: set[Pair] = set()
    for row in letters:
        record = _record(row)
        own, day = record.message_id, record.received_at.date()
        contact = Contact(phone=row["留言用户"] if with_contact else "")
        mine = encode(b"2" * 32, blind(b"1" * 32, reader.read(record), contact, "", day))
        votes = Counter(other for key in mine.asked for other in index[key])
        votes.update(index[mine.phone] if mine.phone else ())
        others = [each for each in votes if _office(each) != _office(own)]
        for other in sorted(others, key=lambda each: (-votes[each], each))[:CANDIDATES]:
            if score(mine, codes[other]) >= THRESHOLD:
                found.add(frozenset((own, other)))
        for key in {*mine.keys, *([mine.phone] if mine.phone else [])}:
            index[key].append(own)
        codes[own] = mine
    return found


def _known() -> set[Pair]:
    pairs = {frozenset((p["id1"], p["id2"])) for p in _rows("fujian4_repeat_pairs.csv")}
    return {pair for pair in pairs if len({_office(each) for each in pair}) == 2}


@pytest.mark.parametrize("with_contact", [True, False])
def test_known_repeats_at_two_offices_are_hinted_as_often_as_one_office_sees_them(
    letters: list[dict[str, str]], with_contact: bool
) -> None:
    known, hinted = _known(), _hinted(letters, with_contact=with_contact)
    records = [_record(row) for row in letters]
    answers = Matcher(None, MemoryStore()).arrive(records)
    one_office = {
        frozenset((record.message_id, match.message_id))
        for record, matches in zip(records, answers, strict=True) for match in matches
        if match.link >= 0.5
    }  # fmt: skip
    print(f"known {len(known)}, hinted {len(known & hinted)} of {len(hinted)} hints,",
          f"one office {len(known & one_office)}")  # fmt: skip
    assert len(known) > 50
    assert len(known & hinted) / len(known) >= len(known & one_office) / len(known) - 0.03


def test_few_letters_of_other_matters_are_hinted(letters: list[dict[str, str]]) -> None:
    """Not every other pair is wrong: neighbours write of one matter too; nobody has labelled
    them, so this holds the number of hints, not their precision."""
    hinted = _hinted(letters, with_contact=True)
    pairs = itertools.combinations(range(len(letters)), 2)
    assert len(hinted - _known()) / sum(1 for _ in pairs) < 1e-4
