"""A session works for one office, in the database as in its statements, and forgets it after."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from minsheng.runtime.database import Database, OfficeSession
from minsheng.runtime.work import Work
from minsheng_tenants import NoTenant, bind_session, tenant_of

SETTING = text("select current_setting('app.tenant', true)")


@pytest.fixture
def narrow(logins: Any) -> Iterator[Database]:
    """Sessions that all share few connections."""
    database = Database(logins.app, logins.worker)
    yield database
    database.dispose()


def test_a_session_without_an_office_cannot_begin(database: Database) -> None:
    with OfficeSession(database.app_engine) as session, pytest.raises(NoTenant):
        session.execute(text("select 1"))


@pytest.mark.parametrize("tenant_id", [0, -1])
def test_no_office_has_a_number_below_one(database: Database, tenant_id: int) -> None:
    with pytest.raises(NoTenant), database.session(tenant_id):
        pass


def test_the_database_knows_the_office_within_the_transaction(desk: Any) -> None:
    with desk.database.session(desk.tenant_id) as session:
        assert session.scalar(SETTING) == str(desk.tenant_id)
        assert session.scalar(text("select current_tenant()")) == desk.tenant_id
        assert tenant_of(session) == desk.tenant_id


def test_the_office_is_not_carried_to_the_next_checkout(desk: Any, narrow: Database) -> None:
    with narrow.session(desk.tenant_id) as session:
        assert session.scalar(SETTING) == str(desk.tenant_id)
    with narrow.app_engine.connect() as connection:
        assert connection.scalar(SETTING) == ""
        assert connection.scalar(text("select current_tenant()")) is None
        assert connection.scalar(text("select count(*) from work")) == 0


def test_a_failed_transaction_leaves_no_office_behind(desk: Any, narrow: Database) -> None:
    with pytest.raises(ProgrammingError), narrow.session(desk.tenant_id) as session:
        session.execute(text("select no_such_column"))
    with narrow.app_engine.connect() as connection:
        assert connection.scalar(SETTING) == ""


def test_a_session_for_no_office_sees_no_office(desk: Any) -> None:
    desk.add(1)
    with desk.database.public_session() as session:
        assert session.scalar(text("select count(*) from work")) == 0
        with pytest.raises(NoTenant):
            tenant_of(session)


def test_new_rows_get_the_office_of_their_session(desk: Any) -> None:
    row_id = uuid.uuid4()
    with desk.database.session(desk.tenant_id) as session:
        session.add(Work(kind="parse", row_id=row_id, due_at=desk.clock.now()))
    assert set(desk.rows()) == {row_id}


def test_a_row_of_another_office_cannot_be_flushed(desk: Any, office: Callable[..., int]) -> None:
    foreign = Work(tenant_id=office(), kind="parse", row_id=uuid.uuid4(), due_at=desk.clock.now())
    with pytest.raises(ProgrammingError, match="row-level security"):
        _store(desk, foreign)
    with desk.database.session(foreign.tenant_id) as session:
        assert session.scalars(select(Work)).all() == []


def _store(desk: Any, row: Work) -> None:
    with desk.database.session(desk.tenant_id) as session:
        session.add(row)


def test_statements_are_narrowed_even_where_row_security_is_off(
    desk: Any, office: Callable[..., int]
) -> None:
    """The second layer alone: the owner of the tables bypasses the first."""
    desk.add(2)
    other = office()
    with desk.database.owner_session() as owner:
        engine: Any = owner.connection().engine
    with OfficeSession(engine) as session:
        bind_session(session, other)
        assert session.scalar(text("select count(*) from work")) > 0, "row security is off here"
        assert session.scalars(select(Work)).all() == []
        session.rollback()


def test_the_office_cannot_be_changed_by_binding_in_the_middle(
    desk: Any, office: Callable[..., int]
) -> None:
    """What the database was told at the beginning stands until the transaction ends."""
    desk.add(1)
    other = office()
    with desk.database.session(desk.tenant_id) as session:
        session.scalars(select(Work)).all()
        bind_session(session, other)
        assert session.scalars(select(Work)).all() == []
