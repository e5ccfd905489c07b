"""B7: whatever is sent to the API, it answers as its OpenAPI document says.

Ten examples an operation and direction in ``make test``, a hundred in ``make proof``.

Every check of the library that can say something here is run. Left out are the two that follow
links from what was made to what was deleted (nothing of the API deletes), and the one on other
people's objects, which needs a second account: ``tests/isolation`` tries every place of an id for
every role and scope.
"""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from flask import Flask, Response
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import checks
from schemathesis.core.failures import FailureGroup

EXAMPLES = 10 * int(os.environ.get("MINSHENG_SCALE") or 1)
SEED = 20261122
DOCUMENT = "/api/v1/openapi.json"
LEFT_OUT = {
    "use_after_free": "nothing of the API deletes",
    "ensure_resource_availability": "follows links, which the document does not name",
    "object_level_authorization": "tests/isolation: every id, role and scope",
}
"""What is not run, and why."""

RULES = {
    "POST /api/v1/tenants": "kinds, codes and who may stand below whom are rules of the tree",
    "POST /api/v1/channels": "which plugins there are, and their settings, differ by installation",
    "POST /api/v1/messages": "a time lies between 1949 and tomorrow",
    "GET /api/v1/cases": "states and orders are words of the queue; a cursor is what it gave",
    "POST /api/v1/cases/{number}/complained": "taking the mark away needs a reason",
    "POST /api/v1/clients": "a name is printable",
    "POST /api/v1/users": "a user name is of small letters, administrators' roles stand alone",
    "POST /api/v1/messages/{message_id}/citizen": "words of a purpose are printable",
    "POST /api/v1/messages/{message_id}/confidential": "taking secrecy away needs a reason",
    "POST /api/v1/cases/{number}/dispatch": "a deadline lies ahead",
    "POST /api/v1/handovers": "a deadline lies ahead, an order names a case once",
    "GET /api/v1/handovers": "a cursor is what the list gave",
    "POST /api/v1/handovers/{handover_id}/return": "a return needs a reason",
    "POST /api/v1/handovers/{handover_id}/recall": "a recall needs a reason",
    "POST /api/v1/handovers/{handover_id}/files/{number}": "a purpose of its own needs words",
    "POST /api/v1/crossings/rules": "each rule stands once",
    "PATCH /api/v1/matching": "thresholds lie in their order",
    "GET /api/v1/metrics": "a window begins before it ends and is no longer than a year",
    "POST /api/v1/cases/{number}/visits": "a visit has been, and words are not blank",
    "POST /api/v1/cases/{number}/contacts": "a talk has been, and words are not blank",
    "POST /api/v1/flows/{code}": "codes and steps are rules of flows",
    "POST /api/v1/handling-settings": "what is chosen has to be there",
    "POST /api/v1/grades": "a class has 0 to 366 days",
    "GET /api/v1/calendar": "a year lies within the calendar",
    "POST /api/v1/calendar": "a day lies within three years",
    "POST /api/v1/liaisons": "a liaison is a person of the office",
    "POST /api/v1/leaves": "who is on leave is a person of the office",
    "GET /api/v1/visits": "a window begins before it ends",
    "POST /api/v1/cases/{number}/dossier": "words of a purpose are printable",
    "POST /api/v1/replies/{reply_id}/send-back": "giving back needs a reason",
    "GET /api/v1/deliveries": "a cursor is what the list gave",
    "POST /api/v1/deliveries/release": "a release says how it was made sure",
    "POST /api/v1/reply-templates": "a code is of small letters and digits",
    "POST /api/v1/documents": "an address is one of the web",
    "POST /api/v1/channels/{code}/ratings": "a rating gives one mark at least",
    "POST /api/v1/low-ratings/{review}/close": "a review ends with cause, person and action",
    "POST /api/v1/samples": "a window begins before it ends",
    "POST /api/v1/samples/{sample}/cases/{number}": "a finding has words",
    "POST /api/v1/cases/{number}/publish": "a public subject has four characters at least",
    "POST /api/v1/portal": "a colour stands out from its ground",
}
"""Operations with rules that a schema does not say: what it refuses must say by which member."""

checks.load_all_checks()
CHECKS = [each for each in checks.CHECKS.get_all() if each.__name__ not in LEFT_OUT]
ACCEPTANCE = checks.CHECKS.get_one("positive_data_acceptance")


def say_bearer(app: Flask) -> Callable[..., Any]:
    """The app with a document that calls its gate a bearer token.

    The library passes over OAuth2 when it tries whether a gate is kept.
    """
    document = app.test_client().get(DOCUMENT).json
    document["components"]["securitySchemes"]["oauth2"] = {"type": "http", "scheme": "bearer"}

    def serve(environ: Any, start: Any) -> Any:
        if environ["PATH_INFO"] == DOCUMENT:
            return Response(json.dumps(document), mimetype="application/json")(environ, start)
        return app.wsgi_app(environ, start)

    return serve


def what_fits_is_accepted(context: Any, response: Any, case: Any) -> bool | None:
    """The library's own check, save for NUL, which no schema forbids and no database stores."""
    said = repr((case.body, case.query, case.path_parameters))
    if response.status_code == 400 and "\\x00" in said:
        return None
    accepted: bool | None = ACCEPTANCE(context, response, case)
    return accepted


def refusals_say_why(_context: Any, response: Any, _case: Any) -> None:
    """A refusal of what fits the description names the member, or what is to be installed."""
    if response.status_code in (400, 422):
        said = response.json()
        missing = said["type"] == "/problems/plugin-missing"
        assert said.get("errors") or missing or "NUL" in said["detail"], said


def checks_of(operation: Any) -> list[Any]:
    """Every check; by a rule of its own an operation may refuse what fits its schema."""
    kept = [each for each in CHECKS if each is not ACCEPTANCE]
    if operation.label not in RULES:
        return [*kept, what_fits_is_accepted]
    return [*kept, refusals_say_why]


MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]


@pytest.fixture
def headers(api_of: Callable[..., Any], office: Callable[..., int]) -> dict[str, str]:
    """A token of an office of its own with every scope."""
    given: dict[str, str] = api_of(office())._headers
    return given


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_rel_b7_every_operation_answers_as_it_is_described(
    app: Flask, headers: dict[str, str], mode: Any, subtests: pytest.Subtests
) -> None:
    described = schemathesis.openapi.from_wsgi(DOCUMENT, say_bearer(app))
    operations = [found.ok() for found in described.get_all_operations()]
    assert RULES.keys() <= {each.label for each in operations}
    if mode == schemathesis.GenerationMode.NEGATIVE:
        # The library finds no text that does not fit a path of any text, so it gives up there.
        operations = [each for each in operations if each.body or each.query]
    assert len(operations) > 15
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
        case.call_and_validate(headers=headers, checks=checks_of(operation))

    send()


def test_rel_b7_a_door_that_forgets_its_gate_is_seen(app: Flask, headers: dict[str, str]) -> None:
    document = app.test_client().get(DOCUMENT).json
    open_house = Flask("open house")
    open_house.add_url_rule(DOCUMENT, "document", lambda: document)
    open_house.add_url_rule("/api/v1/channels", "channels", lambda: {"items": []})
    described = schemathesis.openapi.from_wsgi(DOCUMENT, say_bearer(open_house))
    operation = described["/api/v1/channels"]["GET"]
    with pytest.raises(FailureGroup) as seen:
        attack(operation, schemathesis.GenerationMode.POSITIVE, headers)
    assert any("auth" in str(each).lower() for each in seen.value.exceptions)
