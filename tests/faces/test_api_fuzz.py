"""Whatever is sent to the API, it answers as its OpenAPI document says."""

import os
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

EXAMPLES = 15 * int(os.environ.get("MINSHENG_SCALE") or 1)
SEED = 20261122
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]


@pytest.fixture
def headers(api_of: Callable[..., Any], office: Callable[..., int]) -> dict[str, str]:
    """A token of an office of its own with every scope."""
    given: dict[str, str] = api_of(office())._headers
    return given


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_every_operation_answers_as_it_is_described(
    app: Flask, headers: dict[str, str], mode: Any, subtests: pytest.Subtests
) -> None:
    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    operations = [found.ok() for found in described.get_all_operations()]
    if mode == schemathesis.GenerationMode.NEGATIVE:
        # The library finds no text that does not fit a path of any text, so it gives up there.
        operations = [each for each in operations if each.body or each.query]
    assert len(operations) > 8
    for operation in operations:
        with subtests.test(operation.label, seed=SEED):
            attack(operation, mode, headers)


def attack(operation: Any, mode: Any, headers: dict[str, str]) -> None:
    """Send what fits the description of an operation (or, by the mode, what does not)."""

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=CHECKS)

    send()
