"""The command line on the shared test database, as an operator would call it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner, Result

from minsheng.faces.cli import main
from minsheng.faces.process import Process, build
from minsheng.runtime.database import Database
from minsheng.runtime.settings import Settings
from minsheng_tenants import Tenant


@dataclass(frozen=True)
class Shell:
    """Calls commands with an environment; ``environment`` replaces single variables of it."""

    settings: Settings

    def __call__(self, *args: str, given: str = "", **environment: str) -> Result:
        values = {name: value for name, value in self.settings.values.items() if value}
        return CliRunner().invoke(main, args, input=given, env=values | environment)

    def json(self, *args: str, **more: str) -> Any:
        """What a command prints with ``--json``; it must go well and print nothing else."""
        done = self(*args, "--json", **more)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def refused(self, *args: str, **more: str) -> str:
        """The words of a refusal: exit code 1, nothing on standard output, no traceback."""
        done = self(*args, **more)
        assert done.exit_code == 1, done.output
        assert isinstance(done.exception, SystemExit)
        assert done.stdout == ""
        assert done.stderr.startswith("Error: ")
        return done.stderr.removeprefix("Error: ").rstrip("\n")


@pytest.fixture
def shell(settings: Settings, logins: Any) -> Shell:
    """The command line on the shared test database, by the operator's own login."""
    operator = {"MINSHENG_DATABASE_OPERATOR_URL": logins.operator}
    return Shell(Settings(dict(settings.values) | operator))


@pytest.fixture
def today(settings: Settings) -> Iterator[Process]:
    """The parts of a service by the system's clock, as the command line has it."""
    parts = build(settings, operator=True)
    yield parts
    parts.close()


@pytest.fixture
def shell_on() -> Callable[[Settings], Shell]:
    """``shell_on(settings)``: the command line of another installation."""
    return Shell


@pytest.fixture
def code_of(database: Database) -> Callable[[int], str]:
    """The code of an office, by which the command line names it."""

    def find(tenant_id: int) -> str:
        with database.owner_session() as session:
            body = session.get(Tenant, tenant_id)
            assert body is not None
            return body.code

    return find


@pytest.fixture
def county(office: Callable[..., int], code_of: Callable[[int], str]) -> str:
    """The code of a county of the test's own."""
    return code_of(office("county"))
