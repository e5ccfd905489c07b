"""The embedded Valkey: a bell, so it keeps what it has for a restart and never evicts."""

import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

from minsheng.runtime.embedded.account import ServiceUser
from minsheng.runtime.embedded.credentials import port_is_free
from minsheng.runtime.embedded.errors import CredentialsUnfit, ServerSilent
from minsheng.runtime.embedded.folders import own_folder, write_private
from minsheng.runtime.embedded.leftovers import clear_process
from minsheng.runtime.embedded.postgres import port_taken
from minsheng.runtime.embedded.process import Launch, ServerProcess
from minsheng.runtime.embedded.programs import Programs

_READY_SECONDS = 30.0


@dataclass
class Valkey:
    """One Valkey of one home; ``folder`` holds its data and belongs to ``user``."""

    folder: Path
    logs: Path
    programs: Programs
    port: int
    password: str = field(repr=False)
    user: ServiceUser | None
    name: str = "Valkey"
    _process: ServerProcess | None = None

    @property
    def pid(self) -> int:
        """Process id of the server; 0 when not started."""
        return self._process.pid if self._process else 0

    @property
    def dead(self) -> bool:
        """Whether the server is not running."""
        return self._process is None or self._process.dead

    def start(self) -> None:
        """Write the configuration, start the server and wait until it answers.

        Raises a subtype of EmbeddedServerFailed; then ``stop`` is due as after a good start.
        """
        own_folder(self.folder, self.user)
        clear_process(self.folder / "valkey.pid", self.folder)
        if not port_is_free(self.port):
            raise port_taken(self.name, self.port, self.folder.parent)
        # The password stands in a file, since every user of the machine sees command lines.
        configuration = self.folder / "valkey.conf"
        write_private(configuration, self._configuration(), self.user)
        command = [str(self.programs.valkey_server), str(configuration)]
        log = self.logs / "valkey.log"
        launch = Launch(self.name, command, log, self.folder, self.user, signal.SIGTERM)
        self._process = ServerProcess(launch)
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """End the server in order, its append-only file written."""
        if self._process is not None:
            self._process.end()

    def _configuration(self) -> str:
        lines = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "protected-mode": "yes",
            "requirepass": self.password,
            "dir": f'"{self.folder}"',
            "pidfile": f'"{self.folder / "valkey.pid"}"',
            "daemonize": "no",
            "save": '""',
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
        return "".join(f"{name} {value}\n" for name, value in lines.items())

    def _wait_until_ready(self, process: ServerProcess) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers():
            if process.dead:
                raise process.failure()
            if time.monotonic() > deadline:
                message = f"Valkey does not answer after {_READY_SECONDS:.0f} s: see its log"
                raise ServerSilent(message)
            time.sleep(0.02)

    def _answers(self) -> bool:
        with redis.Redis("127.0.0.1", self.port, password=self.password) as client:
            try:
                return bool(client.ping())
            except redis.AuthenticationError as error:
                message = f"another Valkey answers on port {self.port}: stop it"
                raise CredentialsUnfit(message) from error
            except (redis.ConnectionError, redis.BusyLoadingError):
                return False
