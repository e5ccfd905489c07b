"""Which earlier messages are worth a full comparison."""

import math
from collections.abc import Mapping, Sequence

from .features import CITIZEN
from .records import Caps

_CERTAIN = 10.0
"""Bits of a code that speaks by itself: the same words, the same citizen."""

_FLOOR = 4.0
"""Fewer bits than one gram that nobody else used: not worth a comparison."""


_OWN = 5
"""Places kept for messages of the same citizen."""


class Chooser:
    """Counts the codes two messages share. A gram counts log2(1 + cap / messages it points at)."""

    def __init__(self, cap: int, most: int, caps: Caps) -> None:
        self._bits = [0.0, *(round(math.log2(1 + cap / n), 3) for n in range(1, cap + 1))]
        self._cap, self._most, self._caps = cap, most, caps

    def choose(
        self,
        certain: Sequence[int],
        grams: Sequence[int],
        postings: Mapping[int, Sequence[str]],
        itself: str,
    ) -> list[str]:
        """The messages that share most with the asker, best first, ties by message id."""
        votes: dict[str, float] = {}
        cap, full, bits_of = self._cap, 0, self._bits
        known = votes.get
        own: set[str] = set()
        for code in certain:
            found = postings.get(code, ())
            full += len(found) >= cap
            for message_id in found:
                votes[message_id] = known(message_id, 0.0) + _CERTAIN
            if code >= CITIZEN:
                own.update(found)
        for found in filter(None, map(postings.get, grams)):
            full += len(found) >= cap
            bits = bits_of[min(len(found), cap)]
            for message_id in found:
                votes[message_id] = known(message_id, 0.0) + bits
        votes.pop(itself, None)
        worth = sorted((-bits, message_id) for message_id, bits in votes.items() if bits >= _FLOOR)
        self._count(len(votes), len(worth), full)
        return self._best([message_id for _, message_id in worth], own)

    def _best(self, worth: list[str], own: set[str]) -> list[str]:
        """The first of `worth`; the last places go to the citizen's own messages behind them, so
        that a text which many sent never hides a repeat of one's own."""
        best = worth[: self._most]
        if len(worth) == len(best) or not own:
            return best
        held = sum(message_id in own for message_id in best)
        behind = [m for m in worth[self._most :] if m in own][: max(0, _OWN - held)]
        return best[: self._most - len(behind)] + behind

    def _count(self, found: int, worth: int, full: int) -> None:
        caps, compared = self._caps, min(worth, self._most)
        caps.asked += 1
        caps.found += found
        caps.compared += compared
        caps.left_out += worth - compared
        caps.full_codes += full
