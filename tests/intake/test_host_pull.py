"""Pulling in a child: it waits for the consumer, and nothing of it outlives the generator."""

import json
import os
from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from minsheng.intake.host import (
    PluginCrashed,
    PluginFlooded,
    PluginHost,
    PluginLied,
    PluginTimedOut,
)
from minsheng_sdk import (
    CredentialsRefused,
    Page,
    RateLimited,
    RawItem,
    SettingsInvalid,
    SourceUnavailable,
)

MakeHost = Callable[..., PluginHost]


def pull(host: PluginHost, mood: str, cursor: str = "") -> Iterator[Page]:
    return host.pull("moody", {"mood": mood}, cursor)


def jumping_clock() -> Callable[[], float]:
    """A clock on which a day passes between any two looks."""
    days = iter(range(10**9))
    return lambda: next(days) * 86_400.0


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_pages_come_whole_and_in_order(host: PluginHost) -> None:
    assert list(pull(host, "calm")) == [
        Page((RawItem(f"k{n}", bytes([n, 0, 255])),), str(n)) for n in (1, 2, 3)
    ]


def test_the_cursor_reaches_the_plugin(host: PluginHost) -> None:
    assert [page.cursor for page in pull(host, "calm", "2")] == ["3"]
    assert list(pull(host, "calm", "3")) == []


def test_an_error_after_a_page_keeps_the_page(host: PluginHost) -> None:
    pages = pull(host, "stumbles later")
    assert next(pages).cursor == "1"
    with pytest.raises(SourceUnavailable, match="gone in the middle"):
        next(pages)


@pytest.mark.parametrize(
    ("mood", "kind", "message"),
    [
        ("no frame", PluginLied, "no JSON"),
        ("no page", PluginLied, "Page: does not have the fields"),
        ("bad key", PluginLied, r"items.source_key: holds a NUL"),
        ("empty key", PluginLied, "source_key is empty"),
        ("many items", PluginFlooded, "1001 items is over 1000"),
        ("long cursor", PluginFlooded, "cursor of over 65536 bytes"),
        ("half cursor", PluginLied, "half a character|holds"),
        ("huge frame", PluginFlooded, "4294967295 bytes"),
        ("segfault", PluginCrashed, "signal SIGSEGV"),
        ("exit", PluginCrashed, "exit status 3"),
        ("fit", PluginCrashed, r"Fit at moody.py:\d+$"),
        ("kill parent", PluginCrashed, "warm parent was killed"),
    ],
)
def test_a_hostile_pull_ends_with_its_reason(
    host: PluginHost, mood: str, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        list(pull(host, mood))
    assert len(list(pull(host, "calm"))) == 3


@pytest.mark.parametrize(
    ("mood", "kind", "message", "retryable"),
    [
        ("unavailable", SourceUnavailable, "the line is dead", True),
        ("throttled", RateLimited, "slowly please", True),
        ("denied", CredentialsRefused, "who are you", False),
        ("bad setting", SettingsInvalid, "address: is nowhere", False),
    ],
)
def test_errors_of_the_sdk_arrive_as_they_were(
    host: PluginHost, mood: str, kind: type[Exception], message: str, retryable: bool
) -> None:
    with pytest.raises(kind) as caught:
        list(pull(host, mood))
    assert type(caught.value) is kind
    assert str(caught.value) == message
    assert getattr(caught.value, "retryable", None) is retryable


def test_an_error_keeps_its_own_fields_within_reason(host: PluginHost) -> None:
    with pytest.raises(RateLimited) as throttled:
        list(pull(host, "throttled"))
    with pytest.raises(RateLimited) as patience:
        list(pull(host, "patience"))
    with pytest.raises(SettingsInvalid) as invalid:
        list(pull(host, "bad setting"))
    assert (throttled.value.retry_after, patience.value.retry_after) == (7.5, 86_400.0)
    assert invalid.value.field == "address"


def test_pages_without_end_are_cut_off_at_the_limit_of_the_run(make_host: MakeHost) -> None:
    pages = pull(make_host(run_bytes=1_000_000), "endless")
    assert len(list(islice(pages, 7))) == 7
    with pytest.raises(PluginFlooded, match="frames of this run together"):
        next(pages)


def test_pages_without_end_are_cut_off_by_the_clock(make_host: MakeHost) -> None:
    ticks = iter(range(10**6))
    host = make_host(clock=lambda: float(next(ticks)), pull_seconds=20, page_seconds=20)
    with pytest.raises(PluginTimedOut):
        list(pull(host, "endless"))


def test_a_pull_that_hangs_is_killed(make_host: MakeHost) -> None:
    with pytest.raises(PluginTimedOut, match="no answer within"):
        list(pull(make_host(clock=jumping_clock()), "sleep"))
    with pytest.raises(PluginTimedOut, match=r"within 0\.5 s"):
        list(pull(make_host(page_seconds=0.5), "sleep"))


def test_a_pull_that_hangs_at_its_second_page_keeps_the_first(make_host: MakeHost) -> None:
    pages = pull(make_host(pull_seconds=1.0), "hangs later")
    assert next(pages).cursor == "1"
    with pytest.raises(PluginTimedOut):
        next(pages)


def test_closing_the_generator_ends_all_that_the_run_started(host: PluginHost) -> None:
    pages = pull(host, "sleepers")
    pids = json.loads(next(pages).items[0].raw)
    assert [alive(pid) for pid in pids] == [True, True, True]
    pages.close()  # type: ignore[attr-defined]
    assert [alive(pid) for pid in pids] == [False, False, False]


def test_a_run_that_ends_by_itself_leaves_no_process_either(host: PluginHost) -> None:
    (page,) = pull(host, "sleepers")
    assert [alive(pid) for pid in json.loads(page.items[0].raw)] == [False, False, False]


def test_ending_one_run_leaves_the_others_of_the_plugin_alone(host: PluginHost) -> None:
    first, second = pull(host, "sleepers"), pull(host, "sleepers")
    next(first)
    pids = json.loads(next(second).items[0].raw)
    first.close()  # type: ignore[attr-defined]
    # The second run's own children are still its own; only orphans were swept.
    assert [alive(pid) for pid in pids] == [True, True, True]
    assert list(second) == []
    assert [alive(pid) for pid in pids] == [False, False, False]


def test_a_flood_costs_the_host_no_memory(make_host: MakeHost) -> None:
    host = make_host()
    list(pull(host, "calm"))
    before = resident_bytes()
    for mood in ("huge frame", "endless", "many parts"):
        with pytest.raises(PluginFlooded):
            list(pull(make_host(run_bytes=100_000_000), mood))
    assert resident_bytes() - before < 100_000_000


def resident_bytes() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
