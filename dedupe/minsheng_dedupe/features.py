"""A record prepared for comparison, and the codes that lead to it."""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .facts import Facts, read_facts
from .frames import body_words, subject_words
from .grams import UNITS, Grams, Pairs, Run, distinct, rarest_codes, read_run, two_grams
from .normalise import Points, close_up, fold
from .problems import Stem, Wording, read_problem, stems
from .records import Record

SLOTS = 20
"""4-gram codes kept per message, at most one in each slot."""

ASKED = 96
"""4-gram codes asked per message (measured: `docs/decisions/0020`)."""

FIXED = ("content", "told0", "told1", "phone", "email", "name", "part")
"""Slots of the codes that speak by themselves, after those of the 4-grams."""

SLOT_BITS = 32
CITIZEN = (SLOTS + FIXED.index("phone")) << SLOT_BITS
"""From this code on codes lead to a citizen's messages."""

_WINDOW_DAYS, _WINDOWS = 183, 2
_MIN_CONTENT = 12
_PLACES = 2
_ADDRESS_PARTS = re.compile("[市州盟省]")
_AGAIN = ("再次", "又一次", "催办", "催促", "多次反映", "上次反映", "之前反映", "此前反映",
          "曾反映", "反映过", "至今未", "仍未")  # fmt: skip
"""Words by which a message says that it was told before."""

_TOO = re.compile(
    "我也|我们也|我家也|我们家也|同样是|同样的事|也碰到|也遇到|也有同感|附议|支持前面|支持楼上|和楼上|跟楼上"
)
"""Words by which a message seconds what others told."""

KNOWN = ("phone", "email", "name", "part", "surname", "region", "content", "handle", "stance")
"""The first of `HEAD`: 32-bit hashes (0: unknown) and two small codes; equality is read of them."""

HEAD = (
    *KNOWN, "again", "second", "size", "body", "subject", "keys", "body_units", "subject_units",
)  # fmt: skip
"""What `Features.head` holds, in order. After `KNOWN`: whether the message says that it asks again
(1) and that it seconds others (2); seconds since 1970; letters of the text; lengths of the three
gram sets; summed weights of two of them in `grams.UNITS`."""

AT = {name: at for at, name in enumerate(HEAD)}

_STANCES = {"": 0, "praise": 1, "complaint": 2}
Head = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Features:
    """What is kept of one record: no sentence, only gram numbers, named places and hashes.

    `head` is described by `HEAD`, `topics` by `Problem`. `grams` are three sets, each ascending,
    one behind another: of the body (of the subject, where there is no body), of the subject, of
    content words.
    """

    message_id: str
    head: Head
    grams: Grams
    topics: bytes
    facts: Facts

    @property
    def body(self) -> Grams:
        """The 2-grams of the text."""
        return self.grams[: self.head[AT["body"]]]

    @property
    def subject(self) -> Grams:
        """The 2-grams of the subject."""
        start = self.head[AT["body"]]
        return self.grams[start : start + self.head[AT["subject"]]]

    @property
    def keys(self) -> Grams:
        """The 2-grams of content words."""
        return self.grams[len(self.grams) - self.head[AT["keys"]] :]


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
    facts = read_facts(subject, body)
    places = stems(facts)
    run = read_run(f"{subject} {body} ", len(subject))
    problem, wording = read_problem(run, facts, places)
    grams = (*_gram_sets(run), problem.keys)
    words = run.letters[run.title :] if len(run.letters) > run.title else run.letters
    head = _head(record, words, facts.stance, version)
    again, too = any(cue in run.text for cue in _AGAIN), _TOO.search(run.text) is not None
    head += [again | too << 1]
    head += [int(record.received_at.timestamp()), len(words), *map(len, grams)]
    head += [int(UNITS[each].sum()) for each in grams[:2]]
    features = Features(
        record.message_id, tuple(head), np.concatenate(grams), problem.topics, facts
    )  # fmt: skip
    fixed, around = _fixed_codes(head, problem.topics, places, version)
    asked, indexed = _gram_codes(run.pairs, version)
    return Prepared(features, tuple(around), tuple(asked), (*fixed, *indexed), wording)


def _gram_sets(run: Run) -> tuple[Grams, Grams]:
    """The 2-grams of the body (of the subject, where there is no body) and of the subject."""
    n, m = run.title, len(run.letters) - run.title
    title = distinct(run.grams[: n - 1].copy()) if n > 1 else two_grams(run.letters[:n])
    if not m:
        return title, title
    return distinct(run.grams[n:].copy()) if m > 1 else two_grams(run.letters[n:]), title


def _head(record: Record, words: Points, stance: str, version: str) -> list[int]:
    known = (
        ("phone", record.phone_ix), ("email", record.email_ix), ("name", record.name_ix),
        ("part", record.phone_part_ix), ("surname", record.surname_ix),
        ("region", _region(record.region).encode()),
        ("content", words.tobytes() if len(words) >= _MIN_CONTENT else b""),
    )  # fmt: skip
    hashes = [_hash(version, kind, value) if value else 0 for kind, value in known]
    account = record.channel == "leaders_board" or (record.name_ix and not record.surname_ix)
    return [*hashes, int(bool(account)), _STANCES[stance]]


@lru_cache(maxsize=1 << 14)
def _region(region: str) -> str:
    """The last named part: 某市某区 and 某区 are one place."""
    return _ADDRESS_PARTS.split(close_up(fold(region)).strip())[-1]


def _gram_codes(pairs: Pairs, version: str) -> tuple[list[int], list[int]]:
    """The rarest codes, and the rarest of each slot: two texts that share a rare 4-gram choose it
    both. A code is its slot above and 32 bits below."""
    codes = rarest_codes(pairs, _salt(version))
    slot = (codes >> SLOT_BITS) % SLOTS
    codes = (slot << SLOT_BITS) | (codes & _LOW)
    rarest = np.full(SLOTS, -1, dtype=np.int64)
    rarest[slot[::-1]] = codes[::-1]
    return codes[:ASKED].tolist(), rarest[rarest >= 0].tolist()


def _fixed_codes(
    head: list[int], topics: bytes, places: list[Stem], version: str
) -> tuple[list[int], list[int]]:
    """Own codes and the codes to ask for. A citizen's code holds the half-year, so a telephone
    shared by thousands fills one half-year's cap, not the whole history's.

    The first places with the main problem told of them lead from one neighbour's words to
    another's, which share no run of four characters.
    """
    own, around = [], []
    if head[AT["content"]]:
        own.append(_slotted("content", head[AT["content"]]))
    for at, (key, _) in enumerate(places[:_PLACES]):
        told = [_hash(version, "told", f"{key}:{t}".encode()) for t in topics[:2]]
        own += [_slotted(f"told{at}", t) for t in told[:1]]
        around += [_slotted(f"told{i}", t) for t in told for i in range(_PLACES)]
    around += own
    window = head[AT["second"]] // (86400 * _WINDOW_DAYS)
    for kind in ("phone", "email", "name", "part"):
        if head[AT[kind]]:
            near = [_windowed(kind, head[AT[kind]], window + step) for step in _STEPS]
            own.append(near[_WINDOWS])
            around += near
    return own, list(dict.fromkeys(around))


_LOW, _POSITIVE = (1 << SLOT_BITS) - 1, (1 << 63) - 1
_STEPS = range(-_WINDOWS, _WINDOWS + 1)
_MIX = 0x9E3779B97F4A7C15
_FIXED_AT = {kind: (SLOTS + at) << SLOT_BITS for at, kind in enumerate(FIXED)}


def _windowed(kind: str, value: int, window: int) -> int:
    return _slotted(kind, ((value + window) * _MIX) >> 13)


def _slotted(kind: str, value: int) -> int:
    return _FIXED_AT[kind] | (value & _LOW)


def _hash(version: str, kind: str, value: bytes) -> int:
    """A hash of 32 bits; never 0, which stands for none."""
    digest = hashlib.blake2b(value, digest_size=4, key=_key(version, kind)).digest()
    return int.from_bytes(digest, "big") or 1


@lru_cache(maxsize=64)
def _key(version: str, kind: str) -> bytes:
    return f"{version}\0{kind}".encode()[:64]


@lru_cache(maxsize=8)
def _salt(version: str) -> int:
    digest = hashlib.blake2b(b"gram", digest_size=8, key=version.encode()[:64]).digest()
    return int.from_bytes(digest, "big") & _POSITIVE
