"""The page on ASVS leaves no requirement out and names only what is there."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/asvs.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (\w+) \| (.+) \|$", re.MULTILINE)
ROWS = {found[0]: (found[1], found[2]) for found in ROW.findall(PAGE)}
PATHS = re.compile(r"`(tests/[^`:]+?)(?:::(\w+))?`")

# The numbers of levels 1 and 2: by section the last one, since they are counted through there
# (OWASP ASVS 5.0.0, 70 of level 1 and 183 of level 2).
LAST = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5,
    "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2,
    "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4,
    "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4,
    "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2,
    "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1,
    "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
LEVEL_3 = """
    1.2.10 2.3.5 3.4.7 5.2.4 5.2.5 5.2.6 5.3.3 6.3.5 6.3.8 7.5.3 8.1.3 8.3.2 8.3.3 11.2.4 11.3.4
    13.1.2 13.1.3 13.2.6 13.3.4 14.2.6 14.2.7 14.2.8 15.2.5 15.4.2 16.5.4
""".split()  # noqa: SIM905  a list of numbers reads best as one


def test_every_requirement_of_levels_one_and_two_has_its_row() -> None:
    wanted = {f"{section}.{at}" for section, last in LAST.items() for at in range(1, last + 1)}
    assert len(wanted) == 253
    assert set(ROWS) == wanted | set(LEVEL_3)
    assert Counter(found[0] for found in ROW.findall(PAGE)).most_common(1)[0][1] == 1


@pytest.mark.parametrize("number", ROWS)
def test_a_row_says_what_holds_it_and_names_what_is_there(number: str) -> None:
    held, where = ROWS[number]
    assert held in {"test", "configuration", "absent", "gap"}
    named = PATHS.findall(where)
    assert held != "test" or named or "linter" in where, "name the test that fails"
    for path, name in named:
        assert (ROOT / path).exists(), path
        assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), name
