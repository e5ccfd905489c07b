"""The runner: one bad row holds up nobody, patience grows, a stale claim is no failure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from minsheng.runtime.runner import Handler, Runner
from minsheng.runtime.work import Claim, finish_work, put_off

LEASE = timedelta(seconds=60)


@dataclass
class Bench:
    """A handler that finishes rows, save those it was told to stumble over."""

    desk: Any
    bad: set[Any] = field(default_factory=set)
    calls: list[int] = field(default_factory=list)
    before: Callable[[], None] = lambda: None

    def work(self, claims: Sequence[Claim]) -> None:
        self.calls.append(len(claims))
        self.before()
        with self.desk.database.session(self.desk.tenant_id) as session:
            finish_work(session, claims)
            if any(claim.row_id in self.bad for claim in claims):
                message = "a citizen's words"
                raise ValueError(message)


@pytest.fixture
def bench(desk: Any) -> Bench:
    return Bench(desk)


@pytest.fixture
def runner(desk: Any, bell: Any, bench: Bench) -> Runner:
    handlers = {"parse": Handler(bench.work, "channels", batch=10)}
    return Runner(desk.database, bell, desk.clock, handlers, LEASE)


def test_all_that_is_due_is_done_batch_by_batch(desk: Any, runner: Runner, bench: Bench) -> None:
    desk.add(25)
    assert runner.answer(desk.tenant_id, "parse") == 25
    assert bench.calls == [10, 10, 5]
    assert desk.rows() == {}


def test_a_failed_batch_is_done_row_by_row_and_only_the_bad_one_stays(
    desk: Any, runner: Runner, bench: Bench
) -> None:
    bad = desk.add(10)[4]
    bench.bad = {bad}
    runner.answer(desk.tenant_id, "parse")
    assert bench.calls == [10, *[1] * 10]
    assert list(desk.rows()) == [bad]


def test_a_failed_rows_trouble_is_its_type_and_never_its_words(
    desk: Any, runner: Runner, bench: Bench
) -> None:
    bench.bad = set(desk.add(1))
    runner.answer(desk.tenant_id, "parse")
    (row,) = desk.rows().values()
    assert row.trouble == "ValueError"


def test_patience_grows_from_seconds_to_an_hour(desk: Any, runner: Runner, bench: Bench) -> None:
    (bad,) = bench.bad = set(desk.add(1))
    waits = []
    for _ in range(7):
        assert runner.answer(desk.tenant_id, "parse") == 1
        wait = desk.rows()[bad].due_at - desk.clock.now()
        waits.append(int(wait.total_seconds()))
        assert runner.answer(desk.tenant_id, "parse") == 0, "not before its time"
        desk.clock.move(wait)
    assert waits == [5, 30, 120, 600, 3600, 3600, 3600]


def test_a_row_that_recovers_is_done(desk: Any, runner: Runner, bench: Bench) -> None:
    bench.bad = set(desk.add(1))
    runner.answer(desk.tenant_id, "parse")
    bench.bad = set()
    desk.clock.move(timedelta(seconds=5))
    runner.answer(desk.tenant_id, "parse")
    assert desk.rows() == {}


def test_a_stale_claim_is_no_failure_and_is_left_to_who_has_it(
    desk: Any, runner: Runner, bench: Bench
) -> None:
    (row,) = desk.add(1)
    bench.before = lambda: _overtake(desk)
    runner.answer(desk.tenant_id, "parse")
    assert bench.calls == [1]
    assert desk.rows()[row].trouble == ""
    assert desk.rows()[row].attempt == 2


def test_a_batch_with_a_stale_claim_is_not_tried_row_by_row(
    desk: Any, runner: Runner, bench: Bench
) -> None:
    rows = desk.add(3)
    bench.before = lambda: _overtake(desk, 3)
    runner.answer(desk.tenant_id, "parse")
    assert bench.calls == [3]
    assert set(desk.rows()) == set(rows)


def _overtake(desk: Any, rows: int = 1) -> None:
    desk.clock.move(LEASE + timedelta(seconds=1))
    assert len(desk.claim()) == rows


def test_a_failed_row_that_another_took_meanwhile_is_not_put_off(
    desk: Any, runner: Runner, bench: Bench
) -> None:
    (row,) = bench.bad = set(desk.add(1))

    def overtaken() -> None:
        _overtake(desk)
        raise OSError

    bench.before = overtaken
    runner.answer(desk.tenant_id, "parse")
    assert desk.rows()[row].trouble == ""
    assert desk.rows()[row].lease_until > desk.clock.now()


def test_a_bell_for_nothing_does_nothing(desk: Any, runner: Runner, bench: Bench) -> None:
    assert runner.answer(desk.tenant_id, "parse") == 0
    assert bench.calls == []


def test_an_endless_supply_is_left_to_the_next_ring(desk: Any, bell: Any, jobs: Any) -> None:
    def put_back(claims: Sequence[Claim]) -> None:
        for claim in claims:
            with desk.database.session(desk.tenant_id) as session:
                put_off(session, claim, desk.clock.now())

    desk.add(1)
    handlers = {"parse": Handler(put_back, "channels")}
    endless = Runner(desk.database, bell, desk.clock, handlers, LEASE)
    assert endless.answer(desk.tenant_id, "parse") == 50
    assert [job.args for job in jobs("parse")] == [[desk.tenant_id, "parse"]]
