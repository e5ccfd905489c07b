"""Every error becomes one kind of document, and none of them tells what it should not."""

import json
import logging
from typing import Any

import marshmallow as ma
import pytest
from flask import Flask, abort, redirect, request
from flask.testing import FlaskClient
from werkzeug.exceptions import TooManyRequests

from minsheng.accounts.errors import AccountExists, LoginRefused
from minsheng.faces.oauth import Unauthorised
from minsheng.faces.problems import (
    PROBLEMS,
    Problem,
    ProblemApi,
    ProblemBlueprint,
    ProblemKind,
    register_problems,
)

MEDIA_TYPE = "application/problem+json"


class TooSoon(Exception):
    retry_after = 30


class TooSoonForThis(TooSoon):
    pass


class CitizenSchema(ma.Schema):
    phone = ma.fields.String(required=True)


class LetterSchema(ma.Schema):
    subject = ma.fields.String(required=True, validate=ma.validate.Length(min=1))
    citizen = ma.fields.Nested(CitizenSchema)
    marks = ma.fields.List(ma.fields.Integer())


class PageSchema(ma.Schema):
    limit = ma.fields.Integer()


def raise_it(error: Exception) -> Any:
    raise error


def read_body() -> bytes:
    return request.get_data()


def make_app(*, with_api: bool = True) -> Flask:
    app = Flask("problems")
    app.config.update(
        API_TITLE="t", API_VERSION="v1", OPENAPI_VERSION="3.1.0", MAX_CONTENT_LENGTH=1_000_000
    )
    letters = ProblemBlueprint("letters", "letters", url_prefix="/api/v1/letters")

    @letters.post("/")
    @letters.arguments(LetterSchema)
    @letters.arguments(PageSchema, location="query")
    @letters.response(200, LetterSchema)
    def post(letter: Any, _page: Any) -> Any:
        return letter

    ways: dict[str, Any] = {
        "soon": lambda: raise_it(TooSoonForThis("too soon: wait")),
        "exists": lambda: raise_it(AccountExists("username", "a user exists: choose another")),
        "login": lambda: raise_it(LoginRefused()),
        "token": lambda: raise_it(Unauthorised("send a token")),
        "broken": lambda: raise_it(RuntimeError("张三 13812345678")),
        "abort": lambda: abort(418),
        "busy": lambda: raise_it(TooManyRequests(retry_after=7)),
        "away": lambda: redirect("/api/v1/elsewhere"),
        "away-abort": lambda: abort(redirect("/api/v1/elsewhere")),
        "read": read_body,
    }
    for name, view in ways.items():
        app.add_url_rule(f"/api/v1/{name}", name, view, methods=["GET", "POST"])
        app.add_url_rule(f"/{name}", f"page {name}", view)
    if with_api:
        ProblemApi(app).register_blueprint(letters)
    table = {**PROBLEMS, TooSoon: ProblemKind(429, "too-soon", "Too soon")}
    register_problems(app, table)
    return app


@pytest.fixture
def http() -> FlaskClient:
    return make_app().test_client()


def problem(answer: Any) -> Any:
    """The document of an answer, its form checked against RFC 9457."""
    assert answer.content_type == MEDIA_TYPE
    assert answer.headers["Cache-Control"] == "no-store"
    document = json.loads(answer.data)
    assert document["status"] == answer.status_code
    assert document["type"].startswith("/problems/")
    assert document["title"]
    assert document["detail"]
    return document


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("soon", 429, "too-soon"),
        ("exists", 409, "exists"),
        ("login", 401, "login-refused"),
        ("token", 401, "unauthorised"),
        ("abort", 418, "im-a-teapot"),
        ("busy", 429, "too-many-requests"),
        ("absent", 404, "not-found"),
        ("letters/", 405, "method-not-allowed"),
    ],
)
def test_every_error_is_a_problem_document_of_its_type(
    http: FlaskClient, path: str, status: int, slug: str
) -> None:
    answer = http.get(f"/api/v1/{path}")
    assert answer.status_code == status
    assert problem(answer)["type"] == f"/problems/{slug}"
    assert "request_id" not in problem(answer)


def test_a_domain_errors_own_words_and_field_are_shown(http: FlaskClient) -> None:
    document = problem(http.get("/api/v1/exists"))
    assert document["detail"] == "a user exists: choose another"
    assert document["errors"] == [
        {"place": "body", "field": "username", "message": "a user exists: choose another"}
    ]


def test_headers_that_help_go_with_the_problem(http: FlaskClient) -> None:
    assert http.get("/api/v1/soon").headers["Retry-After"] == "30"
    assert http.get("/api/v1/busy").headers["Retry-After"] == "7"
    assert http.get("/api/v1/token").headers["WWW-Authenticate"] == 'Bearer realm="minsheng"'
    assert "POST" in http.get("/api/v1/letters/").headers["Allow"]
    assert "Retry-After" not in http.get("/api/v1/login").headers


def test_wrong_fields_are_named_with_their_place(http: FlaskClient) -> None:
    body = {"citizen": {"phone": 5, "age": 3}, "marks": [1, "x"], "more": 1}
    answer = http.post("/api/v1/letters/", json=body)
    document = problem(answer)
    assert (answer.status_code, document["type"]) == (422, "/problems/invalid")
    named = {(fault["place"], fault["field"]) for fault in document["errors"]}
    assert named == {
        ("body", "subject"),
        ("body", "citizen.phone"),
        ("body", "citizen.age"),
        ("body", "marks.1"),
        ("body", "more"),
    }
    query = problem(http.post("/api/v1/letters/?limit=x", json={"subject": "路灯"}))
    assert [(f["place"], f["field"]) for f in query["errors"]] == [("query", "limit")]
    assert http.post("/api/v1/letters/", json={"subject": "路灯"}).json == {"subject": "路灯"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe",
        b'{"subject": "\xb2\xe2"}',
        b"[" * 100_000,
        b'{"citizen":' * 50_000,
        b'{"subject": "a\\u0000b"}',
        b'{"subject": "\\ud800"}',
        b'{"subject": "x", "\\uDC00": 1}',
        b'{"subject": "x", "marks": ["\\ud83d"]}',
    ],
    ids=lambda body: body[:30].decode(errors="replace"),
)
def test_a_body_that_cannot_be_read_or_stored_is_a_400(http: FlaskClient, body: bytes) -> None:
    answer = http.post("/api/v1/letters/", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert problem(answer)["type"] == "/problems/malformed"


def test_a_whole_character_written_as_two_halves_is_read(http: FlaskClient) -> None:
    body = b'{"subject": "\\ud83d\\ude00 \\\\u0000"}'
    answer = http.post("/api/v1/letters/", data=body, content_type="application/json")
    assert answer.json == {"subject": "😀 \\u0000"}


def test_a_body_that_is_too_large_is_a_413(http: FlaskClient) -> None:
    for path in ("letters/", "read"):
        answer = http.post(
            f"/api/v1/{path}", data=b" " * 1_000_001, content_type="application/json"
        )
        assert answer.status_code == 413
        assert problem(answer)["type"] == "/problems/request-entity-too-large"


def test_an_unknown_error_gives_an_id_to_quote_and_nothing_else(
    http: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = http.get("/api/v1/broken")
    document = problem(answer)
    assert answer.status_code == 500
    assert document["request_id"] == answer.headers["X-Request-ID"]
    for word in ("RuntimeError", "张三", "13812345678", "Traceback"):
        assert word not in answer.text
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [RuntimeError]


def test_every_answer_names_its_request_and_no_two_are_alike(http: FlaskClient) -> None:
    mine = {"X-Request-ID": "chosen by the caller"}
    ids = [http.get(path, headers=mine).headers["X-Request-ID"]
           for path in ("/api/v1/read", "/api/v1/login", "/api/v1/absent", "/absent")]  # fmt: skip
    assert len(set(ids)) == 4
    assert "chosen by the caller" not in ids


def test_equal_refusals_have_equal_bodies(http: FlaskClient) -> None:
    first, second = http.get("/api/v1/absent/1"), http.get("/api/v1/absent/2")
    assert first.status_code == 404
    assert first.data == second.data


def test_a_redirect_stays_a_redirect(http: FlaskClient) -> None:
    for path in ("away", "away-abort"):
        answer = http.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/api/v1/elsewhere")
    assert http.post("/api/v1/letters", json={"subject": "x"}).status_code == 308


def test_pages_render_their_own_problems_and_the_api_never_asks_them() -> None:
    app = make_app()
    app.extensions["minsheng_problem_page"] = lambda problem: (
        f"<h1>{problem.title}</h1>{problem.request_id}",
        problem.status,
    )
    http = app.test_client()
    page, broken = http.get("/exists"), http.get("/broken")
    assert (page.status_code, page.text) == (409, "<h1>It exists already</h1>")
    assert broken.text == f"<h1>Internal error</h1>{broken.headers['X-Request-ID']}"
    assert http.get("/apinot/x").text == "<h1>Not Found</h1>"
    assert problem(http.get("/api/v1/exists"))["status"] == 409
    assert problem(http.get("/oauth/x"))["status"] == 404
    assert problem(make_app().test_client().get("/exists"))["status"] == 409


def test_the_renderer_works_without_an_api_and_in_either_order() -> None:
    app = make_app(with_api=False)
    assert problem(app.test_client().get("/api/v1/absent"))["status"] == 404
    ProblemApi(app)
    assert problem(app.test_client().get("/api/v1/absent"))["status"] == 404


def test_the_openapi_document_describes_problems_as_what_is_sent() -> None:
    app = make_app()
    spec = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    assert "code" not in spec["components"]["schemas"]["Problem"]["properties"]
    for name in ("UNPROCESSABLE_ENTITY", "DEFAULT_ERROR"):
        if name in spec["components"]["responses"]:
            described = spec["components"]["responses"][name]["content"]
            assert described == {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    assert "DEFAULT_ERROR" in spec["components"]["responses"]
    answers = spec["paths"]["/api/v1/letters/"]["post"]["responses"]
    assert answers["default"] == {"$ref": "#/components/responses/DEFAULT_ERROR"}


def test_a_problem_shows_only_what_it_has() -> None:
    assert set(Problem(404, "x", "t", "d").document()) == {"type", "title", "status", "detail"}
