"""The embedded PostgreSQL: made once, started, checked, stopped.

Facts behind it, all measured on PostgreSQL 18: with an ASCII ``lc_ctype`` pg_trgm finds no letters
in Chinese and says nothing, hence ``--locale=C.UTF-8`` and the check at each start; initdb's
default is ``trust``, hence scram and a password from the first second.
"""

import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from minsheng.runtime.embedded.account import ServiceUser
from minsheng.runtime.embedded.credentials import port_is_free
from minsheng.runtime.embedded.errors import (
    CredentialsUnfit,
    DataVersionMismatch,
    LocaleUnfit,
    PortTaken,
    ServerSilent,
)
from minsheng.runtime.embedded.folders import own_folder, write_private
from minsheng.runtime.embedded.leftovers import clear_postgres
from minsheng.runtime.embedded.process import Launch, ServerProcess, explain, run_program
from minsheng.runtime.embedded.programs import Programs

# Crash recovery replays the log first; it may take a while on a slow disk.
_READY_SECONDS = 120.0

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Personal data stays out of logs: DETAIL lines and failed statements hold row values.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# For tests: a power cut may lose data, a killed process may not. So synchronous_commit stays on
# (off loses the last commits of a killed server); without fsync it costs one write to the kernel.
_FAST = {"fsync": "off", "full_page_writes": "off"}


@dataclass
class Postgres:
    """One PostgreSQL of one home; ``folder`` holds its data and belongs to ``user``."""

    folder: Path
    logs: Path
    programs: Programs
    port: int
    password: str = field(repr=False)
    user: ServiceUser | None
    fast: bool
    log: Callable[[str], None]
    name: str = "PostgreSQL"
    _process: ServerProcess | None = None

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def pid(self) -> int:
        """Process id of the postmaster; 0 when not started."""
        return self._process.pid if self._process else 0

    @property
    def dead(self) -> bool:
        """Whether the server is not running."""
        return self._process is None or self._process.dead

    def start(self) -> None:
        """Make the data folder when missing, start the server and wait until it answers rightly.

        Raises a subtype of EmbeddedServerFailed; then ``stop`` is due as after a good start.
        """
        own_folder(self.folder, self.user)
        if not self.data.exists():
            self._make_data()
        self._check_version()
        clear_postgres(self.data)
        if not port_is_free(self.port):
            raise port_taken(self.name, self.port, self.folder.parent)
        self._process = ServerProcess(self._launch())
        self._wait_until_ready(self._process)
        self._check_chinese()

    def stop(self) -> None:
        """End the server in order: open transactions are rolled back, nothing is lost."""
        if self._process is not None:
            self._process.end()

    def _make_data(self) -> None:
        self.log("making the database (once)")
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        password_file = self.folder / "password"
        write_private(password_file, self.password, self.user)
        command = [str(self.programs.postgres_bin / "initdb"), "-D", str(new), "-U", "postgres"]
        command += ["--auth=scram-sha-256", f"--pwfile={password_file}"]
        command += ["--locale=C.UTF-8", "-E", "UTF8", *(["--no-sync"] if self.fast else [])]
        try:
            output = run_program(command, self.folder, self.user)
        finally:
            password_file.unlink()
        if output is not None:
            raise explain("initdb failed", output, self.folder)
        new.rename(self.data)

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        if made_by != str(self.programs.postgres_major):
            message = (
                f"{self.data} was made by PostgreSQL {made_by}, installed is "
                f"{self.programs.postgres_major}: install the lock file of before, run "
                "`minsheng db backup`, then restore into a new home"
            )
            raise DataVersionMismatch(message)

    def _launch(self) -> Launch:
        settings = {**_SETTINGS, "port": str(self.port), **(_FAST if self.fast else {})}
        command = [str(self.programs.postgres_bin / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        log = self.logs / "postgres.log"
        return Launch(self.name, command, log, self.folder, self.user, signal.SIGINT)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            password=self.password,
            dbname="postgres",
            connect_timeout=5,
        )

    def _wait_until_ready(self, process: ServerProcess) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers():
            if process.dead:
                raise process.failure()
            if time.monotonic() > deadline:
                message = f"PostgreSQL does not answer after {_READY_SECONDS:.0f} s: see its log"
                raise ServerSilent(message)
            time.sleep(0.03)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                message = (
                    f"the passwords in {self.folder.parent / 'secrets.json'} belong to other "
                    "data: restore the file that was made with this home"
                )
                raise CredentialsUnfit(message) from error
            return False
        return True

    def _check_chinese(self) -> None:
        with self._connect() as connection:
            connection.execute("create extension if not exists pg_trgm")
            row = connection.execute("select show_trgm('路灯不亮')").fetchone()
            connection.rollback()
        if row is None or not row[0]:
            message = (
                f"the database in {self.data} does not see Chinese as letters (lc_ctype): restore "
                "a backup into a new home"
            )
            raise LocaleUnfit(message)


def port_taken(name: str, port: int, home: Path) -> PortTaken:
    """The error for a port that another program holds."""
    message = (
        f"port {port} of the embedded {name} is taken by another program: stop that, or delete "
        f"{home / 'ports.json'} to have new ports chosen"
    )
    return PortTaken(message)
