"""What a plugin's own loopback server can do, for the demo, the tests and the conformance kit."""

from collections.abc import Sequence
from typing import Literal, Protocol

from minsheng_sdk.records import OutgoingReply, SampleMessage, Settings

Fault = Literal["refuse", "drop", "empty", "throttle", "garbage", "deny"]
"""How a loopback server misbehaves for one request.

``refuse`` answers with a server error; ``drop`` closes the connection in the middle of an answer;
``empty`` answers with an empty body; ``throttle`` asks for patience; ``garbage`` answers in no
known form; ``deny`` refuses the credentials. A protocol that lacks one maps it to its nearest.
"""


class Loopback(Protocol):
    """A server on 127.0.0.1 that speaks a channel's protocol, with its faults."""

    def start(self, port: int = 0) -> None:
        """Listen on a loopback port (0 = any free one) in threads of its own."""

    def stop(self) -> None:
        """Stop listening and end the threads; calling it twice does no harm."""

    @property
    def settings(self) -> Settings:
        """The settings with which a channel reaches this server; valid after ``start``."""

    def put(self, messages: Sequence[SampleMessage]) -> None:
        """Let messages arrive at the source; equal ``sample_id`` = the same arrival, edited."""

    def fail_next(self, fault: Fault, after: int = 0) -> None:
        """Misbehave once, after ``after`` more good requests."""

    def delivered(self) -> list[OutgoingReply]:
        """Every reply that arrived, in order; unknown fields are empty."""

    @property
    def requests(self) -> int:
        """How many requests (IMAP: commands) were answered so far."""
