"""What every answer of every route says to a browser, errors and static files among them."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, abort
from requests.adapters import HTTPAdapter
from urllib3.util import Retry
from werkzeug.test import TestResponse

from minsheng.faces.app import create_app
from minsheng.faces.process import Process

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE")
ERRORS = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503)
PLACES = ("/probe", "/api/v1/probe", "/oauth/probe", "/static/probe")
YEAR = 31_536_000
OWN = {"'none'", "'self'", "data:"}

STATED = {
    "default-src": {"'none'"},
    "script-src": {"'self'"},
    "style-src": {"'self'"},
    "form-action": {"'self'"},
    "object-src": {"'none'"},
    "base-uri": {"'none'"},
    "frame-ancestors": {"'none'"},
}
"""Directives of the policy that must stand there as they are."""


def policy_of(answer: TestResponse) -> dict[str, set[str]]:
    parts = [part.split() for part in answer.headers.get("Content-Security-Policy", "").split(";")]
    return {words[0]: set(words[1:]) for words in parts if words}


def faults(answer: TestResponse, *, secure: bool) -> list[str]:
    """What is missing or too wide in the headers of an answer."""
    headers, policy = answer.headers, policy_of(answer)
    found = [name for name, wanted in STATED.items() if policy.get(name) != wanted]
    found += [f"{name} is wide" for name, said in policy.items() if not said <= OWN]
    if headers.get("X-Content-Type-Options") != "nosniff":
        found.append("nosniff")
    if headers.get("Referrer-Policy") not in {"same-origin", "no-referrer"}:
        found.append("Referrer-Policy")
    if "Cookie" not in [word.strip() for word in headers.get("Vary", "").split(",")]:
        found.append("Vary: Cookie")
    if headers.get("Cache-Control") != "no-store" and not is_kept(answer):
        found.append("no-store")
    age = re.search(r"max-age=(\d+)", headers.get("Strict-Transport-Security", ""))
    if secure and (age is None or int(age.group(1)) < YEAR):
        found.append("HSTS")
    if re.search(r"\d|granian|werkzeug", headers.get("Server", ""), re.IGNORECASE):
        found.append("Server")
    return found


def is_kept(answer: TestResponse) -> bool:
    """Whether this is a built file, which alone a browser may keep."""
    return answer.request.path.startswith("/static/dist/") and answer.status_code in {200, 304}


def walk(stage: Any, http: Any, methods: tuple[str, ...], **how: Any) -> Iterator[TestResponse]:
    for rule in stage.app.url_map.iter_rules():
        for method in methods:
            yield http.open(stage.path(rule), method=method, **how)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_rel_a5_every_response_of_every_route_has_every_header(
    stage: Any, api_of: Any, covering_roles: list[str], monkeypatch: pytest.MonkeyPatch,
    secure: bool,
) -> None:  # fmt: skip
    monkeypatch.setitem(stage.app.config, "SESSION_COOKIE_SECURE", secure)
    how = {"base_url": "https://localhost"} if secure else {}
    seen: set[int] = set()
    wrong = []
    # What differs under TLS are two headers of every answer alike, so fewer methods show it.
    methods = ("GET", "POST", "PUT") if secure else METHODS
    for role in ("", *covering_roles[: 1 if secure else None]):
        http = stage.browser(role, secure=secure).http if role else stage.app.test_client()
        for answer in walk(stage, http, methods if not role else ("GET",), **how):
            seen.add(answer.status_code)
            for fault in faults(answer, secure=secure):
                wrong.append(f"{answer.request.method} {answer.request.path} as {role}: {fault}")
    api = api_of(stage.tenant_id)
    for method in ("GET", "POST"):
        for rule in stage.app.url_map.iter_rules():
            answer = api.open(method, stage.path(rule), **how)
            seen.add(answer.status_code)
            for fault in faults(answer, secure=secure):
                wrong.append(f"{method} {rule.rule} by API: {fault}")
    assert wrong == []
    assert seen >= {200, 303, 400, 401, 404, 405, 422}


@pytest.fixture(scope="module")
def probed(process: Process) -> Flask:
    """The application with a view at each place that ends in any error that is asked for."""
    app = create_app(process)
    app.config["SESSION_COOKIE_SECURE"] = True

    def end(code: int) -> str:
        if code == 500:
            message = "张三 13812345678"
            raise RuntimeError(message)
        abort(code)

    for number, place in enumerate(PLACES):
        app.add_url_rule(f"{place}/<int:code>", f"probe{number}", end)
    return app


def test_rel_a5_every_error_at_every_place_has_every_header(probed: Flask) -> None:
    http = probed.test_client()
    wrong = []
    for place in PLACES:
        for code in ERRORS:
            answer = http.get(f"{place}/{code}", base_url="https://desk.example")
            assert answer.status_code == code
            wrong += [f"{place}/{code}: {fault}" for fault in faults(answer, secure=True)]
            assert "13812345678" not in answer.text
    assert wrong == []


@pytest.mark.parametrize(
    "strange",
    [
        {"path": "/queue?a=%00"},
        {"path": "/%E4%B8", "method": "POST", "data": b"\xff" * 100},
        {"path": "/login", "method": "POST", "data": b"x" * (9 * 1024 * 1024)},
        {"path": "/api/v1/messages", "method": "POST", "data": b"x" * (9 * 1024 * 1024)},
        {"path": "/login", "headers": {"Host": "bad host"}},
        {"path": "/login", "headers": {"Host": "evil.example:99999"}},
        {"path": "/static/../pyproject.toml"},
        {"path": "/static/dist/../../templates/login.html"},
        {"path": "/login", "method": "BREW"},
        {"path": "/static/mark.svg", "headers": {"Range": "bytes=9-1"}},
    ],
    ids=lambda given: f"{given.get('method', 'GET')} {given['path']}",
)
def test_rel_a5_an_odd_request_is_answered_with_every_header(
    probed: Flask, strange: dict[str, Any]
) -> None:
    answer = probed.test_client().open(**strange, buffered=True)
    assert 200 <= answer.status_code < 500
    assert faults(answer, secure=True) == []


def test_rel_a5_what_is_missing_would_be_found(probed: Flask) -> None:
    weak = {
        "Content-Security-Policy": "default-src 'self' 'unsafe-inline' *",
        "Cache-Control": "public",
        "Server": "granian 2.8",
    }
    answer = probed.test_client().get("/login", base_url="https://desk.example")
    assert faults(answer, secure=True) == []
    answer.headers.clear()
    answer.headers.update(weak)
    assert set(faults(answer, secure=True)) == {
        *STATED, "default-src is wide", "nosniff", "Referrer-Policy", "Vary: Cookie", "no-store",
        "HSTS", "Server",
    }  # fmt: skip


def test_rel_a5_a_built_file_alone_may_be_kept(probed: Flask) -> None:
    http = probed.test_client()
    page = http.get("/login").text
    built = re.findall(r'"(/static/dist/[^"#]+)', page)
    assert built
    for path in built:
        answer = http.get(path, buffered=True)
        assert "immutable" in answer.headers["Cache-Control"]
        again = http.get(path, headers={"If-None-Match": answer.headers["ETag"]}, buffered=True)
        assert (again.status_code, faults(again, secure=True)) == (304, [])
        assert "immutable" in again.headers["Cache-Control"]
    for path in ("/static/mark.svg", "/static/dist/app-000000000000.js", "/login"):
        assert http.get(path, buffered=True).headers["Cache-Control"] == "no-store"


SAYS_WHERE_IT_IS = "/api/v1/docs"
"""The page of the API writes commands to copy; nobody may keep it, so it is nobody else's."""


def test_rel_a5_no_answer_repeats_the_host_that_was_asked_for(stage: Any) -> None:
    http = stage.browser().http
    http.set_cookie("minsheng", http.get_cookie("minsheng").value, domain="evil.example")
    for rule in stage.app.url_map.iter_rules():
        if "GET" in (rule.methods or set()):
            answer = http.get(stage.path(rule), headers={"Host": "evil.example"}, buffered=True)
            assert "evil.example" not in str(answer.headers), rule.rule
            said = "evil.example" in answer.text
            assert said == (rule.rule == SAYS_WHERE_IT_IS), rule.rule


def test_rel_a5_the_web_server_itself_names_no_version(settings: Any, tmp_path: Path) -> None:
    port = free_port()
    given = {name: value for name, value in settings.values.items() if value} | {
        "MINSHENG_HOME": str(tmp_path),
        "MINSHENG_PORT": str(port),
        "MINSHENG_WEB_WORKERS": "1",
    }
    command = [sys.executable, "-m", "minsheng.faces.cli", "serve"]
    with subprocess.Popen(command, env={**os.environ, **given}) as server:
        try:
            answer = ask(f"http://127.0.0.1:{port}/healthz")
        finally:
            server.terminate()
            server.wait(120)
    assert answer.headers["Server"] == "minsheng"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ask(address: str) -> requests.Response:
    """The answer of a server that is just starting."""
    patient = Retry(total=400, connect=400, backoff_factor=0.1, backoff_max=0.5)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=patient))
        return session.get(address, timeout=10)
