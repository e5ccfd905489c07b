"""Each step reaches the other side once: after a failure anywhere, by two workers at once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from minsheng.faces.process import make_runner
from minsheng.handling.handovers_errors import HandoverConflict
from minsheng.runtime.failpoints import FailpointReached, Failpoints, arm
from minsheng.runtime.settings import Settings

MESSAGES = "select count(*) from messages where tenant_id = :tenant and plugin = 'handover'"
TWICE = text("""
    select kind, data ->> 'handover', data ->> 'step', count(*) from case_events
    where tenant_id = :tenant and kind like 'handover%' group by 1, 2, 3, data ->> 'to'
    having count(*) > 1
""")


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """``failing(*names)``: the next time each place is passed, the transaction or worker ends."""

    def prepare(*names: str) -> None:
        values = {
            "MINSHENG_FAILPOINTS": ",".join(f"{name}=raise" for name in names),
            "MINSHENG_HOME": str(tmp_path),
            "MINSHENG_TESTING": "1",
        }
        arm(Failpoints.from_settings(Settings.from_environ(values)))

    yield prepare
    arm(Failpoints())


def told_once(world: Any, first: Any, second: Any) -> None:
    """Both legs have every step once, on both sides, with one message and one answer each."""
    below = ["received", "accepted", "answered"]
    assert world.kinds(second.id, world.county)[-4:] == ["sent", *below]
    assert sorted(world.kinds(first.id, world.city)) == sorted(["sent", *below, "sent", *below])
    for office, count in ((world.city, 0), (world.county, 1), (world.street, 1)):
        assert world.scalar(office, MESSAGES) == count
        with world.session(office) as session:
            assert session.execute(TWICE, {"tenant": office}).all() == []
    for office in (world.city, world.county):
        assert world.audited(office, "handover.answered") == ["ok"]
        assert world.scalar(office, "select count(*) from work where kind = 'adopt'") == 1


def road(world: Any) -> tuple[Any, Any]:
    """Down two levels and up again."""
    number = world.case(world.city, world.LAMP)
    first = world.dispatch(world.city, number, world.county)
    work_off(world)
    world.accept(world.county, first.id)
    below = world.case_of(world.county, first.id).number
    second = world.dispatch(world.county, below, world.street)
    work_off(world)
    world.accept(world.street, second.id)
    world.answer(world.street, world.incoming(world.street).to_message, "已修好。")
    work_off(world)
    world.answer(world.county, world.incoming(world.county).to_message, "街道已修好。")
    work_off(world)
    return first, second


def work_off(world: Any) -> None:
    """Do what is due; a worker that ends is followed by the next one, once its lease is over."""
    for _ in range(6):
        with suppress(FailpointReached):
            world.carry()
        world.tools.clock.move(timedelta(minutes=10))


def test_rel_l2_a_worker_that_ends_anywhere_on_the_road_leaves_every_step_told_once(
    world: Any, failing: Any, ended_at: list[str], tmp_path: Path
) -> None:
    failing(*ended_at)
    told_once(world, *road(world))
    assert {each.name for each in (tmp_path / "failpoints").iterdir()} == set(ended_at)


def test_rel_l2_a_verb_that_ends_before_its_commit_changed_nothing(
    world: Any, failing: Any
) -> None:
    number, made = world.handed(world.city, world.county)
    message = world.incoming(world.county).to_message
    failing("dispatch.before_commit", "answer.before_commit")
    with pytest.raises(FailpointReached):
        world.dispatch(world.city, number, world.sibling, role="co")
    with pytest.raises(FailpointReached):
        world.answer(world.county, message, "已修好。")
    world.carry()
    assert len(world.custody(world.city, number).handovers) == 1
    assert world.kinds(made.id, world.city) == ["sent", "received"]
    assert world.answer_of(world.city, made.id) is None


def test_rel_l2_workers_at_once_bring_one_message_of_each_handover(world: Any, scaled: Any) -> None:
    many = scaled(200, 10)
    bodies = [f"第{n}号院{n}栋{n * 7919}室外墙漏水，请处理。" for n in range(many)]
    world.push(world.city, *[world.said(body) for body in bodies])
    world.runner.answer(world.city, "match")
    with world.session(world.city) as session:
        numbers = session.scalars(text("select number from cases order by number")).all()
    for number in numbers:
        world.dispatch(world.city, number, world.county)
    runners = [make_runner(world.process) for _ in range(3)]
    at_once([lambda runner=runner: runner.answer(world.city, "handover") for runner in runners])
    world.carry()
    assert world.scalar(world.county, MESSAGES) == len(numbers)
    kinds = "select count(*) from case_events where tenant_id = :tenant and kind = :kind"
    assert world.scalar(world.city, kinds, kind="handover_received") == len(numbers)


def test_rel_r1_of_recall_return_and_answer_at_once_one_is_done(world: Any, scaled: Any) -> None:
    for _ in range(scaled(50, 2)):
        _number, made = world.handed(world.city, world.county)
        message, done = world.incoming(world.county).to_message, list[str]()

        def attempt(name: str, verb: Callable[[], None], done: list[str] = done) -> None:
            try:
                verb()
                done.append(name)
            except HandoverConflict:
                pass

        at_once(
            [
                lambda m=made: attempt("recalled", lambda: world.recall(world.city, m.id, "收回")),
                lambda m=made: attempt(
                    "returned", lambda: world.give_back(world.county, m.id, "不属于本县")
                ),
                lambda m=message: attempt(
                    "answered", lambda: world.answer(world.county, m, "已修好。")
                ),
            ]
        )
        world.carry()
        assert done == [world.handover(world.city, made.id).state]
        assert world.kinds(made.id, world.city)[-1] == done[0]
        world.tools.clock.move(timedelta(minutes=1))


def at_once(jobs: list[Callable[[], Any]]) -> None:
    """Run jobs in threads that begin together; the first error is raised."""
    gate, errors = threading.Barrier(len(jobs)), list[Exception]()

    def run(job: Callable[[], Any]) -> None:
        gate.wait()
        try:
            job()
        except Exception as error:  # noqa: BLE001  it is raised again below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
