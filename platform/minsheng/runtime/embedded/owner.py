"""One owner of a home at a time, told by a lock that the kernel drops when the owner dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from minsheng.runtime.embedded.errors import HomeTaken


@contextmanager
def owned(home: Path) -> Iterator[None]:
    """Hold ``home`` for this process; the lock file names its pid.

    The lock goes with the last open descriptor: a child that is forked without exec keeps it.
    Raises HomeTaken naming the process that holds it.
    """
    descriptor = os.open(home / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _taken(home, descriptor) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _taken(home: Path, descriptor: int) -> HomeTaken:
    pid = os.pread(descriptor, 32, 0).decode().strip() or "unknown"
    message = (
        f"{home} is in use by process {pid}: stop that one (`kill {pid}`), or set MINSHENG_HOME "
        "to another folder"
    )
    return HomeTaken(message)
