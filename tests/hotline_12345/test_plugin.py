"""The plugin keeps the SDK's contract, its settings and its loopback theirs."""

from collections.abc import Callable
from typing import Any

import pluggy
import pytest

from minsheng_hotline_12345 import plugin
from minsheng_hotline_12345.loopback import HotlineLoopback
from minsheng_sdk import RawItem, SampleMessage, Settings, SettingsInvalid, spec, validate_settings


def _manager() -> Any:
    manager = pluggy.PluginManager(spec.PROJECT)
    manager.add_hookspecs(spec)
    manager.register(plugin)
    return manager


def test_every_hook_of_the_contract_is_implemented() -> None:
    manager = _manager()
    manager.check_pending()
    specified = {name for name in vars(spec) if name.startswith("minsheng_")}
    implemented = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
    assert implemented == specified


def test_the_channel_says_what_it_is() -> None:
    info = _manager().hook.minsheng_channel_info()
    assert (info.name, info.badge_zh, info.can_deliver) == ("hotline_12345", "电话", True)


def test_the_settings_of_the_loopback_fit_the_schema(server: HotlineLoopback) -> None:
    checked = validate_settings(plugin.minsheng_settings_schema(), server.settings)
    assert checked["fields"]["number"] == "orderNum"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "ftp://host"),
        ("base_url", "host"),
        ("base_url", "http://user:word@host"),
        ("base_url", "http://host:99999"),
        ("page_size", 0),
        ("overlap_seconds", 0),
        ("read_seconds", 0),
        ("orders_path", "orders"),
        ("client_secret", ""),
        ("colour", "red"),
    ],
)
def test_settings_that_cannot_work_are_named(
    field: str, value: Any, server: HotlineLoopback, desk: Callable[..., Any]
) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        desk(server, **{field: value}).pull()
    assert caught.value.field == field


def test_a_check_says_what_works(server: HotlineLoopback) -> None:
    report = plugin.minsheng_check(server.settings)
    assert report.ok
    assert len(report.lines_zh) == len(report.lines_en) == 2


@pytest.mark.parametrize(("fault", "good"), [("deny", 0), ("garbage", 1), ("refuse", 1)])
def test_a_check_says_which_step_fails(fault: Any, good: int, server: HotlineLoopback) -> None:
    server.fail_next(fault, good)
    report = plugin.minsheng_check(server.settings)
    assert not report.ok
    assert len(report.lines_zh) == len(report.lines_en) == good + 1


def test_a_check_of_impossible_settings_is_a_report_too() -> None:
    assert not plugin.minsheng_check({"base_url": "x"}).ok


def test_a_new_loopback_with_the_same_samples_gives_the_same_keys(
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    items: Callable[[Settings], list[RawItem]],
) -> None:
    server.put(samples(300))
    again = HotlineLoopback()
    again.put(list(reversed(samples(300))))
    again.start()
    try:
        keys = {item.source_key for item in items(again.settings)}
    finally:
        again.stop()
    assert keys == {item.source_key for item in items(server.settings)}
    assert len(keys) == 300


def test_a_loopback_starts_anew_with_what_it_had(
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    items: Callable[[Settings], list[RawItem]],
) -> None:
    server.put(samples(3))
    server.stop()
    server.stop()
    with pytest.raises(RuntimeError, match="start it first"):
        assert server.settings
    server.start()
    assert len(items(server.settings)) == 3
    with pytest.raises(RuntimeError, match="stop it first"):
        server.start()


def test_a_loopback_counts_every_request_it_answered(
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    items: Callable[[Settings], list[RawItem]],
) -> None:
    server.put(samples(1))
    items(server.settings)
    assert server.requests == 2


def test_two_faults_meet_two_requests(server: HotlineLoopback, desk: Callable[..., Any]) -> None:
    server.fail_next("refuse")
    server.fail_next("deny")
    reports = [plugin.minsheng_check(server.settings).ok for _ in range(3)]
    assert reports == [False, False, True]
