"""What each measure adds: learnt by `bench/dedupe_train.py`, read from `learnt.json`.

Two models stand beside one another: `case` (one citizen's one matter) and `link` (one matter of
any citizen). Each is a sum of small trees: three questions one after another of the form "is this
measure above that edge?", and what the answer adds to the log-odds. All trees are asked of all
pairs at once, in whole numbers, so that a sum is the same in every order. A rising curve (isotonic
regression, fitted on letters that the sum was not fitted on) makes a probability of it.
"""

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from operator import attrgetter
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .conflicts import FACT_MEASURES, fact_counts
from .pairs import Counts, Pair

Purpose = Literal["case", "link"]

PLAIN = (
    "exact", "readable", "forth", "back", "near", "most", "common", "size",
    "keys", "topics_same", "topics_other", "placed", "no_subject", "subject", "told",
    "firm", "part", "unlike", "again", "too", "name", "surname", "other_kind", "other_name",
    "namesake", "accounts", "more", "less", "spots_same", "spots_other",
    "region", "other_region", "stance", "days", "later_by",
    "siblings", "strangers", "kin", "fellows", "own", "copies", "alike", "rival",
    "ahead_forth", "ahead_back", "ahead_near",
)  # fmt: skip
"""Measures that are fields of `pairs.Pair`."""

MEASURES = (*PLAIN, *FACT_MEASURES)

QUESTIONS, LEAVES = 7, 8
"""Of one tree: the first question, then two, then four; and the answers below them."""

Numbers = npt.NDArray[np.float64]
Table = npt.NDArray[np.float32]

UNIT = 10_000
"""What trees add is kept in ten-thousandths of a log-odds."""


_plain = attrgetter(*PLAIN)


def measured(pairs: Sequence[Pair]) -> Table:
    """By measure of `MEASURES` and pair."""
    rows = [(*_plain(pair), *fact_counts(pair)) for pair in pairs]
    return np.array(rows, dtype=np.float32).T


@dataclass(frozen=True)
class Model:
    """By question and tree: the place of its measure, its edge, and the mean of what lies below
    it; by leaf and tree what is added; a sum of `sums_at[i]` has the probability `shares[i]`."""

    measure: npt.NDArray[np.intp]
    edge: Table
    mean: Counts
    leaf: npt.NDArray[np.int32]
    prior: int
    sums_at: Numbers
    shares: Numbers

    def probability(self, sums: Sequence[float]) -> list[float]:
        """The share of pairs with such a sum that are one matter."""
        return [round(share, 6) for share in np.interp(sums, self.sums_at, self.shares).tolist()]

    def adds(self, table: Table, row: int) -> dict[str, float]:
        """What each measure adds for one pair, in bits: by how much the mean of what lies below
        changes with the answer to each question about it."""
        asked = _above(table[:, row : row + 1], self.measure.ravel(), self.edge.reshape(-1, 1))
        above = asked.reshape(QUESTIONS, -1)
        trees = np.arange(above.shape[1])
        second = np.where(above[0], 2, 1)
        third = 2 * second + 1 + above[second, trees]
        last = self.leaf[2 * (third - 3) + above[third, trees], trees]
        told = np.zeros(len(MEASURES))
        means = [self.mean[0], self.mean[second, trees], self.mean[third, trees], last]
        places = [self.measure[0], self.measure[second, trees], self.measure[third, trees]]
        for at, own in enumerate(places):
            np.add.at(told, own, means[at + 1] - means[at])
        bits = told / UNIT / math.log(2)
        return dict(zip(MEASURES, bits.tolist(), strict=True))


class Forest:
    """The trees of several models, asked in one go.

    A tree's leaves are eight bits from left to right. Where a measure is above an edge, the leaves
    to the left of that question are struck off; the first that is left is the answer. What all
    edges of a measure strike off together is tabled by how many of them it is above, so that a
    measure is looked up once, not asked by every tree (Lucchese and others, QuickScorer, 2015).
    """

    def __init__(self, models: Sequence[Model]) -> None:
        measure = np.concatenate([m.measure for m in models], axis=1)
        edge = np.concatenate([m.edge for m in models], axis=1)
        trees = measure.shape[1]
        self._asked = np.unique(measure)
        shelf = np.searchsorted(self._asked, measure)
        keys = _ordered(edge) + (shelf << _KEY_BITS)
        self._edges = np.unique(keys)
        self._shelf = np.arange(len(self._asked))[:, None]
        self._left = _left_over(keys, self._edges, shelf, len(self._asked))
        self._leaf = np.concatenate([m.leaf for m in models], axis=1).T.ravel()
        self._tree = np.arange(trees) * LEAVES
        self._trees = trees
        self._starts = np.cumsum([0, *(m.leaf.shape[1] for m in models[:-1])])
        self._prior = np.array([[m.prior] for m in models])

    def sums(self, table: Table) -> list[list[float]]:
        """By model and pair: the log-odds, in whole ten-thousandths."""
        keys = _ordered(table[self._asked]) + (self._shelf << _KEY_BITS)
        above = self._edges.searchsorted(keys.ravel()).reshape(keys.shape) + self._shelf
        left = np.bitwise_and.reduce(self._left[above], axis=0).view(np.uint8)[:, : self._trees]
        told = self._leaf[self._tree + _FIRST[left]]
        found = np.add.reduceat(told, self._starts, axis=1).T
        return ((found + self._prior) / UNIT).tolist()  # type: ignore[no-any-return]


_KEY_BITS = 32
"""Bits of a single-precision number."""

_STRUCK = np.array([0x0F, 0x03, 0x30, 0x01, 0x04, 0x10, 0x40], dtype=np.uint8)
"""By question: the leaves to its left, which a measure above its edge strikes off."""

_FIRST = np.array([0, *((n & -n).bit_length() - 1 for n in range(1, 256))], dtype=np.intp)
"""By bits of leaves: the first one that is set."""


def _ordered(numbers: Table) -> Counts:
    """Whole numbers from 0 on in the order of these single-precision ones."""
    bits = np.ascontiguousarray(numbers, dtype=np.float32).view(np.int32)
    return (bits ^ ((bits >> 31) & 0x7FFFFFFF)).astype(np.int64) + (1 << 31)


def _left_over(
    keys: Counts, edges: Counts, shelf: npt.NDArray[np.intp], measures: int
) -> npt.NDArray[np.uint64]:
    """By measure and how many of its edges are below: a byte of leaves a tree, eight in a word."""
    trees = keys.shape[1]
    left = np.full((len(edges) + measures, -(-trees // 8) * 8), 0xFF, dtype=np.uint8)
    rows = np.searchsorted(edges, keys) + shelf + 1
    columns = np.broadcast_to(np.arange(trees), keys.shape)
    struck = np.broadcast_to(~_STRUCK[:, None], keys.shape)
    np.bitwise_and.at(left, (rows, columns), struck)
    starts = np.searchsorted(edges, np.arange(measures + 1) << _KEY_BITS, side="left")
    for at, (first, last) in enumerate(itertools.pairwise(starts.tolist())):
        own = slice(first + at, last + at + 1)
        left[own] = np.bitwise_and.accumulate(left[own], axis=0)
    return left.view(np.uint64)


def _above(table: Table, measure: npt.NDArray[np.intp], edge: Table) -> npt.NDArray[np.bool_]:
    """By question and pair: whether the measure is above the edge."""
    return np.asarray(table.take(measure, axis=0) > edge)


def read_model(learnt: dict[str, Any], purpose: Purpose) -> Model:
    """One model of a file as `bench/dedupe_train.py` writes it; KeyError when it was learnt with a
    measure that this version does not have."""
    told, place = learnt[purpose], {name: at for at, name in enumerate(MEASURES)}
    asked = [place[name] for name in learnt["measures"]]
    trees = told["trees"]
    return Model(
        np.array([[asked[at] for at in tree["measure"]] for tree in trees]).T.copy(),
        np.array([tree["edge"] for tree in trees], dtype=np.float32).T.copy(),
        np.array([tree["mean"] for tree in trees]).T.copy(),
        np.array([tree["leaf"] for tree in trees], dtype=np.int32).T.copy(),
        told["prior"],
        np.array(told["calibration"]["sums"]), np.array(told["calibration"]["shares"]),
    )  # fmt: skip


@cache
def learnt_models() -> tuple[Model, Model]:
    """The models that ship: for the case and for the link."""
    text = resources.files(__package__).joinpath("learnt.json").read_text("utf-8")
    learnt = json.loads(text)
    return read_model(learnt, "case"), read_model(learnt, "link")
