"""The migrations build what the models say, and can be walked back."""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine, text

import minsheng
from minsheng.runtime.migrate import current, downgrade, head, revisions, upgrade
from minsheng_tenants import Base

STORE_OF_THE_MATCHER = {"match_records", "match_codes"}
OTHER_TABLES = ("minsheng.runtime.keyring", "minsheng.runtime.work")
"""Modules with a table that are not called ``models``."""


def _import_every_model() -> None:
    for module in pkgutil.walk_packages(minsheng.__path__, "minsheng."):
        if module.name.endswith("models") and not module.name.startswith("minsheng.faces"):
            import_module(module.name)
    for name in OTHER_TABLES:
        import_module(name)


def _engine(url: str) -> Any:
    return create_engine(url, poolclass=NullPool)


def test_migrated_database_is_what_the_models_say(new_database: Callable[[], Any]) -> None:
    _import_every_model()
    logins = new_database()
    with _engine(logins.owner).connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_object": lambda _item, name, kind, *_: (
                    kind != "table" or name not in STORE_OF_THE_MATCHER
                )
            },
        )
        differences = [
            difference
            for difference in compare_metadata(context, Base.metadata)
            if not _is_foreign_key_name(difference)
        ]
        assert differences == []
        assert current(connection) == head()


def _is_foreign_key_name(difference: Any) -> bool:
    """Two keys from one table to another need names the convention cannot tell apart."""
    return isinstance(difference, tuple) and difference[0] in {"add_fk", "remove_fk"}


def test_every_step_walks_up_and_down_again(new_database: Callable[[], Any]) -> None:
    logins = new_database()
    downgrade(logins.owner, "base")
    with _engine(logins.owner).connect() as connection:
        left = connection.scalar(text("select count(*) from pg_tables where schemaname = 'public'"))
        assert left == 1, "alembic_version alone is left"
    for revision in revisions():
        upgrade(logins.owner, revision)
        downgrade(logins.owner, "-1")
        upgrade(logins.owner, revision)
    with _engine(logins.owner).connect() as connection:
        assert current(connection) == head()
