"""An office with work to do, and a bell of the test's own."""

import itertools
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import text

from minsheng.runtime.bell import Bell
from minsheng.runtime.clock import SetClock
from minsheng.runtime.database import Database
from minsheng.runtime.embedded import Servers
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import Claim, add_work, claim_work

LEASE = timedelta(seconds=60)
_numbers = itertools.count(1)


@dataclass
class Desk:
    """One office and its work rows."""

    database: Database
    clock: SetClock
    tenant_id: int

    def add(
        self, count: int, kind: str = "parse", due_at: datetime | None = None
    ) -> list[uuid.UUID]:
        """New work rows, due now or at ``due_at``."""
        ids = [new_id() for _ in range(count)]
        with self.database.session(self.tenant_id) as session:
            add_work(session, kind, ids, due_at or self.clock.now())
        return ids

    def claim(self, limit: int = 100, kind: str = "parse") -> list[Claim]:
        with self.database.session(self.tenant_id) as session:
            return claim_work(session, kind, self.clock.now(), LEASE, limit)

    def rows(self, kind: str = "parse") -> dict[uuid.UUID, Any]:
        said = text("select * from work where tenant_id = :tenant and kind = :kind")
        with self.database.session(self.tenant_id) as session:
            found = session.execute(said, {"tenant": self.tenant_id, "kind": kind})
            return {row.row_id: row for row in found}


@pytest.fixture
def desk(database: Database, clock: SetClock, office: Callable[..., int]) -> Desk:
    return Desk(database, clock, office())


@pytest.fixture
def redis(servers: Servers) -> Iterator[Redis]:
    """The Valkey of this test process, emptied."""
    with Redis.from_url(servers.redis_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def bell(redis: Redis) -> Bell:
    """A bell whose two queues nobody listens on."""
    prefix = f"bell{next(_numbers)}"
    kinds = {"pull": "channels", "parse": "channels", "match": "cases"}
    return Bell(redis, {kind: f"{prefix}-{queue}" for kind, queue in kinds.items()}, 30)


@pytest.fixture
def jobs(bell: Bell) -> Callable[[str], Sequence[Any]]:
    """The jobs that wait on the queue of a kind of work."""
    return lambda kind: bell.queue(bell.queue_of(kind)).jobs
