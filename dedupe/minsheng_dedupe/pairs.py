"""One message beside many earlier ones: every measure that a level asks for, as arrays.

Position i of each array is about the i-th of `earlier`. Shares are rounded to four places: running
sums differ in the last digits with the order of the candidates, and answers must not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .facts import KIND_BITS, KINDS
from .features import HEAD, Features
from .grams import SPACE, WEIGHTS, Grams, weight_of
from .problems import Wording, stems

_TELLING = 60.0
"""Below this summed gram weight (about ten rare characters) a text says nothing by itself."""

COPIED = 0.7
"""From this share both ways a differing name inside the text is a change, not a mention."""

_ALIKE = 0.6
_KEYED = 9.0
"""Content words in common of less than this summed weight tell no problem (`levels`)."""

_SIBLING = 0.3
"""From this share on two candidates of one citizen are taken for one matter of theirs."""

_AT = {name: i for i, name in enumerate(HEAD)}
_PLACE_KINDS = [
    KINDS.index(k) for k in ("estate", "school", "hospital", "road", "village", "market")
]

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]
Arrays = dict[str, Any]
"""Fields of `Compared` by name."""


@dataclass(frozen=True)
class Compared:
    """What the levels look at.

    `forth`: the weighted share of the later body found in the earlier one, `back` the other way,
    `near` the smaller of them, `most` the larger; `subject`: the same as `near` for the subjects;
    `told`: how much of one's subject stands in the other's body; `keys`: the summed weight of
    content words both tell; `size`: the shorter text's length by the longer's. `shared`,
    `conflicts`, `changed`: by message and kind of fact. The rest are flags and counts that bear
    the name of their level.
    """

    later: Features
    earlier: Sequence[Features]
    wording: Wording
    forth: Numbers
    back: Numbers
    near: Numbers
    most: Numbers
    subject: Numbers
    told: Numbers
    no_subject: Flags
    keys: Numbers
    topics_same: Flags
    topics_other: Flags
    readable: Flags
    exact: Flags
    days: Numbers
    size: Numbers
    phone: Flags
    part: Flags
    other_phone: Flags
    email: Flags
    other_email: Flags
    name: Flags
    surname: Flags
    other_kind: Flags
    other_name: Flags
    region: Flags
    other_region: Flags
    stance: Flags
    shared: Flags
    conflicts: Flags
    changed: Flags
    placed: Flags
    siblings: Flags
    strangers: Flags
    copies: Counts
    alike: Counts
    own: Numbers
    rival: Numbers
    fellows: Counts
    kin: Counts
    common: Numbers
    later_by: Numbers
    ahead_forth: Numbers
    ahead_back: Numbers
    ahead_near: Numbers

    @cached_property
    def asked(self) -> dict[object, Flags]:
        """What rules have said of these pairs: see `levels`."""
        return {}

    @cached_property
    def known(self) -> Flags:
        """Whether something says that the citizen is the same."""
        return self.phone | self.part | self.email | self.name

    @cached_property
    def others(self) -> Flags:
        """Whether something says that the citizen is another, and nothing that he is the same."""
        return (self.other_phone | self.other_email | self.other_name) & ~self.known


class Comparer:
    """Compares one message with many at once; owns a scratch table, so use one a thread."""

    def __init__(self) -> None:
        self._mark = np.zeros(SPACE, dtype=np.float32)

    def compare(self, later: Features, earlier: Sequence[Features], wording: Wording) -> Compared:
        """`later` beside each of `earlier`, which is not empty, in their order."""
        texts = self._texts(later, earlier)
        people = _people(later, earlier)
        facts = _facts(later, earlier, texts["near"])
        context = _context(texts, people)
        placed = facts["shared"][:, _PLACE_KINDS].any(axis=1)
        # Only texts told in other words need to be searched for a place without its kind.
        asked = ~placed & (texts["keys"] >= _KEYED) & (texts["most"] < COPIED)
        placed[asked] = _tells(later, [earlier[i] for i in np.flatnonzero(asked).tolist()])
        del people["heads"]
        return Compared(
            later, earlier, wording, **texts, **people, **facts, **context, placed=placed
        )

    def _texts(self, later: Features, earlier: Sequence[Features]) -> Arrays:
        bodies, subjects = [e.body for e in earlier], [e.subject for e in earlier]
        weights = np.array([e.weight for e in earlier])
        sizes = np.array([e.size for e in earlier], dtype=np.float64)
        own, theirs = weight_of(later.subject), _weights(subjects)
        common, told_back = self._common(later.body, [bodies, subjects])
        alike, told_forth = self._common(later.subject, [subjects, bodies])
        (keys,) = self._common(later.problem.keys, [[e.problem.keys for e in earlier]])
        forth, back = _share(common, later.weight), _share(common, weights)
        same, other = _topics(later, earlier)
        return {
            "common": np.log1p(common).round(4),
            "forth": forth, "back": back, "near": np.minimum(forth, back),
            "most": np.maximum(forth, back), "subject": _share(alike, np.maximum(own, theirs)),
            "told": np.maximum(_share(told_forth, own), _share(told_back, theirs)),
            "no_subject": (theirs == 0) | (own == 0), "keys": keys.round(2),
            "topics_same": same, "topics_other": other,
            "readable": np.minimum(weights, later.weight) >= _TELLING,
            "days": np.abs(np.array([e.day for e in earlier]) - later.day),
            "size": np.minimum(sizes, later.size) / np.maximum(np.maximum(sizes, later.size), 1),
        }  # fmt: skip

    def _common(self, grams: Grams, groups: Sequence[Sequence[Grams]]) -> list[Numbers]:
        """The weight that `grams` has in common with each member of each group."""
        self._mark[grams] = WEIGHTS[grams]
        found = [_sums(self._mark, group) for group in groups]
        self._mark[grams] = 0
        return found


def _weights(sets: Sequence[Grams]) -> Numbers:
    return _sums(WEIGHTS, sets)


def _sums(table: npt.NDArray[np.float32], sets: Sequence[Grams]) -> Numbers:
    ends = np.array([len(each) for each in sets]).cumsum()
    running = np.zeros(int(ends[-1]) + 1)
    table[np.concatenate(sets)].cumsum(dtype=np.float64, out=running[1:])
    sums = running[ends]
    sums[1:] -= running[ends[:-1]]
    return np.asarray(sums.round(4), dtype=np.float64)


def _share(part: Numbers, whole: Numbers | float) -> Numbers:
    share = np.divide(part, whole, out=np.zeros_like(part), where=np.asarray(whole) > 0)
    return np.asarray(np.minimum(share, 1.0).round(4), dtype=np.float64)


def _topics(later: Features, earlier: Sequence[Features]) -> tuple[Flags, Flags]:
    mine = set(later.problem.topics)
    same = np.array([not mine.isdisjoint(e.problem.topics) for e in earlier])
    both = np.array([bool(mine and e.problem.topics) for e in earlier])
    return same, both & ~same


def _people(later: Features, earlier: Sequence[Features]) -> Arrays:
    heads = np.array([e.head for e in earlier])
    mine = later.head
    same = (heads == mine) & (heads != 0)
    other = (heads != mine) & (heads != 0) & (mine != 0)
    kind = heads[:, _AT["handle"]] != mine[_AT["handle"]]
    phone, part = same[:, _AT["phone"]], same[:, _AT["part"]]
    unlike = other[:, _AT["phone"]] | other[:, _AT["part"]]
    name, surname = same[:, _AT["name"]], same[:, _AT["surname"]]
    full = other[:, _AT["name"]]
    called = full | other[:, _AT["surname"]]
    fits = surname & ~full & ~name
    return {
        "heads": heads, "phone": phone, "part": part & ~phone & ~other[:, _AT["phone"]],
        "other_phone": unlike & ~phone, "email": same[:, _AT["email"]],
        "other_email": other[:, _AT["email"]], "name": name, "surname": fits,
        "other_kind": kind & ~name, "other_name": called & ~name & ~fits & ~kind,
        "region": same[:, _AT["region"]], "other_region": other[:, _AT["region"]],
        "exact": same[:, _AT["content"]], "stance": other[:, _AT["stance"]],
    }  # fmt: skip


def _facts(later: Features, earlier: Sequence[Features], near: Numbers) -> Arrays:
    """By message and kind: a fact is shared; both name one and share none; each names what the
    other does not, inside texts that are otherwise one."""
    n, kinds, mine = len(earlier), len(KINDS), later.facts.coded
    lengths = np.array([len(e.facts.coded) for e in earlier])
    theirs = np.concatenate([e.facts.coded for e in earlier])
    cell = np.repeat(np.arange(n), lengths) * kinds + (theirs >> KIND_BITS)
    hit = (theirs[:, None] == mine).any(axis=1) if len(mine) else np.zeros(len(theirs), np.bool_)
    named = np.bincount(cell, minlength=n * kinds).reshape(n, kinds)
    shared = np.bincount(cell[hit], minlength=n * kinds).reshape(n, kinds)
    own = np.bincount(mine >> KIND_BITS, minlength=kinds)
    differ = (named > shared) & (own > shared)
    return {
        "shared": shared > 0,
        "conflicts": differ & (shared == 0),
        "changed": differ & (near >= COPIED)[:, None],
    }


def _context(texts: Arrays, people: Arrays) -> Arrays:
    """What the other candidates say of each: see `levels.SIBLINGS`, `COPIES`, `AHEAD`."""
    heads, most = people["heads"], texts["most"]
    known = people["phone"] | people["part"] | people["email"] | people["name"]
    others = (people["other_phone"] | people["other_email"] | people["other_name"]) & ~known
    who = heads[:, [_AT["phone"], _AT["email"], _AT["name"], _AT["part"]]]
    one = ((who[:, None] == who[None]) & (who[None] != 0)).any(axis=2)
    told = most >= _SIBLING
    one &= told[:, None] & told[None]
    np.fill_diagonal(one, False)
    alike = most >= _ALIKE
    copied, own = alike & others, alike & known
    days = texts["days"]
    return {
        "siblings": (one & known).any(axis=1),
        "strangers": (one & others).any(axis=1),
        "kin": one.sum(axis=1),
        "copies": copied.sum() - copied,
        "alike": alike.sum() - alike,
        "fellows": own.sum() - own,
        "own": _best_of_others(np.where(known, texts["near"], 0.0)),
        "rival": _best_of_others(np.where(others, most, 0.0)),
        "later_by": days - np.where(alike, days, np.inf).min(),
        "ahead_forth": texts["forth"] - _best_of_others(texts["forth"]),
        "ahead_back": texts["back"] - _best_of_others(texts["back"]),
        "ahead_near": texts["near"] - _best_of_others(texts["near"]),
    }


def _best_of_others(values: Numbers) -> Numbers:
    """For each position the largest of the other values; 0 where there is none."""
    if len(values) < 2:
        return np.zeros(len(values))
    top, rest = int(values.argmax()), values.copy()
    best = np.full(len(values), values[top])
    rest[top] = -np.inf
    best[top] = rest.max()
    return best


def _tells(later: Features, earlier: Sequence[Features]) -> Flags:
    """Whether a place that one names by a telling name stands in the other without its kind."""
    mine = [gram for _, gram in stems(later.facts)]
    return np.array([_named_in(later, mine, e) for e in earlier])


def _named_in(later: Features, mine: list[int], earlier: Features) -> bool:
    return any(_holds(earlier, gram) for gram in mine) or any(
        _holds(later, gram) for _, gram in stems(earlier.facts)
    )


def _holds(features: Features, gram: int) -> bool:
    return any(
        len(grams) > 0 and grams[min(int(np.searchsorted(grams, gram)), len(grams) - 1)] == gram
        for grams in (features.body, features.subject)
    )
