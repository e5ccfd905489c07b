"""An office with real channels behind it, cases in it, and the steps of a reply one by one."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.audit import Actor, Tools
from minsheng.cases.matching import MatchMaker
from minsheng.cases.service import Wish
from minsheng.intake.host import PluginHost, PluginRegistry
from minsheng.intake.parsing import Parser
from minsheng.intake.pulls import Puller
from minsheng.intake.service import (
    NewChannel,
    PushedMessage,
    add_channel,
    change_settings,
    find_channel,
    pull_now,
    push_messages,
)
from minsheng.replies.bounces import take_bounce
from minsheng.replies.service import (
    Words,
    approve,
    deliveries_of,
    replies_of,
    start_draft,
    submit,
)
from minsheng.replies.work import Deliverer
from minsheng.runtime.clock import SetClock
from minsheng.runtime.work import Claim, claim_work
from minsheng_sdk import Citizen, Loopback, OutgoingReply, SampleMessage

LEASE = timedelta(seconds=60)
DRAFTER = Wish(Actor("user", "li.si", "127.0.0.1"))
APPROVER = Wish(Actor("user", "wang.wu", "127.0.0.1"))
ANSWER = (
    "您反映的槐河家园3号楼电梯停运一事，经现场核查，维保单位已于11月18日更换主控板，电梯恢复运行。"
)


@dataclass
class Bureau:
    """One office: its channels with their sources, and the road of a reply."""

    tools: Tools
    clock: SetClock
    tenant_id: int
    registry: PluginRegistry
    host: PluginHost
    sources: dict[str, Loopback] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def open(self, plugin: str, source: Loopback, code: str = "") -> str:
        """Add a channel of a plugin with its source behind it."""
        code = code or f"{plugin[:4]}-{uuid.uuid4().hex[:6]}"
        with self.tools.database.session(self.tenant_id) as session:
            new = NewChannel(code, plugin, f"渠道{code}", dict(source.settings))
            add_channel(session, self.tools, self.registry, DRAFTER.actor, new)
        self.sources[code] = source
        address = str(source.settings.get("base_url") or source.settings["port"])
        self.ports[code] = int(address.rpartition(":")[2])
        return code

    def point(self, code: str, **settings: Any) -> None:
        """Give a channel other settings, as when its source has moved."""
        given = {**self.sources[code].settings, **settings}
        with self.session() as session:
            change_settings(session, self.tools, self.registry, DRAFTER.actor, code, given)

    def revive(self, code: str) -> None:
        """Start a source again that was stopped, where it was."""
        self.sources[code].start(self.ports[code])

    def open_pushed(self, code: str = "api") -> str:
        with self.tools.database.session(self.tenant_id) as session:
            new = NewChannel(code, "mailbox", "推送", pushed=True)
            add_channel(session, self.tools, self.registry, DRAFTER.actor, new)
        return code

    def put(self, code: str, samples: Sequence[SampleMessage]) -> None:
        """Let messages arrive at a source and walk the road until each has its case."""
        self.sources[code].put(samples)
        with self.tools.database.session(self.tenant_id) as session:
            pull_now(session, self.tools, DRAFTER.actor, code)
        self.walk()

    def push(self, code: str, posted: Sequence[PushedMessage]) -> None:
        with self.tools.database.session(self.tenant_id) as session:
            channel = find_channel(session, code)
            push_messages(session, self.tools, DRAFTER.actor, channel, posted)
        self.walk()

    def walk(self) -> None:
        """Pull, parse and match what is due."""
        handlers: dict[str, Any] = {
            "pull": Puller(self.tools, self.host, LEASE),
            "parse": Parser(self.tools, self.host, LEASE, take_bounce),
            "match": MatchMaker(self.tools, LEASE),
        }
        for kind, handler in handlers.items():
            while claims := self.claim(kind):
                handler.work(claims)

    def claim(self, kind: str, limit: int = 100) -> list[Claim]:
        with self.tools.database.session(self.tenant_id) as session:
            return claim_work(session, kind, self.clock.now(), LEASE, limit)

    def deliverer(self) -> Deliverer:
        return Deliverer(self.tools, self.host, self.registry, LEASE)

    def deliver(self) -> int:
        """Send what is due; how many rows were claimed."""
        done = 0
        while claims := self.claim("deliver"):
            self.deliverer().work(claims)
            done += len(claims)
        return done

    def case_of(self, sample_id: str) -> str:
        """The number of the case in which the message of a sample stands."""
        rows = self.rows(
            "select k.number from messages m join case_messages s"
            " on s.tenant_id = m.tenant_id and s.message_id = m.id"
            " join cases k on k.tenant_id = s.tenant_id and k.id = s.case_id"
            " where m.tenant_id = :tenant and m.body like :part",
            part=f"%样本{sample_id}：%",
        )
        assert len(rows) == 1, sample_id
        return str(rows[0].number)

    def cases(self) -> list[str]:
        rows = self.rows(
            "select number from cases where tenant_id = :tenant and state = 'open' order by number"
        )
        return [row.number for row in rows]

    def draft(self, number: str, words: str | Words = ANSWER, wish: Wish = DRAFTER) -> Any:
        said = words if isinstance(words, Words) else Words(words)
        with self.session() as session:
            return start_draft(session, self.tools, wish, number, said)

    def review(self, number: str, words: str | Words = ANSWER, wish: Wish = DRAFTER) -> Any:
        """Draft a reply and send it to review."""
        view = self.draft(number, words, wish)
        with self.session() as session:
            return submit(session, self.tools, wish, view.id, view.version)

    def approve(self, view: Any, wish: Wish = APPROVER) -> Any:
        with self.session() as session:
            return approve(session, self.tools, wish, view.id, view.version)

    def answer(self, number: str, words: str | Words = ANSWER) -> Any:
        """Draft, review and approve."""
        return self.approve(self.review(number, words))

    def replies(self, number: str) -> Any:
        with self.session() as session:
            return replies_of(session, self.tools, number)

    def deliveries(self, number: str) -> Any:
        with self.session() as session:
            return deliveries_of(session, number)

    def session(self) -> Any:
        return self.tools.database.session(self.tenant_id)

    def arrived(self, code: str) -> list[OutgoingReply]:
        """The replies that a source got."""
        return self.sources[code].delivered()

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Rows of a statement on ``:tenant``, past row security."""
        with self.tools.database.owner_session() as session:
            return list(session.execute(text(statement), {"tenant": self.tenant_id, **values}))

    def change(self, statement: str, **values: Any) -> None:
        """Change the office's rows past everything, as the owner."""
        with self.tools.database.owner_session() as session:
            session.execute(text(statement), {"tenant": self.tenant_id, **values})

    def count(self, table: str, where: str = "true") -> int:
        said = f"select count(*) as n from {table} where tenant_id = :tenant and {where}"
        return int(self.rows(said)[0].n)

    def audited(self, action: str, result: str = "ok") -> int:
        return self.count("audit_entries", f"action = '{action}' and result like '{result}%'")


@pytest.fixture(scope="session")
def plugin_host() -> Iterator[PluginHost]:
    """One host for all: its nurseries stay warm between tests."""
    with PluginHost() as host:
        yield host


@pytest.fixture(scope="session")
def plugins() -> PluginRegistry:
    return PluginRegistry.load()


@pytest.fixture
def bureau(
    tools: Tools,
    clock: SetClock,
    office: Callable[..., int],
    plugins: PluginRegistry,
    plugin_host: PluginHost,
) -> Bureau:
    """A county of its own without any channel."""
    return Bureau(tools, clock, office(), plugins, plugin_host)


@pytest.fixture
def source(plugins: PluginRegistry) -> Iterator[Callable[[str], Loopback]]:
    """``source("mailbox")``: a started loopback server of a plugin, stopped at the end."""
    with ExitStack() as stack:

        def start(plugin: str) -> Loopback:
            server = plugins.get(plugin).loopback()
            server.start()
            stack.callback(server.stop)
            return server

        yield start


@pytest.fixture
def hotline(bureau: Bureau, source: Callable[[str], Loopback]) -> str:
    """The code of a hotline channel of the office."""
    return bureau.open("hotline_12345", source("hotline_12345"))


@pytest.fixture
def mailbox(bureau: Bureau, source: Callable[[str], Loopback]) -> str:
    return bureau.open("mailbox", source("mailbox"))


@pytest.fixture
def board(bureau: Bureau, source: Callable[[str], Loopback]) -> str:
    return bureau.open("leaders_board", source("leaders_board"))


_MATTERS = (
    "电梯停运",
    "路灯不亮",
    "井盖破损",
    "暖气不热",
    "工地噪声",
    "医保报销",
    "公交改线",
    "垃圾清运",
)


@pytest.fixture
def sample(clock: SetClock) -> Callable[..., SampleMessage]:
    """``sample(3)``: a message about a matter of its own by a citizen of its own."""

    def make(number: int, mark: str = "S", citizen: Citizen | None = None) -> SampleMessage:
        mark = f"{mark}{number:04d}"
        matter = _MATTERS[number % len(_MATTERS)]
        return SampleMessage(
            sample_id=mark,
            subject=f"{matter}{number}",
            body=f"样本{mark}：第{number}组槐河家园{number}号院{matter}{number}，请答复。",
            received_at=clock.now() - timedelta(days=1, minutes=number),
            region="赞皇县",
            citizen=citizen
            or Citizen(f"赵{number}", f"139{number:08d}", f"zhao{number}@example.org"),
        )

    return make
