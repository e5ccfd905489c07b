"""Quarantine: seen on a screen with its bytes, looked at on the record, replayed."""

import uuid
from typing import Any

import pytest

from minsheng.intake.quarantine import (
    Aside,
    QuarantineNotFound,
    list_aside,
    raw_bytes,
    replay,
)
from minsheng_sdk import RawItem

BYTES = "unreadable \x00\x01 电话13800001234".encode()


@pytest.fixture
def held(desk: Any) -> Any:
    """The desk with one arrival in quarantine."""
    desk.take(desk.add_channel(), RawItem("1", BYTES), RawItem("2", "好\n好".encode()))
    desk.parse()
    return desk


def listed(desk: Any, **wish: Any) -> list[Aside]:
    with desk.tools.database.session(desk.tenant_id) as session:
        return list(list_aside(session, **wish))


def look(desk: Any, aside_id: uuid.UUID) -> bytes:
    with desk.tools.database.session(desk.tenant_id) as session:
        return raw_bytes(session, desk.tools, desk.actor, aside_id)


def again(desk: Any, aside_id: uuid.UUID) -> None:
    with desk.tools.database.session(desk.tenant_id) as session:
        replay(session, desk.tools, desk.actor, aside_id)


def test_what_is_aside_is_listed_with_its_channel_and_size(held: Any) -> None:
    (aside,) = listed(held)
    assert (aside.reason, aside.channel_code, aside.plugin) == ("unreadable", "script", "scripted")
    assert aside.size == len(BYTES)
    assert aside.at == held.tools.clock.now()
    assert "13800001234" not in aside.detail


def test_the_bytes_are_those_that_came_and_looking_is_on_the_record(held: Any) -> None:
    (aside,) = listed(held)
    assert look(held, aside.id) == BYTES
    (entry,) = held.audit("quarantine.look")
    assert (entry.actor, entry.origin) == ("user:li.si", "127.0.0.1")


def test_a_mended_parser_reads_what_is_replayed(held: Any) -> None:
    (aside,) = listed(held)
    held.mend()
    again(held, aside.id)
    assert held.parse() == 1
    assert listed(held) == []
    assert len(held.messages()) == 2
    assert len(held.work("match")) == 2
    assert [entry.actor for entry in held.audit("quarantine.replay")] == ["user:li.si"]


def test_a_replay_that_fails_again_stays_aside_as_one(held: Any) -> None:
    (aside,) = listed(held)
    again(held, aside.id)
    again(held, aside.id)
    assert held.parse() == 1
    assert [each.id for each in listed(held)] == [aside.id]
    assert len(held.messages()) == 1
    assert look(held, aside.id) == BYTES


def test_what_was_read_since_is_no_longer_there(held: Any) -> None:
    (aside,) = listed(held)
    held.mend()
    again(held, aside.id)
    held.parse()
    for verb in (look, again):
        with pytest.raises(QuarantineNotFound):
            verb(held, aside.id)


def test_another_offices_arrival_and_none_at_all_are_answered_alike(
    held: Any, new_desk: Any
) -> None:
    (aside,) = listed(held)
    other = new_desk()
    said = set()
    for number in (aside.id, uuid.uuid4()):
        for verb in (look, again):
            with pytest.raises(QuarantineNotFound) as refused:
                verb(other, number)
            said.add(str(refused.value))
    assert len(said) == 1
    assert listed(other) == []
    assert held.work("parse") == []
    assert held.audit("quarantine.look") == other.audit("quarantine.look") == []


def test_the_list_is_paged_newest_first(desk: Any) -> None:
    words = (RawItem(str(n), f"unreadable {n}".encode()) for n in range(5))
    desk.take(desk.add_channel(), *words)
    desk.parse()
    every = listed(desk)
    assert [each.id for each in every] == sorted((each.id for each in every), reverse=True)
    first = listed(desk, limit=2)
    second = listed(desk, limit=2, after=first[-1].id)
    assert [*first, *second] == every[:4]
