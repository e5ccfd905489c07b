"""The values that go in and come out: `Record`, `Reason`, `Match`, `MatcherConfig`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

Decision = Literal["same", "review", "related", "different"]


@dataclass(frozen=True, slots=True)
class Record:
    """One message as the matcher sees it.

    `message_id` is any text for `MemoryStore` and a lower-case uuid for `PostgresStore`;
    `channel` (`hotline_12345`, `mailbox`, `leaders_board`, other) selects which frames are cut off;
    `received_at` is an aware datetime; `region` is free text or a GB/T 2260 code. The `_ix` are
    keyed blind indexes: only equality is read from them and b'' means unknown. `phone_part_ix` is
    of what a masked telephone leaves to be seen (first three and last four digits), given for
    masked and full numbers alike; `surname_ix` is of a surname, given for real names only.
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
    phone_part_ix: bytes = b""
    surname_ix: bytes = b""


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


@dataclass(frozen=True)
class Match:
    """One earlier message, how near it is, what to do, and why.

    `score`: the probability, 0 to 1, that it is the same citizen's same matter; `link`: that it is
    the same matter of any citizen. `explain` gives the reasons; they are written when first read,
    since most answers are never shown.
    """

    message_id: str
    score: float
    decision: Decision
    link: float
    explain: Callable[[], tuple[Reason, ...]] = field(repr=False, compare=False)

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """The levels that were reached, in the order of the comparisons."""
        return self.explain()


@dataclass(frozen=True, slots=True)
class MatcherConfig:
    """The bounds of one matcher; everything that decides is in the versioned levels.

    `same_score`: automatic joining needs at least this probability. `review_score`: a citizen
    known to be the same is shown to an officer from this probability on. `candidates`: how many
    earlier messages are compared in full. `postings_cap`: how many messages one code may point at;
    it keeps the cost of a message flat as the store grows. `results`: the longest answer. What
    these bounds leave out is counted in `Matcher.caps`.
    """

    same_score: float = 0.97
    review_score: float = 0.5
    candidates: int = 20
    postings_cap: int = 24
    results: int = 20


@dataclass(slots=True)
class Caps:
    """What a matcher looked at, and what its bounds left out, since it was made.

    `asked`: messages matched; `found`: messages that shared a code with them, each counted once
    for each message matched; `compared`: those compared in full; `left_out`: those that shared
    enough to be compared but came after `MatcherConfig.candidates`; `full_codes`: codes asked that
    pointed at `MatcherConfig.postings_cap` messages, so that further ones may share them unseen;
    `unwritten`: codes under which a message was not stored because they were full; `unread`:
    characters of subjects and bodies beyond `normalise.RAW_LIMIT`, never read.
    """

    asked: int = 0
    found: int = 0
    compared: int = 0
    left_out: int = 0
    full_codes: int = 0
    unwritten: int = 0
    unread: int = 0
