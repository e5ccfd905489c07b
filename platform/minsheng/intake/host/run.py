"""One run: a child, its socket and the meaning of what comes out of it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import minsheng_sdk
from minsheng.intake.host.errors import (
    NurseryLost,
    PluginCrashed,
    PluginFlooded,
    PluginLied,
    PluginTimedOut,
)
from minsheng.intake.host.frames import Frame, FrameSocket, Malformed, StreamEnded, TooMuch
from minsheng.intake.host.keeper import Keeper
from minsheng.intake.host.limits import Limits
from minsheng.intake.host.wire import WireError, from_wire
from minsheng_sdk.errors import ChannelError, RateLimited, SettingsInvalid

Record = TypeVar("Record")

# A source that asks for more patience than a day is asking for a person.
MOST_PATIENCE = 86_400.0


class OddItem(PluginCrashed):
    """One item raised an unforeseen exception and the child goes on."""


class Run:
    """A child of one plugin, from its fork until everything it started is killed."""

    def __init__(
        self,
        plugin: str,
        keeper: Keeper,
        limits: Limits,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plugin = plugin
        self._keeper = keeper
        line, self._ticket = keeper.open_run()
        self._frames = FrameSocket(line, limits.frame_bytes, limits.run_bytes, clock)
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, frame: Frame, seconds: float) -> Frame:
        """Send one frame and wait for its answer, ``seconds`` at most.

        Raises the SDK error that the plugin raised, OddItem, or a RunFailed; after a RunFailed
        that is no OddItem the run is closed.
        """
        with self._judged(seconds):
            self._frames.send(frame, seconds)
            answer = self._frames.receive(seconds)
        if "error" in answer:
            raise self._said(answer["error"])
        if "crash" in answer:
            raise self._crash(answer)
        return answer

    def close(self) -> str:
        """Kill all that belongs to the run; returns how its child ended, empty if unknown."""
        if not self._open:
            return ""
        self._open = False
        self._frames.close()
        return self._keeper.end_run(self._ticket)

    def forget(self) -> None:
        """Let go of a run of the process this one was forked from."""
        self._open = False
        self._frames.close()

    @contextmanager
    def _judged(self, seconds: float) -> Iterator[None]:
        """Turn what the socket says into what it means, and end the run."""
        try:
            yield
        except TimeoutError as error:
            self.close()
            message = f"{self._plugin}: no answer within {seconds:g} s, the run was killed"
            raise PluginTimedOut(message) from error
        except TooMuch as error:
            self.close()
            message = f"{self._plugin}: {error}"
            raise PluginFlooded(message) from error
        except Malformed as error:
            self.close()
            message = f"{self._plugin}: it sent {error}"
            raise PluginLied(message) from error
        except StreamEnded as error:
            raise self._ended() from error

    def _ended(self) -> PluginCrashed | PluginTimedOut:
        how = self.close()
        if how == "signal SIGXCPU":
            return PluginTimedOut(f"{self._plugin}: over its processor time, the run was killed")
        if not how:
            return NurseryLost(f"{self._plugin}: its warm parent was killed and took the run along")
        return PluginCrashed(f"{self._plugin}: the run ended by {how}")

    def _said(self, error: Any) -> Exception:  # noqa: ANN401 - whatever the child sent
        try:
            return sdk_error(error)
        except (KeyError, TypeError, ValueError):
            self.close()
            return PluginLied(f"{self._plugin}: it sent an error of no known form")

    def _crash(self, answer: Frame) -> PluginCrashed:
        crash = answer["crash"] if isinstance(answer["crash"], dict) else {}
        kind, place = str(crash.get("type", "?"))[:200], str(crash.get("place", "?"))[:200]
        message = f"{self._plugin}: {kind} at {place}"
        if answer.get("goes_on") is True:
            return OddItem(message)
        self.close()
        return PluginCrashed(message)


def sdk_error(frame: dict[str, Any]) -> ChannelError:
    """Rebuild an error of the SDK from its frame; raises KeyError, TypeError or ValueError."""
    kind, message = getattr(minsheng_sdk, frame["type"], None), str(frame["message"])
    if not (isinstance(kind, type) and issubclass(kind, ChannelError)):
        message = "no error of the SDK"
        raise TypeError(message)
    if kind is RateLimited:
        asked = float(frame["retry_after"])
        return RateLimited(message, min(max(asked, 0.0), MOST_PATIENCE))
    if kind is SettingsInvalid:
        field = str(frame["field"])
        return SettingsInvalid(field, message.removeprefix(f"{field}: "))
    return kind(message)


def record(kind: type[Record], value: object) -> Record:
    """Read a child's answer as a record; raises PluginLied when it is none."""
    try:
        return from_wire(kind, value)
    except WireError as error:
        message = f"the plugin's answer breaks the contract, {error}"
        raise PluginLied(message) from error
