"""A record prepared for comparison, and the codes that lead to it."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .facts import Facts, read_facts
from .frames import body_words, subject_words
from .grams import Grams, rarest_codes, two_grams, weight_of
from .normalise import close_up, fold, letters
from .problems import Problem, Wording, read_problem, stems
from .records import Record

SLOTS = 20
"""4-gram codes kept per message, at most one in each slot."""

ASKED = 96
"""4-gram codes asked per message (measured: `docs/decisions/0020`)."""

FIXED = ("content", "told0", "told1", "phone", "email", "name", "part")
"""Slots of the codes that speak by themselves, after those of the 4-grams."""

SLOT_BITS = 32
_WINDOW_DAYS, _WINDOWS = 91, 4
_MIN_CONTENT = 12
_PLACES = 2
_ADDRESS_PARTS = re.compile("[市州盟省]")

HEAD = (
    "phone", "email", "name", "part", "surname", "region", "content", "handle", "stance",
)  # fmt: skip
"""What `Features.head` holds, in order: 64-bit hashes (0: unknown) and two small codes."""

_STANCES = {"": 0, "praise": 1, "complaint": 2}
Head = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Features:
    """What is kept of one record: no sentence, only gram numbers, named places and hashes.

    `head` is described by `HEAD`; `day` days since 1970; `weight` the summed weight of `body`,
    which for a message without a body is its subject; `size` the letters of the text.
    """

    message_id: str
    day: float
    weight: float
    size: int
    head: Head
    subject: Grams
    body: Grams
    facts: Facts
    problem: Problem


@dataclass(frozen=True, slots=True)
class Prepared:
    """Features with the codes to ask for and the codes to be found by.

    `certain` are asked codes that speak by themselves (the words, the citizen), `grams` those that
    speak together; `indexed` is what the message is found by, one code a slot at most. `wording`
    is what key words are shown from; it is never stored.
    """

    features: Features
    certain: tuple[int, ...]
    grams: tuple[int, ...]
    indexed: tuple[int, ...]
    wording: Wording


def prepare(record: Record, version: str) -> Prepared:
    """Clean, cut and code one record. Cost is bounded by `normalise.RAW_LIMIT`; never fails on
    text of any kind."""
    subject = close_up(subject_words(fold(record.subject)))
    body = close_up(body_words(fold(record.body), record.channel))
    subject_run, body_run = letters(subject), letters(body)
    words = body_run or subject_run
    facts = read_facts(subject, body)
    problem, wording = read_problem(subject, body, facts)
    head = _head(record, words, facts.stance, version)
    grams = two_grams(words)
    features = Features(
        record.message_id, record.received_at.timestamp() / 86400, weight_of(grams), len(words),
        np.array(head, dtype=np.int64), two_grams(subject_run), grams, facts, problem,
    )  # fmt: skip
    fixed, around = _fixed_codes(features, version)
    asked, indexed = _gram_codes(subject_run + body_run, version)
    return Prepared(features, tuple(around), tuple(asked), (*fixed, *indexed), wording)


def _head(record: Record, words: str, stance: str, version: str) -> list[int]:
    content = _hash(version, "content", words.encode()) if len(words) >= _MIN_CONTENT else 0
    known = (
        ("phone", record.phone_ix), ("email", record.email_ix), ("name", record.name_ix),
        ("part", record.phone_part_ix), ("surname", record.surname_ix),
        ("region", _region(record.region).encode()),
    )  # fmt: skip
    hashes = [_hash(version, kind, value) if value else 0 for kind, value in known]
    return [*hashes, content, int(record.channel == "leaders_board"), _STANCES[stance]]


@lru_cache(maxsize=1 << 14)
def _region(region: str) -> str:
    """The last named part: 某市某区 and 某区 are one place."""
    return _ADDRESS_PARTS.split(close_up(fold(region)).strip())[-1]


def _gram_codes(text: str, version: str) -> tuple[list[int], list[int]]:
    """The rarest codes, and the rarest of each slot: two texts that share a rare 4-gram choose it
    both. A code is its slot above and 32 bits below."""
    codes = rarest_codes(text, _hash(version, "gram", b"") & _POSITIVE)
    slot = (codes >> SLOT_BITS) % SLOTS
    codes = (slot << SLOT_BITS) | (codes & _LOW)
    first = np.unique(slot, return_index=True)[1]
    return codes[:ASKED].tolist(), codes[first].tolist()


def _fixed_codes(features: Features, version: str) -> tuple[list[int], list[int]]:
    """Own codes and the codes to ask for. A citizen's code holds the quarter of the year, so a
    telephone shared by thousands fills one quarter's cap, not the whole history's.

    The first places with the main problem told of them lead from one neighbour's words to
    another's, which share no run of four characters.
    """
    own, around = [], []
    head = dict(zip(HEAD, features.head.tolist(), strict=True))
    if head["content"]:
        own.append(_slotted("content", head["content"]))
    places = [key for key, _ in stems(features.facts)][:_PLACES]
    for at, key in enumerate(places):
        told = [_hash(version, "told", f"{key}:{t}".encode()) for t in features.problem.topics[:2]]
        own += [_slotted(f"told{at}", t) for t in told[:1]]
        around += [_slotted(f"told{i}", t) for t in told for i in range(_PLACES)]
    around += own
    quarter = int(features.day // _WINDOW_DAYS)
    for kind in ("phone", "email", "name", "part"):
        if head[kind]:
            near = [_windowed(kind, head[kind], quarter + step) for step in _STEPS]
            own.append(near[_WINDOWS])
            around += near
    return own, list(dict.fromkeys(around))


_LOW, _POSITIVE = (1 << SLOT_BITS) - 1, (1 << 63) - 1
_STEPS = range(-_WINDOWS, _WINDOWS + 1)
_MIX = 0x9E3779B97F4A7C15


def _windowed(kind: str, value: int, quarter: int) -> int:
    return _slotted(kind, ((value + quarter) * _MIX) >> 13)


def _slotted(kind: str, value: int) -> int:
    return (SLOTS + FIXED.index(kind)) << SLOT_BITS | (value & _LOW)


def _hash(version: str, kind: str, value: bytes) -> int:
    """A 64-bit hash, signed as PostgreSQL's bigint; never 0, which stands for none."""
    digest = hashlib.blake2b(value, digest_size=8, key=_key(version, kind)).digest()
    return int.from_bytes(digest, "big", signed=True) or 1


@lru_cache(maxsize=64)
def _key(version: str, kind: str) -> bytes:
    return f"{version}\0{kind}".encode()[:64]
