"""Both embedded servers of one home, started, watched and stopped together."""

import errno
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from minsheng.runtime.embedded.account import service_user
from minsheng.runtime.embedded.credentials import (
    admin_url,
    ensure_passwords,
    ensure_ports,
    redis_url,
)
from minsheng.runtime.embedded.folders import own_folder, prepare_home
from minsheng.runtime.embedded.owner import owned
from minsheng.runtime.embedded.postgres import Postgres
from minsheng.runtime.embedded.process import disk_full
from minsheng.runtime.embedded.programs import copied_programs, installed_programs
from minsheng.runtime.embedded.valkey import Valkey


@dataclass
class Servers:
    """The running servers of ``home``; a context manager that stops them.

    Stop web and job processes first: PostgreSQL's end closes every connection.
    """

    home: Path
    postgres: Postgres
    valkey: Valkey
    _stack: ExitStack

    @property
    def admin_url(self) -> str:
        """``postgresql+psycopg://`` address of the superuser on the database ``postgres``."""
        return admin_url(self.home)

    @property
    def redis_url(self) -> str:
        """``redis://`` address of Valkey, password included."""
        return redis_url(self.home)

    def dead(self) -> str | None:
        """The name of a server that has ended by itself, or None."""
        return next((s.name for s in (self.postgres, self.valkey) if s.dead), None)

    def revive(self) -> list[str]:
        """Start again what has ended; the names of what was started.

        Raises a subtype of EmbeddedServerFailed.
        """
        revived = [server for server in (self.postgres, self.valkey) if server.dead]
        for server in revived:
            server.start()
        return [server.name for server in revived]

    def stop(self) -> None:
        """End both servers in order and give the home free; a second call does nothing."""
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def start_servers(home: Path, log: Callable[[str], None], *, fast: bool = False) -> Servers:
    """Start PostgreSQL and Valkey of ``home`` (made when missing) and wait until both answer.

    Call it from a thread that lives as long as the servers shall: they end with it.
    ``log`` takes lines of progress for people. ``fast`` gives up safety against power cuts (not
    against kill -9), for tests. Raises a subtype of EmbeddedServerFailed, its message one line.
    """
    try:
        return _start(home.absolute(), log, fast=fast)
    except OSError as error:
        # By the text, since shutil.copytree gathers its errors into one without a number.
        if os.strerror(errno.ENOSPC) in str(error):
            raise disk_full(home) from error
        raise


def _start(home: Path, log: Callable[[str], None], *, fast: bool) -> Servers:
    user = service_user()
    prepare_home(home, user)
    with ExitStack() as stack:
        stack.enter_context(owned(home))
        programs = copied_programs(home / "programs") if user else installed_programs()
        passwords, ports = ensure_passwords(home), ensure_ports(home)
        logs = own_folder(home / "logs", None)
        postgres = Postgres(
            folder=home / "postgres",
            logs=logs,
            programs=programs,
            port=ports["postgres"],
            password=passwords["postgres"],
            user=user,
            fast=fast,
            log=log,
        )
        valkey = Valkey(
            folder=home / "valkey",
            logs=logs,
            programs=programs,
            port=ports["valkey"],
            password=passwords["valkey"],
            user=user,
        )
        for server in (postgres, valkey):
            stack.callback(server.stop)
            server.start()
            log(f"{server.name} listens on 127.0.0.1:{server.port}")
        return Servers(home, postgres, valkey, stack.pop_all())
