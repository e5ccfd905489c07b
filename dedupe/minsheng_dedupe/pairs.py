"""Two prepared messages side by side: how much of each text is found in the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .features import Features
from .grams import SPACE, WEIGHTS, Grams

_TELLING = 60.0
"""Below this summed gram weight (about ten rare characters) a text says nothing by itself."""

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """A later message and an earlier one, with the weighted shares of text they have in common.

    `forth`: share of the later body found in the earlier one; `back`: the other way round;
    `subject`: the larger share of the two subjects found in the other; `told`: share of the later
    subject found in the earlier body or the other way round. All 0 to 1.
    """

    later: Features
    earlier: Features
    forth: float
    back: float
    subject: float
    told: float
    readable: bool

    @property
    def near(self) -> float:
        """How far the two bodies are one text: the smaller of the two shares."""
        return min(self.forth, self.back)

    @property
    def most(self) -> float:
        """How far one body holds the other: the larger of the two shares."""
        return max(self.forth, self.back)

    @property
    def days(self) -> float:
        """Days between the two arrivals."""
        return abs(self.later.day - self.earlier.day)


class Comparer:
    """Compares one message with many at once; owns a scratch table, so use one a thread."""

    def __init__(self) -> None:
        self._mark = np.zeros(SPACE, dtype=np.float32)

    def pairs(self, later: Features, earlier: Sequence[Features]) -> list[Pair]:
        """One `Pair` for each of `earlier`, in their order."""
        if not earlier:
            return []
        bodies, subjects = [e.body for e in earlier], [e.subject for e in earlier]
        body, subject = _weight(later.body), _weight(later.subject)
        whole, parts = self._common(later.body, bodies)
        head, heads = self._common(later.subject, subjects)
        told_forth, _ = self._common(later.subject, bodies)
        told_back, _ = self._common(later.body, subjects)
        forth, back = _share(whole, body), _share(whole, parts)
        same_subject = np.minimum(_share(head, subject), _share(head, heads))
        told = np.maximum(_share(told_forth, subject), _share(told_back, heads))
        readable = (parts >= _TELLING) & (body >= _TELLING)
        return [
            Pair(later, e, *numbers)
            for e, *numbers in zip(
                earlier, forth.tolist(), back.tolist(), same_subject.tolist(), told.tolist(),
                readable.tolist(), strict=True,
            )
        ]  # fmt: skip

    def _common(self, grams: Grams, others: Sequence[Grams]) -> tuple[Shares, Shares]:
        """Weight in common with each of `others`, and each one's own weight."""
        self._mark[grams] = WEIGHTS[grams]
        lengths = np.array([len(o) for o in others])
        joined = np.concatenate(others)
        common, own = _sums(self._mark[joined], lengths), _sums(WEIGHTS[joined], lengths)
        self._mark[grams] = 0
        return common, own


def _weight(grams: Grams) -> float:
    return float(WEIGHTS[grams].sum(dtype=np.float64))


def _sums(values: npt.NDArray[np.float32], lengths: npt.NDArray[np.int64]) -> Shares:
    """Sums of consecutive runs of `values`; an empty run gives 0."""
    ends = np.cumsum(lengths)
    running = np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))
    return np.asarray(running[ends] - running[ends - lengths])


def _share(part: Shares, whole: Shares | float) -> Shares:
    """part / whole rounded to four places, 0 where the whole is 0: running sums differ in the
    last digits with the order of the candidates, and answers must not."""
    full = np.broadcast_to(np.asarray(whole, dtype=np.float64), part.shape)
    share = np.divide(part, full, out=np.zeros_like(part), where=full > 0)
    return np.asarray(np.round(np.minimum(share, 1.0), 4), dtype=np.float64)
