"""Every collection of the tests finds the same tests: two processes share them by their names."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
CHANGING = {
    "now", "today", "time", "time_ns", "monotonic", "uuid1", "uuid4", "uuid7", "getpid",
    "random", "randint", "choice", "sample", "shuffle", "token_hex", "token_bytes",
    "token_urlsafe", "urandom", "listdir", "iterdir", "glob", "rglob",
}  # fmt: skip


def changing_parameters(tree: ast.Module) -> Iterator[str]:
    """Calls inside ``parametrize`` whose answer differs from one process to the next."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "parametrize":
            for inner in ast.walk(node):
                if isinstance(inner, ast.Call) and _name(inner.func) in CHANGING:
                    yield f"line {inner.lineno}: {_name(inner.func)}"


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_no_test_is_named_after_a_moment_or_by_chance(path: Path) -> None:
    assert list(changing_parameters(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_a_name_made_from_the_present_moment_would_be_seen() -> None:
    text = "@pytest.mark.parametrize('at', [datetime.now(UTC), 5])\ndef test_it(at): ...\n"
    assert list(changing_parameters(ast.parse(text))) == ["line 1: now"]
