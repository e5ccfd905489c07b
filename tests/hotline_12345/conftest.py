"""A work-order server for each test, with a clock that the test moves."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from minsheng_hotline_12345 import plugin
from minsheng_hotline_12345.loopback import HotlineLoopback
from minsheng_sdk import Citizen, RawItem, SampleMessage, Settings
from minsheng_sdk.loopback_http import FaultyServer, Reply, Request

CALLED = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@dataclass
class HandClock:
    """A clock that stands still until it is moved."""

    now: datetime = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


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
                walk.close()
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
            body=f"幸福路 {number} 号门前路灯不亮",
            received_at=CALLED + timedelta(seconds=number),
            region="样例县城关镇",
            addressee="样例县住建局",
            kind="求助",
            domain="市政设施",
            citizen=Citizen("王样例", "13800000000", "a@example.org"),
        )
        for number in range(first, first + count)
    ]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def server(clock: HandClock) -> Iterator[HotlineLoopback]:
    loopback = HotlineLoopback(clock)
    loopback.start()
    yield loopback
    loopback.stop()


@pytest.fixture
def silent_server(clock: HandClock) -> Iterator[HotlineLoopback]:
    """A server whose lists give no total."""
    loopback = HotlineLoopback(clock, counts_rows=False)
    loopback.start()
    yield loopback
    loopback.stop()


@pytest.fixture
def samples() -> Callable[..., list[SampleMessage]]:
    return make_samples


@pytest.fixture
def desk() -> Callable[..., Desk]:
    """Make a desk on a server, with any settings changed."""

    def make(server: HotlineLoopback, **changed: object) -> Desk:
        return Desk({**server.settings, **changed})  # type: ignore[dict-item]

    return make


@pytest.fixture
def odd_source() -> Iterator[Callable[[Callable[[Request], Reply]], Settings]]:
    """Run a source whose answers the test writes itself; the token comes by itself."""
    running: list[FaultyServer] = []

    def run(answer: Callable[[Request], Reply]) -> Settings:
        def route(request: Request) -> Reply:
            if request.path == "/oauth/token":
                return Reply(200, b'{"access_token":"t","token_type":"Bearer"}')
            return answer(request)

        source = FaultyServer(route, Reply(403, b"{}"))
        source.start()
        running.append(source)
        return {"base_url": source.base_url, "client_id": "a", "client_secret": "b"}

    yield run
    for source in running:
        source.stop()


@pytest.fixture
def items() -> Callable[[Settings], Sequence[RawItem]]:
    """Pull everything from the beginning."""
    return lambda settings: [
        item for page in plugin.minsheng_pull(settings, "") for item in page.items
    ]
