"""Which earlier messages are worth a full comparison."""

import math
from collections.abc import Mapping, Sequence


def choose(
    asked: Sequence[int], postings: Mapping[int, Sequence[str]], cap: int, most: int, itself: str
) -> list[str]:
    """The `most` messages that share most with the asker, best first, ties by message id.

    A code counts more the fewer messages it points at: log2(1 + cap / messages) bits.
    """
    votes: dict[str, float] = {}
    for code in asked:
        found = postings.get(code)
        if found:
            bits = math.log2(1 + cap / len(found))
            for message_id in found:
                votes[message_id] = votes.get(message_id, 0.0) + bits
    votes.pop(itself, None)
    return sorted(votes, key=lambda i: (-votes[i], i))[:most]
