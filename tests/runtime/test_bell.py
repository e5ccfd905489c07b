"""The bell: it folds, it may be silent, and it never says more than a number and a kind."""

import json
import socket
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from minsheng.runtime.bell import ANSWER, Bell
from minsheng.runtime.work import add_work

PERSON = "李四13800001234"


def test_a_ring_is_one_job_that_names_office_and_kind(bell: Bell, jobs: Any) -> None:
    bell.ring([(7, "parse"), (7, "match"), (8, "parse")])
    assert [job.args for job in jobs("parse")] == [[7, "parse"], [8, "parse"]]
    assert [job.args for job in jobs("match")] == [[7, "match"]]
    assert {job.func_name for job in jobs("parse")} == {ANSWER}


def test_rings_for_one_office_and_kind_are_folded_until_heard(bell: Bell, jobs: Any) -> None:
    for _ in range(5):
        bell.ring([(7, "parse")])
    assert len(jobs("parse")) == 1
    bell.heard(7, "parse")
    bell.ring([(7, "parse")])
    assert len(jobs("parse")) == 2


def test_the_fold_ends_by_itself(bell: Bell, redis: Redis) -> None:
    bell.ring([(7, "parse")])
    (key,) = redis.keys("minsheng:bell:*")
    assert 0 < redis.ttl(key) <= 30


def test_two_installations_on_one_redis_do_not_fold_each_others_rings(redis: Redis) -> None:
    ours, theirs = (Bell(redis, {"parse": f"{name}-channels"}, 30) for name in ("one", "two"))
    ours.ring([(7, "parse")])
    theirs.ring([(7, "parse")])
    assert len(ours.queue("one-channels").jobs) == 1
    assert len(theirs.queue("two-channels").jobs) == 1


@pytest.fixture
def nowhere() -> str:
    """The address of a Redis that is away."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{probe.getsockname()[1]}/0"


def test_without_redis_the_bell_is_silent_and_work_is_written(desk: Any, nowhere: str) -> None:
    with Redis.from_url(nowhere) as away:
        bell = Bell(away, {"parse": "channels"}, 30)
        bell.ring([(desk.tenant_id, "parse")])
        bell.heard(desk.tenant_id, "parse")
        bell.sweep_registries()
        desk.database.ring_with(bell.ring)
        rows = desk.add(2)
        desk.database.ring_with(lambda _bells: None)
    assert set(desk.rows()) == set(rows)


def test_a_kind_that_nobody_wired_is_passed_over(bell: Bell, jobs: Any) -> None:
    bell.ring([(7, "of a later version"), (7, "parse")])
    assert len(jobs("parse")) == 1


def test_all_that_stands_in_redis_is_json_and_holds_no_row_and_no_word(
    desk: Any, bell: Bell, redis: Redis
) -> None:
    desk.database.ring_with(bell.ring)
    with desk.database.session(desk.tenant_id) as session:
        session.info["note"] = PERSON
    ids = desk.add(3)
    desk.database.ring_with(lambda _bells: None)
    stored = b" ".join(_everything(redis))
    assert str(desk.tenant_id).encode() in stored
    assert not any(str(row).encode() in stored or row.bytes in stored for row in ids)
    (job,) = bell.queue(bell.queue_of("parse")).jobs
    data = json.loads(zlib.decompress(bytes(redis.hget(job.key, "data") or b"")))
    assert data == [ANSWER, None, [desk.tenant_id, "parse"], {}]


def _everything(redis: Redis) -> list[bytes]:
    readers: dict[bytes, Callable[[bytes], list[bytes]]] = {
        b"string": lambda key: [redis.get(key) or b""],
        b"hash": lambda key: [part for pair in redis.hgetall(key).items() for part in pair],
        b"list": lambda key: redis.lrange(key, 0, -1),
        b"set": lambda key: list(redis.smembers(key)),
        b"zset": lambda key: redis.zrange(key, 0, -1),
    }
    return [part for key in redis.scan_iter() for part in [key, *readers[redis.type(key)](key)]]


def test_the_bell_rings_after_the_commit_and_never_for_a_rollback(desk: Any) -> None:
    heard: list[Any] = []
    desk.database.ring_with(lambda bells: heard.append((set(bells), len(desk.rows()))))
    rows = desk.add(1)
    with pytest.raises(RuntimeError):
        _add_and_fail(desk, rows)
    desk.database.ring_with(lambda _bells: None)
    assert heard == [({(desk.tenant_id, "parse")}, 1)]


def _add_and_fail(desk: Any, rows: Any) -> None:
    with desk.database.session(desk.tenant_id) as session:
        add_work(session, "match", rows, desk.clock.now())
        raise RuntimeError
