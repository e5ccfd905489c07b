"""A message board for each test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from minsheng_leaders_board import plugin
from minsheng_leaders_board.loopback import BoardLoopback
from minsheng_sdk import Citizen, RawItem, SampleMessage, Settings
from minsheng_sdk.loopback_http import FaultyServer, Reply, Request

WRITTEN = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
LONG = "幸福路门前的路灯坏了已有一周，晚上老人出行不便，希望尽快派人查看并修复。" * 5


@dataclass
class Desk:
    """What the service does with a channel: keeps the cursor and every key it has."""

    settings: Settings
    cursor: str = ""
    keys: list[str] = field(default_factory=list)

    def pull(self, pages: int = 10_000) -> int:
        """Commit up to ``pages`` pages, then break off; return how many were committed."""
        walk = plugin.minsheng_pull(self.settings, self.cursor)
        committed = 0
        for page in walk:
            self.cursor = page.cursor
            self.keys += [item.source_key for item in page.items]
            committed += 1
            if committed == pages:
                walk.close()  # type: ignore[attr-defined]
                break
        return committed

    @property
    def known(self) -> set[str]:
        return set(self.keys)


def make_samples(count: int, first: int = 0, prefix: str = "s") -> list[SampleMessage]:
    return [
        SampleMessage(
            sample_id=f"{prefix}{number}",
            subject=f"路灯不亮 {number}",
            body=f"{number}：{LONG}",
            received_at=WRITTEN + timedelta(seconds=number),
            region="样例省 样例市",
            addressee="样例县委书记",
            kind="投诉/求助",
            domain="城建",
            citizen=Citizen("王样例", "13800000000"),
        )
        for number in range(first, first + count)
    ]


@pytest.fixture
def server() -> Iterator[BoardLoopback]:
    loopback = BoardLoopback()
    loopback.start()
    yield loopback
    loopback.stop()


@pytest.fixture
def strict_server() -> Iterator[BoardLoopback]:
    """A board that turns quick callers away with 403."""
    loopback = BoardLoopback(throttle_status=403)
    loopback.start()
    yield loopback
    loopback.stop()


@pytest.fixture
def samples() -> Callable[..., list[SampleMessage]]:
    return make_samples


@pytest.fixture
def desk() -> Callable[..., Desk]:
    """Make a desk on a server, with any settings changed."""

    def make(server: BoardLoopback, **changed: object) -> Desk:
        return Desk({**server.settings, **changed})  # type: ignore[dict-item]

    return make


@pytest.fixture
def odd_source() -> Iterator[Callable[[Callable[[Request], Reply]], Settings]]:
    """Run a source whose answers the test writes itself."""
    running: list[FaultyServer] = []

    def run(answer: Callable[[Request], Reply]) -> Settings:
        source = FaultyServer(answer, Reply(401, b"{}"))
        source.start()
        running.append(source)
        return {"base_url": source.base_url, "app_code": "a", "forum": "1", "pause_ms": 0}

    yield run
    for source in running:
        source.stop()


@pytest.fixture
def items() -> Callable[[Settings], list[RawItem]]:
    """Pull everything from the beginning."""
    return lambda settings: [
        item for page in plugin.minsheng_pull(settings, "") for item in page.items
    ]
