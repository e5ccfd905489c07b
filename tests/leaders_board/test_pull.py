"""Letters are listed so that none is lost, whatever happens meanwhile."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from minsheng_leaders_board import plugin
from minsheng_leaders_board.loopback import BoardLoopback
from minsheng_leaders_board.walk import Place
from minsheng_sdk import OutgoingReply, RawItem, SampleMessage, Settings


def test_every_letter_comes_once_through_pages(
    server: BoardLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    server.put(samples(130))
    channel = desk(server)
    assert channel.pull() > 5
    assert len(channel.keys) == len(channel.known) == 130


def test_an_empty_board_yields_no_page(server: BoardLoopback, desk: Callable[..., Any]) -> None:
    channel = desk(server)
    assert channel.pull() == 0
    assert channel.cursor == ""


@pytest.mark.parametrize("count", [5, 49, 50, 51, 130])
def test_an_idle_board_yields_no_page_and_no_detail_is_asked_again(
    count: Any,
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
) -> None:
    server.put(samples(count))
    channel = desk(server)
    channel.pull()
    before = server.requests
    assert channel.pull() == 0
    assert server.requests - before <= 6


@pytest.mark.parametrize("rows", [1, 2, 3, 20])
def test_pages_of_any_size_lose_nothing(
    rows: Any,
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
) -> None:
    server.put(samples(41))
    channel = desk(server, rows=rows)
    channel.pull()
    server.put(samples(9, 41))
    channel.pull()
    assert len(channel.known) == 50


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_a_run_that_breaks_off_after_every_page_loses_nothing(
    pages: int,
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
) -> None:
    server.put(samples(90))
    channel = desk(server, rows=10, look_back=20)
    for _ in range(20):
        channel.pull(pages)
    assert len(channel.keys) == len(channel.known) == 90


@pytest.mark.parametrize("pages", [1, 2, 4])
def test_letters_that_arrive_while_walks_break_off_are_taken(
    pages: int,
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
) -> None:
    server.put(samples(60))
    channel = desk(server, rows=10, look_back=20)
    for turn in range(6):
        channel.pull(pages)
        server.put(samples(15, 60 + turn * 15))
    for _ in range(20):
        channel.pull(pages)
    assert len(channel.known) == 150


def test_letters_that_arrive_during_a_walk_are_taken_by_the_next(
    server: BoardLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    server.put(samples(60))
    channel = desk(server)
    for number, page in enumerate(plugin.minsheng_pull(channel.settings, "")):
        channel.cursor = page.cursor
        channel.keys += [item.source_key for item in page.items]
        server.put(samples(2, 60 + number * 2))
    assert len(channel.known) == 60
    channel.pull()
    assert len(channel.known) >= 66


def test_one_run_finishes_a_broken_walk_and_takes_what_arrived_meanwhile(
    server: BoardLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    server.put(samples(60))
    channel = desk(server)
    channel.pull(pages=1)
    server.put(samples(5, 60))
    channel.pull()
    assert len(channel.keys) == len(channel.known) == 65


def test_a_page_that_was_not_committed_comes_again(
    server: BoardLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    server.put(samples(30))
    lost = next(plugin.minsheng_pull(server.settings, ""))
    channel = desk(server)
    channel.pull()
    assert {item.source_key for item in lost.items} <= channel.known


def test_more_new_letters_than_the_window_holds_are_all_taken(
    server: BoardLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    channel = desk(server, look_back=20)
    for first in range(0, 300, 100):
        server.put(samples(100, first))
        channel.pull()
    assert len(channel.keys) == len(channel.known) == 300


def test_a_letter_shown_late_below_known_ones_is_taken(
    server: BoardLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    server.put(samples(30))
    server.put(samples(60, 100))
    channel = desk(server)
    channel.pull()
    server.put_checked_late(samples(1, 130, prefix="late"))
    channel.pull()
    assert len(channel.known) == 91


def test_a_letter_shown_below_the_whole_window_is_not_looked_for(
    server: BoardLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    server.put(samples(100, 100))
    channel = desk(server)
    channel.pull()
    server.put_checked_late(samples(1, 3, prefix="late"))
    channel.pull()
    assert len(channel.known) == 100


def test_a_later_status_of_an_old_letter_is_no_new_arrival(
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
    items: Callable[[Settings], list[RawItem]],
) -> None:
    server.put(samples(3))
    channel = desk(server)
    channel.pull()
    key = sorted(channel.known)[0]
    reply = OutgoingReply("k", key, "", "已修好", "样例县住建局")
    plugin.minsheng_deliver(server.settings, reply)
    server.put([SampleMessage("s0", "改过", "改过", samples(1)[0].received_at)])
    assert channel.pull() == 0
    states = {plugin.minsheng_parse({}, item).extra["state"] for item in items(server.settings)}
    assert states == {"待回复", "已办理"}


def test_a_page_yields_its_oldest_letter_first(
    server: BoardLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    server.put(samples(15))
    page = next(plugin.minsheng_pull(server.settings, ""))
    tids = [int(item.source_key) for item in page.items]
    assert tids == sorted(tids)


@pytest.mark.parametrize("cursor", ["not ours", "[1]", '{"known":5}', '{"x":1}', "null"])
def test_a_cursor_that_is_not_ours_means_from_the_beginning(
    cursor: str,
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    desk: Callable[..., Any],
) -> None:
    server.put(samples(3))
    channel = desk(server)
    channel.cursor = cursor
    channel.pull()
    assert len(channel.known) == 3


def test_the_widest_window_fits_into_a_cursor() -> None:
    tids = tuple(range(10**18 - 1000, 10**18))
    place = Place(tids[0], tids, walking=True, last=str(tids[0]), top=tids, part=tids[:50])
    assert len(place.cursor().encode()) < 65_536


def test_letters_of_the_same_second_are_kept_apart(
    server: BoardLoopback, samples: Callable[..., list[SampleMessage]], desk: Callable[..., Any]
) -> None:
    same = [
        SampleMessage(f"x{number}", "题", "文", samples(1)[0].received_at) for number in range(300)
    ]
    server.put(same[:150])
    channel = desk(server)
    channel.pull()
    server.put(same[150:])
    channel.pull()
    assert len(channel.known) == 300


def test_what_is_stored_is_the_row_and_the_whole_letter(
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    items: Callable[[Settings], list[RawItem]],
) -> None:
    server.put(samples(1))
    stored = json.loads(items(server.settings)[0].raw)
    full = samples(1)[0].body
    assert stored["list"]["content"] == f"{full[:100]}..."
    assert stored["list"]["from"] == " 样例省 样例市"
    assert stored["detail"]["contentList"][0]["content"] == full


def test_a_second_later_letter_has_a_higher_tid_even_when_written_earlier(
    server: BoardLoopback,
    samples: Callable[..., list[SampleMessage]],
    items: Callable[[Settings], list[RawItem]],
) -> None:
    server.put(samples(1, 10))
    server.put(samples(1, 0))
    written = [plugin.minsheng_parse({}, item).received_at for item in items(server.settings)]
    assert written[1] - written[0] == -timedelta(seconds=10)
