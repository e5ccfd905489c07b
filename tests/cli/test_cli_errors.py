"""Whatever is wrong with the environment is one clear line."""

from pathlib import Path
from typing import Any

import pytest

COMMANDS = [
    ("tenants", "list"),
    ("channels", "list", "--office", "130129"),
    ("doctor",),
    ("serve",),
    ("worker",),
    ("demo",),
    ("db", "upgrade"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_unknown_setting_is_named_by_every_command(shell: Any, command: tuple[str, ...]) -> None:
    said = shell.refused(*command, MINSHENG_PROT="8001")
    assert said == "unknown setting MINSHENG_PROT: see docs/settings.md for the known ones"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"MINSHENG_SWEEP_SECONDS": "often"}, "MINSHENG_SWEEP_SECONDS needs a whole number"),
        ({"MINSHENG_DATABASE_URL": "nonsense"}, "an address MINSHENG_DATABASE_… is none"),
        ({"MINSHENG_DATABASE_URL": "postgres://u:p@127.0.0.1/x"}, "write postgresql+psycopg://"),
        (
            {"MINSHENG_DATABASE_OPERATOR_URL": "postgresql+psycopg://x:y@127.0.0.1:1/x"},
            "the database cannot be reached",
        ),
        ({"MINSHENG_DATABASE_OPERATOR_URL": ""}, "set MINSHENG_DATABASE_OPERATOR_URL"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(
    shell: Any, changed: dict[str, str], words: str
) -> None:
    said = shell.refused("tenants", "list", **changed)
    assert words in said
    assert "\n" not in said


def test_a_home_without_servers_says_what_to_run_first(shell: Any, tmp_path: Path) -> None:
    nothing = dict.fromkeys(("MINSHENG_DATABASE_URL", "MINSHENG_REDIS_URL"), "")
    said = shell.refused("tenants", "list", MINSHENG_HOME=str(tmp_path), **nothing)
    assert str(tmp_path) in said
    assert "\n" not in said
    said = shell.refused("demo", "--json", MINSHENG_HOME=str(tmp_path), **nothing)
    assert said == "the demo has not run here yet: run `make run` first"


def test_an_argument_that_is_no_text_is_one_line(shell: Any) -> None:
    said = shell.refused("tenants", "show", "\udcff")
    assert said == "an argument is not UTF-8: set the terminal to UTF-8"


def test_each_command_says_what_it_is_for(shell: Any) -> None:
    listed = shell("--help").stdout
    for name in ("demo", "serve", "worker", "pull", "import", "doctor", "tenants", "clients"):
        assert name in listed
        assert shell(name, "--help").stdout.count("\n") > 4
