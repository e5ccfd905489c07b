"""Learn what each level weighs, and write `dedupe/minsheng_dedupe/learnt.json`.

    python -m bench.dedupe_train --corpus t30k.csv --corpus t60k.csv

A corpus is made by the shared bench's `make_corpus.py` (its README says how). Only its `dev` half
is read: the families of the `test` half stay unseen. Every message of it arrives in turn at a
matcher; each pair that the matcher would weigh is one row of training: the levels reached, and
whether the two are one case and one topic.

The weights are those of a logistic regression with a ridge, one for each column of
`weights.COLUMNS`; levels of a scale are learnt as steps from their neighbours. The calibration is
isotonic, fitted on sums of models that did not see the family. The file keeps counts and numbers
only: no word of any citizen.
"""

import argparse
import csv
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.dedupe_records import bench_record
from minsheng_dedupe import Matcher, MemoryStore
from minsheng_dedupe.levels import LEVELS, SCALES, SIZES, VERSION
from minsheng_dedupe.weights import COLUMNS, STARTS, columns, reached, read_model

OUT = Path(__file__).parents[1] / "dedupe" / "minsheng_dedupe" / "learnt.json"
FOLDS = Path(__file__).parent / "dedupe_folds.json"
"""Models of half the families each, for the bench: it tunes thresholds on messages that a model
was not fitted on."""

_RIDGE = 5.0
_ROUNDS = 8
_LEAST_STEP = 150
"""Fewest pairs behind a step of the calibration: a share of fewer says too little."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """One row a pair: the levels reached, its column, its fold, and the two truths."""

    places: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]
    case: npt.NDArray[np.bool_]
    link: npt.NDArray[np.bool_]


def read_pairs(path: Path) -> Pairs:
    """Every pair that the matcher would weigh in the dev half of a corpus."""
    csv.field_size_limit(10**8)
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "dev"]
    parts = list(zip(*_compared(rows), strict=True))
    places, column, fold, case, link = (np.concatenate(part) for part in parts)
    return Pairs(places, column, fold, case, link)


def _compared(rows: list[dict[str, str]]) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    blank = json.loads(json.dumps(_blank()))
    models = read_model(blank, "case"), read_model(blank, "link")
    matcher = Matcher(None, MemoryStore(), models)
    seen: dict[str, dict[str, str]] = {}
    for row in rows:
        record = bench_record(row)
        pairs = matcher.compare(record)
        if pairs is not None:
            earlier = [seen[e.message_id] for e in pairs.earlier]
            yield (
                reached(pairs).astype(np.int64), columns(pairs),
                np.full(len(earlier), zlib.crc32(row["family"].encode()) & 1),
                np.array([e["true_case_id"] == row["true_case_id"] for e in earlier]),
                np.array([e["true_topic_id"] == row["true_topic_id"] for e in earlier]),
            )  # fmt: skip
        matcher.add(record)
        seen[row["message_id"]] = row


def _blank() -> dict[str, Any]:
    told = {
        "weights": {level.code: [0.0] * len(COLUMNS) for level in LEVELS},
        "prior": [0.0] * len(COLUMNS),
        "calibration": {"sums": [0.0], "shares": [0.5]},
    }
    return {"case": told, "link": told}


def _steps() -> npt.NDArray[np.float32]:
    """By level and coefficient: a level of a scale holds its own step and all below it."""
    table = np.eye(len(LEVELS), dtype=np.float32)
    for start, n in list(zip(STARTS.tolist(), SIZES, strict=True))[-len(SCALES) :]:
        table[start : start + n, start : start + n] = np.tri(n, dtype=np.float32)
        table[start : start + n, start] = 0
    return table


def fit(places: npt.NDArray[np.int64], truth: npt.NDArray[np.bool_]) -> tuple[Numbers, float]:
    """Weights by level and the prior, in log-odds: Newton's method with a ridge."""
    steps = _steps()
    design = np.ones((len(places), len(LEVELS) + 1), dtype=np.float32)
    design[:, :-1] = sum(steps[places[:, at]] for at in range(places.shape[1]))
    ridge = np.append(np.full(len(LEVELS), _RIDGE), 0.01)
    weights = np.zeros(len(LEVELS) + 1)
    for _ in range(_ROUNDS):
        share = 1 / (1 + np.exp(-np.clip(design @ weights.astype(np.float32), -30, 30)))
        slope = design.T @ (truth - share).astype(np.float32) - ridge * weights
        curve = (design * (share * (1 - share))[:, None].astype(np.float32)).T @ design
        weights += np.linalg.solve(curve.astype(np.float64) + np.diag(ridge), slope)
    return steps.astype(np.float64) @ weights[:-1], float(weights[-1])


def _model(pairs: Pairs, truth: npt.NDArray[np.bool_], rows: npt.NDArray[np.bool_]) -> Any:
    weights, prior = [], []
    for column in range(len(COLUMNS)):
        own = rows & (pairs.column == column)
        found, base = fit(pairs.places[own], truth[own])
        weights.append(found)
        prior.append(base)
    return np.array(weights), np.array(prior)


def _sums(model: Any, pairs: Pairs) -> Numbers:
    weights, prior = model
    total: Numbers = weights[pairs.column[:, None], pairs.places].sum(axis=1) + prior[pairs.column]
    return np.round(total, 4)


def isotonic(sums: Numbers, truth: npt.NDArray[np.bool_]) -> dict[str, list[float]]:
    """The curve from sums to shares: of each block of a rising step function the mean sum and the
    share of right pairs."""
    order = np.argsort(sums, kind="stable")
    blocks: list[tuple[float, float, float]] = []
    for low, right in zip(sums[order].tolist(), truth[order].tolist(), strict=True):
        blocks.append((low, float(right), 1.0))
        while len(blocks) > 1 and (
            blocks[-2][2] < _LEAST_STEP
            or blocks[-2][1] * blocks[-1][2] >= blocks[-1][1] * blocks[-2][2]
        ):
            last = blocks.pop()
            blocks[-1] = tuple(a + b for a, b in zip(blocks[-1], last, strict=True))  # type: ignore[assignment]
    shares = np.maximum.accumulate([(ones + 0.5) / (count + 1) for _, ones, count in blocks])
    return {
        "sums": [round(total / count, 4) for total, _, count in blocks],
        "shares": [round(float(share), 5) for share in shares],
    }


def _told(model: Any, curve: dict[str, list[float]]) -> dict[str, Any]:
    weights, prior = model
    named = {
        level.code: [round(float(weights[c, at]), 3) for c in range(len(COLUMNS))]
        for at, level in enumerate(LEVELS)
    }
    return {"prior": [round(float(p), 3) for p in prior], "calibration": curve, "weights": named}


def learn(pairs: Pairs, truth: npt.NDArray[np.bool_]) -> list[dict[str, Any]]:
    """One model for one truth, and two that saw one fold of the families each; calibrated on the
    sums that these give to the fold they did not see."""
    apart, folds = np.zeros(len(truth)), []
    for fold in (0, 1):
        folds.append(_model(pairs, truth, pairs.fold == fold))
        unseen = pairs.fold != fold
        apart[unseen] = _sums(folds[fold], pairs)[unseen]
    whole = _model(pairs, truth, np.ones(len(truth), dtype=np.bool_))
    curve = isotonic(apart, truth)
    return [_told(model, curve) for model in (whole, *folds)]


def main() -> None:
    """Learn from the corpora named and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", action="append", required=True, type=Path)
    parser.add_argument("--out", default=OUT, type=Path)
    asked = parser.parse_args()
    read = [read_pairs(path) for path in asked.corpus]
    pairs = Pairs(*(np.concatenate([getattr(r, f) for r in read]) for f in Pairs.__annotations__))
    learnt = {
        "version": VERSION,
        "provenance": {
            "data": "dev half of corpora of the shared dedupe bench, grown from public letters"
            " of the Taidi Cup 2020, problem C",
            "corpora": [path.name for path in asked.corpus],
            "pairs": len(pairs.case), "same case": int(pairs.case.sum()),
            "same topic": int(pairs.link.sum()), "ridge": _RIDGE,
            "learnt": datetime.now(UTC).strftime("%Y-%m-%d"),
        },
    }  # fmt: skip
    case, link = learn(pairs, pairs.case), learn(pairs, pairs.link)
    _write(asked.out, learnt | {"case": case[0], "link": link[0]})
    folds = [{"case": case[i], "link": link[i]} for i in (1, 2)]
    _write(asked.out.parent / FOLDS.name if asked.out != OUT else FOLDS, {"folds": folds})


def _write(path: Path, learnt: dict[str, Any]) -> None:
    path.write_text(json.dumps(learnt, ensure_ascii=False, indent=0) + "\n", "utf-8")


if __name__ == "__main__":
    main()
