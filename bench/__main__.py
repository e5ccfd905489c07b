"""``make bench``: every measurement, or those named; prints a table and writes bench/out.json.

``python -m bench dedupe --help`` says what the side-by-side of duplicate matchers can be told.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench import central, covert, dedupe_table, doors, replies, road, screens
from bench.stage import Stage, stage

PARTS: dict[str, Callable[[Stage], dict[str, object]]] = {
    "push": road.measure_push,
    "pull": road.measure_pull,
    "screens": screens.measure_screens,
    "million": screens.measure_million,
    "central": central.measure_central,
    "covert": covert.measure_covert,
    "doors": doors.measure_doors,
    "replies": replies.measure_replies,
}
OUT = Path(__file__).parent / "out.json"
SIDE_BY_SIDE = "dedupe"
LARGE = "million"
"""Run by name only: it fills 6 GB for a quarter of an hour."""


def main() -> None:
    if sys.argv[1:2] == [SIDE_BY_SIDE]:
        dedupe_table.main(sys.argv[2:])
        return
    wanted = sys.argv[1:] or [name for name in PARTS if name != LARGE]
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        names = ", ".join([*PARTS, f"{SIDE_BY_SIDE} (first, by itself)"])
        sys.exit(f"unknown measurement {unknown[0]}: use some of {names}")
    found: dict[str, object] = {}
    for name in wanted:
        begun = time.monotonic()
        with stage() as ready:
            found[name] = PARTS[name](ready)
        print(f"\n== {name} ({time.monotonic() - begun:.0f} s)")
        for line, figure in dict(found[name]).items():  # type: ignore[call-overload]
            print(f"  {line:<46} {figure}")
    OUT.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    if not sys.argv[1:]:
        dedupe_table.main([])


main()
