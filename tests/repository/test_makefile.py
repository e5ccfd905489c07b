"""The Makefile's words, each with its line of help."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z][a-z-]*):(?!=)(.*)$", MAKEFILE, re.MULTILINE)
PROMISED = [
    "setup",
    "run",
    "test",
    "test-real",
    "lint",
    "fix",
    "docs",
    "screenshots",
    "bench",
    "proof",
    "lock",
    "clean",
    "help",
]


@pytest.mark.parametrize("target", PROMISED)
def test_a_promised_target_is_there(target: str) -> None:
    assert target in dict(TARGETS)


@pytest.mark.parametrize(("target", "rest"), TARGETS, ids=[name for name, _ in TARGETS])
def test_a_target_has_a_line_of_help_and_is_no_file(target: str, rest: str) -> None:
    assert re.search(r"## \S", rest)
    assert target in re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[0].split()


def test_help_prints_every_target() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, env=environ
    )

    assert [line.split()[0] for line in done.stdout.splitlines()] == [name for name, _ in TARGETS]


@pytest.mark.parametrize("script", ["bin/setup", ".ci/run"])
def test_a_script_can_be_started_and_parsed(script: str) -> None:
    shell = "bash" if script == ".ci/run" else "sh"

    assert os.access(ROOT / script, os.X_OK)
    subprocess.run([shell, "-n", ROOT / script], check=True)


@pytest.mark.parametrize("target", ["lint", "test", "test-real"])
def test_ci_calls_the_targets_that_decide(target: str) -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")

    loop = re.search(r"for target in (.*); do", script)
    assert loop is not None
    assert target in loop[1].split()


def test_only_one_target_collects_the_tests_on_real_data() -> None:
    rules = re.split(r"\n(?=[a-z-]+:)", MAKEFILE)
    collecting = [rule.split(":")[0] for rule in rules if "$(WITH_REAL)" in rule]

    assert collecting == ["test-real"]
