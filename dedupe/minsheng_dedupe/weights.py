"""What each level weighs: learnt by `bench/dedupe_train.py`, read from `learnt.json`.

Two models stand beside one another: `case` (one citizen's one matter) and `link` (one matter of
any citizen). Each has one column of weights for pairs whose citizen is known to be the same, one
for those of whom nothing is known and one for other citizens', since a like text says something
else in each. The sum of a column is a log-odds; a rising curve (isotonic regression, fitted on
letters that the sum was not fitted on) makes a probability of it.
"""

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .comparison import Places, Scales
from .conflicts import fact_places
from .levels import LEVELS, NAMED, SCALES, SIZES
from .pairs import Compared, Numbers

COLUMNS = ("known", "unknown", "other")
Purpose = Literal["case", "link"]


def columns(pairs: Compared) -> Places:
    """For each earlier message the column of `COLUMNS` that its pair is weighed by."""
    return np.asarray(np.select([pairs.known, pairs.others], [0, 2], 1), dtype=np.int64)


def reached(pairs: Compared) -> Places:
    """By earlier message and comparison: the place of the level reached among all levels."""
    named = np.array([comparison.reached(pairs) for comparison in NAMED]).T
    places = np.concatenate((named, fact_places(pairs), _SCALES.reached(pairs)), axis=1)
    return np.asarray(places + STARTS, dtype=np.int64)


STARTS = np.concatenate(([0], np.cumsum(SIZES)[:-1]))
_SCALES = Scales(SCALES)


@dataclass(frozen=True)
class Model:
    """`weights[column, level]` and `prior[column]` in log-odds; a sum of `sums_at[i]` has the
    probability `shares[i]`, and one between two of them what lies between theirs."""

    weights: npt.NDArray[np.float64]
    prior: npt.NDArray[np.float64]
    sums_at: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]

    def sums(self, places: Places, column: Places) -> Numbers:
        """The log-odds of each pair."""
        total = self.weights[column[:, None], places].sum(axis=1) + self.prior[column]
        return np.asarray(np.round(total, 4), dtype=np.float64)

    def probability(self, sums: Numbers) -> Numbers:
        """The share of pairs with such a sum that are one matter."""
        found = np.interp(sums, self.sums_at, self.shares)
        return np.asarray(found.round(6), dtype=np.float64)

    def bits(self, column: int, level: int) -> float:
        """What a level weighs, in bits."""
        return round(float(self.weights[column, level]) / math.log(2), 2)


def read_model(learnt: dict[str, Any], purpose: Purpose) -> Model:
    """One model of a file as `bench/dedupe_train.py` writes it; KeyError when a level of this
    version is not in it, because it was learnt for another one."""
    told = learnt[purpose]
    rows = [[told["weights"][level.code][at] for level in LEVELS] for at in range(len(COLUMNS))]
    return Model(
        np.array(rows), np.array(told["prior"]),
        np.array(told["calibration"]["sums"]), np.array(told["calibration"]["shares"]),
    )  # fmt: skip


@cache
def learnt_models() -> tuple[Model, Model]:
    """The models that ship: for the case and for the link."""
    text = resources.files(__package__).joinpath("learnt.json").read_text("utf-8")
    learnt = json.loads(text)
    return read_model(learnt, "case"), read_model(learnt, "link")
