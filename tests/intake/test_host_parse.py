"""Parsing in a child: one outcome an item, whatever the item does to its child."""

from collections.abc import Callable

import pytest

from minsheng.intake.host import Limits, ParseFailure, PluginHost, PluginRefused
from minsheng_sdk import ParsedMessage, RawItem

MOOD = {"mood": "calm"}
MakeHost = Callable[..., PluginHost]


def parsed(host: PluginHost, *words: str) -> list[ParsedMessage | ParseFailure]:
    items = [RawItem(f"key of {word}", word.encode()) for word in words]
    return list(host.parse("moody", MOOD, items))


def test_items_are_parsed_in_order_by_one_child(host: PluginHost) -> None:
    outcomes = parsed(host, "路灯", "水管", "噪音")
    assert [getattr(each, "body", None) for each in outcomes] == [
        "calm:路灯",
        "calm:水管",
        "calm:噪音",
    ]
    assert len({each.extra["pid"] for each in outcomes if isinstance(each, ParsedMessage)}) == 1


def test_no_items_give_no_outcome_and_start_nothing(host: PluginHost) -> None:
    assert parsed(host) == []


@pytest.mark.parametrize(
    ("word", "reason", "detail"),
    [
        ("segfault", "crashed", "signal SIGSEGV"),
        ("exit", "crashed", "exit status 3"),
        ("sys.exit", "crashed", "SystemExit at moody.py:"),
        ("fit", "crashed", "Fit at moody.py:"),
        ("stumble", "crashed", "ValueError at moody.py:"),
        ("eat", "crashed", "MemoryError at moody.py:"),
        ("eat slowly", "crashed", "MemoryError at moody.py:"),
        ("open everything", "crashed", "OSError at moody.py:"),
        ("huge frame", "flooded", "4294967295 bytes"),
        ("many parts", "flooded", "more than 1000000 parts"),
        ("no frame", "lied", "no JSON"),
        ("deep frame", "lied", "no JSON"),
        ("strange error", "lied", "no known form"),
        ("nothing", "lied", "ParsedMessage: does not have the fields"),
        ("naive", "lied", "received_at: has no offset from UTC"),
        ("unreadable", "unreadable", "half a header"),
        ("denied", "crashed", "CredentialsRefused"),
        ("kill parent", "crashed", "warm parent was killed"),
    ],
)
def test_a_hostile_item_fails_alone_with_its_reason(
    host: PluginHost, word: str, reason: str, detail: str
) -> None:
    before, failure, after = parsed(host, "前", word, "后")
    assert isinstance(before, ParsedMessage)
    assert isinstance(after, ParsedMessage)
    assert isinstance(failure, ParseFailure)
    assert (failure.source_key, failure.reason) == (f"key of {word}", reason)
    assert detail in failure.detail
    assert "13800001234" not in failure.detail


@pytest.mark.parametrize("word", ["sleep", "half a frame", "loop"])
def test_an_item_that_hangs_is_ended_by_the_clock(make_host: MakeHost, word: str) -> None:
    before, failure, after = parsed(make_host(item_seconds=1.5), "前", word, "后")
    assert isinstance(before, ParsedMessage)
    assert isinstance(failure, ParseFailure)
    assert (failure.reason, "no answer within 1.5 s" in failure.detail) == ("timed out", True)
    assert isinstance(after, ParsedMessage)


def test_an_endless_loop_is_ended_by_its_processor_time(make_host: MakeHost) -> None:
    host = make_host(cpu_seconds=0, item_seconds=60)
    failure, after = parsed(host, "loop", "后")
    assert isinstance(failure, ParseFailure)
    assert (failure.reason, "processor time" in failure.detail) == ("timed out", True)
    assert isinstance(after, ParsedMessage)


def test_an_ordinary_exception_does_not_cost_the_child(host: PluginHost) -> None:
    before, _, after = parsed(host, "前", "stumble", "后")
    assert isinstance(before, ParsedMessage)
    assert isinstance(after, ParsedMessage)
    assert before.extra["pid"] == after.extra["pid"]


def test_text_that_no_database_takes_is_repaired(host: PluginHost) -> None:
    (outcome,) = parsed(host, "odd text")
    assert isinstance(outcome, ParsedMessage)
    assert outcome.body == "a\ufffdb\ufffdc"


def test_an_item_larger_than_a_frame_fails_alone(make_host: MakeHost) -> None:
    failure, after = parsed(make_host(frame_bytes=20_000), "长" * 10_000, "后")
    assert isinstance(failure, ParseFailure)
    assert failure.reason == "flooded"
    assert isinstance(after, ParsedMessage)


def test_one_poisoned_item_in_a_hundred_costs_nothing_else(make_host: MakeHost) -> None:
    poisons = ["segfault", "exit", "eat", "fit", "sleep"]
    words = [poisons[n // 100] if n % 100 == 50 else f"第{n}件" for n in range(500)]
    outcomes = parsed(make_host(item_seconds=1.5), *words)
    failed = [n for n, each in enumerate(outcomes) if isinstance(each, ParseFailure)]
    assert failed == [50, 150, 250, 350, 450]
    bodies = [each.body for each in outcomes if isinstance(each, ParsedMessage)]
    assert bodies == [f"calm:{word}" for word in words if word not in poisons]


@pytest.mark.parametrize("plugin", ["import_fails", "import_eats"])
def test_a_plugin_that_cannot_be_loaded_blames_no_item(host: PluginHost, plugin: str) -> None:
    with pytest.raises(PluginRefused, match="its import failed with"):
        list(host.parse(plugin, MOOD, [RawItem("k", b"")]))


def test_the_default_limits_are_those_of_the_contract() -> None:
    limits = Limits()
    assert (limits.page_items, limits.cursor_bytes) == (1_000, 65_536)
    assert (limits.frame_bytes, limits.run_bytes) == (64 << 20, 1 << 30)
    assert (limits.memory_bytes, limits.open_files) == (1 << 30, 256)
