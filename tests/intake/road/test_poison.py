"""One arrival in fifty crashes, hangs or breaks its parser: the others do not notice."""

import os
import random
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from minsheng.intake.host import Limits, PluginHost
from minsheng.intake.quarantine import list_aside, raw_bytes, replay
from minsheng_sdk import RawItem

SOURCE = f"path:{Path(__file__).parent / 'scripted.py'}"
COUNT = min(5_000, 500 * int(os.environ.get("MINSHENG_SCALE") or 1))
ONE_IN = 50
ITEM_SECONDS = 6.0


@pytest.fixture
def script_host() -> Iterator[PluginHost]:
    """A host that waits less long for one arrival than the others' do."""
    limits = replace(Limits(), memory_bytes=256 << 20, item_seconds=ITEM_SECONDS)
    with PluginHost(limits, {"scripted": SOURCE}) as host:
        yield host


def arrivals(choice: random.Random) -> tuple[list[RawItem], set[str]]:
    """Good arrivals and, one in fifty, a bad one: a crash, broken bytes, and a single hang."""
    bad = set(choice.sample(range(COUNT), COUNT // ONE_IN))
    kinds = {number: ("crash", "unreadable")[at % 2] for at, number in enumerate(sorted(bad))}
    kinds[min(bad)] = "hang"
    items = [
        RawItem(f"{n:05d}", f"{kinds.get(n, '好')} {n}\n内容 {choice.random()}".encode())
        for n in range(COUNT)
    ]
    return items, {items[n].source_key for n in bad}


def work_off(desk: Any) -> int:
    return sum(iter(desk.parse, 0))


def test_poison_goes_aside_with_its_bytes_and_is_read_once_the_parser_is_mended(
    new_desk: Callable[[], Any],
) -> None:
    seed = secrets.randbelow(1_000_000)
    sys.stdout.write(f"seed {seed}\n")
    desk = new_desk()
    items, bad = arrivals(random.Random(seed))
    desk.take(desk.add_channel(), *items)
    assert work_off(desk) == COUNT
    good = {item.source_key for item in items} - bad
    assert sorted(message.external_id for message in desk.messages()) == sorted(good)
    assert aside(desk) == {item.raw for item in items if item.source_key in bad}
    desk.mend()
    replay_all(desk)
    assert work_off(desk) == len(bad)
    assert len(desk.messages()) == len({m.external_id for m in desk.messages()}) == COUNT
    assert aside(desk) == set()
    assert len(desk.work("match")) == COUNT


def aside(desk: Any) -> set[bytes]:
    """The bytes of what stands in quarantine."""
    with desk.tools.database.session(desk.tenant_id) as session:
        held = list_aside(session, limit=COUNT)
        return {raw_bytes(session, desk.tools, desk.actor, each.id) for each in held}


def replay_all(desk: Any) -> None:
    with desk.tools.database.session(desk.tenant_id) as session:
        for each in list_aside(session, limit=COUNT):
            replay(session, desk.tools, desk.actor, each.id)
