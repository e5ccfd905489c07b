"""Each guard that is taken away is missed by a test: the tests are tested."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FEWEST = 28


def test_rel_m1_every_guard_of_the_table_is_where_the_table_says(mutants: Any) -> None:
    assert len(mutants) >= FEWEST
    astray = [
        f"{each.guard}: its snippet stands {found} times in {each.file}, mend guards.toml"
        for each in mutants
        if (found := count(ROOT / each.file, each.snippet)) != 1
    ]
    assert astray == []
    assert [each.guard for each in mutants if each.snippet == each.becomes] == []


def count(path: Path, snippet: str) -> int:
    return path.read_text(encoding="utf-8").count(snippet) if path.is_file() else 0


def test_rel_m1_every_test_of_the_table_is_written(
    mutants: Any, stands: Callable[[str], bool]
) -> None:
    named = {(each.guard, test) for each in mutants for test in each.tests}
    assert [f"{guard}: there is no {test}" for guard, test in named if not stands(test)] == []
    assert [each.guard for each in mutants if not each.tests] == []
    assert not stands("tests/mutation/test_rel_m1_guards.py::test_of_nothing")
    assert not stands("tests/of_nothing.py::test_of_nothing")


def test_rel_m1_a_guard_that_is_gone_is_missed(
    mutant: Any, copy: Any, whole: Any, missed: Callable[..., list[str]]
) -> None:
    if whole is not None:
        assert whole.soundness(mutant.tests) == [], whole.output
    with copy.without(mutant):
        told = copy.run(mutant.tests)
    assert missed(mutant, told) == [], told.output
