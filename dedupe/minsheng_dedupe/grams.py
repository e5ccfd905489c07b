"""Grams: runs of two and four characters as numbers, and how much a run of two tells.

A 2-gram is a number below `SPACE` (equality of two texts is measured on sets of them), a 4-gram a
64-bit code (candidates are found by them). How common a 2-gram is in citizens' letters is frozen
with the version in `common_grams.txt`: one line a class, `df-share<TAB>grams`, counted once over
1,377 public letters of the Taidi Cup 2020 (no sentence of them is kept). A gram that is not listed
is rare and weighs most. Frozen, so that stored codes stay comparable as the store grows.
"""

import math
from importlib import resources

import numpy as np
import numpy.typing as npt

SPACE = 1 << 16
Grams = npt.NDArray[np.uint16]
Codes = npt.NDArray[np.int64]

_RARE_SHARE = 0.0015
_A, _B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(48)
_FOLD = np.uint64(29)


def _points(text: str) -> npt.NDArray[np.uint64]:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)


def _pairs(text: str) -> npt.NDArray[np.uint64]:
    """The 2-gram at each position as a 64-bit mix; a text of one character is its own gram."""
    points = _points(text)
    if len(points) == 1:
        points = np.append(points, points)
    mixed = points[:-1] * _A + points[1:] * _B
    return np.asarray((mixed ^ (mixed >> _FOLD)) * _A, dtype=np.uint64)


def _table() -> npt.NDArray[np.float32]:
    """Weight of every 2-gram number: log of 1 / share of letters that hold it."""
    table = np.full(SPACE, -math.log(_RARE_SHARE), dtype=np.float32)
    source = resources.files(__package__).joinpath("common_grams.txt").read_text("utf-8")
    for line in source.splitlines():
        share, _, listed = line.partition("\t")
        for gram in listed.split(" "):
            table[two_grams(gram)] = max(-math.log(float(share)), 0.05)
    return table


def two_grams(text: str) -> Grams:
    """The distinct 2-grams of `text`, ascending, each below `SPACE`; empty for an empty text."""
    if not text:
        return np.empty(0, dtype=np.uint16)
    return distinct(gram_runs(text))


def gram_runs(text: str) -> Grams:
    """The 2-gram at each position of `text`, which is not empty, in order."""
    return (_pairs(text) >> _SHIFT).astype(np.uint16)


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


def weight_of(grams: Grams) -> float:
    """The summed weight of a gram set."""
    return float(WEIGHTS[grams].sum(dtype=np.float64))


def rarest_codes(text: str, salt: int) -> Codes:
    """37-bit codes of the distinct 4-grams of `text`, rarest first, ties by code.

    Rarity is the weight of the two 2-grams at the ends plus that of the one in the middle, so no
    table of 4-grams is needed. A text of fewer than four characters has none. `salt` makes the
    codes of two versions differ.
    """
    if len(text) < 4:
        return np.empty(0, dtype=np.int64)
    pairs = _pairs(text)
    weight = _RANK[pairs >> _SHIFT]
    common = _COMMONEST - (weight[:-2] + weight[1:-1] + weight[2:])
    mixed = (pairs[:-2] * _A + pairs[2:] * _B) ^ np.uint64(salt)
    low = ((mixed ^ (mixed >> _FOLD)) * _B) >> np.uint64(64 - CODE_BITS)
    keyed = (common << CODE_BITS) | low.astype(np.int64)
    keyed.sort()
    codes: Codes = keyed[_first_of_run(keyed)] & ((1 << CODE_BITS) - 1)
    return codes


CODE_BITS = 37
_RANK = np.round(WEIGHTS * 64).astype(np.int64)
_COMMONEST = 3 * int(_RANK.max())
