"""What a killed server leaves behind: processes on its data folder and a stale pid file.

PostgreSQL trusts ``postmaster.pid`` when the number in it is alive, be it a zombie or another
program that got the number after a reboot. And the file must stay while old backends still write.
So the file goes only when nobody works on the folder any more. Read from /proc (Linux); elsewhere
PostgreSQL's own check stands alone.
"""

import os
import signal
import time
from pathlib import Path

from minsheng.runtime.embedded.errors import ServerDied

_WAIT_SECONDS = 10.0
_PROGRAMS = ("postgres", "valkey-server")


def clear_postgres(data: Path) -> None:
    """End what still runs on ``data`` and remove its stale pid file.

    Raises ServerDied when processes of the last server are still there after 10 s.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists() or not Path("/proc/self").exists():
        return
    owner = int((pid_file.read_text(encoding="utf-8").split() or ["0"])[0])
    if owner in _workers_on(data):
        _signal(owner, signal.SIGINT)
    _wait_until_left(data)
    # A server that ended in order has taken the file with it.
    if Path(f"/proc/{owner}").exists():
        pid_file.unlink(missing_ok=True)


def clear_process(pid_file: Path, folder: Path) -> None:
    """End the process named in ``pid_file`` if it still works in ``folder``."""
    if not pid_file.exists() or not Path("/proc/self").exists():
        return
    owner = int((pid_file.read_text(encoding="utf-8").split() or ["0"])[0])
    if owner in _workers_on(folder):
        _signal(owner, signal.SIGTERM)
    _wait_until_left(folder)


def _wait_until_left(folder: Path) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while workers := _workers_on(folder):
        if time.monotonic() > deadline:
            message = f"process {workers[0]} of the last server still works on {folder}: end it"
            raise ServerDied(message)
        time.sleep(0.05)


def _workers_on(folder: Path) -> list[int]:
    """Living servers whose working folder is ``folder``: all of PostgreSQL's stand there."""
    target = str(folder.resolve())
    pids = [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]
    return [pid for pid in pids if _stands_in(pid, target)]


def _stands_in(pid: int, target: str) -> bool:
    try:
        # A zombie has no working folder: the link cannot be read.
        if os.readlink(f"/proc/{pid}/cwd") != target:
            return False
        # A person's shell may stand there too; the kernel's name for a program is never retitled.
        program = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return False
    return program in _PROGRAMS


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
