"""What of a message's words goes into its codes: the grams of ``minsheng_dedupe``, unkeyed yet.

The grams are those that the matcher of a single office compares (normalised, frames cut off). They
come out of its public face: a :class:`minsheng_dedupe.Store` is given what is kept of a record.
Tokens stay inside the office's own work; what leaves it was keyed before (``crossings.coding``).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from minsheng_dedupe import Matcher, Record
from minsheng_dedupe.features import SLOT_BITS, SLOTS, Features
from minsheng_dedupe.grams import WEIGHTS
from minsheng_dedupe.stores import Entry

COMMONEST = 2.5
"""Grams in more than 8 % of letters (weight below this) say nothing and would be guessed first."""
_UNIT, _MOST_COPIES = 1.5, 6
"""A gram stands in as many times as its weight holds this, so that shares come out weighted."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A message's words as tokens: bytes that mean nothing without the table of grams.

    ``body`` and ``subject`` weighted 2-grams; ``keys`` the rare 4-grams by which a message is
    found, ``asked`` those it looks for others by.
    """

    body: tuple[bytes, ...]
    subject: tuple[bytes, ...]
    keys: tuple[bytes, ...]
    asked: tuple[bytes, ...]


@dataclass
class _Reader:
    """A store that keeps one record and shows it."""

    entry: Entry | None = None
    asked: set[int] = field(default_factory=set)

    def known(self, message_ids: Collection[str]) -> set[str]:  # noqa: ARG002
        return set()

    def postings(self, codes: Collection[int]) -> dict[int, list[str]]:
        self.asked.update(codes)
        return {}

    def load(self, message_ids: Collection[str]) -> dict[str, Features]:  # noqa: ARG002
        return {}

    def save(self, entries: Sequence[Entry]) -> None:
        self.entry = entries[0]

    def remove(self, message_ids: Collection[str]) -> None:  # noqa: ARG002
        self.entry = None


class TokenReader:
    """Reads records; not for two threads at once."""

    def __init__(self) -> None:
        """Each has a matcher of its own, which stores nothing."""
        self._reader = _Reader()
        self._matcher = Matcher(None, self._reader)
        self.version = self._matcher.version

    def read(self, record: Record) -> Tokens:
        """The tokens of a record; its contacts are not looked at."""
        self._reader.asked.clear()
        self._matcher.match(record)
        asked = _grams(self._reader.asked)
        self._matcher.add(record)
        if self._reader.entry is None:
            message = f"the matcher kept nothing of {record.message_id}: look at its version"
            raise RuntimeError(message)
        features, codes = self._reader.entry
        return Tokens(_weighted(features.body), _weighted(features.subject), _grams(codes), asked)


def _grams(codes: Collection[int]) -> tuple[bytes, ...]:
    """The codes of 4-grams among a matcher's codes."""
    return tuple(c.to_bytes(8, "big") for c in sorted(codes) if c >> SLOT_BITS < SLOTS)


def _weighted(grams: npt.NDArray[np.uint16]) -> tuple[bytes, ...]:
    weights = WEIGHTS[grams]
    copies = np.clip(np.rint(weights / _UNIT), 1, _MOST_COPIES).astype(int)
    return tuple(
        bytes((gram >> 8, gram & 0xFF, copy))
        for gram, weight, many in zip(
            grams.tolist(), weights.tolist(), copies.tolist(), strict=True
        )
        if weight >= COMMONEST
        for copy in range(many)
    )
