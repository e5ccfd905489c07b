"""The office of a session: none without it, every statement narrowed to it, new rows stamped."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, delete, event, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from minsheng.runtime.database import Database, make_engine
from minsheng_tenants import (
    Base,
    NoTenant,
    TenantTable,
    bind_session,
    bind_without_tenant,
    tenant_of,
)
from minsheng_tenants.context import guard_sessions

Office = Callable[..., int]


class Note(TenantTable, Base):
    """A table of offices without row security, so that the second layer stands alone."""

    __tablename__ = "test_notes"
    # Only the tests' own engine makes it: the service's catalogue must not know of it.
    metadata = Base.metadata.__class__()

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    words: Mapped[str]


class OwnSession(Session):
    """A session class of these tests, guarded as the service's is."""


guard_sessions(OwnSession)


@pytest.fixture
def engine(logins: object) -> Iterator[Engine]:
    """The owner's login, which row security does not hold, with the table of notes."""
    engine = make_engine(logins.owner)  # type: ignore[attr-defined]
    Note.__table__.create(engine)
    yield engine
    Note.__table__.drop(engine)
    engine.dispose()


@pytest.fixture
def two(engine: Engine) -> Iterator[tuple[Session, Session]]:
    """Sessions of two offices, each with one note under the same id."""
    with OwnSession(engine) as first, OwnSession(engine) as second:
        for tenant_id, session in ((1, first), (2, second)):
            bind_session(session, tenant_id)
            session.add(Note(id=7, words=f"of office {tenant_id}"))
            session.commit()
        yield first, second


def test_a_session_without_an_office_cannot_begin(engine: Engine) -> None:
    with OwnSession(engine) as session, pytest.raises(NoTenant, match="no office"):
        session.execute(text("select 1"))


def test_a_session_spelled_out_as_without_an_office_begins(engine: Engine) -> None:
    with OwnSession(engine) as session:
        bind_without_tenant(session)
        assert session.scalar(text("select current_tenant()")) is None
        with pytest.raises(NoTenant, match=r"Database\.session"):
            tenant_of(session)


@pytest.mark.parametrize("tenant_id", [0, -1])
def test_a_number_that_is_no_office_is_refused(
    engine: Engine, database: Database, tenant_id: int
) -> None:
    with OwnSession(engine) as session, pytest.raises(NoTenant, match="is no office"):
        bind_session(session, tenant_id)
    with pytest.raises(NoTenant), database.session(tenant_id):
        pass


def test_the_database_knows_the_office_for_one_transaction_only(
    database: Database, office: Office
) -> None:
    tenant_id = office()
    with database.session(tenant_id) as session:
        assert tenant_of(session) == tenant_id
        assert session.scalar(text("select current_tenant()")) == tenant_id
    with database.app_engine.connect() as connection:
        assert connection.scalar(text("select current_tenant()")) is None


def test_a_select_is_narrowed_whatever_its_form(two: tuple[Session, Session]) -> None:
    first, second = two
    other = aliased(Note)
    for session, tenant_id in ((first, 1), (second, 2)):
        assert [note.words for note in session.scalars(select(Note))] == [f"of office {tenant_id}"]
        assert session.scalars(select(Note.tenant_id)).all() == [tenant_id]
        assert session.scalars(select(other.tenant_id)).all() == [tenant_id]
        assert session.scalar(select(func.count()).select_from(Note)) == 1
        pairs = select(Note, other).join(other, Note.id == other.id)
        assert len(session.execute(pairs).all()) == 1
        assert session.query(Note).count() == 1
        inside = select(func.count()).select_from(select(Note).subquery())
        assert session.scalar(inside) == 1


def test_another_offices_row_is_not_had_by_its_key(two: tuple[Session, Session]) -> None:
    first, second = two
    assert first.get(Note, {"tenant_id": 2, "id": 7}) is None
    keys = select(Note).where(Note.tenant_id == 2, Note.id == 7)
    assert first.scalars(keys).all() == []
    assert len(second.scalars(keys).all()) == 1


def test_an_update_or_delete_changes_the_own_rows_only(two: tuple[Session, Session]) -> None:
    first, second = two
    assert first.execute(update(Note).values(words="changed")).rowcount == 1
    first.commit()
    assert second.scalars(select(Note.words)).all() == ["of office 2"]
    assert first.execute(delete(Note)).rowcount == 1
    first.commit()
    assert second.scalars(select(Note.words)).all() == ["of office 2"]


def test_a_new_row_is_stamped_with_the_sessions_office(two: tuple[Session, Session]) -> None:
    first, _second = two
    note = Note(id=8, words="new")
    first.add(note)
    first.flush()
    assert note.tenant_id == 1


def test_a_row_that_names_another_office_is_refused_by_row_security(
    database: Database, office: Office, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("alter table test_notes enable row level security"))
        connection.execute(text("grant select, insert on test_notes to minsheng_app"))
        rule = "tenant_id = current_tenant()"
        connection.execute(text(f"create policy own on test_notes using ({rule})"))
    own, other = office(), office()
    with database.session(own) as session:
        session.add(Note(id=1, words="own"))
        session.flush()
        session.add(Note(tenant_id=other, id=1, words="forged"))
        with pytest.raises(Exception, match="row-level security"):
            session.flush()
        session.rollback()


def test_the_same_id_may_stand_in_two_offices_but_not_twice_in_one(
    two: tuple[Session, Session],
) -> None:
    first, _second = two
    first.add(Note(id=9, words="once"))
    first.commit()
    first.expunge_all()
    first.add(Note(id=9, words="twice"))
    with pytest.raises(IntegrityError):
        first.flush()
    first.rollback()


def test_every_statement_of_a_session_carries_the_office(
    two: tuple[Session, Session], engine: Engine
) -> None:
    first, _second = two
    said: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    first.scalars(select(Note).where(Note.words == "x")).all()
    assert any("tenant_id = " in words.partition("WHERE")[2] for words in said)
