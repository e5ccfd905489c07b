"""Which plugins are loaded, and why the others are not."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from minsheng.intake.host import PluginHost, PluginNotInstalled, PluginRefused, PluginRegistry
from minsheng.intake.host.registry import GROUP

HOSTILE = Path(__file__).parent / "hostile"

GOOD = """
from minsheng_sdk import ChannelInfo, hookimpl

@hookimpl
def minsheng_channel_info():
    return ChannelInfo("NAME", "题", "Title", "题", "T"INFO)

@hookimpl
def minsheng_settings_schema():
    return ()

@hookimpl
def minsheng_check(settings): ...

@hookimpl
def minsheng_pull(settings, cursor): ...

@hookimpl
def minsheng_parse(settings, item): ...

@hookimpl
def minsheng_loopback():
    return "a server"
"""


def written(folder: Path, name: str, text: str = GOOD, info: str = "") -> EntryPoint:
    """Write a plugin module into ``folder`` and return its entry point."""
    module = f"registry_test_{folder.name}_{name}".replace("-", "_")
    (folder / f"{module}.py").write_text(text.replace("NAME", name).replace("INFO", info))
    return EntryPoint(name, module, GROUP)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_installed_plugins_are_found_by_their_entry_points(folder: Path) -> None:
    entry = written(folder, "guestbook")
    metadata = folder / "guestbook-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: guestbook\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\nguestbook = {entry.value}\n")
    registry = PluginRegistry.load()
    assert "guestbook" in registry.names
    plugin = registry.get("guestbook")
    assert (plugin.name, plugin.info().title_zh, plugin.schema()) == ("guestbook", "题", ())
    assert plugin.loopback() == "a server"


def test_an_empty_group_gives_an_empty_registry() -> None:
    registry = PluginRegistry.load("minsheng.no_such_group")
    assert (registry.names, registry.refused) == ((), {})


def test_a_plugin_that_is_not_there_is_asked_for_with_advice(folder: Path) -> None:
    registry = PluginRegistry.of([written(folder, "guestbook")])
    with pytest.raises(PluginNotInstalled, match=r"install the package.*\(guestbook\)"):
        registry.get("fax")


@pytest.mark.parametrize(
    ("text", "info", "reason"),
    [
        ("import no_such_module", "", "import failed with ModuleNotFoundError"),
        ("import sys; sys.exit(1)", "", "import failed with SystemExit"),
        ("def broken(:", "", "import failed with SyntaxError"),
        ("", "", "it lacks minsheng_channel_info, minsheng_settings_schema"),
        (GOOD, ", api_version=99", "it speaks api version 99, this service knows 1"),
        (GOOD, ", can_deliver=True", "it lacks minsheng_deliver: add each"),
        (GOOD, ", can_look_up=True", "it lacks minsheng_look_up_delivery"),
        (GOOD.replace('"NAME"', '"other"'), "", "its entry point says 'bad', it calls itself"),
        (GOOD.replace("minsheng_pull", "minsheng_pul"), "", "minsheng_pul"),
        (GOOD.replace("settings, cursor", "settings, curser"), "", "curser"),
        (GOOD.replace("return ()", "return ['x']"), "", "must return a tuple of SettingField"),
        (GOOD.replace("return Channel", "return print or "), "", "must return ChannelInfo, got"),
        (GOOD.replace("return ()", "raise KeyError('k')"), "", "cannot describe itself, KeyError"),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_refused_and_the_others_stay(
    folder: Path, text: str, info: str, reason: str
) -> None:
    entries = [written(folder, "a"), written(folder, "bad", text, info), written(folder, "c")]
    registry = PluginRegistry.of(entries)
    assert registry.names == ("a", "c")
    assert reason in registry.refused["bad"]
    with pytest.raises(PluginNotInstalled, match="was refused: "):
        registry.get("bad")


def test_the_second_plugin_of_one_name_is_refused(folder: Path) -> None:
    entry = written(folder, "a")
    registry = PluginRegistry.of([entry, EntryPoint("a", "elsewhere", GROUP)])
    assert registry.names == ("a",)
    assert registry.refused == {"a (elsewhere)": "another plugin has this name already"}


def test_a_run_of_a_refused_plugin_is_refused_with_the_same_reason(host: PluginHost) -> None:
    with pytest.raises(PluginRefused, match="api version 0"):
        host.check("old_version", {})
    assert "old_version" not in sys.modules
