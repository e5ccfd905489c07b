"""Bring a database to a revision and say where it stands."""

from collections.abc import Mapping
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, text

from minsheng_tenants.security import ROLES

LOGINS = ("minsheng_app", "minsheng_worker", "minsheng_operator")
_SCRIPTS = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def revisions() -> list[str]:
    """Every revision, oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in scripts][::-1]


def current(connection: Connection) -> str:
    """The revision a database stands at, empty when none ran yet."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Run the migrations up to ``revision`` as the login that owns the database."""
    _run(owner_url, revision, up=True)


def downgrade(owner_url: str, revision: str) -> None:
    """Run the migrations down to ``revision`` ("base" = an empty database)."""
    _run(owner_url, revision, up=False)


def _run(owner_url: str, revision: str, *, up: bool) -> None:
    engine = create_engine(owner_url, poolclass=NullPool)
    with engine.connect() as connection:
        step = command.upgrade if up else command.downgrade
        step(_config(connection), revision)
        connection.commit()
    engine.dispose()


def prepare_logins(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Make the service's roles, if they are missing, and let the three logins in by password.

    ``passwords`` by the names of the logins (LOGINS). For the embedded server and the tests;
    elsewhere the administrator of the database does it.
    """
    engine = create_engine(admin_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(ROLES))
        for login in LOGINS:
            word = {"word": passwords[login]}
            quoted = connection.scalar(text("select quote_literal(:word)"), word)
            connection.execute(text(f"alter role {login} login password {quoted}"))
    engine.dispose()
