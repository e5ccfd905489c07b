"""A service of its own for one measurement: embedded servers as in production, own home."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import NullPool, create_engine, text

from minsheng.audit import SYSTEM
from minsheng.faces.process import Process, build, settled
from minsheng.intake.service import NewChannel, add_channel
from minsheng.runtime.embedded import Servers, admin_url, start_servers
from minsheng.runtime.embedded.credentials import load_passwords, port_is_free
from minsheng.runtime.migrate import prepare_logins, upgrade
from minsheng.runtime.settings import Settings
from minsheng_tenants import NewBody, create_body

PORT = 18_731
WORKERS = "2"


@dataclass
class Stage:
    """Servers, the parts of a process, and one county with a pushed channel."""

    servers: Servers
    process: Process
    tenant_id: int
    channel: str = "bench"


@contextmanager
def stage() -> Iterator[Stage]:
    base = Path("/var/lib/minsheng-bench") if os.geteuid() == 0 else Path(tempfile.gettempdir())
    base.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="home-", dir=base))
    home.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        servers = stack.enter_context(start_servers(home, lambda _line: None))
        process = _service(servers, home)
        stack.callback(process.close)
        yield Stage(servers, process, _county(process))


def _service(servers: Servers, home: Path) -> Process:
    engine = create_engine(servers.admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("create database minsheng"))
    engine.dispose()
    words = load_passwords(home)
    prepare_logins(servers.admin_url, words)
    upgrade(admin_url(home, "minsheng"))
    given = {
        "MINSHENG_HOME": str(home),
        "MINSHENG_PORT": str(PORT),
        "MINSHENG_WEB_WORKERS": WORKERS,
        "MINSHENG_LOG_LEVEL": "warning",
        "MINSHENG_SWEEP_SECONDS": "1",
        "MINSHENG_SECOND_FACTOR": "offered",
    }
    return build(settled(Settings.from_environ(given)), operator=True)


def _county(process: Process) -> int:
    line = (
        NewBody("000000", "中央", "central"),
        NewBody("130000", "河北省", "province", "000000"),
        NewBody("130100", "石家庄市", "city", "130000"),
        NewBody("130129", "赞皇县", "county", "130100"),
    )
    with process.tools.database.owner_session() as session:
        tenant_id = [create_body(session, body).id for body in line][-1]
    process.tools.keyring.cipher(tenant_id)
    with process.tools.database.session(tenant_id) as session:
        new = NewChannel("bench", "hotline_12345", "推送", pushed=True)
        add_channel(session, process.tools, process.registry, SYSTEM, new)
    return tenant_id


@contextmanager
def program(process: Process, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program of the project with the settings of ``process``, ended at the end."""
    values = {name: value for name, value in process.settings.values.items() if value}
    running = subprocess.Popen([sys.executable, *command], env={**os.environ, **values})
    try:
        yield running
    finally:
        running.terminate()
        running.wait()


def port_answers() -> bool:
    return not port_is_free(PORT)
