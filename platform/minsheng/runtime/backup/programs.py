"""``pg_dump`` and ``pg_restore`` of the installed wheel, driven through pipes.

Passwords go by the environment of the child, never by its command line, which others can read.
"""

import os
import subprocess
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import make_url

from minsheng.runtime.backup.errors import ProgramFailed
from minsheng.runtime.embedded.programs import installed_programs

_CHUNK = 1 << 20
Taker = Callable[[bytes], object]


def dump_database(url: str, take: Taker) -> None:
    """Give the dump of a database, made within one snapshot, to ``take``; raises ProgramFailed."""
    with _started("pg_dump", url, "--format=custom", "--no-password") as child:
        assert child.stdout is not None
        while chunk := child.stdout.read(_CHUNK):
            take(chunk)
        _end(child, "pg_dump")


def load_database(url: str, feed: Callable[[Taker], None]) -> None:
    """Load a dump into an empty database in one transaction; raises ProgramFailed.

    ``feed`` is given what takes the dump's bytes.
    """
    options = ("--single-transaction", "--exit-on-error", "--no-password", "--dbname=")
    with _started("pg_restore", url, *options) as child:
        assert child.stdin is not None
        # Who ends before the last byte says why on standard error, which is read below.
        with suppress(BrokenPipeError), child.stdin:
            feed(child.stdin.write)
        _end(child, "pg_restore")


def _started(program: str, url: str, *options: str) -> "subprocess.Popen[bytes]":
    command = [str(installed_programs().postgres_bin / program), *options]
    pipe = subprocess.PIPE
    reads = program == "pg_restore"
    return subprocess.Popen(  # noqa: S603  our own program and options
        command,
        stdin=pipe if reads else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if reads else pipe,
        stderr=pipe,
        env=dict(os.environ) | _address(url),
    )


def _address(url: str) -> dict[str, str]:
    """The address of a database as libpq's environment variables."""
    parts = make_url(url)
    named = {
        "PGHOST": parts.host,
        "PGPORT": str(parts.port or ""),
        "PGUSER": parts.username,
        "PGPASSWORD": str(parts.password or ""),
        "PGDATABASE": parts.database,
    }
    more = {f"PG{name.upper()}": str(value) for name, value in parts.query.items()}
    return {name: value for name, value in (named | more).items() if value}


def _end(child: "subprocess.Popen[bytes]", program: str) -> None:
    assert child.stderr is not None
    said = child.stderr.read().decode(errors="replace").strip().splitlines()
    if child.wait() != 0:
        why = said[0] if said else f"exit code {child.returncode}"
        message = f"{program} failed: {why}: MINSHENG_DATABASE_OWNER_URL has to be a superuser"
        raise ProgramFailed(message)
