"""The worker: a parent that keeps job processes alive and sweeps, one queue a process."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping

import structlog
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from minsheng.faces.process import (
    CASES,
    CHANNELS,
    DELIVERIES,
    Process,
    build,
    make_bell,
    queue_name,
    settled,
)
from minsheng.faces.start import check_start, check_worker
from minsheng.runtime.logs import configure_logs
from minsheng.runtime.settings import Settings
from minsheng.runtime.sweep import sweep_until

_log = structlog.get_logger(__name__)
_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 20
PULLERS = 2
"""Processes on the queue of channels: a source that hangs must not hold up the others."""


def work_on(settings: Settings, queue: str, parent: int = 0) -> None:
    """Work on one queue until told to stop; the process ends when its parent does.

    ``parent`` is that process's number; 0 = whoever started this one. Raises StartRefused.
    """
    _die_with_parent(parent)
    settings = settled(settings)
    bell = make_bell(settings)
    name = queue_name(settings.text("MINSHENG_QUEUE"), queue)
    worker = SimpleWorker(
        [bell.queue(name)], connection=bell.redis, serializer=JSONSerializer, worker_ttl=90
    )
    check_worker(worker)
    worker.work(logging_level="WARNING", with_scheduler=False)


class Workforce:
    """The job processes of one host and the timer that sweeps; a context manager."""

    def __init__(self, process: Process) -> None:
        """Nothing starts before the block is entered."""
        self._process = process
        self._stop = threading.Event()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._sweeper = threading.Thread(target=self._sweep, name="sweep")

    def __enter__(self) -> "Workforce":
        for name in self._names():
            self._children[name] = self._start(name)
        self._sweeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for child in self._children.values():
            child.terminate()
        for child in self._children.values():
            _end(child)
        self._sweeper.join()

    def watch(self, seconds: float) -> None:
        """Start again what has died, then wait; returns early when told to stop."""
        for name, child in self._children.items():
            if child.poll() is not None and not self._stop.is_set():
                _log.warning("worker.restarted", worker=name, code=child.returncode)
                self._children[name] = self._start(name)
        self._stop.wait(seconds)

    def stop(self) -> None:
        """Tell the loop around :meth:`watch` that it is over."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """Whether somebody called :meth:`stop`."""
        return self._stop.is_set()

    def _names(self) -> list[str]:
        cases = self._process.settings.number("MINSHENG_WORKERS")
        return [
            *(f"{CASES}-{number}" for number in range(cases)),
            *(f"{CHANNELS}-{number}" for number in range(PULLERS)),
            # On a queue of its own: answers to a slow source must not hold up arrivals.
            f"{DELIVERIES}-0",
        ]

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        queue = name.rpartition("-")[0]
        command = [sys.executable, "-m", "minsheng.faces.worker", queue, str(os.getpid())]
        return subprocess.Popen(command, env=_environment(self._process.settings))  # noqa: S603

    def _sweep(self) -> None:
        process = self._process
        seconds = process.settings.number("MINSHENG_SWEEP_SECONDS")
        tools = process.tools
        sweep_until(self._stop, tools.database, process.bell, tools.clock, seconds)


def run_workforce(settings: Settings) -> None:
    """Keep the job processes going until SIGTERM or SIGINT, then let each finish its job.

    Raises StartRefused.
    """
    process = build(settings)
    check_start(process)
    force = Workforce(process)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: force.stop())
    with force:
        while not force.stopping:
            force.watch(1.0)
    process.close()


def _environment(settings: Settings) -> Mapping[str, str]:
    return {**os.environ, **{name: value for name, value in settings.values.items() if value}}


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the parent dies, so that none works unseen (Linux)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if parent and os.getppid() != parent:
        sys.exit("the parent ended before its job process began")


def main() -> None:
    """The job process itself: ``python -m minsheng.faces.worker QUEUE PARENT``.

    Not by the command line of the service, whose many commands take as long again to import.
    """
    settings = Settings.from_environ()
    configure_logs(settings.text("MINSHENG_LOG_LEVEL"))
    work_on(settings, sys.argv[1], int(sys.argv[2]))


if __name__ == "__main__":
    main()
