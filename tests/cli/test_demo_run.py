"""``minsheng demo`` as a person runs it: ready, whole, hardy, gone without a trace, there again."""

import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import NullPool, create_engine, text

from minsheng.faces.demo_data import load_messages
from minsheng.runtime.embedded import admin_url

pytestmark = pytest.mark.xdist_group("browser")
COMMAND = (sys.executable, "-m", "minsheng.faces.cli", "demo")
PATIENCE = 180
WRITTEN = 1
"""What a citizen writes by the portal."""
EXPECTED = WRITTEN + len(load_messages("130129", datetime(2026, 11, 20, tzinfo=UTC)))


@dataclass
class Demo:
    """One home and the demo that runs on it."""

    home: Path
    port: int
    lines: list[str] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None
    _news: "queue.Queue[str]" = field(default_factory=queue.Queue)
    _token: str = ""

    @property
    def environment(self) -> dict[str, str]:
        said = {"MINSHENG_HOME": str(self.home), "MINSHENG_PORT": str(self.port)}
        kept = {name: value for name, value in os.environ.items() if name[:9] != "MINSHENG_"}
        return kept | said

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def start(self) -> None:
        self.lines, self._news, self._token = [], queue.Queue(), ""
        self._process = subprocess.Popen(
            COMMAND, env=self.environment, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        threading.Thread(target=self._read, args=(self._process, self._news)).start()
        self.wait_for(" is ready after ")
        self.wait_for("Ctrl-C stops it all")

    def wait_for(self, words: str) -> None:
        """Read on until a line holds the words; its end or too long a silence fails the test."""
        while not self.lines or words not in self.lines[-1]:
            line = self._news.get(timeout=PATIENCE)
            assert line, f"it ended before {words!r}: {self.lines}"
            self.lines.append(line)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def family(self) -> list[psutil.Process]:
        own = psutil.Process(self.process.pid)
        return [own, *own.children(recursive=True)]

    @staticmethod
    def _read(process: subprocess.Popen[str], news: "queue.Queue[str]") -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                news.put(line)
        news.put("")

    def told(self) -> Any:
        """What ``demo --json`` says."""
        done = subprocess.run(
            [*COMMAND, "--json"], env=self.environment, capture_output=True, check=True
        )
        return json.loads(done.stdout)

    def ask(self, path: str, method: str = "GET") -> tuple[int, Any]:
        """Status and JSON of an address; below ``/api`` with the demo client's token."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        if path.startswith("/api"):
            request.add_header("Authorization", f"Bearer {self.token()}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def token(self) -> str:
        if not self._token:
            said = self.told()["client"] | {"grant_type": "client_credentials"}
            body = urllib.parse.urlencode(said).encode()
            address = f"http://127.0.0.1:{self.port}/oauth/token"
            with urllib.request.urlopen(address, body, timeout=30) as answer:
                self._token = json.load(answer)["access_token"]
        return self._token

    def cases(self) -> dict[str, int]:
        """How many messages stand in each case, closed ones too, by its number."""
        found = {}
        for state in ("open", "closed"):
            cursor = ""
            while cursor is not None:
                asked = urllib.parse.urlencode({"limit": 200, "cursor": cursor, "state": state})
                _status, page = self.ask(f"/api/v1/cases?{asked}")
                found |= {case["number"]: case["message_count"] for case in page["items"]}
                cursor = page["next_cursor"]
        return found

    def runs(self) -> dict[str, str]:
        """When the newest run that has ended began, of each pulled channel."""
        _status, said = self.ask("/api/v1/channels")
        return {
            each["code"]: max(run["started_at"] for run in each["runs"] if run["finished_at"])
            for each in said["items"]
            if each["state"] == "active"
        }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the embedded servers' own OS user may pass."""
    base = Path("/var/lib/minsheng-tests") if os.geteuid() == 0 else Path(tempfile.gettempdir())
    base.mkdir(mode=0o755, parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=base))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Demo]:
    """A home for the tests of this module; whatever runs on it ends with them."""
    demo = Demo(folder / "home", free_port())
    yield demo
    if demo._process is not None and demo.process.poll() is None:
        demo.stop()


@pytest.fixture
def demo(home: Demo) -> Demo:
    """The demo, running."""
    if home._process is None or home.process.poll() is not None:
        home.start()
    return home


def eventually(condition: Callable[[], bool]) -> None:
    until, pause = time.monotonic() + PATIENCE, threading.Event()
    while not condition():
        assert time.monotonic() < until, "it never came about"
        pause.wait(0.1)


def test_it_greets_with_its_address_accounts_and_logs_and_nothing_else(demo: Demo) -> None:
    said = demo.told()
    told = "".join(demo.lines)
    assert (
        f"ready after {told.partition('ready after ')[2].partition(' ')[0]} s: {said['url']}"
        in told
    )
    for account in said["accounts"]:
        assert account["username"] in told
        assert account["password"] in told
    assert said["client"]["client_secret"] in told
    offices = {account["office"] for account in said["accounts"]}
    assert offices == {"130129", "130129-JYJ", "130129-ZJJ", "130100"}
    assert f"{said['url']}/p/130129/" in told
    assert [line for line in demo.lines if line.startswith(("{", "[", "Traceback"))] == []
    for name in ("web", "worker"):
        log = demo.home / "logs" / f"{name}.log"
        assert str(log) in told
        assert log.stat().st_mode & 0o077 == 0


def test_it_is_alive_and_ready(demo: Demo) -> None:
    assert demo.ask("/healthz") == (200, {"status": "ok"})
    status, said = demo.ask("/readyz")
    assert (status, said["parts"]) == (200, {"database": "ok", "redis": "ok"})


def test_the_queue_holds_every_message_of_every_source_once(demo: Demo) -> None:
    assert sum(demo.cases().values()) == EXPECTED
    stored = text(
        "select count(*), count(distinct (inbox.channel_id, source_key)) from messages"
        " join inbox on inbox.tenant_id = messages.tenant_id and inbox.id = messages.inbox_id"
        " where messages.tenant_id = (select id from tenants where code = '130129')"
    )
    engine = create_engine(admin_url(demo.home, "minsheng"), poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.execute(stored).one() == (EXPECTED, EXPECTED)


def test_a_taken_port_is_one_line_that_names_it_and_the_way_out(demo: Demo, folder: Path) -> None:
    other = demo.environment | {"MINSHENG_HOME": str(folder / "other")}
    done = subprocess.run(COMMAND, env=other, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: 127.0.0.1:{demo.port} is taken: stop what listens there or set MINSHENG_PORT\n"
    )
    assert not (folder / "other").exists()


def test_a_killed_database_is_started_again(demo: Demo) -> None:
    (postmaster,) = [
        child for child in demo.family()[0].children() if "postgres" in child.name()
    ]  # fmt: skip
    postmaster.kill()
    demo.wait_for("PostgreSQL had died and was started again")
    eventually(lambda: demo.ask("/readyz")[0] == 200)
    assert demo.process.poll() is None


def test_ctrl_c_ends_everything_and_the_next_start_keeps_the_data(demo: Demo) -> None:
    before = demo.cases()
    family = demo.family()
    assert len(family) > 6
    assert demo.stop() == 0
    _gone, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    demo.start()
    assert "making the database" not in "".join(demo.lines)
    assert demo.cases() == before
    runs = demo.runs()
    for code in runs:
        assert demo.ask(f"/api/v1/channels/{code}/pull", "POST")[0] == 202
    eventually(lambda: all(demo.runs()[code] > begun for code, begun in runs.items()))
    assert demo.cases() == before, "what is pulled again is known"
    assert demo.stop() == 0
