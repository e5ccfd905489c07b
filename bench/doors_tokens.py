"""What a machine's door costs: a token fetched, one checked, one forged, and a permission asked."""

import base64
import json
import statistics
import time
from collections.abc import Callable
from datetime import timedelta

from flask import Flask

from bench.stage import Stage
from minsheng.accounts.client_gate import ClientGate
from minsheng.accounts.errors import TokenRefused
from minsheng.accounts.roles import PERMISSIONS, allowed
from minsheng.accounts.service import create_client, prove_client
from minsheng.accounts.tokens import issue_token
from minsheng.audit import SYSTEM

ROUNDS = 500
SCOPE = "channels:read"


def tokens(stage: Stage, app: Flask) -> dict[str, object]:
    """At the endpoint and at the gate, with the client's standing known and asked for anew."""
    tools, tenant_id = stage.process.tools, stage.tenant_id
    with tools.database.session(tenant_id) as session:
        made = create_client(session, tools, SYSTEM, f"bench {time.monotonic_ns()}", [SCOPE])
    form = {"grant_type": "client_credentials", "client_id": made.client_id,
            "client_secret": made.secret}  # fmt: skip
    http, gate = app.test_client(), ClientGate(tools)
    token = issue_token(tools, made.client_id, tenant_id, SCOPE, timedelta(hours=1))

    def fetch() -> None:
        _demand(http.post("/oauth/token", data=form).status_code == 200)

    def look_again() -> None:
        gate.forget(made.client_id)
        gate.admit(token)

    def prove() -> None:
        with tools.database.session(tenant_id) as session:
            prove_client(session, tools, made.client_id, made.secret, "127.0.0.1")

    gate.admit(token)
    return {
        "token fetched at the endpoint, ms": _spread(fetch),
        "of it, the secret checked, ms": _spread(prove),
        "token checked, client known, ms": _spread(lambda: gate.admit(token)),
        "token checked, client looked up, ms": _spread(look_again),
        "token refused, the dearest of the forged, ms (A1: under 50)": _forged(gate, token),
        "permission asked, microseconds": _permission(),
    }


def _forged(gate: ClientGate, good: str) -> str:
    head, body, signature = good.split(".")
    deep = base64.urlsafe_b64encode(b"[" * 1_300).decode().rstrip("=")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    tries = (
        f"{head}.{body}.{signature[::-1]}", f"{none}.{body}.", f"{head}.{deep}.{signature}",
        "x" * 1_000_000, f"{head}.{body}.{signature}" + "A" * 1_000_000,
    )  # fmt: skip
    spreads = {}
    for forged in tries:
        took = [_time(lambda t=forged: _refused(gate, t)) for _ in range(ROUNDS // 5)]
        spreads[statistics.median(took)] = took
    return _said(spreads[max(spreads)])


def _refused(gate: ClientGate, token: str) -> None:
    try:
        gate.admit(token)
    except TokenRefused:
        return
    _demand(False)


def _permission() -> str:
    """All permissions of a person with two roles, a thousand times over."""
    roles, count = ["liaison", "leader"], 1_000 * len(PERMISSIONS)
    begun = time.perf_counter()
    for _ in range(1_000):
        for permission in PERMISSIONS:
            allowed(roles, permission)  # type: ignore[arg-type]
    return f"{(time.perf_counter() - begun) * 1_000_000 / count:.2f}"


def _spread(act: Callable[[], object]) -> str:
    return _said([_time(act) for _ in range(ROUNDS)])


def _said(took: list[float]) -> str:
    cuts = statistics.quantiles(took, n=20)
    return f"{statistics.median(took):.3f} ({cuts[0]:.3f} to {cuts[18]:.3f})"


def _time(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def _demand(fits: bool) -> None:
    if not fits:
        message = "a machine's door did not answer as it should: the figures would mean nothing"
        raise RuntimeError(message)
