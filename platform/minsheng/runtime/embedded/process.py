"""One server program as a child of this process: its log, its death, its end."""

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from minsheng.runtime.embedded.account import ServiceUser
from minsheng.runtime.embedded.errors import DiskFull, EmbeddedServerFailed, ServerDied

_LOG_KEPT_BYTES = 10 * 1024 * 1024
_TAIL_LINES = 3
# Nothing of this process's environment: its settings hold addresses with passwords.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start: a name for people, the command, its log file, the folder and the user."""

    name: str
    command: Sequence[str]
    log: Path
    folder: Path
    user: ServiceUser | None
    end_signal: signal.Signals


class ServerProcess:
    """A started server; it ends with the thread that started it, be it by kill -9."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        _keep_log_small(launch.log)
        uid, gid, groups = _identity(launch.user)
        with _open_log(launch.log) as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 (a fixed command)
                [*_tether(launch.end_signal), *launch.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=launch.folder,
                env=_ENVIRONMENT,
                # A Ctrl-C on the terminal is for the service, which stops its servers last.
                start_new_session=True,
                user=uid,
                group=gid,
                extra_groups=groups,
            )

    @property
    def pid(self) -> int:
        """The OS process id."""
        return self._process.pid

    @property
    def dead(self) -> bool:
        """Whether the process has ended; a zombie is reaped here and counts as dead."""
        return self._process.poll() is not None

    def since_start(self) -> str:
        """What the server has written to its log since this start."""
        with self._launch.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode("utf-8", "replace")

    def failure(self) -> EmbeddedServerFailed:
        """Why the server ended, as an error to raise."""
        message = f"{self._launch.name} ended at its start with code {self._process.returncode}"
        return explain(message, self.since_start(), self._launch.log)

    def end(self, seconds: float = 20) -> None:
        """Ask the server to end, wait, and kill it after ``seconds``; ended is fine too."""
        if self.dead:
            return
        self._process.send_signal(self._launch.end_signal)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def run_program(command: Sequence[str], folder: Path, user: ServiceUser | None) -> str | None:
    """Run a helper program to its end (60 s at most): None when it went well, else its output."""
    uid, gid, groups = _identity(user)
    done = subprocess.run(  # noqa: S603 (a fixed command)
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env=_ENVIRONMENT,
        timeout=60,
        check=False,
        user=uid,
        group=gid,
        extra_groups=groups,
    )
    return None if done.returncode == 0 else done.stdout.decode("utf-8", "replace")


def explain(message: str, output: str, where: Path) -> EmbeddedServerFailed:
    """``message`` with the tail of ``output`` as one line; a full disk gets its own type."""
    if os.strerror(errno.ENOSPC) in output:
        return disk_full(where)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    tail = " | ".join(lines[-_TAIL_LINES:]) or "it wrote nothing"
    return ServerDied(f"{message}: {tail} (whole log: {where})")


def disk_full(where: Path) -> DiskFull:
    """The error for a disk without room, naming the folder and what is left."""
    folder = next(f for f in (where, *where.parents) if f.exists())
    free = shutil.disk_usage(folder).free // 2**20
    message = (
        f"the disk of {folder} is full ({free} MB free; the embedded servers need about 200 MB): "
        "free some space or set MINSHENG_HOME to another disk"
    )
    return DiskFull(message)


def _tether(end_signal: signal.Signals) -> list[str]:
    """A prefix that ends the server when this process dies, even by kill -9 (Linux only)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", end_signal.name, "--"] if setpriv else []


def _identity(user: ServiceUser | None) -> tuple[int | None, int | None, tuple[int, ...] | None]:
    return (user.uid, user.gid, ()) if user else (None, None, None)


def _open_log(path: Path) -> IO[bytes]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    log = os.fdopen(descriptor, "ab")
    log.seek(0, os.SEEK_END)
    return log


def _keep_log_small(path: Path) -> None:
    if path.exists() and path.stat().st_size > _LOG_KEPT_BYTES:
        path.replace(path.with_suffix(".log.1"))
