"""A tree of offices of its own, and a worker that adds up what has changed."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from minsheng.faces.app import create_app
from minsheng.faces.process import Process, build, make_runner
from minsheng.runtime.clock import SystemClock
from minsheng.runtime.settings import Settings


@pytest.fixture(scope="session")
def process(settings: Settings) -> Iterator[Process]:
    """The database itself says when a change is to be added up, so the clock is the real one."""
    parts = build(settings, SystemClock(), operator=True)
    yield parts
    parts.close()


@pytest.fixture(scope="session")
def app(process: Process) -> Flask:
    """The web application by that clock."""
    return create_app(process)


@pytest.fixture(scope="session")
def add_up(process: Process) -> Callable[..., None]:
    """``add_up(*tenant_ids)``: do what is due of ``roll_up``, in that order."""
    runner = make_runner(process)

    def run(*tenant_ids: int) -> None:
        for tenant_id in tenant_ids:
            runner.answer(tenant_id, "roll_up")

    return run


@pytest.fixture
def tree(process: Process, office: Any) -> dict[str, int]:
    """An office with two below it, the first of which has two: a city, counties and streets."""
    province = office("city")
    first, second = office("county", below=province), office("county", below=province)
    ids = {"province": province, "first": first, "second": second}
    return ids | {name: office("street", below=first) for name in ("east", "west")}
