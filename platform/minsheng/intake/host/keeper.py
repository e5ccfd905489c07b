"""The service's side of a nursery: start it, ask it for children, start it again when gone."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from minsheng.intake.host.confine import clean_environment
from minsheng.intake.host.errors import (
    HostError,
    NurseryLost,
    PluginCrashed,
    PluginNotInstalled,
    PluginRefused,
    PluginTimedOut,
)
from minsheng.intake.host.limits import PACKET_BYTES, Limits

_REFUSALS: dict[str, type[HostError]] = {
    "PluginNotInstalled": PluginNotInstalled,
    "PluginRefused": PluginRefused,
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """One child: the nursery that forked it and its process id there."""

    nursery: "subprocess.Popen[bytes]"
    pid: int


class Keeper:
    """One plugin's nursery; safe to use from several threads.

    The nursery is started at the first run and again after it was killed. A forked copy of the
    service must call ``forget`` before anything else (``PluginHost`` sees to it).
    """

    def __init__(self, name: str, source: str, limits: Limits) -> None:
        self._name = name
        self._source = source
        self._limits = limits
        self._lock = threading.Lock()
        self._nursery: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def open_run(self) -> tuple[socket.socket, Ticket]:
        """Fork a child; return the service's end of its socket and its ticket.

        Raises PluginNotInstalled, PluginRefused, PluginTimedOut or PluginCrashed when the plugin
        cannot be loaded.
        """
        ours, theirs = socket.socketpair()
        try:
            with self._lock, theirs:
                answer = self._asked_twice({"do": "run"}, [theirs.fileno()])
                assert self._nursery is not None
                return ours, Ticket(self._nursery, int(answer["pid"]))
        except BaseException:
            ours.close()
            raise

    def end_run(self, ticket: Ticket) -> str:
        """Kill all that belongs to a run and say how its child ended.

        Returns a phrase such as "exit status 0" or "signal SIGSEGV", and empty text when its
        nursery is gone.
        """
        with self._lock:
            if self._nursery is not ticket.nursery:
                return ""
            try:
                answer = self._asked({"do": "end", "pid": ticket.pid}, [], self._limits.end_seconds)
            except (OSError, EOFError, ValueError):
                self._stop()
                return ""
        return how_it_ended(int(answer["status"]))

    def close(self) -> None:
        """End the nursery and with it all of its children."""
        with self._lock:
            self._stop()

    def forget(self) -> None:
        """Let go of a nursery that belongs to the process this one was forked from."""
        self._lock = threading.Lock()
        if self._control is not None:
            self._control.close()
        if self._nursery is not None:
            # Not our child: the poll finds nothing, and Popen then stops minding it.
            self._nursery.poll()
        self._control = self._nursery = None

    def _asked_twice(self, request: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        """Ask, and ask a fresh nursery when the one at hand turns out to be gone."""
        if self._nursery is not None:
            try:
                return self._asked(request, descriptors, self._limits.end_seconds)
            except (OSError, EOFError, ValueError):
                self._stop()
        self._start()
        try:
            return self._asked(request, descriptors, self._limits.end_seconds)
        except (OSError, EOFError, ValueError) as error:
            self._stop()
            message = f"{self._name}: its warm parent does not stay alive, see that it imports"
            raise NurseryLost(message) from error

    def _asked(
        self, request: dict[str, Any], descriptors: list[int], seconds: float
    ) -> dict[str, Any]:
        assert self._control is not None
        self._control.settimeout(seconds)
        socket.send_fds(self._control, [json.dumps(request).encode()], descriptors)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._control is not None
        packet = self._control.recv(PACKET_BYTES)
        if not packet:
            message = "the nursery is gone"
            raise EOFError(message)
        answer = json.loads(packet)
        if not isinstance(answer, dict):
            message = "the nursery answers in no known form"
            raise ValueError(message)
        return answer

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._nursery = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                self._command(),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=clean_environment(os.environ),
                cwd="/",
                start_new_session=True,
            )
        self._control = ours
        try:
            self._greet()
        except BaseException:
            self._stop()
            raise

    def _command(self) -> list[str]:
        # The kernel's death signal follows the starting thread, so only a nursery of the main
        # thread may ask for it; all of them end when the control socket does.
        main = threading.current_thread() is threading.main_thread()
        limits = json.dumps(asdict(self._limits))
        module = "minsheng.intake.host.nursery"
        return [
            sys.executable,
            "-P",
            "-m",
            module,
            self._source,
            "bound" if main else "free",
            limits,
        ]

    def _greet(self) -> None:
        assert self._control is not None
        self._control.settimeout(self._limits.start_seconds)
        try:
            hello = self._answer()
        except TimeoutError as error:
            message = f"{self._name}: its import took over {self._limits.start_seconds} s"
            raise PluginTimedOut(message) from error
        except (OSError, EOFError, ValueError) as error:
            message = f"{self._name}: the process ended while the plugin was imported"
            raise PluginCrashed(message) from error
        if "refused" in hello:
            message = str(hello["why"])
            raise _REFUSALS.get(hello["refused"], PluginRefused)(message)

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._nursery is not None:
            self._end_process(self._nursery)
        self._control = self._nursery = None

    def _end_process(self, nursery: "subprocess.Popen[bytes]") -> None:
        """Leave a nursery the time to end its children by itself, then kill it and them."""
        try:
            nursery.wait(self._limits.end_seconds)
        except subprocess.TimeoutExpired:
            nursery.kill()
            nursery.wait()


def how_it_ended(status: int) -> str:
    """Say a wait status in words."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"exit status {code}"
    with suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"
