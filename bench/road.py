"""Messages a second, end to end: pushed beside a floor of the same run, and pulled."""

import itertools
import json
import random
import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

from sqlalchemy import func, select

from bench.stage import PORT, Stage, port_answers, program
from minsheng.accounts.service import create_client
from minsheng.accounts.tokens import issue_token
from minsheng.audit import SYSTEM
from minsheng.cases.models import CaseMessage
from minsheng.faces.demo_data import load_messages
from minsheng.intake.service import MATCH, PARSE, NewChannel, add_channel
from minsheng.runtime.work import count_left
from minsheng_sdk import Citizen, SampleMessage

THREADS = 16
ROUNDS = 3
SECONDS = 6.0
PULLED = 2_000
BATCHED = 4_000
_numbers = itertools.count()


def measure_push(stage: Stage) -> dict[str, object]:
    """The floor (a bare Flask view, one INSERT) and the push endpoint, taking turns."""
    floors, pushes = [], []
    headers = _headers(stage)
    for _ in range(ROUNDS):
        with program(stage.process, "-m", "bench.floor"):
            floors.append(_rate(lambda: ("/floor", json.dumps(_message()), headers)))
        with program(stage.process, "-m", "minsheng.faces.cli", "serve"):
            pushes.append(_rate(lambda: ("/api/v1/messages", json.dumps(_message()), headers)))
    floor = statistics.median(floors)
    taken, matched = _batches(stage, headers)
    return {
        "floor, INSERTs/s (median, all)": _figures(floors),
        "push one by one, messages/s (median, all)": _figures(pushes),
        "push one by one / floor": round(statistics.median(pushes) / floor, 2),
        "push by batches of 500, messages/s taken in": taken,
        "push by batches of 500 / floor": round(taken / floor, 2),
        "push by batches of 500, messages/s until matched": matched,
    }


def measure_pull(stage: Stage) -> dict[str, object]:
    """A loopback hotline of 2,000 work orders, pulled, parsed and matched by the real worker."""
    loopback = stage.process.registry.get("hotline_12345").loopback()
    loopback.start()
    loopback.put([_sample(number) for number in range(PULLED)])
    tools = stage.process.tools
    with program(stage.process, "-m", "minsheng.faces.cli", "worker"):
        begun = time.monotonic()
        with tools.database.session(stage.tenant_id) as session:
            new = NewChannel("h", "hotline_12345", "热线", dict(loopback.settings))
            add_channel(session, tools, stage.process.registry, SYSTEM, new)
        _wait(lambda: _matched(stage) >= PULLED)
        seconds = time.monotonic() - begun
    loopback.stop()
    return {"pull, messages/s until matched": round(PULLED / seconds, 1)}


def _batches(stage: Stage, headers: dict[str, str]) -> tuple[float, float]:
    """Messages a second by one connection: until they are taken in, and until all have a case."""
    with (
        program(stage.process, "-m", "minsheng.faces.cli", "worker"),
        program(stage.process, "-m", "minsheng.faces.cli", "serve"),
    ):
        _wait(port_answers)
        _wait(lambda: _left(stage) == 0)
        before = _matched(stage)
        connection = HTTPConnection("127.0.0.1", PORT, timeout=60)
        begun = time.monotonic()
        for _ in range(BATCHED // 500):
            body = json.dumps({"messages": [_message() for _ in range(500)]})
            connection.request("POST", "/api/v1/messages/batch", body, headers)
            connection.getresponse().read()
        taken = time.monotonic() - begun
        _wait(lambda: _matched(stage) >= before + BATCHED)
        return round(BATCHED / taken, 1), round(BATCHED / (time.monotonic() - begun), 1)


def _rate(request: Callable[[], tuple[str, str, dict[str, str]]]) -> float:
    """Requests answered with 201 a second, by threads with a kept connection each."""
    _wait(port_answers)
    done: list[int] = []
    until = time.monotonic() + SECONDS

    def work() -> None:
        connection, good = HTTPConnection("127.0.0.1", PORT, timeout=30), 0
        while time.monotonic() < until:
            path, body, headers = request()
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            good += answer.status == 201
        done.append(good)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.monotonic() - begun)


def _headers(stage: Stage) -> dict[str, str]:
    tools, scope = stage.process.tools, "messages:write"
    with tools.database.session(stage.tenant_id) as session:
        client = create_client(session, tools, SYSTEM, f"bench {time.monotonic_ns()}", [scope])
    token = issue_token(tools, client.client_id, stage.tenant_id, scope, timedelta(hours=1))
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


_SEEDS = load_messages("130129", datetime.now(UTC))
_SENTENCES = [part for seed in _SEEDS for part in seed.body.split("。") if len(part) > 8]


def _body(number: int) -> str:
    """A letter of its own: four sentences of four different letters, drawn by its number."""
    rng = random.Random(number)
    return "。".join(rng.choice(_SENTENCES) for _ in range(4)) + f"。编号{number}。"


def _message() -> dict[str, object]:
    number = next(_numbers)
    seed = _SEEDS[number % len(_SEEDS)]
    return {
        "channel": "bench",
        "external_id": f"b-{number}-{time.monotonic_ns()}",
        "subject": seed.subject,
        "body": _body(number),
        "received_at": seed.received_at.isoformat(),
        "citizen": {"name": "", "phone": f"139{number % 10**8:08d}"},
    }


def _sample(number: int) -> SampleMessage:
    seed = _SEEDS[number % len(_SEEDS)]
    at = seed.received_at - timedelta(days=number // len(_SEEDS), seconds=number)
    citizen = Citizen(phone=f"138{number:08d}")
    return SampleMessage(f"s-{number}", seed.subject, _body(number), at, citizen=citizen)


def _matched(stage: Stage) -> int:
    with stage.process.tools.database.session(stage.tenant_id) as session:
        return session.scalar(select(func.count()).select_from(CaseMessage)) or 0


def _left(stage: Stage) -> int:
    with stage.process.tools.database.work_session() as session:
        return count_left(session, (MATCH, PARSE))


def _figures(rates: list[float]) -> str:
    every = ", ".join(f"{rate:.0f}" for rate in rates)
    return f"{statistics.median(rates):.0f} ({every})"


def _wait(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            message = f"not reached within {seconds:.0f} s"
            raise TimeoutError(message)
        time.sleep(0.1)
