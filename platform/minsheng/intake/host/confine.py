"""What a process gives up before a plugin's code runs in it (Linux).

The nursery gives up its environment (its owner passes a clean one) and becomes the one to whom
orphans of its runs return. A child gives up every descriptor but its socket, its session, and what
:class:`~minsheng.intake.host.limits.Limits` forbids. Under one user a process can still signal and
read its own kind; ``Limits.run_as`` closes that where the service runs as root.
"""

import ctypes
import os
import resource
import signal
import socket
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from minsheng.intake.host.limits import Limits

# From linux/prctl.h.
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38

_LIBC = ctypes.CDLL(None, use_errno=True)
_RUN_FD = 3


def clean_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Leave of an environment what a Python process needs to start: PATH, LANG and PYTHON*."""
    return {
        name: value
        for name, value in given.items()
        if name in {"PATH", "LANG"} or name.startswith("PYTHON")
    }


def die_with_parent() -> None:
    """Be killed when the *thread* that started this process ends (prctl(2), PR_SET_PDEATHSIG)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose parent ends, wherever it hid its session."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def children_of_this_process() -> list[int]:
    """The process ids of this single-threaded process's children, zombies among them."""
    pid = os.getpid()
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def confine(line: socket.socket, limits: Limits, parent: int) -> socket.socket:
    """Give up all that a run does not need and return its socket, the only descriptor left.

    ``parent`` is the process id of the nursery; the child ends if that is gone already.
    """
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.dup2(line.fileno(), _RUN_FD, inheritable=False)
    line.detach()
    _close_above(_RUN_FD)
    _limit(limits)
    _drop_rights(limits)
    # The kernel forgets the death signal when the user changes, so it is set last.
    die_with_parent()
    if os.getppid() != parent:
        os._exit(0)
    return socket.socket(fileno=_RUN_FD)


def _close_above(last: int) -> None:
    for name in os.listdir("/proc/self/fd"):
        # The descriptor that listed the folder is among the names and closed already.
        with suppress(OSError):
            if int(name) > last:
                os.close(int(name))


def _limit(limits: Limits) -> None:
    _set(resource.RLIMIT_AS, _address_space() + limits.memory_bytes)
    _set(resource.RLIMIT_NOFILE, limits.open_files)
    _set(resource.RLIMIT_NPROC, limits.processes)
    _set(resource.RLIMIT_FSIZE, limits.file_bytes)
    _set(resource.RLIMIT_CORE, 0)


def _set(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (bound, bound))


def _drop_rights(limits: Limits) -> None:
    if limits.run_as is not None:
        uid, gid = limits.run_as
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)


def bound_memory(more: int | None) -> None:
    """Let this process grow by ``more`` bytes at most, or again without a bound of its own."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = hard if more is None else _address_space() + more
    if more is not None and hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def grant_cpu(seconds: int) -> None:
    """Allow ``seconds`` of processor time from now; beyond them the kernel sends SIGXCPU.

    Only the soft limit moves, so that a child of many small steps is judged step by step.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
