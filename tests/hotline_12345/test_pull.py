"""Orders are listed so that none is left out, whatever happens meanwhile."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from minsheng_hotline_12345 import plugin
from minsheng_hotline_12345.client import HotlineClient
from minsheng_hotline_12345.loopback import HotlineLoopback
from minsheng_hotline_12345.settings import read_settings
from minsheng_hotline_12345.walk import walk
from minsheng_sdk import RawItem, SampleMessage, Settings, SettingsInvalid


def test_every_order_comes_once_through_pages(
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
    clock: Any,
) -> None:
    for first in range(0, 250, 25):
        server.put(samples(25, first))
        clock.move(1)
    channel = desk(server)
    assert channel.pull() > 2
    assert len(channel.keys) == len(channel.known) == 250


def test_an_empty_source_yields_no_page(server: HotlineLoopback, desk: Callable[..., Any]) -> None:
    channel = desk(server)
    assert channel.pull() == 0
    assert channel.cursor == ""


def test_an_idle_source_brings_nothing_new_and_keeps_the_cursor(
    server: HotlineLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    server.put(samples(5))
    channel = desk(server)
    channel.pull()
    known, cursor = channel.known, channel.cursor
    channel.pull()
    assert channel.known == known
    assert channel.cursor == cursor


@pytest.mark.parametrize("kind", ["server", "silent_server"])
@pytest.mark.parametrize("size", [1, 7, 10, 35, 100])
def test_a_second_with_more_orders_than_a_page_is_read_whole(
    kind: str,
    size: int,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
    clock: Any,
    request: pytest.FixtureRequest,
) -> None:
    source = request.getfixturevalue(kind)
    source.put(samples(5))
    clock.move(1)
    source.put(samples(35, 5))
    clock.move(1)
    source.put(samples(5, 40))
    channel = desk(source, page_size=size)
    channel.pull()
    assert len(channel.known) == 45


@pytest.mark.parametrize("kind", ["server", "silent_server"])
def test_an_order_of_the_last_second_that_comes_later_is_taken(
    kind: str,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
    clock: Any,
    request: pytest.FixtureRequest,
) -> None:
    source = request.getfixturevalue(kind)
    source.put(samples(10))
    channel = desk(source, page_size=10)
    channel.pull()
    source.put(samples(1, 10))
    channel.pull()
    assert len(channel.known) == 11


def test_an_order_that_leaves_a_crowded_second_hides_no_other(
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
    clock: Any,
) -> None:
    server.put(samples(40))
    clock.move(5)
    settings = {**server.settings, "page_size": 10}
    keys: set[str] = set()
    for number, page in enumerate(plugin.minsheng_pull(settings, "")):
        keys |= {item.source_key for item in page.items}
        if number == 1:
            server.put(samples(10))
    assert len(keys) == 40


def test_an_order_that_is_updated_between_pages_hides_no_other(
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
    clock: Any,
) -> None:
    for number in range(40):
        server.put(samples(1, number))
        clock.move(1)
    settings = {**server.settings, "page_size": 10}
    keys: set[str] = set()
    for number, page in enumerate(plugin.minsheng_pull(settings, "")):
        keys |= {item.source_key for item in page.items}
        if number < 3:
            server.put(samples(8, number * 8))
            clock.move(1)
    assert len(keys) == 40


@pytest.mark.parametrize("kind", ["server", "silent_server"])
@pytest.mark.parametrize("pages", [1, 2, 3])
def test_a_run_that_breaks_off_after_every_page_loses_nothing(
    kind: str,
    pages: int,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
    clock: Any,
    request: pytest.FixtureRequest,
) -> None:
    source = request.getfixturevalue(kind)
    for first in range(0, 60, 20):
        source.put(samples(20, first))
        clock.move(200)
    channel = desk(source, page_size=5)
    for _ in range(60):
        channel.pull(pages)
    assert len(channel.known) == 60


def test_a_page_that_was_not_committed_comes_again(
    server: HotlineLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    server.put(samples(30))
    lost = next(plugin.minsheng_pull(server.settings, ""))
    assert lost.items
    channel = desk(server)
    channel.pull()
    assert {item.source_key for item in lost.items} <= channel.known


def test_an_order_committed_late_under_an_earlier_second_is_taken(
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
    clock: Any,
) -> None:
    server.put(samples(3))
    channel = desk(server)
    channel.pull()
    clock.move(-100)
    server.put(samples(1, 3))
    channel.pull()
    assert len(channel.known) == 4


def _step(settings: Settings, cursor: str, now: float, pages: int = 10_000) -> Any:
    """Pull with our own clock at ``now`` seconds; return the keys and the cursor."""
    checked = read_settings(settings)
    keys: set[str] = set()
    with HotlineClient(checked) as client:
        for number, page in enumerate(walk(client, checked, cursor, lambda: now), start=1):
            keys |= {item.source_key for item in page.items}
            cursor = page.cursor
            if number == pages:
                break
    return keys, cursor


def test_what_was_read_again_late_enough_is_not_read_once_more(
    server: HotlineLoopback, samples: Callable[..., list[SampleMessage]], clock: Any
) -> None:
    server.put(samples(3))
    start = clock.now.timestamp()
    keys, cursor = _step(server.settings, "", start)
    assert len(keys) == 3
    again, cursor = _step(server.settings, cursor, start + 60)
    assert again == keys
    again, cursor = _step(server.settings, cursor, start + 121)
    assert again == keys
    idle, cursor = _step(server.settings, cursor, start + 200)
    assert idle == set()
    clock.move(300)
    server.put(samples(1, 3))
    fresh, cursor = _step(server.settings, cursor, start + 301)
    assert len(fresh - keys) == 1
    server.put(samples(1, 4))
    same_second, cursor = _step(server.settings, cursor, start + 302)
    assert len(same_second - keys - fresh) == 1


def test_a_late_order_is_taken_even_when_the_run_broke_off_and_long_stood_still(
    server: HotlineLoopback, samples: Callable[..., list[SampleMessage]], clock: Any
) -> None:
    settings = {**server.settings, "page_size": 5}
    for first in range(0, 20, 5):
        server.put(samples(5, first))
        clock.move(10)
    keys, cursor = _step(settings, "", clock.now.timestamp(), pages=3)
    clock.move(-40)
    server.put(samples(1, 100))
    clock.move(40 + 86_400)
    server.put(samples(1, 101))
    for _ in range(2):
        more, cursor = _step(settings, cursor, clock.now.timestamp())
        keys |= more
    assert len(keys) == 22


def test_an_edited_order_keeps_its_key(
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
    clock: Any,
) -> None:
    server.put(samples(2))
    channel = desk(server)
    channel.pull()
    known = channel.known
    clock.move(500)
    edited = SampleMessage("s0", "改过的标题", "", samples(1)[0].received_at + timedelta(hours=1))
    server.put([edited])
    channel.pull()
    assert channel.known == known
    assert len(channel.keys) == 4  # the overlap reads the other order again


def test_orders_before_the_chosen_start_stay_away(
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
    clock: Any,
) -> None:
    server.put(samples(2))
    clock.move(3600)
    server.put(samples(1, 2))
    channel = desk(server, since="2026-11-22 12:30:00")
    channel.pull()
    assert len(channel.known) == 1


def test_a_chosen_start_that_is_no_time_is_refused(
    server: HotlineLoopback, desk: Callable[..., Any]
) -> None:
    with pytest.raises(SettingsInvalid, match="since"):
        desk(server, since="去年").pull()


@pytest.mark.parametrize("cursor", ["not ours", "[1]", '{"at":1}', '{"x":1}', "null"])
def test_a_cursor_that_is_not_ours_means_from_the_beginning(
    cursor: str,
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
) -> None:
    server.put(samples(3))
    channel = desk(server)
    channel.cursor = cursor
    channel.pull()
    assert len(channel.known) == 3


def test_a_stored_order_holds_the_row_as_it_was_listed(
    server: HotlineLoopback,
    samples: Callable[..., list[SampleMessage]],
    items: Callable[[Settings], list[RawItem]],
) -> None:
    server.put(samples(1))
    row = json.loads(items(server.settings)[0].raw)
    assert row["majorContent"] == samples(1)[0].body
    assert row["completeTime"] == "0001-01-01T00:00:00"
    assert row["orderNum"].startswith("261120090000")
