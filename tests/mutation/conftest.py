"""A copy of the project from which one guard at a time is taken away.

``guards.toml`` is the table. A guard that is gone must be noticed: every test that the table names
for it fails, by an assertion of its own and not because the code no longer runs. The copy is run
in processes of its own, and each of them says whether what it imported lay in the copy.
"""

import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("platform", "tenants", "dedupe", "plugins", "tests", "docs", "bench")
PACKAGES = (
    "platform", "tenants", "dedupe", "plugins/sdk", "plugins/hotline_12345",
    "plugins/leaders_board", "plugins/mailbox",
)  # fmt: skip
LEFT_OUT = ("node_modules", ".venv", ".git", "var", ".mypy_cache", ".ruff_cache", ".pytest_cache")
FULL = 10
LOTS = 3
"""How many guards a reduced run takes away, each drawn from its own share of the table."""
SECONDS = 600

BROKEN = frozenset({"SyntaxError", "IndentationError", "NameError", "ImportError",
                    "ModuleNotFoundError", "UnboundLocalError"})  # fmt: skip
"""Failures that say the replacement is no program, not that a guard was missed."""

WITNESS = '''
"""Tells how each test went, why it failed, and where what it ran on came from."""
import json, os, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
TOLD = {"failed": {}, "passed": [], "odd": [], "elsewhere": []}


def pytest_exception_interact(node, call, report):
    if getattr(report, "when", "") == "call":
        TOLD["failed"][report.nodeid] = call.excinfo.typename
    else:
        TOLD["odd"].append(f"{report.nodeid}: {call.excinfo.typename} {call.excinfo.value}"[:400])


def pytest_runtest_logreport(report):
    if report.when == "call" and report.passed:
        TOLD["passed"].append(report.nodeid)


def pytest_sessionfinish():
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0].startswith("minsheng") and file:
            if not Path(file).resolve().is_relative_to(ROOT):
                TOLD["elsewhere"].append(name)
    Path(os.environ["WITNESS"]).write_text(json.dumps(TOLD))
'''


@dataclass(frozen=True)
class Mutant:
    """One guard taken away: ``snippet`` of ``file`` becomes ``becomes``, and ``tests`` notice."""

    guard: str
    file: str
    snippet: str
    becomes: str
    tests: tuple[str, ...]

    @property
    def slug(self) -> str:
        """The guard as one word, by which pytest chooses it."""
        return re.sub(r"\W+", "-", self.guard)


@dataclass(frozen=True)
class Told:
    """How a run of named tests went: failures of their own by test, what else went wrong."""

    code: int
    output: str
    failed: dict[str, str] = field(default_factory=dict)
    passed: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    def soundness(self, tests: Sequence[str]) -> list[str]:
        """What is wrong with a run on the whole copy, as far as it is about these tests."""
        wrong = [f"imported from elsewhere: {name}" for name in self.elsewhere]
        wrong += [f"{each}: fails on the whole copy too" for each in self.failed if of(each, tests)]
        wrong += [each for each in self.odd if of(each.partition(": ")[0], tests)]
        ran = [test for test in tests if any(of(each, [test]) for each in self.passed)]
        return wrong + [f"{test} did not run" for test in tests if test not in ran]


def of(node: str, tests: Sequence[str]) -> bool:
    """Whether a node of a run is one of the tests or a case of one."""
    return any(node == test or node.startswith(f"{test}[") for test in tests)


def table() -> list[Mutant]:
    """The rows of ``guards.toml``."""
    rows = tomllib.loads((Path(__file__).parent / "guards.toml").read_text(encoding="utf-8"))
    return [
        Mutant(guard, row["file"], row["snippet"], row["becomes"], tuple(row["tests"]))
        for guard, row in rows.items()
    ]


def scale() -> int:
    return int(os.environ.get("MINSHENG_SCALE") or 1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``drawn``: every guard by name at full counts, else lots whose guards a seed draws."""
    if "drawn" in metafunc.fixturenames:
        full = scale() >= FULL
        names = [each.slug for each in table()] if full else [f"lot-{n}" for n in range(LOTS)]
        metafunc.parametrize("drawn", names)


@pytest.fixture
def mutants() -> list[Mutant]:
    """The whole table."""
    return table()


@pytest.fixture
def mutant(drawn: str) -> Mutant:
    """The guard to be taken away in this test."""
    rows = table()
    if not drawn.startswith("lot-"):
        return next(each for each in rows if each.slug == drawn)
    seed = random.SystemRandom().randrange(2**32)
    chosen = random.Random(seed).choice(rows[int(drawn.removeprefix("lot-")) :: LOTS])
    print(f"seed {seed} drew {chosen.slug}: MINSHENG_SCALE={FULL} takes it by -k {chosen.slug}")
    return chosen


@pytest.fixture(scope="session")
def whole(copy: "Copy") -> Told | None:
    """At full counts: every named test on the copy as it is, to know that the copy is sound."""
    if scale() < FULL:
        return None
    return copy.run(sorted({test for each in table() for test in each.tests}))


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> "Copy":
    """The working tree's sources in a folder of their own."""
    return Copy(tmp_path_factory.mktemp("copy") / "project")


class Copy:
    """A copy of the project; what it is asked to run, it runs on itself."""

    def __init__(self, root: Path) -> None:
        self.root = root
        leave_out = shutil.ignore_patterns(*LEFT_OUT)
        for name in FOLDERS:
            shutil.copytree(ROOT / name, root / name, ignore=leave_out)
        shutil.copy2(ROOT / "pyproject.toml", root)
        (root / "witness.py").write_text(WITNESS)

    @contextmanager
    def without(self, mutant: Mutant) -> Iterator[None]:
        """The copy while a guard is gone."""
        path = self.root / mutant.file
        before = path.read_text(encoding="utf-8")
        assert before.count(mutant.snippet) == 1, f"{mutant.guard}: look at its snippet"
        compiled = path.parent / "__pycache__"
        for stale in compiled.glob(f"{path.stem}.*"):
            stale.unlink()
        path.write_text(before.replace(mutant.snippet, mutant.becomes), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")

    def run(self, tests: Sequence[str]) -> Told:
        """Run the tests of these ids in a process of their own."""
        witness = self.root / "told.json"
        witness.unlink(missing_ok=True)
        command = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider",
                   "-p", "xdist", "-p", "witness", "--tb=short", *tests]  # fmt: skip
        done = subprocess.run(
            command, cwd=self.root, env=self._environment(witness), check=False,
            capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        told = json.loads(witness.read_text()) if witness.exists() else {}
        more = {name: tuple(told.get(name, ())) for name in ("passed", "odd", "elsewhere")}
        output = done.stdout[-6000:] + done.stderr[-2000:]
        return Told(done.returncode, output, told.get("failed", {}), **more)

    def _environment(self, witness: Path) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        roots = [str(self.root / name) for name in PACKAGES]
        return kept | {
            "PYTHONPATH": os.pathsep.join([*roots, str(self.root)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            # Plugins of pytest that no named test needs take longer to load than a test to run.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "WITNESS": str(witness),
        }


def missed(mutant: Mutant, told: Told) -> list[str]:
    """Why a run on a copy without the guard does not show that the guard is tested."""
    wrong = [f"imported from elsewhere: {name}" for name in told.elsewhere]
    wrong += [f"did not come to its test: {each}" for each in told.odd]
    wrong += [
        f"{test}: no program ({kind})" for test, kind in told.failed.items() if kind in BROKEN
    ]
    for test in mutant.tests:
        if not any(of(node, [test]) for node in told.failed):
            wrong.append(f"nobody missed the guard: {test} did not fail")
    if told.code != 1:
        wrong.append(f"pytest ended with {told.code} and not with 1")
    return wrong


@pytest.fixture(name="missed")
def _missed() -> Any:
    return missed


def stands(test: str) -> bool:
    """Whether the test of an id is written somewhere."""
    path, _, name = test.partition("::")
    file = ROOT / path
    if not file.is_file():
        return False
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return name.partition("[")[0] in names


@pytest.fixture(name="stands")
def _stands() -> Any:
    return stands
