"""Valkey loses everything, or is gone: the rows are the truth, the sweep finishes them."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from redis import Redis

from minsheng.runtime.embedded import Servers


@contextmanager
def valkey_away(servers: Servers, eventually: Callable[..., None]) -> Iterator[None]:
    """Valkey killed at once, and started again at the end."""
    os.kill(servers.valkey.pid, signal.SIGKILL)
    try:
        eventually(lambda: servers.dead() == "Valkey", 20, "Valkey ends")
        yield
    finally:
        servers.revive()


def test_valkey_emptied_and_killed_while_messages_arrive_loses_none(
    rig: Callable[..., Any],
    deal: Callable[[int], dict[str, list[Any]]],
    scaled: Callable[[int, int], int],
    eventually: Callable[..., None],
    servers: Servers,
) -> None:
    rounds = scaled(10, 2)
    service = rig("hotline_12345", "leaders_board")
    dealt = deal(scaled(1000, 100))
    names = ("hotline_12345", "leaders_board", "api")
    parts = {name: [dealt[name][turn::rounds] for turn in range(rounds)] for name in names}
    service.start()
    with Redis.from_url(servers.redis_url) as client:
        for turn in range(rounds):
            before = service.progress()
            for name in names:
                service.arrive(name, parts[name][turn])
            service.pull()
            eventually(lambda start=before: service.progress() > start + 10, 240, "work goes on")
            client.flushall()
    with valkey_away(servers, eventually):
        service.arrive("api", dealt["mailbox"])
        assert service.messages() >= len(dealt["mailbox"]), "posting goes on without the bell"
    service.finish(400)
    service.told_once()
    service.stop()
