"""What the doors cost: refusals of known and unknown users, a session, the guards of every page.

Each part is a function of :func:`measures`; add another there. Times are of the application
without its web server, on the embedded database, as medians with the 5th and the 95th percentile.
"""

import re
import statistics
import time
from collections.abc import Callable, Sequence

from flask import Flask, Response, g
from flask.testing import FlaskClient

from bench.doors_oidc import id_tokens
from bench.doors_tokens import tokens
from bench.stage import Stage
from minsheng.accounts.service import NewUser, open_session, plant_user
from minsheng.audit import SYSTEM
from minsheng.faces.app import create_app
from minsheng.faces.web.cookies import session_cookie
from minsheng.faces.web.desk import check_form, demand_permission, find_visitor, origin
from minsheng.faces.web.headers import add_headers

OFFICE, PASSWORD = "130129", "bench-bench-bench"
ACCOUNTS, TRIES = 60, 4
"""Accounts and wrong tries on each: fewer than lock one."""
ROUNDS = 1_000

Figures = dict[str, object]
Measure = Callable[[Stage, Flask], Figures]


def measures() -> list[Measure]:
    """Every part, in the order of the printed table."""
    return [refusals, sessions, guards, id_tokens, tokens]


def measure_doors(stage: Stage) -> Figures:
    app = create_app(stage.process)
    figures: Figures = {}
    for measure in measures():
        figures |= measure(stage, app)
    return figures


def refusals(stage: Stage, app: Flask) -> Figures:
    """A wrong password for users that exist and that do not, in turn, each from its own address."""
    known = [f"known{number}" for number in range(ACCOUNTS)]
    for name in known:
        _plant(stage, name)
    client, took = app.test_client(), {"known": [], "unknown": []}
    token = _form_token(client)
    for turn in range(ACCOUNTS * TRIES):
        for kind in ("known", "unknown") if turn % 2 else ("unknown", "known"):
            form = {
                "office": OFFICE, "username": f"{kind}{turn % ACCOUNTS}", "password": "wrong-wrong",
                "csrf_token": token,
            }  # fmt: skip
            address = {"REMOTE_ADDR": f"10.{kind == 'known':d}.{turn // 250}.{turn % 250}"}
            begun = time.perf_counter()
            answer = client.post("/login", data=form, environ_base=address)
            took[kind].append((time.perf_counter() - begun) * 1000)
            _demand(answer.status_code == 401)
    gap = statistics.median(took["known"]) - statistics.median(took["unknown"])
    return {
        "login refused, known user, ms": _spread(took["known"]),
        "login refused, unknown user, ms": _spread(took["unknown"]),
        "gap of the two medians, ms (A2: under 5)": f"{gap:+.2f}",
        "refusals of each": ACCOUNTS * TRIES,
    }


def sessions(stage: Stage, app: Flask) -> Figures:
    """Who is it: one transaction with one query, beside one that asks for nothing."""
    cookie, _csrf = _signed_in(stage, app, "session")
    took, bare = [], []
    for _ in range(ROUNDS):
        with app.test_request_context("/queue", headers={"Cookie": cookie}):
            begun = time.perf_counter()
            found = find_visitor()
            took.append((time.perf_counter() - begun) * 1000)
            _demand(found is not None)
        begun = time.perf_counter()
        with stage.process.tools.database.session(stage.tenant_id) as session:
            session.connection().exec_driver_sql("select 1")
        bare.append((time.perf_counter() - begun) * 1000)
    return {
        "session resumed, ms": _spread(took),
        "a transaction that asks for nothing, ms": _spread(bare),
    }


def guards(stage: Stage, app: Flask) -> Figures:
    """All that stands before and after a view: session, form token, permission, headers."""
    cookie, csrf = _signed_in(stage, app, "guards")
    return {
        "guards of a page, ms (ours: 1 at most)": _spread(_guard(stage, app, cookie, "GET", "")),
        "guards of a form, ms (ours: 1 at most)": _spread(_guard(stage, app, cookie, "POST", csrf)),
    }


def _guard(stage: Stage, app: Flask, cookie: str, method: str, csrf: str) -> list[float]:
    data = {"csrf_token": csrf} if csrf else None
    took = []
    for _ in range(ROUNDS):
        headers = {"Cookie": cookie}
        with app.test_request_context("/queue", method=method, headers=headers, data=data):
            begun = time.perf_counter()
            found = find_visitor()
            _demand(found is not None)
            g.visitor = found
            check_form()
            tools = stage.process.tools
            demand_permission(tools, stage.tenant_id, found.user, "cases.read", origin())
            add_headers(Response())
            took.append((time.perf_counter() - begun) * 1000)
    return took


def _plant(stage: Stage, name: str, password: str = PASSWORD) -> None:
    tools = stage.process.tools
    with tools.database.operator_session(stage.tenant_id) as session:
        plant_user(session, tools, SYSTEM, NewUser(name, "测试", ("liaison",), password))


def _signed_in(stage: Stage, app: Flask, name: str) -> tuple[str, str]:
    """A cookie and a form token of a new person."""
    tools = stage.process.tools
    with tools.database.operator_session(stage.tenant_id) as session:
        user = plant_user(session, tools, SYSTEM, NewUser(name, "测试", ("liaison",)))
    with tools.database.session(stage.tenant_id) as session:
        token = open_session(session, tools, user, "127.0.0.1")
    with app.test_request_context():
        cookie = f"{session_cookie()}={token}"
    with app.test_request_context("/queue", headers={"Cookie": cookie}):
        found = find_visitor()
        _demand(found is not None)
        return cookie, found.signed_in.csrf


def _form_token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    _demand(found is not None)
    return found.group(1)


def _spread(times: Sequence[float]) -> str:
    cuts = statistics.quantiles(times, n=20)
    return f"{statistics.median(times):.2f} ({cuts[0]:.2f} to {cuts[18]:.2f})"


def _demand(fits: bool) -> None:
    if not fits:
        message = "a door did not answer as it should: the figures would mean nothing"
        raise RuntimeError(message)
