"""Our matcher for the shared dedupe bench (`DEDUPE_OURS` names this file, its README says how).

The weights tested are those that ship: the bench's labels only tune its thresholds. Where it tunes
them on a fold of the families that `dedupe_train.py` learnt from, the weights learnt from the
other fold answer, since a threshold tuned on letters that were learnt by heart is too low.
"""

import json
import sys
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import common  # type: ignore[import-not-found]  # the bench's own module, on its path

from minsheng_dedupe import Match, Matcher, MemoryStore, Record
from minsheng_dedupe.weights import Model, read_model

sys.path.append(str(Path(__file__).parents[1]))
from bench.dedupe_records import bench_record

_JOIN = 0.25
"""Below this probability of one case the bench sees how likely the topic is one instead."""


class Ours(common.Peer):  # type: ignore[misc]
    """The levels and weights as they ship."""

    note = "rare 4-gram codes in slots + citizen codes; named levels, learnt weights as shipped"
    prep = "raw"
    learns = True
    models: tuple[Model, Model] | None = None

    def setup(self) -> None:
        self.reset()

    def fit(self, dev: Sequence[dict[str, str]]) -> None:
        """Take the weights learnt from this fold, or those that ship for both."""
        folds = {zlib.crc32(rec["family"].encode()) & 1 for rec in dev}
        self.models = _fold(folds.pop()) if len(folds) == 1 else None
        self.reset()

    def reset(self) -> None:
        self.matcher = Matcher(None, MemoryStore(), self.models)
        self.last: tuple[str, Record] | None = None

    def add(self, rec: dict[str, str]) -> None:
        if self.last is None or self.last[0] != rec["message_id"]:
            self.last = rec["message_id"], bench_record(rec)
        self.matcher.add(self.last[1])

    def add_many(self, recs: Iterable[dict[str, str]]) -> None:
        for rec in recs:
            self.add(rec)

    def match(self, rec: dict[str, str]) -> list[tuple[str, float]]:
        self.last = rec["message_id"], bench_record(rec)
        return _scored(self.matcher.match(self.last[1]))

    def stream(self, recs: list[dict[str, str]]) -> list[list[tuple[str, float]]]:
        answers = self.matcher.arrive([bench_record(r) for r in recs])
        return [_scored(a) for a in answers]


def _fold(fold: int) -> tuple[Model, Model]:
    told = json.loads(Path(__file__).with_name("dedupe_folds.json").read_text("utf-8"))
    learnt = told["folds"][fold]
    return read_model(learnt, "case"), read_model(learnt, "link")


def _scored(matches: list[Match]) -> list[tuple[str, float]]:
    """Cases above, topics below: the bench reads both from one column of scores."""
    scored = [(m.message_id, m.score if m.score >= _JOIN else _JOIN * m.link) for m in matches]
    return sorted(scored, key=lambda pair: -pair[1])
