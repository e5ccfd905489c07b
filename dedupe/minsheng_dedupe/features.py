"""A record prepared for comparison, and the codes that lead to it."""

import hashlib
from dataclasses import dataclass

from .facts import Facts, read_facts
from .frames import body_words, subject_words
from .grams import Grams, rarest_codes, two_grams, weight_of
from .normalise import close_up, fold, letters
from .problems import Problem, Wording, read_problem, stems
from .records import Record

INDEXED, ASKED = 36, 72
"""4-grams kept per message and asked per message (measured in ../shared/dedupe.md, section
"What a winning design needs")."""

_WINDOW_DAYS, _WINDOWS = 91, 4
_MIN_CONTENT = 12
_PLACES, _TOPICS = 2, 2


@dataclass(frozen=True, slots=True)
class Features:
    """What is kept of one record: no sentence, only gram numbers, named places and blind indexes.

    `content` is a 64-bit code of the cleaned words (0: too short to tell), `day` days since 1970,
    `weight` the weight of `body`, which for a message without a body is its subject.
    """

    message_id: str
    day: float
    region: str
    phone_ix: bytes
    email_ix: bytes
    name_ix: bytes
    content: int
    weight: float
    subject: Grams
    body: Grams
    facts: Facts
    problem: Problem


@dataclass(frozen=True, slots=True)
class Prepared:
    """Features with the codes to ask for and the codes to be found by.

    `certain` are asked codes that speak by themselves (the words, the citizen), `grams` those that
    speak together; `indexed` is a subset of both. `wording` is what key words are shown from;
    it is never stored.
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
    content = _code(version, "content", words.encode()) if len(words) >= _MIN_CONTENT else 0
    grams = two_grams(words)
    facts = read_facts(subject, body)
    problem, wording = read_problem(subject, body, facts)
    features = Features(
        record.message_id, record.received_at.timestamp() / 86400, close_up(fold(record.region)),
        record.phone_ix, record.email_ix, record.name_ix,
        content, weight_of(grams), two_grams(subject_run), grams, facts,
        problem,
    )  # fmt: skip
    fixed = (*((content,) if content else ()), *_told_codes(features, version))
    citizen, around = _citizen_codes(features, version)
    rare = _gram_codes(body_run, subject_run, version)
    own = tuple(dict.fromkeys((*fixed, *citizen, *rare[:INDEXED])))
    return Prepared(features, (*fixed, *around), rare, own, wording)


def _gram_codes(body: str, subject: str, version: str) -> tuple[int, ...]:
    salted = rarest_codes(subject + body, ASKED) ^ _code(version, "gram", b"")
    return tuple(salted.tolist())


def _told_codes(features: Features, version: str) -> list[int]:
    """A code for each of the first places with each of the main problems told of it: it leads from
    one neighbour's words to another's, which share no run of four characters."""
    places = [key for key, _ in stems(features.facts)][:_PLACES]
    topics = features.problem.topics[:_TOPICS]
    return [_code(version, "told", f"{key}:{topic}".encode()) for key in places for topic in topics]


def _citizen_codes(features: Features, version: str) -> tuple[list[int], list[int]]:
    """Own codes and the codes of the windows around. A citizen's code holds the quarter of the
    year, so a telephone shared by thousands fills one quarter's cap, not the whole history's."""
    quarter = int(features.day // _WINDOW_DAYS)
    own, around = [], []
    for kind in ("phone_ix", "email_ix", "name_ix"):
        index: bytes = getattr(features, kind)
        if index:
            for step in range(-_WINDOWS, _WINDOWS + 1):
                code = _code(version, f"{kind}:{quarter + step}", index)
                around.append(code)
                if step == 0:
                    own.append(code)
    return own, around


def _code(version: str, kind: str, value: bytes) -> int:
    """A 64-bit code, signed as PostgreSQL's bigint; never 0, which stands for none."""
    head = f"{version}\0{kind}\0".encode()
    digest = hashlib.blake2b(head + value, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True) or 1
