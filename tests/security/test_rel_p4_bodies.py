"""A body beyond the limit is refused, by pages and machines' addresses alike."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from minsheng.faces.app import create_app
from minsheng.faces.process import Process, build
from minsheng.runtime.clock import SetClock
from minsheng.runtime.settings import Settings

LIMIT = 100_000
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def small(settings: Settings) -> Iterator[Flask]:
    """The application with a small limit."""
    given = dict(settings.values) | {"MINSHENG_MAX_BODY_BYTES": str(LIMIT)}
    process: Process = build(Settings(given), SetClock(NOON))
    yield create_app(process)
    process.close()


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("path", ["/login", "/preferences", "/oauth/token"])
def test_rel_p4_a_form_beyond_the_limit_is_refused(small: Flask, path: str) -> None:
    http = small.test_client()
    for size, refused in ((LIMIT - 100, False), (LIMIT + 1, True), (50 * LIMIT, True)):
        answer = http.post(path, data=b"a" * size, content_type=FORM)
        assert (answer.status_code == 413) is refused, f"{path}: {size} bytes"


def test_rel_p4_a_message_beyond_the_limit_is_refused(
    small: Flask, api_on: Any, process: Process, office: Any
) -> None:
    api = api_on(small, process, office())
    for size, status in ((LIMIT + 1, 413), (50 * LIMIT, 413), (LIMIT - 100, 400)):
        answer = api.post("/messages", data=b"a" * size, content_type="application/json")
        assert answer.status_code == status
