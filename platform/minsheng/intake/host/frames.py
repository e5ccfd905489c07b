"""Frames of JSON over a stream socket: four bytes of length (big-endian), then UTF-8 JSON.

Used on both ends. The reader measures before it reads: a frame that announces too much is refused
at its header, so a flood costs the reader nothing.
"""

import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from minsheng.intake.host.limits import GIB, MIB

Frame = dict[str, Any]

_HEADER = struct.Struct(">I")
_CHUNK = MIB

# Each "[", "{" or "," of a frame may become a Python object of some 60 bytes: 64 MiB of "[],[],"
# would cost the reader 1.4 GB. Raw bytes travel as base64, which holds none of the three, so an
# honest page of 1,000 items stays below 10,000.
MOST_PARTS = 1_000_000


class StreamEnded(EOFError):
    """The other end is gone."""


class TooMuch(ValueError):
    """The other end sends more than it may."""


class Malformed(ValueError):
    """The other end sends what is no frame."""


class FrameSocket:
    """One end of a run's socket.

    ``frame_bytes`` bounds one incoming frame, ``run_bytes`` all of them together. ``clock`` gives
    seconds that only grow; a call's ``seconds`` bound the whole frame, not each piece of it.
    """

    def __init__(
        self,
        line: socket.socket,
        frame_bytes: int = 64 * MIB,
        run_bytes: int = GIB,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._line = line
        self._frame_bytes = frame_bytes
        self._left = run_bytes
        self._clock = clock

    def send(self, frame: Frame, seconds: float | None = None) -> None:
        """Send one frame; raises TooMuch (nothing was sent), StreamEnded or TimeoutError."""
        body = json.dumps(frame, allow_nan=False).encode("ascii")
        if len(body) > self._frame_bytes:
            message = f"a frame of {len(body)} bytes is over {self._frame_bytes}"
            raise TooMuch(message)
        self._line.settimeout(seconds)
        try:
            self._line.sendall(_HEADER.pack(len(body)) + body)
        except (BrokenPipeError, ConnectionResetError) as error:
            message = "the other end is gone"
            raise StreamEnded(message) from error

    def receive(self, seconds: float | None = None) -> Frame:
        """Wait for one frame; raises StreamEnded, TooMuch, Malformed or TimeoutError."""
        deadline = None if seconds is None else self._clock() + seconds
        (length,) = _HEADER.unpack(self._exactly(_HEADER.size, deadline))
        if length > self._frame_bytes:
            message = f"a frame of {length} bytes is over {self._frame_bytes}"
            raise TooMuch(message)
        self._left -= length
        if self._left < 0:
            message = "the frames of this run together are over their limit"
            raise TooMuch(message)
        return _decoded(self._exactly(length, deadline))

    def close(self) -> None:
        """Close this end."""
        self._line.close()

    def _exactly(self, count: int, deadline: float | None) -> bytes:
        gathered = bytearray()
        while len(gathered) < count:
            piece = self._piece(min(_CHUNK, count - len(gathered)), deadline)
            if not piece:
                message = "the other end is gone"
                raise StreamEnded(message)
            gathered += piece
        return bytes(gathered)

    def _piece(self, most: int, deadline: float | None) -> bytes:
        left = None if deadline is None else deadline - self._clock()
        if left is not None and left <= 0:
            message = "no whole frame in time"
            raise TimeoutError(message)
        self._line.settimeout(left)
        try:
            return self._line.recv(most)
        except ConnectionResetError:
            return b""


def _decoded(body: bytes) -> Frame:
    if body.count(b"[") + body.count(b"{") + body.count(b",") > MOST_PARTS:
        message = f"a frame of more than {MOST_PARTS} parts"
        raise TooMuch(message)
    try:
        frame = json.loads(body)
    except (ValueError, RecursionError) as error:
        message = "a frame that is no JSON"
        raise Malformed(message) from error
    if not isinstance(frame, dict):
        message = "a frame that is no object"
        raise Malformed(message)
    return frame
