"""Which earlier messages are worth a full comparison."""

import math
from collections.abc import Mapping, Sequence

_CERTAIN = 10.0
"""Bits of a code that speaks by itself: the same words, the same citizen."""

_FLOOR = 4.0
"""Fewer bits than one gram that nobody else used: not worth a comparison."""


class Chooser:
    """Counts the codes two messages share. A gram counts log2(1 + cap / messages it points at)."""

    def __init__(self, cap: int, most: int) -> None:
        self._bits = [0.0, *(round(math.log2(1 + cap / n), 3) for n in range(1, cap + 1))]
        self._cap, self._most = cap, most

    def choose(
        self,
        certain: Sequence[int],
        grams: Sequence[int],
        postings: Mapping[int, Sequence[str]],
        itself: str,
    ) -> list[str]:
        """The messages that share most with the asker, best first, ties by message id."""
        votes: dict[str, float] = {}
        for code in certain:
            for message_id in postings.get(code, ()):
                votes[message_id] = votes.get(message_id, 0.0) + _CERTAIN
        for code in grams:
            found = postings.get(code)
            if found:
                bits = self._bits[min(len(found), self._cap)]
                for message_id in found:
                    votes[message_id] = votes.get(message_id, 0.0) + bits
        votes.pop(itself, None)
        worth = sorted((-bits, message_id) for message_id, bits in votes.items() if bits >= _FLOOR)
        return [message_id for _, message_id in worth[: self._most]]
