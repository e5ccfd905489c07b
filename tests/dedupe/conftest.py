"""A letter to change one thing of, and the answer to a pair of letters."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from minsheng_dedupe import Match, Matcher, MemoryStore, Record

LETTER = Record(
    message_id="earlier",
    channel="leaders_board",
    subject="锦绣花园小区3号楼电梯停运无人维修",
    body=(
        "我是锦绣花园小区3号楼2单元的住户。从上个月起两部电梯先后停运，物业贴了告示说等待配件，"
        "可是一直没有人来维修。楼里有多位行动不便的老人，每天爬十几层楼梯，买菜看病都成了难题。"
        "业主群里多次催促，物业经理总是推脱说维修资金没有批下来。请督促物业公司尽快恢复电梯运行。"
    ),
    received_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    phone_ix=b"phone-a",
    name_ix=b"name-a",
)


@pytest.fixture
def letter() -> Callable[..., Record]:
    """`letter(body=..., ...)`: the letter with these fields changed."""

    def change(**fields: Any) -> Record:
        return replace(LETTER, **fields)

    return change


@pytest.fixture
def answer() -> Callable[[Record, Record], Match | None]:
    """`answer(earlier, later)`: what is said of `later` when only `earlier` is stored."""

    def ask(earlier: Record, later: Record) -> Match | None:
        matcher = Matcher(None, MemoryStore())
        matcher.add(earlier)
        found = matcher.match(replace(later, message_id="later"))
        return found[0] if found else None

    return ask
