"""A restore is made beside the database and takes its place in one step, or leaves it alone.

``--force`` may replace a database with offices in it, by the words that say how many. Whatever
fails, before the two names are changed in one transaction, changes nothing.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from minsheng.runtime.backup.archive import About, Stand, feed_dump, read_backup, write_backup
from minsheng.runtime.backup.errors import BackupUnfit, TargetUnfit
from minsheng.runtime.backup.programs import Taker, dump_database, load_database
from minsheng.runtime.clock import Clock
from minsheng.runtime.crypto import MasterKey
from minsheng.runtime.migrate import current, head, upgrade

_NAMED = text("select 1 from pg_database where datname = :name")
_OTHERS = text("""
    select count(*) from pg_stat_activity where datname = :name and pid <> pg_backend_pid()
""")
_ROLES = text("select rolname from pg_roles where rolname like 'minsheng\\_%' order by 1")


def back_up(owner_url: str, path: Path, master: MasterKey, clock: Clock) -> About:
    """Write a backup of the database; raises BackupError, or OSError for the file.

    ``owner_url`` is a superuser's address: row security keeps rows from everybody else.
    """
    with _connected(owner_url) as connection:
        roles, offices = tuple(connection.scalars(_ROLES)), _offices(connection)
        stand = Stand(current(connection), clock.now().isoformat(), offices, roles)
    if stand.schema != head():
        message = f"the database is at {stand.schema or 'nothing'}: run `minsheng db upgrade`"
        raise TargetUnfit(message)

    def dump(take: Taker) -> None:
        dump_database(owner_url, take)

    return write_backup(path, stand, master, dump)


def restore(
    owner_url: str, path: Path, master: MasterKey, words: str, fit: Callable[[str], object]
) -> About:
    """Put a backup in the place of a database that is empty or not there; what it was.

    ``words`` are those that name what would be lost; ``fit`` is given the address of the restored
    database before anybody else can reach it. Raises BackupError, having changed nothing.
    """
    about = _checked(path, master)
    name = make_url(owner_url).database or ""
    with _maintaining(owner_url) as server:
        _check_target(server, owner_url, name, words)
        beside = f"{name}_restored_{secrets.token_hex(4)}"
        try:
            _prepare_roles(server, about, _beside(owner_url, beside), beside)
            _create(server, beside)
            address = _beside(owner_url, beside)
            load_database(address, lambda take: feed_dump(path, take))
            fit(address)
            _take_place(server, owner_url, name, beside)
        finally:
            _drop(server, beside)
    return about


def words_for(offices: int) -> str:
    """The words that replace a database with that many offices."""
    return f"overwrite {offices} offices"


def _checked(path: Path, master: MasterKey) -> About:
    about = read_backup(path, master)
    if about.schema != head():
        message = f"the backup is of schema {about.schema}, this version has {head()}: restore it"
        message += " with the version that made it, then run `minsheng db upgrade`"
        raise BackupUnfit(message)
    return about


def _check_target(server: Connection, owner_url: str, name: str, words: str) -> None:
    if not server.scalar(_NAMED, {"name": name}):
        return
    with _connected(owner_url) as connection:
        offices = _offices(connection)
    if offices and words != words_for(offices):
        message = f"the database {name} has {offices} offices, which would be lost: restore into"
        message += f' another one, or add --force "{words_for(offices)}"'
        raise TargetUnfit(message)
    _check_unused(server, name)


def _check_unused(server: Connection, name: str) -> None:
    others = server.scalar(_OTHERS, {"name": name})
    if others:
        message = f"{others} connections are open to {name}: stop web and job processes first"
        raise TargetUnfit(message)


def _offices(connection: Connection) -> int:
    """How many offices a database has; an error, never too few, where row security hides some."""
    connection.execute(text("set row_security = off"))
    if connection.scalar(text("select to_regclass('tenants')")) is None:
        return 0
    return connection.scalar(text("select count(*) from tenants")) or 0


def _prepare_roles(server: Connection, about: About, address: str, name: str) -> None:
    """Let the migrations make the service's roles on a server that lacks any of them."""
    if set(about.roles) <= set(server.scalars(_ROLES)):
        return
    _create(server, name)
    upgrade(address)
    _drop(server, name)


def _take_place(server: Connection, owner_url: str, name: str, beside: str) -> None:
    """Give the restored database the name, and drop the one that had it."""
    if not server.scalar(_NAMED, {"name": name}):
        _do(server, f'alter database "{beside}" rename to "{name}"')
        return
    _do(server, f'alter database "{name}" allow_connections false')
    with ExitStack() as undone:
        undone.callback(_do, server, f'alter database "{name}" allow_connections true')
        _check_unused(server, name)
        with _connected(_beside(owner_url, "postgres")) as both:
            both.exec_driver_sql(f'alter database "{name}" rename to "{beside}_old"')
            both.exec_driver_sql(f'alter database "{beside}" rename to "{name}"')
            both.commit()
        undone.pop_all()
    _do(server, f'drop database "{beside}_old"')


def _create(server: Connection, name: str) -> None:
    _do(server, f'create database "{name}" template template0')


def _drop(server: Connection, name: str) -> None:
    _do(server, f'drop database if exists "{name}" with (force)')


def _do(server: Connection, statement: str) -> None:
    server.exec_driver_sql(statement)


def _beside(owner_url: str, name: str) -> str:
    return make_url(owner_url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def _maintaining(owner_url: str) -> Iterator[Connection]:
    """A connection to the server's own database, outside of transactions."""
    engine = create_engine(
        _beside(owner_url, "postgres"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@contextmanager
def _connected(owner_url: str) -> Iterator[Connection]:
    engine = create_engine(owner_url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as error:
        if "does not exist" in str(error):
            message = f"there is no database {make_url(owner_url).database} on this server"
            raise TargetUnfit(message) from error
        raise
    finally:
        engine.dispose()
