"""The plugin keeps the SDK's contract, its settings and its loopback theirs."""

import json
from collections.abc import Callable
from typing import Any

import pluggy
import pytest
import requests

from minsheng_leaders_board import plugin
from minsheng_leaders_board.loopback import BoardLoopback
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
    assert (info.name, info.badge_zh, info.can_deliver) == ("leaders_board", "留言板", True)


def test_the_settings_of_the_loopback_fit_the_schema(server: BoardLoopback) -> None:
    checked = validate_settings(plugin.minsheng_settings_schema(), server.settings)
    assert checked["section"] == "df"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "ftp://host"),
        ("base_url", "http://user:word@host"),
        ("forum", "书记"),
        ("forum", "１２"),
        ("section", "xx"),
        ("rows", 0),
        ("look_back", 1001),
        ("pause_ms", -1),
        ("app_code", ""),
        ("colour", "red"),
    ],
)
def test_settings_that_cannot_work_are_named(
    field: str, value: Any, server: BoardLoopback, desk: Callable[..., Any]
) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        desk(server, **{field: value}).pull()
    assert caught.value.field == field


def test_a_check_says_what_works(
    server: BoardLoopback, samples: Callable[..., list[SampleMessage]]
) -> None:
    server.put(samples(1))
    report = plugin.minsheng_check(server.settings)
    assert report.ok
    assert len(report.lines_zh) == len(report.lines_en) == 1


def test_a_check_of_an_empty_list_says_what_to_look_at(server: BoardLoopback) -> None:
    report = plugin.minsheng_check(server.settings)
    assert report.ok
    assert "fid" not in report.lines_zh[0]
    assert "留言对象编号" in report.lines_zh[1]


@pytest.mark.parametrize("fault", ["deny", "garbage", "refuse"])
def test_a_check_says_what_fails(fault: Any, server: BoardLoopback) -> None:
    server.fail_next(fault)
    report = plugin.minsheng_check(server.settings)
    assert not report.ok
    assert len(report.lines_zh) == len(report.lines_en) == 1


def test_a_new_loopback_with_the_same_samples_gives_the_same_keys(
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    items: Callable[[Settings], list[RawItem]],
) -> None:
    server.put(samples(200))
    again = BoardLoopback()
    again.put(list(reversed(samples(200))))
    again.start()
    try:
        keys = {item.source_key for item in items(again.settings)}
    finally:
        again.stop()
    assert keys == {item.source_key for item in items(server.settings)}
    assert len(keys) == 200


def test_a_loopback_starts_anew_with_what_it_had(
    server: BoardLoopback,
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
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    items: Callable[[Settings], list[RawItem]],
) -> None:
    server.put(samples(1))
    items(server.settings)
    assert server.requests == 3


@pytest.mark.parametrize("body", [b"", b"[]", b'{"param":{}}'])
def test_a_loopback_answers_a_malformed_request_with_the_recorded_code(
    body: bytes, server: BoardLoopback
) -> None:
    url = f"{server.settings['base_url']}/v1/threads/list/df"
    answer = requests.post(url, data=body, timeout=5)
    assert answer.status_code == 200
    assert json.loads(answer.content)["code"] == "SN0006"
