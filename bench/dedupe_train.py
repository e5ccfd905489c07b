"""Learn what each measure adds, and write `dedupe/minsheng_dedupe/learnt.json`.

    python -m bench.dedupe_train --corpus t30k.csv --corpus t60k.csv

Needs scikit-learn, which neither the service nor `make setup` installs: run it in a virtual
environment of the shared bench (`pip install scikit-learn` beside numpy and opencc), with this
project and `dedupe/` on the path.

A corpus is made by the shared bench's `make_corpus.py` (its README says how). Only its `dev` half
is read: the families of the `test` half stay unseen. Every message of it arrives in turn at a
matcher; each pair that the matcher would weigh is one row of training: its measures, and whether
the two are one case and one topic.

What is learnt are trees of three questions (histogram gradient boosting), for the case and for the
link. The calibration is isotonic, fitted on sums of models that did not see the family. The file
keeps counts and numbers only: no word of any citizen.
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
from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-not-found]

from bench.dedupe_records import bench_record
from minsheng_dedupe import Matcher, MemoryStore
from minsheng_dedupe.decide import DOUBTFUL, hard
from minsheng_dedupe.levels import VERSION
from minsheng_dedupe.weights import LEAVES, MEASURES, QUESTIONS, UNIT, measured, read_model

OUT = Path(__file__).parents[1] / "dedupe" / "minsheng_dedupe" / "learnt.json"
FOLDS = Path(__file__).parent / "dedupe_folds.json"
"""Models of half the families each, for the bench: it tunes thresholds on messages that a model
was not fitted on."""

SETTINGS = {
    "case": {"max_iter": 200, "learning_rate": 0.12},
    "link": {"max_iter": 150, "learning_rate": 0.12},
}
_LEAST_STEP = 150
"""Fewest pairs behind a step of the calibration: a share of fewer says too little."""

_UNSURE = 0.8, 0.95
"""Between these shares no difference is told: a bound of 99 right in a hundred, chosen on some 650
joins, would lie anywhere between them by chance alone (docs/decisions/0020)."""

_PLAINLY_OTHER, _ONE_IN = 0.2, 5
"""Of pairs of two topics that share less text than this one in so many is learnt, and counts for
as many: they are most of all pairs, all alike, and cost most of the time."""

_EDGE = 0.0001
"""The width of a jump of the curve: the last place of a sum."""

_NEVER = 1e9
"""The edge of a question that a shallower tree does not ask."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """One row a pair: its measures, whether a hard veto stands, its fold, and the two truths."""

    table: npt.NDArray[np.float32]
    hard: npt.NDArray[np.bool_]
    fold: npt.NDArray[np.int64]
    case: npt.NDArray[np.bool_]
    link: npt.NDArray[np.bool_]


def read_pairs(path: Path) -> Pairs:
    """Every pair that the matcher would weigh in the dev half of a corpus."""
    csv.field_size_limit(10**8)
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "dev"]
    parts = list(zip(*_compared(rows), strict=True))
    return Pairs(*(np.concatenate(part) for part in parts))


def _compared(rows: list[dict[str, str]]) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    blank = _blank()
    models = read_model(blank, "case"), read_model(blank, "link")
    matcher = Matcher(None, MemoryStore(), models)
    seen: dict[str, dict[str, str]] = {}
    for row in rows:
        record = bench_record(row)
        pairs = matcher.compare(record)
        if pairs:
            earlier = [seen[pair.earlier.message_id] for pair in pairs]
            yield (
                measured(pairs).T, np.array([hard(pair) for pair in pairs]),
                np.full(len(earlier), zlib.crc32(row["family"].encode()) & 1),
                np.array([e["true_case_id"] == row["true_case_id"] for e in earlier]),
                np.array([e["true_topic_id"] == row["true_topic_id"] for e in earlier]),
            )  # fmt: skip
        matcher.add(record)
        seen[row["message_id"]] = row


def _blank() -> dict[str, Any]:
    tree = {
        "measure": [0] * QUESTIONS, "edge": [_NEVER] * QUESTIONS, "mean": [0] * QUESTIONS,
        "leaf": [0] * LEAVES,
    }  # fmt: skip
    told = {"trees": [tree], "prior": 0, "calibration": {"sums": [0.0], "shares": [0.5]}}
    return {"measures": MEASURES, "case": told, "link": told}


def fit(purpose: str, pairs: Pairs, rows: npt.NDArray[np.bool_]) -> Any:
    """The trees for one truth, fitted on some of the pairs."""
    model = HistGradientBoostingClassifier(
        max_depth=3, l2_regularization=1.0, early_stopping=False, random_state=1,
        **SETTINGS[purpose],
    )  # fmt: skip
    plainly = ~pairs.link & (pairs.table[:, MEASURES.index("most")] < _PLAINLY_OTHER)
    told = rows & (~plainly | (np.arange(len(rows)) % _ONE_IN == 0))
    weight = np.where(plainly, _ONE_IN, 1)[told]
    return model.fit(pairs.table[told], getattr(pairs, purpose)[told], weight)


def told_trees(model: Any) -> dict[str, Any]:
    """A fitted model as numbers: complete trees of three questions, in ten-thousandths."""
    trees = [_told_tree(stage[0].nodes) for stage in model._predictors]
    return {"trees": trees, "prior": round(float(model._baseline_prediction[0, 0]) * UNIT)}


def _told_tree(nodes: Any) -> dict[str, list[Any]]:
    tree: dict[str, list[Any]] = {"measure": [], "edge": [], "mean": [], "leaf": []}
    row = [0]
    for _ in range(3):
        below = []
        for at in row:
            node = nodes[at]
            final = bool(node["is_leaf"])
            edge = _NEVER if final else round(float(node["num_threshold"]), 6)
            tree["measure"].append(0 if final else int(node["feature_idx"]))
            tree["edge"].append(edge)
            tree["mean"].append(round(_mean(nodes, at) * UNIT))
            below += [at, at] if final else [int(node["left"]), int(node["right"])]
        row = below
    tree["leaf"] = [round(float(nodes[at]["value"]) * UNIT) for at in row]
    return tree


def _mean(nodes: Any, at: int) -> float:
    """What the leaves below a node add, by how many pairs they hold."""
    node = nodes[at]
    if node["is_leaf"]:
        return float(node["value"])
    left, right = int(node["left"]), int(node["right"])
    parts = [(_mean(nodes, child), float(nodes[child]["count"])) for child in (left, right)]
    return sum(value * count for value, count in parts) / sum(count for _, count in parts)


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


def one_step(curve: dict[str, list[float]]) -> dict[str, list[float]]:
    """The curve with one step where it is ``_UNSURE``: the mean share of the blocks between."""
    sums, shares = np.array(curve["sums"]), np.array(curve["shares"])
    low, high = np.interp(_UNSURE, shares, sums).round(4).tolist()
    inside = (sums > low) & (sums < high)
    share = round(float(shares[inside].mean()), 5)
    before, after = sums < low - _EDGE, sums > high + _EDGE
    own = [low - _EDGE, low, high - _EDGE, high]
    step = [_UNSURE[0], share, share, _UNSURE[1]]
    return {
        "sums": [*sums[before].tolist(), *(round(each, 4) for each in own), *sums[after].tolist()],
        "shares": [*shares[before].tolist(), *step, *shares[after].tolist()],
    }


def learn(purpose: str, pairs: Pairs) -> list[dict[str, Any]]:
    """The model for one truth, and two that saw one fold of the families each; calibrated on the
    sums that these give to the fold they did not see."""
    truth = getattr(pairs, purpose)
    apart, models = np.zeros(len(truth)), []
    for fold in (0, 1):
        models.append(fit(purpose, pairs, pairs.fold == fold))
        unseen = pairs.fold != fold
        apart[unseen] = models[fold].decision_function(pairs.table[unseen])
    models.insert(0, fit(purpose, pairs, np.ones(len(truth), dtype=np.bool_)))
    if purpose == "case":
        apart = np.where(pairs.hard, np.minimum(apart, DOUBTFUL), apart)
    curve = isotonic(np.round(apart, 4), truth)
    if purpose == "case":
        curve = one_step(curve)
    return [told_trees(model) | {"calibration": curve} for model in models]


def main() -> None:
    """Learn from the corpora named and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", action="append", required=True, type=Path)
    parser.add_argument("--out", default=OUT, type=Path)
    asked = parser.parse_args()
    read = [read_pairs(path) for path in asked.corpus]
    pairs = Pairs(*(np.concatenate([getattr(r, f) for r in read]) for f in Pairs.__annotations__))
    told = {
        "version": VERSION,
        "provenance": {
            "data": "dev half of corpora of the shared dedupe bench, grown from public letters"
            " of the Taidi Cup 2020, problem C",
            "corpora": [path.name for path in asked.corpus],
            "pairs": len(pairs.case), "same case": int(pairs.case.sum()),
            "same topic": int(pairs.link.sum()), "settings": SETTINGS,
            "learnt": datetime.now(UTC).strftime("%Y-%m-%d"),
        },
        "measures": MEASURES,
    }  # fmt: skip
    case, link = learn("case", pairs), learn("link", pairs)
    _write(asked.out, told | {"case": case[0], "link": link[0]})
    folds = [{"measures": MEASURES, "case": case[i], "link": link[i]} for i in (1, 2)]
    _write(asked.out.parent / FOLDS.name if asked.out != OUT else FOLDS, {"folds": folds})


def _write(path: Path, told: dict[str, Any]) -> None:
    """One line a tree or curve: a difference between two versions can be read."""
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    path.write_text(text.replace('{"measure"', '\n{"measure"') + "\n", "utf-8")


if __name__ == "__main__":
    main()
