"""Two prepared messages side by side: how much of each text is found in the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .features import Features
from .grams import SPACE, WEIGHTS, Grams, weight_of
from .problems import NAMES, PLACES, Wording, stems

_TELLING = 60.0
"""Below this summed gram weight (about ten rare characters) a text says nothing by itself."""

_SHOWN = 5
"""Key words shown to an officer."""

_FAINT = 0.25
"""Strangers' texts with less than this in common are not answered at all ..."""

_KEYED = 18.0
"""... unless their shared content words weigh this much."""

Shares = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """A later message and an earlier one, with the weighted shares of text they have in common.

    `near`: how far the two bodies are one text, the smaller of the shares of one found in the
    other; `most`: how far one body holds the other, the larger of them; `subject`: the same as
    `near` for the subjects; `told`: how much of one's subject stands in the other's body. All 0
    to 1. `keys`: the summed weight of content words both tell, places
    left out, and `wording` the later words they are shown from; `readable`: both bodies are long
    enough to tell; `days`: between the two arrivals.
    """

    later: Features
    earlier: Features
    near: float
    most: float
    subject: float
    told: float
    keys: float
    readable: bool
    days: float
    wording: Wording

    def words(self) -> str:
        """The content words both messages tell, or the problem both name, as an officer reads."""
        found = self.wording.shared(self.earlier.problem.keys, _SHOWN)
        return "、".join(found) or "、".join(sorted(NAMES[t] for t in self.topics()))

    def topics(self) -> set[int]:
        """The problems that both messages speak of mainly."""
        return set(self.later.problem.topics) & set(self.earlier.problem.topics)

    def placed(self) -> bool:
        """Whether both name one place, with its kind (桂香苑小区) or without (桂香苑)."""
        mine, theirs = self.later.facts.named, self.earlier.facts.named
        named = any(mine.get(k, {}).keys() & theirs.get(k, {}).keys() for k in PLACES)
        return named or _tells(self.later, self.earlier) or _tells(self.earlier, self.later)


class Comparer:
    """Compares one message with many at once; owns a scratch table, so use one a thread."""

    def __init__(self) -> None:
        self._mark = np.zeros(SPACE, dtype=np.float32)

    def pairs(self, later: Features, earlier: Sequence[Features], wording: Wording) -> list[Pair]:
        """One `Pair` for each of `earlier` that has something in common with `later`: the citizen,
        a good part of the text, or a text too short to tell. In their order."""
        if not earlier:
            return []
        near, most = self._bodies(later, earlier)
        keys = np.round(self._common(later.problem.keys, [e.problem.keys for e in earlier]), 2)
        kept = [
            i for i, e in enumerate(earlier)
            if most[i] >= _FAINT or keys[i] >= _KEYED or _may_still_tell(later, e)
        ]  # fmt: skip
        earlier = [earlier[i] for i in kept]
        if not earlier:
            return []
        subject, told = self._subjects(later, earlier)
        return [
            Pair(
                later, e, near[i], most[i], subject[k], told[k], float(keys[i]),
                min(later.weight, e.weight) >= _TELLING, abs(later.day - e.day), wording,
            )
            for k, (i, e) in enumerate(zip(kept, earlier, strict=True))
        ]  # fmt: skip

    def _bodies(self, later: Features, earlier: Sequence[Features]) -> tuple[list[float], ...]:
        common = self._common(later.body, [e.body for e in earlier])
        forth = _share(common, np.full(len(earlier), later.weight))
        back = _share(common, np.array([e.weight for e in earlier]))
        return np.minimum(forth, back).tolist(), np.maximum(forth, back).tolist()

    def _subjects(self, later: Features, earlier: Sequence[Features]) -> tuple[list[float], ...]:
        subjects = [e.subject for e in earlier]
        own = np.full(len(earlier), weight_of(later.subject))
        theirs = np.array([weight_of(s) for s in subjects])
        common = self._common(later.subject, subjects)
        told_forth = self._common(later.subject, [e.body for e in earlier])
        told_back = self._common(later.body, subjects)
        subject = _share(common, np.maximum(own, theirs))
        told = np.maximum(_share(told_forth, own), _share(told_back, theirs))
        return subject.tolist(), told.tolist()

    def _common(self, grams: Grams, others: Sequence[Grams]) -> Shares:
        """The weight that `grams` has in common with each of `others`."""
        self._mark[grams] = WEIGHTS[grams]
        ends = np.cumsum([0, *(len(o) for o in others)])
        running = np.cumsum(self._mark[np.concatenate(others)], dtype=np.float64)
        self._mark[grams] = 0
        sums = np.diff(np.append(0.0, running)[ends])
        return np.asarray(sums, dtype=np.float64)


def _tells(one: Features, other: Features) -> bool:
    """Whether a place that `one` names by a telling name stands in `other`."""
    codes = [gram for _, gram in stems(one.facts)]
    return any(_holds(other.body, code) or _holds(other.subject, code) for code in codes)


def _holds(grams: Grams, code: int) -> bool:
    at = int(np.searchsorted(grams, code))
    return at < len(grams) and int(grams[at]) == code


def _may_still_tell(later: Features, earlier: Features) -> bool:
    """Whether the pair matters though the bodies share little."""
    return (
        later.weight < _TELLING
        or earlier.weight < _TELLING
        or (later.phone_ix != b"" and later.phone_ix == earlier.phone_ix)
        or (later.email_ix != b"" and later.email_ix == earlier.email_ix)
        or (later.name_ix != b"" and later.name_ix == earlier.name_ix)
    )


def _share(part: Shares, whole: Shares) -> Shares:
    """part / whole rounded to four places, 0 where the whole is 0: running sums differ in the
    last digits with the order of the candidates, and answers must not."""
    share = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    return np.asarray(np.round(np.minimum(share, 1.0), 4), dtype=np.float64)
