"""The house figures: small functions, small files, imports at the top, narrow handlers."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE_FOLDERS = ("platform", "tenants", "dedupe", "plugins", "bin")
FUNCTION_LINES = 50
FILE_LINES = 500

# Where everything may be caught, and why. A name is "file:function"; nothing else is allowed.
BROAD_HANDLERS = {
    "platform/minsheng/intake/host/child.py:serve": "plugin edge: a run ends, told as a crash",
    "platform/minsheng/intake/host/child.py:_parse": "plugin edge: one item fails, the run goes on",
    "platform/minsheng/intake/host/child.py:_send": "plugin edge: one reply fails, the run goes on",
    "platform/minsheng/intake/host/registry.py:_imported": "plugin edge: an import may do anything",
    "platform/minsheng/intake/host/registry.py:_said": "plugin edge: a plugin describes itself",
    "platform/minsheng/runtime/runner.py:_run": "worker edge: a failed handler gives its rows back",
    "platform/minsheng/runtime/sweep.py:sweep_until": "worker edge: the timer outlives any fault",
    "plugins/sdk/minsheng_sdk/testing/checks_contract.py:_default_validates": "plugin edge: kit",
    "plugins/sdk/minsheng_sdk/testing/checks_contract.py:_words": "plugin edge: the kit",
    "plugins/sdk/minsheng_sdk/testing/kit.py:_name": "plugin edge: the kit",
    "plugins/sdk/minsheng_sdk/testing/kit.py:result": "plugin edge: the kit",
}


def sources(*folders: str) -> list[str]:
    """Tracked Python files below ``folders``; a migration is a record and is left as it was."""
    listed = subprocess.run(
        ["git", "ls-files", *(f"{folder}/*.py" for folder in folders)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = [name for name in listed.stdout.split() if (ROOT / name).is_file()]
    return [name for name in names if "/migrations/versions/" not in name]


def parsed(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def too_long(tree: ast.Module) -> list[str]:
    sizes = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in functions(tree)}
    return [f"{name}: {size} lines" for name, size in sizes.items() if size > FUNCTION_LINES]


def own_imports_inside(tree: ast.Module) -> list[str]:
    found = []
    for function in functions(tree):
        for node in ast.walk(function):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{function.name} imports {n}" for n in names if n.startswith("minsheng")]
    return found


def broad_handlers(tree: ast.Module) -> list[str]:
    """The functions that catch everything, be it by name, in a tuple or by a bare except."""
    found = []
    for function in functions(tree):
        for node in ast.walk(function):
            if not isinstance(node, ast.ExceptHandler) or _passes_on(node):
                continue
            if _is_broad(node.type):
                found.append(function.name)
    return found


def _passes_on(handler: ast.ExceptHandler) -> bool:
    """Whether the handler only tidies up: its last line is a bare ``raise``."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _is_broad(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_is_broad(part) for part in kind.elts)
    return kind is None or (
        isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}
    )


@pytest.mark.parametrize("name", sources(*SOURCE_FOLDERS))
def test_a_file_keeps_the_house_figures(name: str) -> None:
    lines = len((ROOT / name).read_text(encoding="utf-8").splitlines())
    tree = parsed(name)

    assert lines <= FILE_LINES, f"{name}: {lines} lines"
    assert too_long(tree) == []
    assert own_imports_inside(tree) == []


def test_everything_is_caught_only_where_a_reason_is_given() -> None:
    found = {
        f"{name}:{f}" for name in sources(*SOURCE_FOLDERS) for f in broad_handlers(parsed(name))
    }

    assert found == BROAD_HANDLERS.keys()


def test_what_is_looked_for_would_be_found() -> None:
    body = "\n".join("    x = 1" for _ in range(FUNCTION_LINES))
    text = f"def long():\n{body}\ndef late():\n    import minsheng.runtime\n"
    text += (
        "def broad():\n    try:\n        pass\n    except (ValueError, Exception):\n        pass\n"
    )
    text += "def tidy():\n    try: pass\n    except BaseException: raise\n"
    tree = ast.parse(text)

    assert too_long(tree) == [f"long: {FUNCTION_LINES + 1} lines"]
    assert own_imports_inside(tree) == ["late imports minsheng.runtime"]
    assert broad_handlers(tree) == ["broad"]


@pytest.mark.parametrize("folder", ["tests", "bench"])
def test_no_test_is_skipped_or_expected_to_fail(folder: str) -> None:
    marks = {"skip", "skipif", "xfail", "importorskip"}
    used = [
        f"{name}:{node.lineno} {node.attr}"
        for name in sources(folder)
        for node in ast.walk(parsed(name))
        if isinstance(node, ast.Attribute) and node.attr in marks
    ]

    assert used == []
