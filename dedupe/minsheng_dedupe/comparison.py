"""What a comparison is: one question about two messages, and its ordered, named answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .pairs import Pair

Rule = Callable[[Pair], bool]
Words = Callable[[Pair], dict[str, str]]


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


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ordered levels and `reached`: the level of a pair.

    `measures` are those of `weights.MEASURES` that this question is about: what they add to the
    sum is told as the weight of the level."""

    levels: tuple[Level, ...]
    reached: Callable[[Pair], Level]
    measures: tuple[str, ...] = ()
    words: Words = field(default=lambda _pair: {})


def ordered(
    measures: str, rows: Sequence[tuple[Rule, Level]], words: Words | None = None
) -> Comparison:
    """A comparison of which the first level that holds counts; the last rule always holds.
    `measures`: their names with gaps between."""

    def reached(pair: Pair) -> Level:
        return next(level for rule, level in rows if rule(pair))

    levels, told = tuple(level for _, level in rows), tuple(measures.split())
    return Comparison(levels, reached, told, words) if words else Comparison(levels, reached, told)
