"""Learn ``minsheng.crossings.weights`` from corpora of the shared dedupe bench, and measure.

    PYTHONPATH=. python tests/crossings/learn_weights.py --corpus a.csv --corpus b.csv [--write]

Each corpus is made by the bench's ``make_corpus.py``. Its messages are dealt to twenty offices; the
``dev`` half of the families is learnt from, the ``test`` half measured. Contacts are whole
telephones only: no name, no account, no masked number. The truth is the same matter of any citizen
(``true_topic_id``); how many pairs are of one citizen's case is measured beside it. Everything is
compared over pairs of messages that stand in two offices, for the codes and for the matcher of a
single office that has read every text and name.
"""

import argparse
import csv
import hashlib
import itertools
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bench.dedupe_records import bench_record

from minsheng.crossings import weights
from minsheng.crossings.coding import Codes, Contact, blind, encode
from minsheng.crossings.scoring import (
    LEAST_SHARE,
    LEAST_SHARED,
    STEPS,
    Measures,
    measure,
    score,
)
from minsheng.crossings.tokens import TokenReader
from minsheng.runtime.crypto import normal_phone
from minsheng_dedupe import Matcher, MemoryStore

OUT = Path(weights.__file__)
OFFICES, CANDIDATES = 20, 40
_RIDGE, _ROUNDS = 5.0, 12
Row = Mapping[str, str]
Pair = frozenset[str]


@dataclass
class Half:
    """One half of a corpus: its rows, and every pair of two offices that was compared."""

    rows: Sequence[Row]
    pairs: list[Pair]
    measures: list[Measures]
    scores: list[float]

    def truth(self, label: str) -> set[Pair]:
        """The pairs of two offices that bear one label."""
        found = defaultdict(list)
        for row in self.rows:
            found[row[label]].append(row["message_id"])
        every = (pair for ids in found.values() for pair in itertools.combinations(ids, 2))
        return {frozenset(pair) for pair in every if office(pair[0]) != office(pair[1])}


def office(message_id: str) -> int:
    """Which of the twenty offices a message is dealt to."""
    return hashlib.blake2b(message_id.encode(), key=b"office").digest()[0] % OFFICES


def codes_of(reader: TokenReader, row: Row) -> Codes:
    """The codes of a row as an office and the match service would make them."""
    record = bench_record(row)
    phone = "" if "*" in row["phone"] else normal_phone(row["phone"])
    region = row["region"].split("市")[-1]
    day = record.received_at.date()
    return encode(b"2" * 32, blind(b"1" * 32, reader.read(record), Contact(phone), region, day))


def compare(rows: Sequence[Row]) -> Half:
    """Each row beside the earlier ones of other offices that share most rare runs or a contact."""
    reader, index = TokenReader(), defaultdict(list)
    codes: dict[str, Codes] = {}
    half = Half(rows, [], [], [])
    for row in rows:
        own, mine = row["message_id"], codes_of(reader, row)
        votes = Counter(other for key in mine.asked for other in index[key])
        votes.update(index[mine.phone] if mine.phone else ())
        others = [each for each in votes if office(each) != office(own)]
        for other in sorted(others, key=lambda each: (-votes[each], each))[:CANDIDATES]:
            half.pairs.append(frozenset((own, other)))
            half.measures.append(measure(mine, codes[other]))
            half.scores.append(score(mine, codes[other]))
        for key in mine.keys:
            index[key].append(own)
        if mine.phone:
            index[mine.phone].append(own)
        codes[own] = mine
    return half


def design(measures: Iterable[Measures]) -> Any:
    """One row a pair: which steps it has climbed, and a one for the prior."""
    rows = [
        [float(at < bisect_right(steps, getattr(each, name))) for name, steps in STEPS
         for at in range(len(steps))] + [1.0]
        for each in measures
    ]  # fmt: skip
    return np.array(rows)


def fit(table: Any, truth: Any) -> Any:
    """Logistic regression by Newton's method with a ridge."""
    found = np.zeros(table.shape[1])
    ridge = np.append(np.full(table.shape[1] - 1, _RIDGE), 0.01)
    for _ in range(_ROUNDS):
        share = 1 / (1 + np.exp(-np.clip(table @ found, -30, 30)))
        slope = table.T @ (truth - share) - ridge * found
        curve = (table * (share * (1 - share))[:, None]).T @ table + np.diag(ridge)
        found += np.linalg.solve(curve, slope)
    return found


def learn(halves: Sequence[Half]) -> Any:
    """Weights by column."""
    found = []
    for column in range(3):
        chosen, right = [], []
        for half in halves:
            truth = half.truth("true_topic_id")
            for pair, each in zip(half.pairs, half.measures, strict=True):
                told = each.common >= LEAST_SHARED and each.most >= LEAST_SHARE
                if each.contact == column and told:
                    chosen.append(each)
                    right.append(float(pair in truth))
        found.append(fit(design(chosen), np.array(right)))
        print("column", column, "pairs", len(right), "of one matter", int(sum(right)))
    return np.array(found)


def write(learnt: Any, corpora: Sequence[str]) -> None:
    """Write the module of weights anew."""
    lines = [
        '"""What each step of a measure weighs (log-odds): another contact, unknown, the same.',
        "",
        "Written by ``tests/crossings/learn_weights.py`` from the dev halves of corpora of the",
        f"shared dedupe bench ({', '.join(corpora)}); numbers only, no word of any citizen.",
        '"""',
        "",
        f"PRIORS = {_told(learnt[:, -1])}",
        "WEIGHTS = (",
    ]
    at = 0
    for name, steps in STEPS:
        lines.append(f"    (  # {name}")
        for _ in steps:
            lines.append(f"        {_told(learnt[:, at])},")
            at += 1
        lines.append("    ),")
    OUT.write_text("\n".join([*lines, ")", ""]), "utf-8")


def _told(values: Iterable[float]) -> str:
    return f"({', '.join(f'{value:.2f}' for value in values)})"


def told(name: str, found: set[Pair], truth: set[Pair]) -> None:
    """Print precision, recall and their mean."""
    right = len(found & truth)
    precision, recall = 100 * right / max(len(found), 1), 100 * right / max(len(truth), 1)
    mean = 2 * precision * recall / max(precision + recall, 1e-9)
    print(f"{name}: precision {precision:.1f} recall {recall:.1f} F1 {mean:.1f}")


def single_office(rows: Sequence[Row], measure_of: str, least: float) -> set[Pair]:
    """The pairs of two offices that one matcher of everything calls one case or one matter."""
    answers = Matcher(None, MemoryStore()).arrive([bench_record(row) for row in rows])
    return {
        frozenset((row["message_id"], match.message_id))
        for row, matches in zip(rows, answers, strict=True) for match in matches
        if getattr(match, measure_of) >= least
        and office(row["message_id"]) != office(match.message_id)
    }  # fmt: skip


def main() -> None:
    """Learn, write where asked to, and measure what stands in the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", action="append", required=True, type=Path)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    csv.field_size_limit(10**8)
    read = {path.name: list(csv.DictReader(path.open(encoding="utf-8"))) for path in asked.corpus}
    if asked.write:
        dev = [[row for row in rows if row["split"] == "dev"] for rows in read.values()]
        write(learn([compare(rows) for rows in dev]), [*read])
        return
    for name, rows in read.items():
        half = compare([row for row in rows if row["split"] == "test"])
        case, matter = half.truth("true_case_id"), half.truth("true_topic_id")
        told(f"{name} candidates, matter", set(half.pairs), matter)
        for least in (0.5, 0.6, 0.7, 0.9):
            found = {p for p, s in zip(half.pairs, half.scores, strict=True) if s >= least}
            told(f"{name} codes >= {least}, matter", found, matter)
            told(f"{name} codes >= {least}, case", found, case)
        told(f"{name} single office, matter", single_office(half.rows, "link", 0.5), matter)
        told(f"{name} single office, case", single_office(half.rows, "score", 0.5), case)


if __name__ == "__main__":
    main()
