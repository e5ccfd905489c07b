"""Whatever floods in, one message costs a bounded number of looks, and what is left out is told."""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

import pytest

from minsheng_dedupe import Caps, Matcher, MatcherConfig, MemoryStore, Record
from minsheng_dedupe.features import ASKED, FIXED, SLOTS
from minsheng_dedupe.normalise import RAW_LIMIT
from minsheng_dedupe.stores import Entry

Letter = Callable[..., Record]

CODES = ASKED + 40
"""The most codes one message asks for: those of its text, its places and its citizen."""


def _letters(seed: int, count: int) -> list[str]:
    """Near-equal texts: one letter in which a few characters change."""
    random, base = (
        Random(seed),
        "锦绣花园小区三号楼电梯停运无人维修，老人出行不便，请督促物业尽快恢复。" * 4,
    )
    texts = []
    for _ in range(count):
        text = list(base)
        for at in random.sample(range(len(text)), 6):
            text[at] = chr(0x4E00 + random.randrange(2000))
        texts.append("".join(text))
    return texts


class HeldStore(MemoryStore):
    """Counts how many messages each code points at."""

    def __init__(self) -> None:
        super().__init__()
        self.held: Counter[int] = Counter()

    def save(self, entries: Sequence[Entry]) -> None:
        super().save(entries)
        for _, codes in entries:
            self.held.update(codes)


FLOODS: dict[str, list[str]] = {
    "near-equal letters": _letters(11, 120),
    "letters of nine thousand characters": [
        "".join(chr(0x4E00 + (i * 37 + k) % 3000) for i in range(9000)) for k in range(6)
    ],
    "empty bodies": [""] * 120,
    "emoji alone": ["😀🎉👍" * 40] * 120,
    "one character": ["电"] * 120,
    "one character many times": ["电" * 9000] * 60,
    "one text of a campaign": ["请保护老街梧桐树，反对砍伐，恢复原貌。" * 5] * 120,
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_costs_a_bounded_number_of_looks_a_message(letter: Letter, flood: str) -> None:
    config, store = MatcherConfig(), HeldStore()
    matcher = Matcher(config, store)
    for at, text in enumerate(FLOODS[flood]):
        before = _sum(matcher.caps)
        record = letter(message_id=f"m{at:03}", subject="", body=text, phone_ix=b"%d" % (at % 7))
        found = matcher.match(record)
        matcher.add(record)
        caps = matcher.caps
        assert caps.compared - before.compared <= config.candidates, f"seed 11, message {at}"
        assert caps.found - before.found <= CODES * config.postings_cap
        assert len(found) <= config.results
    assert max(store.held.values()) <= config.postings_cap


def test_what_the_bounds_leave_out_is_counted(letter: Letter) -> None:
    config = MatcherConfig(candidates=5, postings_cap=8)
    matcher = Matcher(config, MemoryStore())
    for at in range(40):
        matcher.add(letter(message_id=f"m{at:02}", phone_ix=b"p%d" % at, name_ix=b""))
    assert matcher.caps.unwritten > 0
    assert matcher.caps.left_out == 0
    assert len(matcher.match(letter(message_id="x"))) == 5
    caps = matcher.caps
    assert (caps.asked, caps.compared, caps.left_out) == (1, 5, 3)
    assert caps.full_codes > 0
    assert caps.found == 8
    assert matcher.cut == {"x"}


def test_nothing_is_left_out_where_little_is_stored(letter: Letter) -> None:
    matcher = Matcher(None, MemoryStore())
    matcher.arrive([letter(message_id=f"m{at}") for at in range(3)])
    caps = matcher.caps
    assert (caps.asked, caps.left_out, caps.full_codes, caps.unwritten, caps.unread) == (
        3, 0, 0, 0, 0,
    )  # fmt: skip
    assert caps.compared == 3
    assert matcher.cut == set()


def test_characters_that_are_not_read_are_counted(letter: Letter) -> None:
    matcher = Matcher(None, MemoryStore())
    matcher.match(letter(body="电" * (RAW_LIMIT + 7)))
    assert matcher.caps.unread == 7


def test_a_campaign_does_not_hide_a_repeat_of_ones_own(letter: Letter) -> None:
    """Codes of the text are full, the citizen's own is not."""
    matcher = Matcher(None, MemoryStore())
    for at in range(100):
        matcher.add(letter(message_id=f"m{at:03}", phone_ix=b"p%d" % at, name_ix=b"n%d" % at))
    matcher.add(letter(message_id="own", phone_ix=b"own", name_ix=b"own"))
    matcher.add(letter(message_id="zzz", phone_ix=b"zzz", name_ix=b"zzz"))
    best = matcher.match(letter(message_id="x", phone_ix=b"own", name_ix=b"own"))[0]
    assert (best.message_id, best.decision) == ("own", "same")


def test_a_message_is_found_by_a_bounded_number_of_codes(letter: Letter) -> None:
    store = HeldStore()
    Matcher(None, store).add(letter(body="电梯停运" + "".join(_letters(12, 3))))
    assert 0 < len(store.held) <= SLOTS + len(FIXED)


def _sum(caps: Caps) -> Caps:
    return Caps(**{name: getattr(caps, name) for name in Caps.__slots__})
