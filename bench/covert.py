"""Can it be timed whether something exists in another office? The same question both ways.

Each question is asked in turn about a value that exists in a neighbour's office and one of the
same form that is nowhere, by somebody who may know neither. The gap is the difference of the two
medians; what the clock can tell at all is shown by the gap of a question with itself ("noise").
The pass line of reliability.md I6 is 1 ms.
"""

import itertools
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from flask.testing import FlaskClient

from bench.stage import Stage
from minsheng.accounts.service import NewUser, create_client, plant_user
from minsheng.audit import SYSTEM
from minsheng.faces.app import create_app
from minsheng.intake.service import NewChannel, PushedMessage, add_channel, push_messages
from minsheng.runtime.logs import configure_logs
from minsheng_tenants import NewBody, create_body

ROUNDS = 100
OFFICE, NEIGHBOUR = "130129", "130130"
PASSWORD = "bench-bench-bench"

Ask = Callable[[str], object]


def measure_covert(stage: Stage) -> dict[str, object]:
    """The gap of the medians in ms, question by question."""
    configure_logs("error")
    http = create_app(stage.process).test_client()
    figures: dict[str, object] = {}
    for name, ask, there, nowhere in _questions(stage, http):
        gap, noise = _gaps(ask, there, nowhere)
        figures[f"{name}: gap of the medians, ms (noise)"] = f"{gap:.3f} ({noise:.3f})"
    figures["rounds"] = ROUNDS
    return figures


def _gaps(ask: Ask, there: Iterator[str], nowhere: Iterator[str]) -> tuple[float, float]:
    """Medians in ms: of what exists against nowhere, and of nowhere against itself.

    The three are asked in turn, so that the load of the machine hits each alike.
    """
    took: tuple[list[float], list[float], list[float]] = ([], [], [])
    for _ in range(ROUNDS):
        for times, values in zip(took, (there, nowhere, nowhere), strict=True):
            value = next(values)
            begun = time.perf_counter()
            ask(value)
            times.append((time.perf_counter() - begun) * 1000)
    seen, gone, again = map(statistics.median, took)
    return abs(seen - gone), abs(gone - again)


def _questions(
    stage: Stage, http: FlaskClient
) -> Iterator[tuple[str, Ask, Iterator[str], Iterator[str]]]:
    neighbour = _furnish(stage)
    addresses = (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in itertools.count(1))
    headers, token = _authorise(stage, http), _form_token(http)

    def log_in(office: str, username: str) -> object:
        form = {"office": office, "username": username, "password": "not-the-one"}
        return http.post(
            "/login",
            data=form | {"csrf_token": token},
            environ_overrides={"REMOTE_ADDR": next(addresses)},
        )

    def fetch(client_id: str) -> object:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": "x"}
        where = {"REMOTE_ADDR": next(addresses)}
        return http.post("/oauth/token", data=form, environ_overrides=where)

    def post(external_id: str) -> object:
        body = {"channel": "bench", "external_id": external_id, "body": "路灯不亮"}
        said = body | {"received_at": "2026-11-19T09:00:00+08:00"}
        return http.post("/api/v1/messages", json=said, headers=headers)

    def read(number: str) -> object:
        return http.get(f"/api/v1/cases/{number}", headers=headers)

    nobody = (f"u{uuid.uuid4().hex[:10]}" for _ in itertools.count())
    yield "user name at the own door", lambda v: log_in(OFFICE, v), neighbour["user"], nobody
    yield "user name at the other door", lambda v: log_in(NEIGHBOUR, v), neighbour["user"], nobody
    yield (
        "office code at the door",
        lambda v: log_in(v, "nobody-here"),
        itertools.repeat(NEIGHBOUR),
        itertools.repeat("980130"),
    )
    clients = (f"{stage.tenant_id}-{uuid.uuid4()}" for _ in itertools.count())
    yield "client at the token endpoint", fetch, neighbour["client"], clients
    absent = (uuid.uuid4().hex for _ in itertools.count())
    yield "external id of a message", post, neighbour["external_id"], absent
    gone = itertools.repeat(f"{NEIGHBOUR}-20261120-99999")
    yield "number of a case", read, itertools.repeat(f"{NEIGHBOUR}-20261120-00001"), gone


def _furnish(stage: Stage) -> dict[str, Iterator[str]]:
    """A neighbour with a user, a client, a case's number, and a supply of messages."""
    process = stage.process
    tools = process.tools
    with tools.database.owner_session() as session:
        body = create_body(session, NewBody(NEIGHBOUR, "元氏县", "county", "130100"))
    with tools.database.operator_session(body.id) as session:
        plant_user(session, tools, SYSTEM, NewUser("neighbour", "李建军", ("liaison",), PASSWORD))
    with tools.database.session(body.id) as session:
        made = create_client(session, tools, SYSTEM, "bench", ["cases:read"])
        new = NewChannel("bench", "hotline_12345", "推送", pushed=True)
        channel = add_channel(session, tools, process.registry, SYSTEM, new)
        keys = [uuid.uuid4().hex for _ in range(ROUNDS)]
        now = tools.clock.now()
        posted = [PushedMessage(key, "", "路灯不亮", now) for key in keys]
        push_messages(session, tools, SYSTEM, channel, posted)
    return {
        "user": itertools.repeat("neighbour"),
        "client": itertools.repeat(made.client_id),
        "external_id": iter(keys),
    }


def _form_token(http: FlaskClient) -> str:
    page = http.get("/login").get_data(as_text=True)
    return page.split('name="csrf_token" value="')[1].split('"')[0]


def _authorise(stage: Stage, http: FlaskClient) -> dict[str, Any]:
    tools = stage.process.tools
    with tools.database.session(stage.tenant_id) as session:
        scopes = ["messages:write", "cases:read"]
        made = create_client(session, tools, SYSTEM, "covert", scopes)
    form = {"grant_type": "client_credentials"}
    given = http.post("/oauth/token", data=form, auth=(made.client_id, made.secret))
    return {"Authorization": f"Bearer {given.get_json()['access_token']}"}
