"""Whose address a request bears: the connection's, or what a known number of proxies added."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, request

from minsheng.faces.app import create_app
from minsheng.faces.process import Process
from minsheng.runtime.settings import Settings

FORGED = {
    "X-Forwarded-For": "198.51.100.7, 203.0.113.9",
    "X-Forwarded-Proto": "http, https",
    "X-Forwarded-Host": "elsewhere.example",
    "X-Real-IP": "198.51.100.7",
    "Forwarded": "for=198.51.100.7",
}


@pytest.fixture
def seen(process: Process) -> Callable[[int], dict[str, str]]:
    """What a view sees of a request with forwarded headers behind so many proxies."""

    def ask(proxies: int) -> dict[str, Any]:
        given = dict(process.settings.values) | {"MINSHENG_PROXIES": str(proxies)}
        parts = Process(
            Settings(given), process.tools, process.bell, process.registry, process.host
        )
        app: Flask = create_app(parts)
        app.add_url_rule("/seen", view_func=lambda: {
            "address": request.remote_addr, "scheme": request.scheme, "host": request.host,
        })  # fmt: skip
        said: dict[str, Any] = app.test_client().get("/seen", headers=FORGED).json
        return said

    return ask


def test_without_a_proxy_no_forwarded_header_is_believed(seen: Any) -> None:
    assert seen(0) == {"address": "127.0.0.1", "scheme": "http", "host": "localhost"}


def test_behind_one_proxy_only_what_it_added_last_is_believed(seen: Any) -> None:
    assert seen(1) == {"address": "203.0.113.9", "scheme": "https", "host": "localhost"}


def test_behind_two_proxies_the_first_of_them_names_the_client(seen: Any) -> None:
    assert seen(2) == {"address": "198.51.100.7", "scheme": "http", "host": "localhost"}
