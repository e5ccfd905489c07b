"""An office with a channel whose source is a file, and the steps of the road one by one."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.intake.channels import NewChannel, add_channel, channel_cursor, find_channel
from minsheng.intake.host import Limits, PluginHost, PluginRegistry
from minsheng.intake.host.registry import load_source
from minsheng.intake.inbox import Taken, take_in
from minsheng.intake.parsing import Parser
from minsheng.intake.pulls import Puller
from minsheng.intake.push import Pushed, PushedMessage, push_messages
from minsheng.runtime.work import Claim, claim_work
from minsheng_sdk import RawItem

SOURCE = f"path:{Path(__file__).parent / 'scripted.py'}"
LEASE = timedelta(seconds=60)
ACTOR = Actor("user", "li.si", "127.0.0.1")


@dataclass
class Desk:
    """One office: channels, arrivals, and what became of them."""

    tools: Tools
    tenant_id: int
    registry: PluginRegistry
    host: PluginHost
    book: Path
    actor: Actor = ACTOR

    def puller(self) -> Puller:
        return Puller(self.tools, self.host, LEASE)

    def add_channel(self, code: str = "script", *, pushed: bool = False) -> Any:
        new = NewChannel(code, "scripted", "脚本", {"book": str(self.book)}, pushed=pushed)
        with self.tools.database.session(self.tenant_id) as session:
            return add_channel(session, self.tools, self.registry, ACTOR, new)

    def channel(self, code: str = "script") -> Any:
        with self.tools.database.session(self.tenant_id) as session:
            return find_channel(session, code)

    def cursor(self, code: str = "script") -> str:
        return channel_cursor(self.tools, self.channel(code))

    def write(self, *pages: Any) -> None:
        """What the source holds: pages of ``[key, raw, epoch]``, or names of faults."""
        self.book.write_text(json.dumps({"pages": pages}), encoding="utf-8")

    def confirmed(self) -> list[str]:
        """The pages that the service resumed the plugin after."""
        path = Path(f"{self.book}.confirmed")
        return path.read_text(encoding="utf-8").split() if path.exists() else []

    def mend(self) -> None:
        """Let the parser read what it stumbled over."""
        Path(f"{self.book}.mended").touch()

    def slowly_read(self) -> list[str]:
        """The slow arrivals that the plugin has read."""
        path = Path(f"{self.book}.slow")
        return path.read_text(encoding="utf-8").split() if path.exists() else []

    def claim(self, kind: str, at: datetime | None = None) -> list[Claim]:
        with self.tools.database.session(self.tenant_id) as session:
            return claim_work(session, kind, at or self.tools.clock.now(), LEASE)

    def pull(self) -> int:
        """Pull what is due; returns how many channels were."""
        claims = self.claim("pull")
        self.puller().work(claims)
        return len(claims)

    def parse(self) -> int:
        """Parse what is due; returns how many arrivals were."""
        claims = self.claim("parse")
        if claims:
            Parser(self.tools, self.host, LEASE).work(claims)
        return len(claims)

    def take(self, channel: Any, *items: RawItem) -> Taken:
        with self.tools.database.session(self.tenant_id) as session:
            return take_in(session, self.tools, ACTOR, channel.id, items)

    def push(self, posted: Sequence[PushedMessage], code: str = "api") -> list[Pushed]:
        with self.tools.database.session(self.tenant_id) as session:
            return self.push_in(session, posted, code)

    def push_in(
        self, session: Session, posted: Sequence[PushedMessage], code: str = "api"
    ) -> list[Pushed]:
        """Post in a transaction of the caller's."""
        channel = find_channel(session, code)
        return push_messages(session, self.tools, ACTOR, channel, posted)

    def rows(self, statement: str) -> list[Any]:
        """Rows of a statement on ``:tenant``, past row security."""
        with self.tools.database.owner_session() as session:
            return list(session.execute(text(statement), {"tenant": self.tenant_id}))

    def inbox(self) -> list[Any]:
        return self.rows("select * from inbox where tenant_id = :tenant order by id")

    def messages(self) -> list[Any]:
        return self.rows("select * from messages where tenant_id = :tenant order by id")

    def runs(self) -> list[Any]:
        return self.rows("select * from channel_runs where tenant_id = :tenant order by id")

    def work(self, kind: str) -> list[Any]:
        return [row for row in self.rows("select * from work where tenant_id = :tenant")
                if row.kind == kind]  # fmt: skip

    def audit(self, action: str) -> list[Any]:
        entries = self.rows("select * from audit_entries where tenant_id = :tenant order by id")
        return [entry for entry in entries if entry.action == action]


@pytest.fixture(scope="module")
def script_host() -> Iterator[PluginHost]:
    """A host of the scripted plugin, warm for a module."""
    limits = replace(Limits(), memory_bytes=256 << 20, item_seconds=10, page_seconds=20)
    with PluginHost(limits, {"scripted": SOURCE}) as host:
        yield host


@pytest.fixture(scope="session")
def registry() -> PluginRegistry:
    return PluginRegistry([load_source(SOURCE)], {})


@pytest.fixture
def new_desk(
    tools: Tools, office: Callable[..., int], registry: PluginRegistry, script_host: PluginHost,
    tmp_path: Path,
) -> Callable[[], Desk]:  # fmt: skip
    """Offices whose sources are files of the test."""
    made: list[Desk] = []

    def make() -> Desk:
        book = tmp_path / f"book{len(made)}.json"
        made.append(Desk(tools, office(), registry, script_host, book))
        made[-1].write()
        return made[-1]

    return make


@pytest.fixture
def desk(new_desk: Callable[[], Desk]) -> Desk:
    return new_desk()
