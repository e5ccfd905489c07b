"""What a comparison is: one question about two messages, and its ordered, named answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .pairs import Compared, Flags

Places = npt.NDArray[np.int64]
Rule = Callable[[Compared], Flags]
Words = Callable[[Compared, int], dict[str, str]]


def percent(share: float) -> str:
    """A share as whole per cents, rounded down: 98 % shown is never less than 98 %."""
    return f"{int(share * 100 + 1e-9)}%"


@dataclass(frozen=True, slots=True)
class Level:
    """One named answer. `zh` and `en` are format strings over the words of its comparison, empty
    for an answer that is not worth a word. A `veto` forbids `same`, whatever the sum."""

    code: str
    zh: str = ""
    en: str = ""
    veto: bool = False


@dataclass(frozen=True)
class Comparison:
    """Ordered levels and `reached`: for each earlier message the place of its level in them."""

    levels: tuple[Level, ...]
    reached: Callable[[Compared], Places]
    words: Words = field(default=lambda _pairs, _at: {})


def ordered(rows: Sequence[tuple[Rule, Level]], words: Words | None = None) -> Comparison:
    """A comparison of which the first level that holds counts; the last rule is not asked."""
    rules = [rule for rule, _ in rows[:-1]]
    levels = tuple(level for _, level in rows)

    def reached(pairs: Compared) -> Places:
        places = np.full(len(pairs.earlier), len(rules), dtype=np.int64)
        for at in range(len(rules) - 1, -1, -1):
            places[rules[at](pairs)] = at
        return places

    return Comparison(levels, reached, words) if words else Comparison(levels, reached)


@dataclass(frozen=True, slots=True)
class Scale:
    """A measure in steps: level i holds from `edges[i - 1]` on. It refines the sum and is not
    worth a word: what an officer reads is said by the named levels."""

    code: str
    measure: str
    edges: tuple[float, ...]

    def levels(self) -> tuple[Level, ...]:
        """Its levels, one more than edges."""
        return tuple(Level(f"{self.code}.{at}") for at in range(len(self.edges) + 1))


class Scales:
    """Many scales read in one go, since each alone costs more than what it counts."""

    def __init__(self, scales: Sequence[Scale]) -> None:
        self._measures = [each.measure for each in scales]
        self._bounds = np.full((len(scales), max(len(s.edges) for s in scales)), np.inf)
        for row, each in zip(self._bounds, scales, strict=True):
            row[: len(each.edges)] = each.edges

    def reached(self, pairs: Compared) -> Places:
        """By earlier message and scale: the place of its level."""
        values = np.array([getattr(pairs, measure) for measure in self._measures])
        places = (values[:, :, None] >= self._bounds[:, None, :]).sum(axis=2)
        return np.asarray(places.T, dtype=np.int64)
