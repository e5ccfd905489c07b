"""Every error a caller sees: one table, one renderer, RFC 9457 problem documents.

A service raises an error type that knows no HTTP; ``PROBLEMS`` says which status and problem type
it becomes. Below ``/api`` and ``/oauth`` the answer is ``application/problem+json``; elsewhere the
page face may render it, by putting a function ``(Problem) -> response`` into
``app.extensions["minsheng_problem_page"]``. An error that the table does not know becomes a 500
with an id to quote and nothing else.

An error may carry ``field`` (what to change), ``retry_after`` (seconds), ``www_authenticate`` or
``members``: further members of its document (RFC 9457, 3.2), such as both texts of a conflict.
"""

import http
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import marshmallow as ma
import structlog
from flask import Flask, Request, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from flask_smorest import Api, Blueprint  # type: ignore[import-untyped]
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException, InternalServerError

from minsheng.accounts.errors import (
    AccountExists,
    AccountInvalid,
    AccountNotFound,
    ClientNotWaiting,
    ClientOff,
    FactorRefused,
    LoginRefused,
    OwnClient,
    ProviderAway,
    ProviderLoginRefused,
    ProviderNotFound,
    RoleDenied,
    SessionEnded,
)
from minsheng.faces.oauth import Forbidden, Unauthorised
from minsheng.runtime.logs import bind_request, forget_request
from minsheng_tenants import BodyExists, BodyInvalid, BodyNotFound

MEDIA_TYPE = "application/problem+json"
TYPES = "/problems/"
"""Where problem types are named; a path, since an installation has no fixed host name."""
PAGE_HOOK = "minsheng_problem_page"

RETRY_SECONDS = 10
"""When to come again after the database was away; our figure."""

_DOCUMENT_PATHS = ("/api", "/oauth")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """What a type of error becomes: HTTP status, the last part of its type URI, its title."""

    status: int
    slug: str
    title: str


ProblemTable = Mapping[type[Exception], ProblemKind]

PROBLEMS: ProblemTable = {
    Unauthorised: ProblemKind(401, "unauthorised", "An access token is needed"),
    Forbidden: ProblemKind(403, "scope-missing", "The access token does not allow this"),
    FactorRefused: ProblemKind(401, "code-refused", "The code was refused"),
    LoginRefused: ProblemKind(401, "login-refused", "The login was refused"),
    ProviderLoginRefused: ProblemKind(403, "login-refused", "The login was refused"),
    ProviderAway: ProblemKind(503, "provider-away", "The login provider cannot be used"),
    ProviderNotFound: ProblemKind(404, "not-found", "There is no such thing here"),
    SessionEnded: ProblemKind(401, "session-ended", "The session has ended"),
    RoleDenied: ProblemKind(403, "role-denied", "Your role does not allow this"),
    AccountInvalid: ProblemKind(422, "invalid", "The request cannot be carried out as it is"),
    AccountExists: ProblemKind(409, "exists", "It exists already"),
    AccountNotFound: ProblemKind(404, "not-found", "There is no such thing here"),
    ClientNotWaiting: ProblemKind(409, "conflict", "It has been decided"),
    OwnClient: ProblemKind(403, "two-people", "Another person has to decide"),
    ClientOff: ProblemKind(409, "conflict", "It has been turned off"),
    BodyInvalid: ProblemKind(422, "invalid", "The request cannot be carried out as it is"),
    BodyExists: ProblemKind(409, "exists", "It exists already"),
    BodyNotFound: ProblemKind(404, "not-found", "There is no such thing here"),
}
"""The rows of the rooms that exist; a new error type of a room gets its row here."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One thing to change: where it stands (body, query, path, header), its name and why."""

    place: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as it is shown; ``request_id`` is set where it is needed to find the cause."""

    status: int
    slug: str
    title: str
    detail: str
    errors: tuple[FieldFault, ...] = ()
    request_id: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The members of RFC 9457, and ``errors`` and ``request_id`` where there are any."""
        document: dict[str, Any] = {
            **self.members,
            "type": TYPES + self.slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [asdict(fault) for fault in self.errors]
        if self.request_id:
            document["request_id"] = self.request_id
        return document


class FieldFaultSchema(ma.Schema):
    """One thing to change."""

    place = ma.fields.String(required=True, metadata={"example": "body"})
    field = ma.fields.String(required=True, metadata={"example": "citizen.phone"})
    message = ma.fields.String(required=True)


class ProblemSchema(ma.Schema):
    """A problem document, for the OpenAPI document."""

    type = ma.fields.String(required=True, metadata={"example": "/problems/not-found"})
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    detail = ma.fields.String(required=True)
    errors = ma.fields.List(ma.fields.Nested(FieldFaultSchema))
    request_id = ma.fields.String(metadata={"description": "quote it when you report a fault"})


class ProblemApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's Api, its errors described as problem documents and left to the renderer."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """Leave errors alone: ``register_problems`` has them."""

    def _register_responses(self) -> None:
        """Describe each error status by the problem document, and others without a body."""
        for status in http.HTTPStatus:
            described: dict[str, Any] = {"description": status.phrase}
            if status >= http.HTTPStatus.BAD_REQUEST:
                described["content"] = {MEDIA_TYPE: {"schema": self.ERROR_SCHEMA}}
            self.spec.components.response(status.name, described, lazy=True)
        default = {"description": "A problem", "content": {MEDIA_TYPE: {"schema": ProblemSchema}}}
        self.spec.components.response(self.DEFAULT_ERROR_RESPONSE_NAME, default, lazy=True)


class ProblemParser(FlaskParser):
    """Reads JSON bodies; a body that the standard library or the database chokes on is a 400."""

    # A misspelt parameter that is passed over would answer another question than was asked.
    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012  the parent's form
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
    }

    def _raw_load_json(self, req: Request) -> Any:  # noqa: ANN401  the parent's form
        try:
            return super()._raw_load_json(req)
        except RecursionError as error:
            message = "nested too deep"
            raise json.JSONDecodeError(message, " ", 0) from error

    def load_json(self, req: Request, schema: ma.Schema) -> Any:  # noqa: ANN401
        """The body as JSON; text that PostgreSQL cannot store never gets further than this."""
        body = super().load_json(req, schema)
        raw = req.get_data(cache=True).lower()
        if (b"\\u0000" in raw or b"\\ud" in raw) and not _storable(body):
            message = "holds a NUL or half a character"
            self._handle_invalid_json_error(json.JSONDecodeError(message, " ", 0), req)
        return body


class ProblemBlueprint(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A blueprint of the API, reading its arguments by :class:`ProblemParser`."""

    ARGUMENTS_PARSER = ProblemParser()


def register_problems(app: Flask, table: ProblemTable = PROBLEMS) -> None:
    """Render every error of ``app`` by ``table``; call it once, whatever else is registered."""

    def known(error: Exception) -> ResponseReturnValue:
        return render(_of_error(error, table))

    for kind in table:
        app.register_error_handler(kind, known)
    for away in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(away, _store_away)
    app.register_error_handler(HTTPException, _http)
    app.before_request(_begin)
    app.after_request(_name_request)
    app.teardown_request(_end)


def request_id() -> str:
    """The id of the request at hand: in its log lines, its ``X-Request-ID`` and its 500."""
    if "request_id" not in g:
        g.request_id = str(uuid.uuid4())
        bind_request(g.request_id)
    given: str = g.request_id
    return given


def render(problem: Problem) -> ResponseReturnValue:
    """The response for a problem, as document or page by the path that was asked for."""
    page: Callable[[Problem], ResponseReturnValue] | None = current_app.extensions.get(PAGE_HOOK)
    if page is not None and not _wants_document(request.path):
        return page(problem)
    body = json.dumps(problem.document(), ensure_ascii=False)
    response = Response(body, problem.status, content_type=MEDIA_TYPE)
    response.headers.extend(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def _begin() -> None:
    request_id()


def _name_request(response: Response) -> Response:
    response.headers["X-Request-ID"] = request_id()
    return response


def _end(_error: BaseException | None) -> None:
    forget_request()


def _wants_document(path: str) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in _DOCUMENT_PATHS)


def _of_error(error: Exception, table: ProblemTable) -> Problem:
    kind = next(table[parent] for parent in type(error).__mro__ if parent in table)
    named = getattr(error, "field", "")
    faults = (FieldFault("body", named, str(error)),) if named else ()
    members: Mapping[str, Any] = getattr(error, "members", {})
    headers = _headers_of(error)
    return Problem(
        kind.status, kind.slug, kind.title, str(error), faults, headers=headers, members=members
    )


def _headers_of(error: Exception) -> tuple[tuple[str, str], ...]:
    retry, challenge = getattr(error, "retry_after", None), getattr(error, "www_authenticate", "")
    headers = (("Retry-After", str(int(retry))),) if retry is not None else ()
    return (*headers, ("WWW-Authenticate", challenge)) if challenge else headers


def _http(error: HTTPException) -> ResponseReturnValue:
    """What Flask, werkzeug or webargs refuse, and what nobody expected."""
    if error.response is not None or error.code is None or error.code < 400:
        return error
    if isinstance(error, InternalServerError):
        return render(_unexpected(error))
    data: dict[str, Any] = getattr(error, "data", None) or {}
    messages = data.get("errors") or data.get("messages") or {}
    faults = tuple(_faults(messages)) if isinstance(messages, dict) else ()
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]
    headers += list((data.get("headers") or {}).items())
    slug, detail = _said(error, data, faults=bool(faults))
    return render(Problem(error.code, slug, error.name, detail, faults, headers=tuple(headers)))


def _said(error: HTTPException, data: Mapping[str, Any], *, faults: bool) -> tuple[str, str]:
    """The problem type and detail of an HTTP error."""
    detail = data.get("message") or error.description or error.name
    if error.code == http.HTTPStatus.UNPROCESSABLE_ENTITY and faults:
        return "invalid", "some fields cannot be used as they are: see errors"
    if error.code == http.HTTPStatus.BAD_REQUEST and faults:
        return "malformed", "the body is not JSON that can be read: see errors"
    return error.name.lower().replace(" ", "-").replace("'", ""), str(detail)


def _store_away(error: SQLAlchemyError) -> ResponseReturnValue:
    """The database cannot be reached, or not in time: nothing was done, and nobody is let in."""
    _log.error("database away", path=request.path, error=type(error).__name__)
    return render(
        Problem(
            status=503,
            slug="unavailable",
            title="The service is not available",
            detail="the database cannot be reached just now, nothing was done: try again soon",
            request_id=request_id(),
            headers=(("Retry-After", str(RETRY_SECONDS)),),
        )
    )


def _unexpected(error: InternalServerError) -> Problem:
    cause = error.original_exception
    if cause is None:
        _log.error("internal error", path=request.path)
    return Problem(
        status=500,
        slug="internal-error",
        title="Internal error",
        detail="something went wrong on our side: try again, then report it with the request id",
        request_id=request_id(),
    )


_PLACES = {"json": "body", "form": "body", "files": "body", "json_or_form": "body",
           "query": "query", "querystring": "query", "path": "path", "view_args": "path",
           "headers": "header", "cookies": "cookie"}  # fmt: skip


def _faults(messages: Mapping[str, Any]) -> Iterator[FieldFault]:
    """marshmallow's nested messages, flat: ``{"json": {"citizen": {"phone": [...]}}}``."""
    for location, found in messages.items():
        place = _PLACES.get(location)
        if place is None:
            yield from _flat("body", location, found)
        else:
            yield from _flat(place, "", found)


def _flat(place: str, path: str, found: object) -> Iterator[FieldFault]:
    if isinstance(found, Mapping):
        for name, inner in found.items():
            part = "" if name == "_schema" else str(name)
            yield from _flat(place, ".".join(filter(None, (path, part))), inner)
    elif isinstance(found, list | tuple):
        for inner in found:
            yield from _flat(place, path, inner)
    else:
        yield FieldFault(place, path, str(found))


def _storable(value: object) -> bool:
    """Whether PostgreSQL can hold every text in a JSON value: no NUL, no lone surrogate."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
    if isinstance(value, Mapping):
        return all(_storable(part) for pair in value.items() for part in pair)
    return all(map(_storable, value)) if isinstance(value, list) else True
