"""Answers a second to a loopback source, a change of state at 200,000 cases, and what each costs.

Processor time and statements are this process's own: they tell the same on a busy machine.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import event, text

from bench.stage import Stage, program
from minsheng.audit import Actor
from minsheng.cases.service import Wish
from minsheng.faces.demo_data import load_messages
from minsheng.faces.process import make_runner
from minsheng.intake.service import NewChannel, add_channel
from minsheng.replies.service import Words, approve, save_draft, start_draft, submit
from minsheng.replies.work import DELIVER, Deliverer
from minsheng.runtime.work import claim_work
from minsheng_sdk import Citizen, SampleMessage

ANSWERS = 1_500
BY_HAND = 3
"""Batches of 100 that this process delivers itself, to see what they cost; the first warms up."""
LEASE = timedelta(minutes=5)
CASES = 200_000
CHANGES = 200
LI, WANG = Wish(Actor("user", "li.si")), Wish(Actor("user", "wang.wu"))
ANSWER = "经现场核查，您反映的情况属实，责任单位已经更换设备并恢复运行，今后每月检修一次。"
_SEEDS = load_messages("130129", datetime.now(UTC))
_MANY = text("""
    insert into cases (tenant_id, id, number, subject, region, message_count, origins, channels,
        opened_at, last_at)
    select :tenant, gen_random_uuid(), '130129-20250101-' || n, '诉求' || n, '', 1, '{}', '{}',
        now() - interval '1 day' * (n % 400), now() - interval '1 day' * (n % 400)
    from generate_series(100001, 100000 + :many) n
""")


@dataclass
class Cost:
    """Statements and seconds of processor time of this process."""

    statements: int = 0
    seconds: float = 0.0

    def each(self, many: int) -> str:
        """What one of ``many`` cost."""
        return f"{self.statements / many:.1f} statements, {self.seconds / many * 1000:.1f} ms"


@contextmanager
def costs(stage: Stage) -> Iterator[Cost]:
    """Count what is done within the block."""
    cost, engine = Cost(), stage.process.tools.database.app_engine

    def note(*_call: object) -> None:
        cost.statements += 1

    event.listen(engine, "before_cursor_execute", note)
    begun = time.process_time()
    yield cost
    cost.seconds = time.process_time() - begun
    event.remove(engine, "before_cursor_execute", note)


def measure_replies(stage: Stage) -> dict[str, object]:
    """Fan-out by the real worker to a hotline on this machine, then single changes."""
    rate, each = _fan_out(stage)
    with stage.process.tools.database.session(stage.tenant_id) as session:
        session.execute(_MANY, {"tenant": stage.tenant_id, "many": CASES})
    with costs(stage) as cost:
        changes = sorted(_changes(stage))
    return {
        f"answers delivered a second ({ANSWERS}, one channel)": rate,
        "cost of a delivery, our bookkeeping": each,
        f"change of state at {CASES} cases, ms (median)": round(statistics.median(changes), 1),
        f"change of state at {CASES} cases, ms (p95)": round(changes[len(changes) * 95 // 100], 1),
        "cost of a change (draft, save, submit, approve)": cost.each(len(changes) * 4 // 3),
    }


def _fan_out(stage: Stage) -> tuple[float, str]:
    tools, runner = stage.process.tools, make_runner(stage.process)
    loopback = stage.process.registry.get("hotline_12345").loopback()
    loopback.start()
    loopback.put([_sample(number) for number in range(ANSWERS)])
    with tools.database.session(stage.tenant_id) as session:
        new = NewChannel("replies", "hotline_12345", "热线", dict(loopback.settings))
        add_channel(session, tools, stage.process.registry, LI.actor, new)
    for kind in ("pull", "parse", "match"):
        while runner.answer(stage.tenant_id, kind):
            continue
    for number in _numbers(stage, ANSWERS):
        _answer(stage, number)
    each = _by_hand(stage)
    waiting = _left(stage)
    with program(stage.process, "-m", "minsheng.faces.cli", "worker"):
        while _left(stage) == waiting:
            time.sleep(0.01)
        begun, from_here = time.monotonic(), _left(stage)
        while _left(stage):
            time.sleep(0.05)
        seconds = time.monotonic() - begun
    loopback.stop()
    return round(from_here / seconds, 1), each


def _by_hand(stage: Stage) -> str:
    """What a delivery costs the process that sends it."""
    process = stage.process
    sender = Deliverer(process.tools, process.host, process.registry, LEASE)
    sent, cost = 0, Cost()
    for turn in range(BY_HAND):
        with costs(stage) as one:
            with process.tools.database.session(stage.tenant_id) as session:
                claims = claim_work(session, DELIVER, process.tools.clock.now(), LEASE)
            sender.work(claims)
        if turn:
            cost.statements, cost.seconds = (
                cost.statements + one.statements,
                cost.seconds + one.seconds,
            )
            sent += len(claims)
    return cost.each(sent)


def _answer(stage: Stage, number: str) -> None:
    tools = stage.process.tools
    with tools.database.session(stage.tenant_id) as session:
        view = start_draft(session, tools, LI, number, Words(ANSWER))
        view = submit(session, tools, LI, view.id, view.version)
        approve(session, tools, WANG, view.id, view.version)


def _changes(stage: Stage) -> list[float]:
    """Milliseconds of a save, a submit and an approval, each in a transaction of its own."""
    tools, taken = stage.process.tools, []
    for number in _numbers(stage, CHANGES, "130129-20250101-%"):
        with tools.database.session(stage.tenant_id) as session:
            view = start_draft(session, tools, LI, number, Words(ANSWER))
        for verb, wish, more in (
            (save_draft, LI, [Words(ANSWER)]), (submit, LI, []), (approve, WANG, []),
        ):  # fmt: skip
            begun = time.monotonic()
            with tools.database.session(stage.tenant_id) as session:
                view = verb(session, tools, wish, view.id, view.version, *more)  # type: ignore[operator]
            taken.append((time.monotonic() - begun) * 1000)
    return taken


def _numbers(stage: Stage, many: int, like: str = "%") -> list[str]:
    asked = "select number from cases where tenant_id = :tenant and number like :l limit :many"
    with stage.process.tools.database.session(stage.tenant_id) as session:
        values = {"tenant": stage.tenant_id, "l": like, "many": many}
        return list(session.scalars(text(asked), values))


def _left(stage: Stage) -> int:
    left = "select count(*) from outbox where tenant_id = :tenant and state <> 'sent'"
    with stage.process.tools.database.session(stage.tenant_id) as session:
        return session.scalar(text(left), {"tenant": stage.tenant_id}) or 0


def _sample(number: int) -> SampleMessage:
    seed = _SEEDS[number % len(_SEEDS)]
    at = datetime.now(UTC) - timedelta(days=1, seconds=number)
    body = f"{seed.body}编号{number}号院{number}。"
    return SampleMessage(
        f"r-{number}", seed.subject, body, at, citizen=Citizen(phone=f"137{number:08d}")
    )
