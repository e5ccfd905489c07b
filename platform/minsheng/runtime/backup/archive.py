"""The file of a backup: a zip with what it is (``about.json``) and PostgreSQL's own dump.

``about.json`` is sealed by HMAC-SHA-256 with a key derived from the master key, and names the
dump's length and SHA-256. So a file that was cut off, changed, or made elsewhere is known before
any of it is used: restoring runs what the dump says with the rights of the database's owner. The
master key is not in the file; without it nobody reads a citizen's name or letter from it.
"""

import hashlib
import hmac
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from minsheng.runtime.backup.errors import BackupUnfit
from minsheng.runtime.crypto import MasterKey

FORMAT = 1
_ABOUT, _DUMP = "about.json", "database.dump"
_CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class About:
    """What a backup is: of which schema, when (RFC 3339), of how many offices, how long.

    ``roles`` are the server's roles that the dump names; ``key`` tells one master key from another
    and nothing about it.
    """

    format: int
    schema: str
    made_at: str
    offices: int
    roles: tuple[str, ...]
    size: int
    sha256: str
    key: str


@dataclass(frozen=True, slots=True)
class Stand:
    """How a database stands when it is backed up; see :class:`About`."""

    schema: str
    made_at: str
    offices: int
    roles: tuple[str, ...]


def write_backup(
    path: Path, stand: Stand, master: MasterKey, dump: Callable[[Callable[[bytes], object]], None]
) -> About:
    """Write the file; ``dump`` is given what takes the dump's bytes. It is there whole or not.

    Raises BackupUnfit when there is a file of this name, OSError when it cannot be written.
    """
    if path.exists():
        message = f"{path} exists: name another file, an old backup is not overwritten"
        raise BackupUnfit(message)
    part = path.with_name(f"{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as file:
            about = _fill(file, stand, master, dump)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return about


def read_backup(path: Path, master: MasterKey) -> About:
    """Look the whole file over and say what it is; raises BackupUnfit."""
    with _opened(path) as archive:
        about, seal = _about(archive)
        if about.key != _key_mark(master):
            message = "the backup was made with another master key: put that key's file here first"
            raise BackupUnfit(message)
        if not hmac.compare_digest(seal, _seal(about, master)):
            raise BackupUnfit(_broken("about.json was changed"))
        digest, size = hashlib.sha256(), 0
        with archive.open(_DUMP) as dump:
            for chunk in _chunks(dump):
                digest.update(chunk)
                size += len(chunk)
    if (size, digest.hexdigest()) != (about.size, about.sha256):
        raise BackupUnfit(_broken("the dump was changed"))
    return about


def feed_dump(path: Path, take: Callable[[bytes], object]) -> None:
    """Give the dump's bytes to ``take``, piece by piece; the file was looked over before."""
    with _opened(path) as archive, archive.open(_DUMP) as dump:
        for chunk in _chunks(dump):
            take(chunk)


def _fill(
    file: IO[bytes],
    stand: Stand,
    master: MasterKey,
    dump: Callable[[Callable[[bytes], object]], None],
) -> About:
    digest, written = hashlib.sha256(), 0
    with zipfile.ZipFile(file, "w") as archive:
        with archive.open(zipfile.ZipInfo(_DUMP, _EPOCH), "w", force_zip64=True) as member:

            def take(chunk: bytes) -> None:
                nonlocal written
                digest.update(chunk)
                written += member.write(chunk)

            dump(take)
        stood = (stand.schema, stand.made_at, stand.offices, stand.roles)
        about = About(FORMAT, *stood, written, digest.hexdigest(), _key_mark(master))
        said = asdict(about) | {"seal": _seal(about, master)}
        archive.writestr(zipfile.ZipInfo(_ABOUT, _EPOCH), json.dumps(said, indent=1))
    return about


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError as error:
        message = f"there is no file {path}"
        raise BackupUnfit(message) from error
    except zipfile.BadZipFile as error:
        raise BackupUnfit(_broken("it is no backup, or was cut off")) from error


def _about(archive: zipfile.ZipFile) -> tuple[About, str]:
    try:
        said: dict[str, Any] = json.loads(archive.read(_ABOUT))
        seal = str(said.pop("seal"))
        archive.getinfo(_DUMP)
        about = About(**said | {"roles": tuple(said["roles"])})
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise BackupUnfit(_broken("it is no backup")) from error
    if about.format != FORMAT:
        message = f"the backup is of format {about.format}, known is {FORMAT}: use its version"
        raise BackupUnfit(message)
    return about, seal


def _chunks(dump: IO[bytes]) -> Iterator[bytes]:
    try:
        while chunk := dump.read(_CHUNK):
            yield chunk
    except (zipfile.BadZipFile, EOFError) as error:
        raise BackupUnfit(_broken("the dump was changed or cut off")) from error


def _seal(about: About, master: MasterKey) -> str:
    said = json.dumps(asdict(about), sort_keys=True).encode()
    return hmac.new(master.purpose("backup"), said, hashlib.sha256).hexdigest()


def _key_mark(master: MasterKey) -> str:
    return master.purpose("backup mark")[:8].hex()


def _broken(why: str) -> str:
    return f"the file cannot be used, {why}: take another copy of the backup"
