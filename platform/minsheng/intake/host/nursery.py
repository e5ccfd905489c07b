"""The warm parent of one plugin: ``python -P -m minsheng.intake.host.nursery <plugin> ...``.

It imports the plugin once and then does what its owner asks over the socket that it was given as
standard input (a socketpair of whole packets, so nothing stands in the file system)::

    {"do": "run"} + one descriptor             -> {"pid": n}       fork a child on that socket
    {"do": "end", "pid": n}                    -> {"status": n}    kill all of it, say how it ended

A child is reaped when its owner says so and not before, so its process id cannot pass to another
process while somebody may still kill it. Processes that a run left behind, in a session of their
own too, return to the nursery as orphans and are killed with it. The nursery ends when its owner
is gone: the socket reads as ended, and, where the owner asked for it, the kernel kills it.
"""

import gc
import json
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from typing import Any, NoReturn

from minsheng.intake.host.child import run_child
from minsheng.intake.host.confine import (
    adopt_orphans,
    bound_memory,
    children_of_this_process,
    die_with_parent,
)
from minsheng.intake.host.errors import HostError
from minsheng.intake.host.limits import PACKET_BYTES, Limits
from minsheng.intake.host.registry import ChannelPlugin, load_source

# Escaped, a Chinese character takes six bytes of the packet.
LONGEST_REASON = 2_000


class Nursery:
    """Forks and ends the children of one plugin on behalf of its owner."""

    def __init__(self, control: socket.socket, plugin: ChannelPlugin, limits: Limits) -> None:
        self._control = control
        self._limits = limits
        self._plugin = plugin
        self._children: set[int] = set()

    def serve(self) -> None:
        """Do what the owner asks until the owner is gone, then end every child."""
        try:
            while self._one_request():
                pass
        finally:
            for pid in tuple(self._children):
                self._end(pid)

    def _one_request(self) -> bool:
        packet, descriptors, _, _ = socket.recv_fds(self._control, PACKET_BYTES, 1)
        if not packet:
            return False
        request = json.loads(packet)
        if request["do"] == "run":
            answer = self._run(socket.socket(fileno=descriptors[0]))
        else:
            answer = self._end(request["pid"])
        self._control.send(json.dumps(answer).encode())
        return True

    def _run(self, line: socket.socket) -> dict[str, Any]:
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            run_child(line, self._plugin, self._limits, parent)
        line.close()
        self._children.add(pid)
        return {"pid": pid}

    def _end(self, pid: int) -> dict[str, Any]:
        if pid not in self._children:
            return {"status": 0}
        # A child that has not come to its setsid() yet has no group of its own.
        for kill in (os.kill, os.killpg):
            with suppress(ProcessLookupError):
                kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        self._children.discard(pid)
        self._end_orphans()
        return {"status": status}

    def _end_orphans(self) -> None:
        # Killing one may send its own children here, hence the loop.
        while orphans := set(children_of_this_process()) - self._children:
            for pid in orphans:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def limits_from(text: str) -> Limits:
    """Read the limits out of the JSON object of their fields."""
    given = json.loads(text)
    run_as = given["run_as"]
    return Limits(**(given | {"run_as": tuple(run_as) if run_as else None}))


def _warm(source: str, limits: Limits) -> ChannelPlugin:
    """Import the plugin under a time and a memory limit that hold for its native code too."""
    signal.alarm(int(limits.start_seconds) + 1)
    bound_memory(limits.memory_bytes)
    plugin = load_source(source)
    bound_memory(None)
    signal.alarm(0)
    gc.collect()
    gc.freeze()
    return plugin


def main(arguments: list[str]) -> NoReturn:
    """Start as a nursery.

    ``arguments`` are the plugin's source (see ``load_source``), "bound" or "free" (whether to be
    killed with the thread that started it) and the limits as a JSON object.
    """
    source, bond, limits = arguments[0], arguments[1], limits_from(arguments[2])
    if bond == "bound":
        die_with_parent()
    adopt_orphans()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    control = socket.socket(fileno=os.dup(0))
    with open(os.devnull) as nothing:
        os.dup2(nothing.fileno(), 0)
    try:
        plugin = _warm(source, limits)
    except HostError as error:
        control.send(
            json.dumps(
                {"refused": type(error).__name__, "why": str(error)[:LONGEST_REASON]}
            ).encode()
        )
        sys.exit(1)
    control.send(b'{"ready": true}')
    Nursery(control, plugin, limits).serve()
    sys.exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
