"""Every page is photographed by ``make screenshots`` or listed with the reason why not."""

import csv
from pathlib import Path

from bench.shots import LEFT_OUT, SHOTS, photographed

ROOT = Path(__file__).resolve().parents[2]


def pages() -> set[str]:
    """The rules that are opened by GET, of all but the API; ``docs/roles.csv`` has them all."""
    with (ROOT / "docs/roles.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["face"] in ("page", "door")]
    named = [row["operation"].partition(" ") for row in rows]
    return {rule for method, _space, rule in named if method == "GET"}


def test_a_page_is_photographed_or_left_out_with_a_reason() -> None:
    assert len(pages()) > 50
    known = photographed() | set(LEFT_OUT)
    missing = sorted(pages() - known)
    assert missing == [], "photograph them in bench/shots.py, or say there why not"
    assert sorted(known - pages()) == [], "no such page is served any more"


def test_no_page_is_both_photographed_and_left_out() -> None:
    assert photographed() & set(LEFT_OUT) == set()
    assert all(len(reason) > 5 for reason in LEFT_OUT.values())


def test_no_two_pictures_bear_one_name() -> None:
    names = [shot.name for shots in SHOTS.values() for shot in shots]
    assert len(names) == len(set(names))
