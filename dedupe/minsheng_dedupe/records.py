"""The values that go in and come out: `Record`, `Reason`, `Match`, `MatcherConfig`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Decision = Literal["same", "review", "related", "different"]


@dataclass(frozen=True, slots=True)
class Record:
    """One message as the matcher sees it.

    `message_id` is any text for `MemoryStore` and a lower-case uuid for `PostgresStore`;
    `channel` (`hotline_12345`, `mailbox`, `leaders_board`, other) selects which frames are cut off;
    `received_at` is an aware datetime; `region` is free text or a GB/T 2260 code. The three `_ix`
    are keyed blind indexes: only equality is read from them and b'' means unknown.
    """

    message_id: str
    channel: str
    subject: str
    body: str
    received_at: datetime
    region: str = ""
    phone_ix: bytes = b""
    email_ix: bytes = b""
    name_ix: bytes = b""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the level that was reached, in words an officer can check against both messages.

    `weight` is in bits (log2 of a likelihood ratio): positive speaks for one matter. A `veto`
    forbids the decision `same`, whatever the sum.
    """

    code: str
    zh: str
    en: str
    weight: float
    veto: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """One earlier message, how near it is (`score`, 0 to 1), what to do, and why."""

    message_id: str
    score: float
    decision: Decision
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class MatcherConfig:
    """The bounds of one matcher; everything that decides is in the versioned levels.

    `same_score`: automatic joining needs at least this score. `review_score`: a citizen known to
    be the same is shown to an officer from this score on. `candidates`: how many earlier messages
    are compared in full. `postings_cap`: how many messages one code may point at; it keeps the
    cost of a message flat as the store grows. `results`: the longest answer.
    """

    same_score: float = 0.97
    review_score: float = 0.5
    candidates: int = 40
    postings_cap: int = 24
    results: int = 20
