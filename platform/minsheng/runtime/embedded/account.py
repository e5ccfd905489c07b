"""The OS user that the servers run under when the service itself is started as root.

PostgreSQL refuses to run as root. Valkey runs under the same user, since it needs no more.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass

from minsheng.runtime.embedded.errors import OsUserMissing

USER_NAME = "minsheng"
_NAME_EXISTS = 9  # useradd(8), exit values: "username or group name already in use"


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """An OS user by name and numbers."""

    name: str
    uid: int
    gid: int


def service_user() -> ServiceUser | None:
    """The user for the servers, made when missing; None when this process is not root.

    Raises OsUserMissing when the user can neither be found nor made.
    """
    if os.geteuid() != 0:
        return None
    found = _lookup()
    if found is None:
        _create()
        found = _lookup()
    if found is None:
        message = f"the OS user {USER_NAME} could not be made: run `useradd -r {USER_NAME}`"
        raise OsUserMissing(message)
    return found


def _lookup() -> ServiceUser | None:
    try:
        entry = pwd.getpwnam(USER_NAME)
    except KeyError:
        return None
    return ServiceUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _create() -> None:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        message = f"as root the servers need the OS user {USER_NAME}: no useradd here, make it"
        raise OsUserMissing(message)
    command = [useradd, "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", USER_NAME]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    # Two first starts at once: the second finds the name taken, which is what it wanted.
    if done.returncode not in (0, _NAME_EXISTS) and _lookup() is None:
        message = f"useradd {USER_NAME} failed: {' '.join(done.stderr.split())}"
        raise OsUserMissing(message)
