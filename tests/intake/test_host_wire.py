"""What crosses the socket: records as they were, and nothing else."""

import socket
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minsheng.intake.host.frames import FrameSocket, Malformed, StreamEnded, TooMuch
from minsheng.intake.host.wire import WireError, from_wire, to_wire
from minsheng_sdk import Attachment, Citizen, Page, ParsedMessage, RawItem

BEIJING = timezone(timedelta(hours=8))
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ITEMS = st.builds(RawItem, source_key=WORDS, raw=st.binary(), epoch=WORDS)
MESSAGES = st.builds(
    ParsedMessage,
    external_id=WORDS,
    subject=WORDS,
    body=WORDS,
    received_at=st.datetimes(timezones=st.sampled_from([UTC, BEIJING])),
    citizen=st.builds(Citizen, name=WORDS, phone=WORDS, email=WORDS),
    thread=st.lists(WORDS).map(tuple),
    attachments=st.lists(st.builds(Attachment, WORDS, WORDS, st.integers())).map(tuple),
    extra=st.dictionaries(WORDS, WORDS),
)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    with left, right:
        yield left, right


@given(st.builds(Page, items=st.lists(ITEMS).map(tuple), cursor=WORDS))
def test_a_page_comes_back_as_it_was(page: Page) -> None:
    assert from_wire(Page, to_wire(page)) == page


@given(MESSAGES)
def test_a_message_comes_back_as_it_was(message: ParsedMessage) -> None:
    assert from_wire(ParsedMessage, to_wire(message)) == message


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"subject": 1}, "subject"),
        ({"subject": "a\ud800"}, "subject"),
        ({"subject": "a\0"}, "subject"),
        ({"received_at": "2024-09-27T12:00:00"}, "received_at"),
        ({"received_at": "yesterday"}, "received_at"),
        ({"thread": "abc"}, "thread"),
        ({"extra": []}, "extra"),
        ({"extra": {"k": 1}}, "extra"),
        ({"citizen": {"name": ""}}, "citizen"),
        ({"attachments": [{"name": "", "media_type": "", "size": True}]}, "size"),
        ({"surprise": ""}, "ParsedMessage"),
    ],
)
def test_a_field_that_does_not_fit_is_named_and_not_quoted(
    changed: dict[str, object], field: str
) -> None:
    honest = to_wire(ParsedMessage("1", "s", "b", datetime(2024, 9, 27, tzinfo=UTC)))
    assert from_wire(ParsedMessage, honest).subject == "s"
    with pytest.raises(WireError, match=field) as caught:
        from_wire(ParsedMessage, honest | changed)
    assert "yesterday" not in str(caught.value)


@pytest.mark.parametrize("raw", ["not base64!", "YQ", 7])
def test_bytes_that_are_no_base64_are_refused(raw: object) -> None:
    with pytest.raises(WireError, match=r"RawItem\.raw"):
        from_wire(RawItem, {"source_key": "k", "raw": raw, "epoch": ""})


def test_what_no_record_holds_is_not_sent() -> None:
    with pytest.raises(WireError, match="no record holds a set"):
        to_wire({"a": {1}})


def test_a_frame_arrives_whole(ends: tuple[socket.socket, socket.socket]) -> None:
    FrameSocket(ends[0]).send({"词": ["中", 1, None]})
    assert FrameSocket(ends[1]).receive(5) == {"词": ["中", 1, None]}


def test_a_frame_over_its_limit_is_refused_on_both_sides(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    with pytest.raises(TooMuch, match="is over 10"):
        FrameSocket(ends[0], frame_bytes=10).send({"a": "longer than ten"})
    FrameSocket(ends[0]).send({"a": "longer than ten"})
    with pytest.raises(TooMuch, match="is over 10"):
        FrameSocket(ends[1], frame_bytes=10).receive(5)


def test_the_frames_of_a_run_are_counted_together(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    sender, receiver = FrameSocket(ends[0]), FrameSocket(ends[1], run_bytes=12)
    for _ in range(3):
        sender.send({"a": 1})
    # Each is eight bytes: {"a": 1}
    assert receiver.receive(5) == {"a": 1}
    with pytest.raises(TooMuch, match="together"):
        receiver.receive(5)


def test_an_end_inside_a_frame_is_an_end(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[0].sendall(struct.pack(">I", 10) + b"{")
    ends[0].close()
    with pytest.raises(StreamEnded):
        FrameSocket(ends[1]).receive(5)


def test_the_time_bounds_the_frame_and_not_its_pieces(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ticks = iter(range(100))
    slow = FrameSocket(ends[1], clock=lambda: float(next(ticks)))
    ends[0].sendall(struct.pack(">I", 4 << 20) + b" " * 100_000)
    with pytest.raises(TimeoutError, match="no whole frame in time"):
        slow.receive(3)


@pytest.mark.parametrize("body", [b"[]", b"7", b"{", b"\xff", b'{"a": ' + b"[" * 99_999])
def test_what_is_no_object_is_malformed(
    ends: tuple[socket.socket, socket.socket], body: bytes
) -> None:
    ends[0].sendall(struct.pack(">I", len(body)) + body)
    with pytest.raises(Malformed):
        FrameSocket(ends[1]).receive(5)
