"""A service of its own for tests that kill it: real workers, real sources, one database.

At ``MINSHENG_SCALE=1`` the counts are reduced; at 10 (``make proof``) they are full.
"""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import psutil
import pytest
from sqlalchemy import text

from minsheng.audit import Actor
from minsheng.faces.process import Process, build
from minsheng.intake.service import (
    MATCH,
    PARSE,
    NewChannel,
    PushedMessage,
    add_channel,
    find_channel,
    pull_now,
    push_messages,
)
from minsheng.runtime.clock import Clock
from minsheng.runtime.database import Database
from minsheng.runtime.embedded import Servers
from minsheng.runtime.failpoints import ROAD
from minsheng.runtime.settings import Settings
from minsheng.runtime.work import count_left
from minsheng_sdk import Citizen, Loopback, SampleMessage
from minsheng_tenants import NewBody, create_body

PULLED = ("hotline_12345", "leaders_board", "mailbox")
PUSHED = "api"
OPERATOR = Actor("operator", "crash test")
_FIRST = datetime(2026, 11, 1, 1, 0, tzinfo=UTC)
_POLL = 0.05
_MATTERS = ("路灯不亮", "井盖破损", "暖气不热", "工地噪声扰民", "公交车不准点", "医保无法报销")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``killed_at``: the failpoints of the worker, each alone at full counts."""
    if "killed_at" in metafunc.fixturenames:
        names = [name for name in ROAD if not name.startswith("push.")]
        groups = [[name] for name in names] if scaled(10, 1) == 10 else [names]
        metafunc.parametrize("killed_at", groups, ids=" ".join)


class Eventually(Protocol):
    def __call__(self, condition: Callable[[], bool], seconds: float, what: str) -> None: ...


def eventually(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until ``condition`` holds; after ``seconds`` the test fails, saying ``what``."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not within {seconds:g} s: {what}"
        time.sleep(_POLL)


FULL = 10


def scaled(full: int, reduced: int) -> int:
    """The count of this run: ``reduced`` times MINSHENG_SCALE; from ten on it is ``full``."""
    scale = int(os.environ.get("MINSHENG_SCALE") or 1)
    return full if scale >= FULL else min(full, reduced * scale)


def sample(mark: str, number: int) -> SampleMessage:
    """One message; every fifth is of one citizen about one matter by whatever channel."""
    shared = number % 5 == 0
    person = number // 10 if shared else number * 4 + len(mark)
    matter = _MATTERS[number % len(_MATTERS)] if not shared else "自来水发黄有异味"
    return SampleMessage(
        sample_id=mark,
        subject=f"样本{mark} {matter}",
        body=f"样本{mark}：槐树街{person}号院{matter}，请有关部门尽快处理。",
        received_at=_FIRST + timedelta(minutes=number),
        region="赞皇县",
        citizen=Citizen(name=f"赵{person}", phone=f"139{person:08d}"),
    )


def deal(count: int) -> dict[str, list[SampleMessage]]:
    """``count`` messages dealt to the sources in turn, by source."""
    sources = (*PULLED, PUSHED)
    dealt: dict[str, list[SampleMessage]] = {source: [] for source in sources}
    for number in range(count):
        source = sources[number % len(sources)]
        dealt[source].append(sample(f"{source[0].upper()}{number:05d}", number))
    return dealt


@dataclass
class Rig:
    """An office with channels, the sources behind them, and a worker that can be killed."""

    process: Process
    environment: dict[str, str]
    tenant_id: int
    home: Path
    sources: dict[str, Loopback]
    worker: subprocess.Popen[bytes] | None = None
    seen: set[psutil.Process] = field(default_factory=set)
    put: list[str] = field(default_factory=list)
    command: tuple[str, Sequence[str]] = ("", ())

    def start(self, *, failpoints: str = "", arguments: Sequence[str] = ("worker",)) -> None:
        """Start a process of the command line in a group of its own."""
        self.command = (failpoints, arguments)
        environment = self.environment | {"MINSHENG_FAILPOINTS": failpoints}
        with (self.home / "worker.log").open("ab") as log:
            self.worker = subprocess.Popen(
                [sys.executable, "-m", "minsheng.faces.cli", *arguments],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def keep_up(self) -> None:
        """Start the process again, as it was started, when a failpoint has ended it."""
        if self.worker is not None and self.worker.poll() is not None:
            failpoints, arguments = self.command
            self.start(failpoints=failpoints, arguments=arguments)
        self.family()

    def reached(self) -> set[str]:
        """The failpoints that fired in this home."""
        return {path.name for path in (self.home / "failpoints").glob("*")}

    def family(self) -> list[psutil.Process]:
        """The worker and all below it, remembered so that none outlives the test."""
        assert self.worker is not None
        try:
            parent = psutil.Process(self.worker.pid)
            found = [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
        self.seen.update(found)
        return found

    def kill_group(self) -> None:
        """SIGKILL to the worker and its job processes at once."""
        assert self.worker is not None
        self.family()
        os.killpg(self.worker.pid, signal.SIGKILL)
        self.worker.wait()

    def kill_one(self, choice: random.Random) -> str:
        """SIGKILL to one process of the group; says which."""
        assert self.worker is not None
        chosen = choice.choice(self.members())
        chosen.kill()
        if chosen.pid != self.worker.pid:
            return "job process"
        self.worker.wait()
        return "parent"

    @contextmanager
    def stopped(self, choice: random.Random) -> Iterator[None]:
        """SIGSTOP to one process of the group, which goes on at the end."""
        chosen = choice.choice(self.members())
        chosen.suspend()
        try:
            yield
        finally:
            chosen.resume()

    def members(self) -> list[psutil.Process]:
        """The worker's parent and job processes, without the plugins' nurseries."""
        assert self.worker is not None
        members = [one for one in self.family() if _group(one) == self.worker.pid]
        return sorted(members, key=lambda one: one.pid)

    def stop(self) -> None:
        """End the worker in order and see that nothing of it is left."""
        if self.worker is None:
            return
        self.family()
        self.worker.terminate()
        try:
            self.worker.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(self.worker.pid, signal.SIGKILL)
            self.worker.wait()
        self.worker = None
        try:
            eventually(lambda: not self.leftovers(), 40, "every process of the worker ends")
        finally:
            for process in self.leftovers():
                process.kill()

    def leftovers(self) -> list[psutil.Process]:
        """Processes of the worker that still run."""
        return [one for one in self.seen if one.is_running() and not _is_zombie(one)]

    def arrive(self, source: str, samples: Sequence[SampleMessage]) -> None:
        """Let messages arrive: at a source that is pulled, or posted with retries."""
        self.put += [one.sample_id for one in samples]
        if source == PUSHED:
            self._post(samples)
        else:
            self.sources[source].put(samples)

    def pull(self) -> None:
        """Have every pulled channel pulled now."""
        for code in self.sources:
            with self.process.tools.database.session(self.tenant_id) as session:
                pull_now(session, self.process.tools, OPERATOR, code)

    def _post(self, samples: Sequence[SampleMessage]) -> None:
        posted = [
            PushedMessage(s.sample_id, s.subject, s.body, s.received_at, citizen=s.citizen)
            for s in samples
        ]
        tools = self.process.tools
        for _ in range(2):
            with tools.database.session(self.tenant_id) as session:
                channel = find_channel(session, PUSHED)
                push_messages(session, tools, OPERATOR, channel, posted)

    def scalar(self, statement: str) -> int:
        """One number about the office, read past row security."""
        with self.process.tools.database.owner_session() as session:
            return session.scalar(text(statement), {"tenant": self.tenant_id}) or 0

    def messages(self) -> int:
        return self.scalar("select count(*) from messages where tenant_id = :tenant")

    def progress(self) -> int:
        """How much was done so far: three entries a pulled message, two a posted one."""
        return self.scalar("select count(*) from audit_entries where tenant_id = :tenant")

    def left(self) -> int:
        with self.process.tools.database.work_session() as session:
            return count_left(session, (PARSE, MATCH))

    def done(self) -> bool:
        """Whether all that was put has become messages with cases."""
        return self.messages() >= len(self.put) and self.left() == 0

    def finish(self, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait until all that was put has become messages with cases, pulling again meanwhile."""
        due = [0.0]

        def finished() -> bool:
            meanwhile()
            if self.messages() < len(self.put) and time.monotonic() > due[0]:
                self.pull()
                due[0] = time.monotonic() + 1.0
            return self.done()

        eventually(finished, seconds, "every message has its case")

    def told_once(self) -> None:
        """Assert lost 0 and twice 0: messages, places, events and audit entries."""
        tenant = {"tenant": self.tenant_id}
        with self.process.tools.database.owner_session() as session:
            rows = session.execute(text(_MESSAGES), tenant).all()
            marks = Counter(match for row in rows for match in set(_MARK.findall(row.words)))
            assert marks == Counter(self.put), "each sample is exactly one message"
            assert {row.places for row in rows} == {1}, "each message has exactly one case"
            assert {row.told for row in rows} == {1}, "each message was placed by one event"
            assert list(session.execute(text(_TWICE), tenant)) == []
            counted = session.execute(text(_COUNTED), tenant).one()
        assert counted.in_cases == len(self.put)
        assert counted.unread == 0
        assert counted.aside == 0
        assert self.left() == 0


_MARK = re.compile(r"样本([A-Z]\d{5}) ")
_MESSAGES = """
    select m.subject || ' ' as words,
        (select count(*) from case_messages c
            where c.tenant_id = m.tenant_id and c.message_id = m.id) as places,
        (select count(*) from case_events e where e.tenant_id = m.tenant_id
            and e.kind in ('opened', 'joined') and e.data ->> 'message' = m.id::text) as told
    from messages m where m.tenant_id = :tenant
"""
_TWICE = """
    select action, object_id, count(*) from audit_entries
    where tenant_id = :tenant and object_kind in ('message', 'inbox')
    group by action, object_id having count(*) > 1
"""
_COUNTED = """
    select (select sum(message_count) from cases where tenant_id = :tenant) as in_cases,
        (select count(*) from inbox where tenant_id = :tenant and state <> 'parsed') as unread,
        (select count(*) from quarantine where tenant_id = :tenant) as aside
"""


def _group(process: psutil.Process) -> int:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return 0


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def environment_of(logins: Any, servers: Servers, home: Path, number: int) -> dict[str, str]:
    """The settings of a service on a database and a Valkey database of its own."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("MINSHENG_")}
    return inherited | {
        "MINSHENG_TESTING": "1",
        "MINSHENG_HOME": str(home),
        "MINSHENG_DATABASE_URL": logins.app,
        "MINSHENG_DATABASE_WORKER_URL": logins.worker,
        "MINSHENG_DATABASE_OPERATOR_URL": logins.owner,
        "MINSHENG_REDIS_URL": servers.redis_url.removesuffix("/0") + f"/{number}",
        "MINSHENG_QUEUE": f"crash{number}",
        "MINSHENG_LEASE_SECONDS": "2",
        "MINSHENG_SWEEP_SECONDS": "1",
        "MINSHENG_LOG_LEVEL": "warning",
    }


def new_office(database: Database) -> int:
    """A county with its line of parents in a database that has no bodies yet."""
    line = (("000000", "central"), ("130000", "province"), ("130100", "city"), ("130129", "county"))
    with database.owner_session() as session:
        parent = ""
        for code, kind in line:
            body = create_body(session, NewBody(code, f"测试{kind}", kind, parent))
            parent = code
        return body.id


def open_channels(process: Process, tenant_id: int, sources: dict[str, Loopback]) -> None:
    """A channel for each source, named as its plugin, and one to post to."""
    channels = [NewChannel(name, name, name, source.settings) for name, source in sources.items()]
    channels.append(NewChannel(PUSHED, "hotline_12345", "接口推送", pushed=True))
    for channel in channels:
        with process.tools.database.session(tenant_id) as session:
            add_channel(session, process.tools, process.registry, OPERATOR, channel)


@pytest.fixture
def rig(
    servers: Servers, new_database: Callable[[], Any], tmp_path: Path
) -> Iterator[Callable[..., Rig]]:
    """Make one rig: ``rig(*plugins)``; whatever it started is ended with the test."""
    with ExitStack() as stack:

        def make(*plugins: str, clock: Clock | None = None) -> Rig:
            environment = environment_of(new_database(), servers, tmp_path, 7)
            process = build(Settings.from_environ(environment), clock, operator=True)
            stack.callback(process.close)
            process.bell.redis.flushdb()
            tenant_id = new_office(process.tools.database)
            sources = {name: process.registry.get(name).loopback() for name in plugins}
            for source in sources.values():
                source.start()
                stack.callback(source.stop)
            open_channels(process, tenant_id, sources)
            one = Rig(process, environment, tenant_id, tmp_path, sources)
            stack.callback(one.stop)
            return one

        yield make


@pytest.fixture(name="eventually")
def _eventually() -> Eventually:
    return eventually


@pytest.fixture(name="scaled")
def _scaled() -> Callable[[int, int], int]:
    return scaled


@pytest.fixture(name="deal")
def _deal() -> Callable[[int], dict[str, list[SampleMessage]]]:
    return deal
