"""Folders and small files of the home: who may enter, who may read.

No folder that was there before is ever opened further; only folders made here get a mode.
"""

import os
import stat
from pathlib import Path

from minsheng.runtime.embedded.account import ServiceUser
from minsheng.runtime.embedded.errors import HomeUnreachable


def prepare_home(home: Path, user: ServiceUser | None) -> None:
    """Make ``home`` where it is missing and make sure that ``user`` can pass every folder above.

    Raises HomeUnreachable naming the first folder that ``user`` may not pass.
    """
    missing = [folder for folder in (home, *home.parents) if not folder.exists()]
    for folder in reversed(missing):
        _make(folder, user)
    if user is not None:
        _check_passage(home.resolve(), user)


def own_folder(path: Path, user: ServiceUser | None) -> Path:
    """``path`` as a folder that only the servers' user (or this process's) may enter."""
    path.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(path, user.uid, user.gid)
    return path


def write_private(path: Path, text: str, user: ServiceUser | None = None) -> None:
    """Replace ``path`` in one step with ``text``, mode 0600, owned by ``user`` when given."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if user is not None:
        os.chown(new, user.uid, user.gid)
    new.replace(path)


def _make(folder: Path, user: ServiceUser | None) -> None:
    folder.mkdir(exist_ok=True)
    if user is None:
        folder.chmod(0o700)
        return
    os.chown(folder, 0, user.gid)
    folder.chmod(0o710)


def _check_passage(home: Path, user: ServiceUser) -> None:
    for folder in reversed((home, *home.parents)):
        if not _may_pass(folder.stat(), user):
            message = (
                f"the OS user {user.name} may not enter {folder}: set MINSHENG_HOME to a folder "
                f"below /var/lib/minsheng, or run `chmod o+x {folder}` if it may be passed by all"
            )
            raise HomeUnreachable(message)


def _may_pass(entry: os.stat_result, user: ServiceUser) -> bool:
    if entry.st_uid == user.uid:
        return bool(entry.st_mode & stat.S_IXUSR)
    if entry.st_gid == user.gid:
        return bool(entry.st_mode & stat.S_IXGRP)
    return bool(entry.st_mode & stat.S_IXOTH)
