"""The processes of the demo beside the embedded servers, each with its output in a log file."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from minsheng.faces.demo.errors import DemoFailed
from minsheng.runtime.settings import Settings

_STOP_SECONDS = 30
# The demo's people and data are invented, so it asks nobody for an authenticator app.
_FACTOR = "MINSHENG_SECOND_FACTOR"
_LOG_KEPT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """A running command of the service: its name for people, its log file, its process."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def check(self) -> None:
        """Raise DemoFailed when the process has ended by itself."""
        if self.process.poll() is not None:
            message = f"the {self.name} ended: see {self.log}, then run `make run` again"
            raise DemoFailed(message)


@contextmanager
def running(name: str, command: str, settings: Settings) -> Iterator[Part]:
    """Run ``minsheng <command>`` on the settings, its log at ``<home>/logs/<name>.log``.

    It ends with the block, or with this process, be it by kill -9 (Linux, where setpriv is).
    """
    log = log_file(settings, name)
    _keep_small(log)
    log.touch(mode=0o600)
    given = {key: value for key, value in settings.values.items() if value}
    given[_FACTOR] = os.environ.get(_FACTOR) or "offered"
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 (a fixed command)
            [*_tether(), sys.executable, "-m", "minsheng.faces.cli", command],
            env={**os.environ, **given},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A Ctrl-C on the terminal is for the demo, which ends its parts in order.
            start_new_session=True,
        )
    try:
        yield Part(name, log, process)
    finally:
        _end(process)


def log_file(settings: Settings, name: str) -> Path:
    """Where the output of a part goes; the folder is made when it is missing."""
    folder = settings.home / "logs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{name}.log"


def _tether() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal.SIGTERM.name, "--"] if setpriv else []


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        # The part and what it started are one session, so that none of them is left.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _keep_small(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG_KEPT_BYTES:
        log.replace(log.with_suffix(".log.1"))
