"""The one maker of sessions.

A session works for one office (:meth:`Database.session`), or, spelled out, for none
(:meth:`Database.work_session`, the login that sees the whole work table, and
:meth:`Database.owner_session`, the operator's login, for the tree). Leaving the block
commits, an exception rolls back; the bells that were asked for meanwhile ring after the commit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from psycopg.pq import ConnStatus, ExecStatus
from sqlalchemy import Connection, Engine, Insert, create_engine, insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

from minsheng_tenants import bind_session, bind_without_tenant
from minsheng_tenants.context import guard_sessions, opening_words, was_opened

BELLS = "minsheng_bells"
_CONNECT_SECONDS = 5
Ringer = Callable[[set[tuple[int, str]]], None]


class OfficeSession(Session):
    """A session under the rules of :mod:`minsheng_tenants.context`.

    Its transaction is begun, its office told and its connection proved alive by one message
    (:func:`_opened`); each of the three by itself was a way to the database and back for each page.
    """

    _held: Connection | None = None

    def get_bind(self, *args: object, **more: object) -> Engine | Connection:
        """The connection of the transaction that is open, or of one that begins now."""
        bind = super().get_bind(*args, **more)  # type: ignore[arg-type]  # handed through
        if not isinstance(bind, Engine):
            return bind
        if self._held is None or not self._held.in_transaction():
            words = opening_words(self)
            self._let_go()
            self._held = _opened(bind, words)
            was_opened(self)
        return self._held

    def close(self) -> None:
        """End the transaction, if one is open, and give the connection back."""
        super().close()
        self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


def _opened(engine: Engine, words: str) -> Connection:
    """A connection that was told ``words``; raises OperationalError.

    Nothing has been said on it before, so one that died while idle is replaced and asked again;
    the others that idle beside it are of the same age, and are dropped with it.
    """
    connection = engine.connect()
    if not _say(connection, words):
        connection.invalidate()
        connection.close()
        engine.dispose()
        connection = engine.connect()
        if not _say(connection, words):
            connection.close()
            message = "the database closes new connections: look at its log"
            raise OperationalError("begin", None, psycopg.OperationalError(message))
    return connection


def _say(connection: Connection, words: str) -> bool:
    """Send words that need no parameters past psycopg, which would begin a transaction first."""
    dbapi: Any = connection.connection.dbapi_connection
    try:
        said = dbapi.pgconn.exec_(words.encode())
    except (psycopg.Error, MemoryError):  # what libpq has no answer for is told as a lack of memory
        return False
    alive = dbapi.pgconn.status == ConnStatus.OK
    return alive and said.status in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


guard_sessions(OfficeSession)


class DatabaseNotConfigured(Exception):
    """A login is needed that no setting names."""


def make_engine(url: str, pool_size: int = 10) -> Engine:
    """An engine on psycopg 3; OfficeSession replaces a connection that died while idle.

    Parameters are hidden from error messages, since they hold citizens' words.
    """
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=10,
        hide_parameters=True,
        connect_args={"connect_timeout": _CONNECT_SECONDS},
    )


class Database:
    """The logins of one process and the sessions made from them."""

    def __init__(self, app_url: str, worker_url: str = "", operator_url: str = "") -> None:
        """Each URL is a login; only the first is needed to serve pages."""
        self._app = make_engine(app_url)
        self._worker = make_engine(worker_url, pool_size=2) if worker_url else None
        self._operator = make_engine(operator_url, pool_size=1) if operator_url else None
        self._ringer: Ringer = _ring_nobody

    def ring_with(self, ringer: Ringer) -> None:
        """Set who rings the bells after a commit."""
        self._ringer = ringer

    @property
    def app_engine(self) -> Engine:
        """The engine of the service's own login."""
        return self._app

    @contextmanager
    def session(self, tenant_id: int) -> Iterator[Session]:
        """A transaction for one office; raises NoTenant when ``tenant_id`` is none."""
        with OfficeSession(self._app, expire_on_commit=False) as session:
            bind_session(session, tenant_id)
            with session.begin():
                yield session
        self._ring(session)

    @contextmanager
    def work_session(self) -> Iterator[Session]:
        """A transaction of the login that sees every office's work rows and nothing else."""
        with _open(self._worker, "MINSHENG_DATABASE_WORKER_URL") as session:
            yield session

    @contextmanager
    def owner_session(self) -> Iterator[Session]:
        """A transaction of the operator's login for no office: the tree; command line only."""
        with _open(self._operator, "MINSHENG_DATABASE_OPERATOR_URL") as session:
            yield session

    @contextmanager
    def operator_session(self, tenant_id: int) -> Iterator[Session]:
        """A transaction of the operator's login for one office; command line only."""
        if self._operator is None:
            raise DatabaseNotConfigured(_no_login("MINSHENG_DATABASE_OPERATOR_URL"))
        with OfficeSession(self._operator, expire_on_commit=False) as session:
            bind_session(session, tenant_id)
            with session.begin():
                yield session
        self._ring(session)

    @contextmanager
    def public_session(self) -> Iterator[Session]:
        """A transaction of the service's login without an office: functions of the allow-list."""
        with _open(self._app, "MINSHENG_DATABASE_URL") as session:
            yield session

    def dispose(self, *, close: bool = True) -> None:
        """Drop pooled connections; ``close=False`` in a freshly forked child."""
        for engine in (self._app, self._worker, self._operator):
            if engine is not None:
                engine.dispose(close=close)

    def _ring(self, session: Session) -> None:
        bells = session.info.pop(BELLS, None)
        if bells:
            self._ringer(bells)


def ask_for_bell(session: Session, tenant_id: int, kind: str) -> None:
    """Have the bell rung for this office and kind of work once the session has committed."""
    session.info.setdefault(BELLS, set()).add((tenant_id, kind))


def insert_rows(
    session: Session, model: type[DeclarativeBase], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows of any number in the session's transaction, past the ORM's unit of work.

    Five times the speed of an ORM insert for a single row. Objects that the rows refer to must
    have been flushed before. Column defaults of the model do not apply, those of the table do.
    """
    if rows:
        session.connection().execute(_insert(model), list(rows))


@cache
def _insert(model: type[DeclarativeBase]) -> Insert:
    return insert(model.__table__)  # type: ignore[arg-type]  # a mapped class has a real table


@contextmanager
def _open(engine: Engine | None, setting: str) -> Iterator[Session]:
    if engine is None:
        raise DatabaseNotConfigured(_no_login(setting))
    with OfficeSession(engine, expire_on_commit=False) as session:
        bind_without_tenant(session)
        with session.begin():
            yield session


def _no_login(setting: str) -> str:
    return f"this needs a database login that is not set: set {setting}"


def _ring_nobody(_bells: set[tuple[int, str]]) -> None:
    """Stand in until a bell is given; the sweep finds the work all the same."""
