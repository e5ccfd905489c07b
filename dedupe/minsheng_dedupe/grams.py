"""Grams: runs of two and four characters as numbers, and how much a run of two tells.

A 2-gram is a number below `SPACE` (equality of two texts is measured on sets of them), a 4-gram a
64-bit code (candidates are found by them). How common a 2-gram is in citizens' letters is frozen
with the version in `common_grams.txt`: one line a class, `df-share<TAB>grams`, counted once over
1,377 public letters of the Taidi Cup 2020 (no sentence of them is kept). A gram that is not listed
is rare and weighs most. Frozen, so that stored codes stay comparable as the store grows.
"""

import math
from dataclasses import dataclass
from importlib import resources

import numpy as np
import numpy.typing as npt

from .normalise import Points, is_letter, points_of

SPACE = 1 << 16
Grams = npt.NDArray[np.uint16]
Codes = npt.NDArray[np.int64]
Pairs = npt.NDArray[np.uint64]

_RARE_SHARE = 0.0015
_A, _B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(48)
_FOLD = np.uint64(29)


def pair_codes(points: Points) -> Pairs:
    """The 2-gram at each position as a 64-bit mix; a text of one character is its own gram."""
    wide = points.astype(np.uint64)
    if len(wide) == 1:
        wide = np.append(wide, wide)
    mixed = wide[:-1] * _A + wide[1:] * _B
    mixed ^= mixed >> _FOLD
    mixed *= _A
    return mixed


@dataclass(frozen=True, slots=True)
class Run:
    """A text and its letters: what grams are cut from, without gaps and signs.

    `at` is where in `text` each of `letters` stands; the first `title` of them are the subject's.
    `pairs` and `grams` are the 2-grams at each letter but the last, `joined` whether the two
    letters stand side by side in the text.
    """

    text: str
    letters: Points
    at: npt.NDArray[np.intp]
    title: int
    pairs: Pairs
    grams: Grams
    joined: npt.NDArray[np.bool_]


def read_run(text: str, subject: int) -> Run:
    """The letters of `text`, of which the first `subject` characters are the subject's."""
    points = points_of(text)
    at = np.flatnonzero(is_letter(points))
    letters = points[at]
    pairs = pair_codes(letters) if len(at) > 1 else _NO_PAIRS
    title = int(at.searchsorted(subject))
    return Run(text, letters, at, title, pairs, numbers_of(pairs), at[1:] == at[:-1] + 1)


_NO_PAIRS = np.empty(0, dtype=np.uint64)


def _table() -> npt.NDArray[np.float32]:
    """Weight of every 2-gram number: log of 1 / share of letters that hold it."""
    table = np.full(SPACE, -math.log(_RARE_SHARE), dtype=np.float32)
    source = resources.files(__package__).joinpath("common_grams.txt").read_text("utf-8")
    for line in source.splitlines():
        share, _, listed = line.partition("\t")
        for gram in listed.split(" "):
            table[two_grams(points_of(gram))] = max(-math.log(float(share)), 0.05)
    return table


def two_grams(letters: Points) -> Grams:
    """The distinct 2-grams of a text, ascending, each below `SPACE`; empty for an empty text."""
    return distinct(numbers_of(pair_codes(letters)))


def numbers_of(pairs: Pairs) -> Grams:
    """The number of each 2-gram, below `SPACE`, in order."""
    return (pairs >> _SHIFT).astype(np.uint16)


def distinct(grams: Grams) -> Grams:
    """`grams` ascending and without repeats; the array given is sorted in place."""
    grams.sort()
    return grams[_first_of_run(grams)]


def _first_of_run(values: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Where each run of equal neighbours begins; `np.unique` costs four times as much here."""
    first = np.ones(len(values), dtype=np.bool_)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return first


WEIGHTS = _table()

UNITS: npt.NDArray[np.int64] = np.round(WEIGHTS * 64).astype(np.int64)
"""The weights in 64ths: sums of whole numbers are the same in every order."""

CODE_BITS = 37
_COMMONEST = 3 * int(UNITS.max())


def rarest_codes(pairs: Pairs, salt: int) -> Codes:
    """37-bit codes of the distinct 4-grams of a text, rarest first, ties by code.

    `pairs` are those of its letters (`pair_codes`). Rarity is the weight of the two 2-grams at the
    ends plus that of the one in the middle, so no table of 4-grams is needed. A text of fewer than
    four characters has none. `salt` makes the codes of two versions differ.
    """
    if len(pairs) < 3:
        return np.empty(0, dtype=np.int64)
    weight = UNITS[pairs >> _SHIFT]
    keyed = _COMMONEST - (weight[:-2] + weight[1:-1] + weight[2:])
    mixed = pairs[:-2] * _A
    mixed += pairs[2:] * _B
    mixed ^= np.uint64(salt)
    mixed ^= mixed >> _FOLD
    mixed *= _B
    keyed <<= CODE_BITS
    keyed |= (mixed >> np.uint64(64 - CODE_BITS)).astype(np.int64)
    keyed.sort()
    codes: Codes = keyed[_first_of_run(keyed)] & ((1 << CODE_BITS) - 1)
    return codes
