"""Folders, the lists that name them, and the traps between the two."""

import mailbox
import platform
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMPONENT_ROOTS = ("platform", "tenants", "dedupe", "plugins")


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def plugin_folders() -> set[str]:
    """Names of the folders of ``plugins/`` that hold a plugin; the SDK is none."""
    found = {path.parent.name for path in ROOT.glob("plugins/*/minsheng_*") if path.is_dir()}
    return found - {"sdk"}


def names_in_dev_mode_dirs() -> set[str]:
    listed = project()["tool"]["hatch"]["build"]["dev-mode-dirs"]
    return {Path(entry).name for entry in listed if entry.startswith("plugins/")} - {"sdk"}


def names_in_packages() -> set[str]:
    listed = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return {Path(entry).parent.name for entry in listed if entry.startswith("plugins/")} - {"sdk"}


def names_in_entry_points() -> set[str]:
    return set(project()["project"]["entry-points"]["minsheng.channels"])


def names_in_mypy_path() -> set[str]:
    listed = project()["tool"]["mypy"]["mypy_path"].split(":")
    return {Path(entry).name for entry in listed if "/plugins/" in entry} - {"sdk"}


def names_in_import_linter() -> set[str]:
    roots = project()["tool"]["importlinter"]["root_packages"]
    others = {"minsheng", "minsheng_tenants", "minsheng_dedupe", "minsheng_sdk"}
    return {name.removeprefix("minsheng_") for name in roots if name not in others}


@pytest.mark.parametrize(
    "listed",
    [
        names_in_dev_mode_dirs,
        names_in_packages,
        names_in_entry_points,
        names_in_mypy_path,
        names_in_import_linter,
    ],
)
def test_each_of_the_five_lists_names_every_plugin_folder_and_no_other(listed: Any) -> None:
    assert listed() == plugin_folders()


def test_there_are_plugins_to_name() -> None:
    assert plugin_folders() >= {"hotline_12345", "leaders_board", "mailbox"}


@pytest.mark.parametrize(
    "contract", ["a plugin sees the SDK only", "plugins do not know one another"]
)
def test_each_contract_on_plugins_names_every_plugin(contract: str) -> None:
    contracts = {c["name"]: c for c in project()["tool"]["importlinter"]["contracts"]}
    chosen = contracts[contract]
    modules = chosen.get("source_modules") or chosen["modules"]

    assert set(modules) == {f"minsheng_{name}" for name in plugin_folders()}


def test_no_init_file_turns_a_component_root_into_a_package() -> None:
    roots = [ROOT / name for name in COMPONENT_ROOTS]
    roots += [path for path in (ROOT / "plugins").iterdir() if path.is_dir()]

    assert [str(root) for root in roots if (root / "__init__.py").exists()] == []


def test_no_init_file_stands_below_tests() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_the_standard_library_keeps_its_names_here() -> None:
    assert platform.python_version() == ".".join(str(n) for n in sys.version_info[:3])
    assert mailbox.Maildir.__module__ == "mailbox"


@pytest.mark.parametrize("folder", [".", "plugins", "platform", "tests"])
def test_the_standard_library_keeps_its_names_with_our_folders_on_the_path(folder: str) -> None:
    program = "import mailbox, platform; print(mailbox.Maildir.__name__, platform.system())"

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT / folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert done.stdout.split() == ["Maildir", platform.system()]


@pytest.mark.parametrize("group", ["minsheng.channels", "console_scripts"])
def test_every_entry_point_loads(group: str) -> None:
    ours = [p for p in entry_points(group=group) if p.value.startswith("minsheng")]

    assert ours
    for point in ours:
        assert point.load() is not None


@pytest.mark.parametrize(
    "root", ["minsheng", "minsheng_tenants", "minsheng_dedupe", "minsheng_sdk"]
)
def test_every_package_says_that_it_is_typed(root: str) -> None:
    assert len(list(ROOT.glob(f"*/{root}/py.typed")) + list(ROOT.glob(f"*/*/{root}/py.typed"))) == 1
