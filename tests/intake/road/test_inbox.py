"""Taken in once: by its key, by equal bytes under a new numbering, whoever takes it in."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from minsheng_sdk import RawItem


def items(*keys: str, epoch: str = "", raw: str = "") -> list[RawItem]:
    return [RawItem(key, (raw or f"bytes of {key}").encode(), epoch) for key in keys]


@pytest.fixture
def channel(desk: Any) -> Any:
    return desk.add_channel()


def test_an_arrival_is_stored_sealed_with_work_and_an_entry(desk: Any, channel: Any) -> None:
    taken = desk.take(channel, RawItem("1", "李四13800001234".encode()))
    (row,) = desk.inbox()
    assert taken.stored == {"1": row.id}
    assert (row.state, row.size) == ("waiting", len("李四13800001234".encode()))
    assert b"13800001234" not in bytes(row.raw)
    assert [work.row_id for work in desk.work("parse")] == [row.id]
    assert [entry.object_id for entry in desk.audit("message.take_in")] == [str(row.id)]


def test_taking_in_again_adds_nothing(desk: Any, channel: Any) -> None:
    page = items("1", "2", "3")
    assert desk.take(channel, *page).count == 3
    for _ in range(3):
        assert desk.take(channel, *page).count == 0
    assert len(desk.inbox()) == len(desk.work("parse")) == 3
    assert len(desk.audit("message.take_in")) == 3


def test_a_known_key_with_other_bytes_is_known(desk: Any, channel: Any) -> None:
    desk.take(channel, RawItem("1", b"first"))
    desk.take(channel, RawItem("1", b"edited"))
    assert [row.size for row in desk.inbox()] == [len(b"first")]


def test_the_new_ones_of_a_page_are_found_among_the_known(desk: Any, channel: Any) -> None:
    desk.take(channel, *items("1", "3"))
    assert set(desk.take(channel, *items("1", "2", "3", "4")).stored) == {"2", "4"}


def test_a_key_twice_in_a_page_is_one_arrival(desk: Any, channel: Any) -> None:
    assert desk.take(channel, *items("1", "1", "2")).count == 2
    assert len(desk.inbox()) == 2


def test_equal_bytes_under_other_keys_are_arrivals_of_their_own(desk: Any, channel: Any) -> None:
    """Text similarity may link, it never drops (DESIGN invariant 1)."""
    assert desk.take(channel, *items("1", "2", "3", raw="the same words")).count == 3


def test_an_empty_page_is_taken_in(desk: Any, channel: Any) -> None:
    assert desk.take(channel).count == 0


def test_channels_and_offices_know_their_own_keys_only(
    new_desk: Callable[[], Any], desk: Any, channel: Any
) -> None:
    neighbour = new_desk()
    places = [(desk, channel), (desk, desk.add_channel("second")), (neighbour, None)]
    for office, place in places:
        assert office.take(place or office.add_channel(), *items("1")).count == 1
    assert len(desk.inbox()) == 2
    assert len(neighbour.inbox()) == 1


def test_workers_at_once_take_a_page_in_once(desk: Any, channel: Any) -> None:
    page = items(*(str(number) for number in range(30)))
    ready = threading.Barrier(4)

    def take(turn: int) -> int:
        ready.wait()
        count: int = desk.take(channel, *(page if turn % 2 else page[::-1])).count
        return count

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take, range(4))) == 30
    assert len(desk.inbox()) == len(desk.work("parse")) == 30


def states(desk: Any) -> dict[str, str]:
    return {row.source_key: row.state for row in desk.inbox()}


def test_a_source_that_numbers_anew_brings_nothing_twice(desk: Any, channel: Any) -> None:
    desk.take(channel, *(RawItem(f"A:{n}", f"mail {n}".encode(), "A") for n in range(3)))
    renumbered = [RawItem(f"B:{n}", f"mail {2 - n}".encode(), "B") for n in range(3)]
    assert desk.take(channel, *renumbered).count == 0
    assert [states(desk)[item.source_key] for item in renumbered] == ["same"] * 3
    assert len(desk.work("parse")) == 3
    old = {bytes(row.digest): row.id for row in desk.inbox() if row.epoch == "A"}
    assert all(row.same_as == old[bytes(row.digest)] for row in desk.inbox() if row.epoch == "B")
    assert [row.raw for row in desk.inbox() if row.epoch == "B"] == [None] * 3


def test_what_is_new_under_the_new_numbers_is_taken_in(desk: Any, channel: Any) -> None:
    desk.take(channel, *items("A:1", epoch="A", raw="old"))
    page = [*items("B:1", epoch="B", raw="old"), *items("B:2", epoch="B", raw="new")]
    assert set(desk.take(channel, *page).stored) == {"B:2"}


@pytest.mark.parametrize(("old", "new", "fresh"), [(2, 2, 0), (2, 3, 1), (3, 2, 0), (1, 4, 3)])
def test_copies_are_counted_when_a_source_numbers_anew(
    desk: Any, channel: Any, old: int, new: int, fresh: int
) -> None:
    """The k-th copy under the new numbers answers the k-th under the old; more are new."""
    desk.take(channel, *items(*(f"A:{n}" for n in range(old)), epoch="A", raw="copy"))
    page = items(*(f"B:{n}" for n in range(new)), epoch="B", raw="copy")
    assert desk.take(channel, *page).count == fresh


def test_copies_are_counted_across_pages(desk: Any, channel: Any) -> None:
    desk.take(channel, *items("A:1", "A:2", epoch="A", raw="copy"))
    counts = [desk.take(channel, *items(f"B:{n}", epoch="B", raw="copy")).count for n in range(3)]
    assert counts == [0, 0, 1]


def test_a_source_may_number_anew_again_and_again(desk: Any, channel: Any) -> None:
    for epoch in ("A", "B", "C", "D"):
        page = [RawItem(f"{epoch}:{n}", f"mail {n}".encode(), epoch) for n in range(3)]
        desk.take(channel, *page)
        assert desk.take(channel, *page).count == 0
    assert sorted(states(desk).values()) == ["same"] * 9 + ["waiting"] * 3


def test_a_source_without_numbering_periods_is_never_thought_renumbered(
    desk: Any, channel: Any
) -> None:
    desk.take(channel, *items("1", raw="copy"))
    assert desk.take(channel, *items("2", raw="copy")).count == 1
