"""What every command shares: the process it works with, how it prints, how it fails."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import click
from alembic.util import CommandError
from redis import RedisError
from sqlalchemy.exc import ArgumentError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from minsheng.accounts.service import find_tenant_for_login
from minsheng.audit import Actor
from minsheng.cases.service import CaseError
from minsheng.faces.demo.errors import DemoError
from minsheng.faces.process import Process, build
from minsheng.faces.server import PortTaken
from minsheng.faces.start import StartRefused
from minsheng.faces.table import PROBLEMS
from minsheng.runtime.backup import BackupError
from minsheng.runtime.crypto import KeyMissing, SealBroken
from minsheng.runtime.database import DatabaseNotConfigured
from minsheng.runtime.embedded import EmbeddedServerFailed
from minsheng.runtime.settings import SettingRefused, Settings
from minsheng_tenants import BodyNotFound

P = ParamSpec("P")
R = TypeVar("R")
OPERATOR = Actor("operator", "command line")
_EXPECTED: tuple[type[Exception], ...] = (
    *PROBLEMS,
    BackupError,
    CaseError,
    DatabaseNotConfigured,
    DemoError,
    EmbeddedServerFailed,
    KeyMissing,
    PortTaken,
    SealBroken,
    SettingRefused,
    StartRefused,
)

_ADVICE: Mapping[type[Exception], str] = {
    OperationalError: "the database cannot be reached: is `make run` going, or the URL right?",
    ProgrammingError: "the database is of another version: run `minsheng db upgrade`",
    ArgumentError: "an address MINSHENG_DATABASE_… is none: write postgresql+psycopg://…",
    UnicodeEncodeError: "an argument is not UTF-8: set the terminal to UTF-8",
    RedisError: "Redis cannot be reached: is `make run` going, or MINSHENG_REDIS_URL right?",
    CommandError: "the database was made by a newer version: install that version",
}
"""What to do about an error whose own words are for programmers."""

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
office_option = click.option(
    "--office", required=True, metavar="CODE", help="Code of the office, such as 130129."
)


def clear_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn the errors a person can do something about into one clear line and exit code 1."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except _EXPECTED as error:
            raise click.ClickException(str(error)) from error
        except tuple(_ADVICE) as error:
            raise click.ClickException(_advice(error)) from error

    return guarded


def _advice(error: Exception) -> str:
    return next(_ADVICE[kind] for kind in type(error).__mro__ if kind in _ADVICE)


@contextmanager
def opened() -> Iterator[Process]:
    """The parts of this process, from the environment."""
    process = build(Settings.from_environ(), operator=True)
    try:
        yield process
    finally:
        process.close()


def office_id(process: Process, code: str) -> int:
    """The number of an active office; raises BodyNotFound."""
    with process.tools.database.public_session() as session:
        found = find_tenant_for_login(session, code)
    if found is None:
        message = f"no active office has the code {code!r}: see `minsheng tenants list`"
        raise BodyNotFound(message)
    return found[0]


@contextmanager
def office_session(process: Process, code: str) -> Iterator[Session]:
    """A transaction for the office of a code."""
    with process.tools.database.session(office_id(process, code)) as session:
        yield session


@contextmanager
def operator_session(process: Process, code: str) -> Iterator[Session]:
    """A transaction for the office of a code by the operator's login."""
    with process.tools.database.operator_session(office_id(process, code)) as session:
        yield session


def show(rows: Sequence[Mapping[str, Any]] | Mapping[str, Any], *, as_json: bool) -> None:
    """Print rows as JSON, or a line each."""
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, default=str))
        return
    for row in [rows] if isinstance(rows, Mapping) else rows:
        click.echo("\t".join(str(value) for value in row.values()))
