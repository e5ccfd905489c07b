"""Every installed channel plugin conforms, against its own loopback server."""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from minsheng_sdk.testing import ConformanceCase, conformance_cases

PLUGINS = Path(__file__).parents[2] / "plugins"
WHOLE = {"hotline_12345", "leaders_board"}
"""Plugins that offer all that the kit looks at: with them nothing is passed over."""
INSTALLED = sorted(entry_points(group="minsheng.channels"), key=lambda entry: entry.name)


def cases(entry: EntryPoint) -> list[object]:
    return [
        pytest.param(entry.name, case, id=f"{entry.name}-{case}")
        for case in conformance_cases(entry.load())
    ]


@pytest.mark.parametrize(("plugin", "case"), [case for entry in INSTALLED for case in cases(entry)])
def test_the_plugin_keeps_the_contract(plugin: str, case: ConformanceCase) -> None:
    result = case.run()
    assert result.evidence
    assert result.outcome == "passed" or plugin not in WHOLE


def test_every_plugin_of_the_house_is_installed_and_so_tested() -> None:
    folders = {path.name for path in PLUGINS.iterdir() if path.is_dir() and path.name != "sdk"}
    assert folders
    assert folders <= {entry.name for entry in INSTALLED}
