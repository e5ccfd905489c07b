"""Row security alone: raw SQL of the service's login, with another office's rows in every table."""

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

SAMPLES = {
    "integer": "1",
    "bigint": "1",
    "double precision": "0.5",
    "text": "'canary'",
    "uuid": None,
    "timestamp with time zone": "now()",
    "date": "current_date",
    "bytea": "'\\x01'",
    "jsonb": "'{}'",
    "ARRAY": "'{1}'",
}
PUBLIC = {"alembic_version", "tenants"}


def connect(url: str) -> psycopg.Connection[Any]:
    parts = make_url(url)
    return psycopg.connect(
        host=parts.host, port=parts.port, user=parts.username, password=parts.password,
        dbname=parts.database, autocommit=True,
    )  # fmt: skip


@pytest.fixture
def owner(logins: Any) -> Iterator[psycopg.Connection[Any]]:
    with connect(logins.owner) as connection:
        yield connection


@pytest.fixture
def app_login(logins: Any) -> Iterator[psycopg.Connection[Any]]:
    with connect(logins.app) as connection:
        yield connection


@pytest.fixture
def victim(owner: psycopg.Connection[Any], office: Any) -> int:
    """An office with one row in every table."""
    tenant_id: int = office()
    owner.execute("set session_replication_role = replica")
    for table in office_tables(owner):
        columns = owner.execute(
            "select column_name, data_type from information_schema.columns"
            " where table_schema = 'public' and table_name = %s", (table,),
        ).fetchall()  # fmt: skip
        values = [_value(table, name, kind, tenant_id) for name, kind in columns]
        names = ", ".join(name for name, _ in columns)
        owner.execute(f"insert into {table} ({names}) values ({', '.join(values)})")
    owner.execute("set session_replication_role = origin")
    return tenant_id


def _value(table: str, name: str, kind: str, tenant_id: int) -> str:
    if name == "tenant_id":
        return str(tenant_id)
    if table == "not_same" and name == "high_id":
        return f"'{uuid.UUID(int=2**128 - 1)}'"
    return SAMPLES[kind] or f"'{uuid.uuid4()}'"


def office_tables(connection: psycopg.Connection[Any]) -> list[str]:
    rows = connection.execute("select tablename from pg_tables where schemaname = 'public'")
    return sorted({row[0] for row in rows} - PUBLIC)


def attempt(connection: psycopg.Connection[Any], context: str | None, statement: str) -> int:
    """Rows seen or changed by a statement in a context; a refusal counts as none."""
    try:
        with connection.transaction():
            if context is not None:
                connection.execute("select set_config('app.tenant', %s, true)", (context,))
            return connection.execute(statement).rowcount
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidTextRepresentation):
        return 0
    except psycopg.errors.UniqueViolation:
        return 0


VERBS = (
    "select * from {table} where tenant_id = {victim}",
    "select * from {table}",
    "select * from {table} where tenant_id = {victim} for update",
    "update {table} set tenant_id = tenant_id where tenant_id = {victim}",
    "update {table} set tenant_id = {stranger} where tenant_id = {victim}",
    "delete from {table} where tenant_id = {victim}",
    "insert into {table} select * from {table} where tenant_id = {victim}",
    "insert into {table} select * from {table} where tenant_id = {victim} on conflict do nothing",
    "truncate {table}",
)


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_reaches_a_row_of_another_office(
    app_login: psycopg.Connection[Any], owner: psycopg.Connection[Any], victim: int, office: Any,
    verb: str,
) -> None:  # fmt: skip
    stranger = office()
    for table in office_tables(owner):
        statement = verb.format(table=table, victim=victim, stranger=stranger)
        for context in (str(stranger), "", "0", "-1", "nonsense", None):
            assert attempt(app_login, context, statement) <= 0, (table, context)
        left = owner.execute(f"select count(*) from {table} where tenant_id = %s", (victim,))
        assert left.fetchone() == (1,), table


def test_the_office_itself_reaches_its_rows_so_that_the_attack_could_have_worked(
    app_login: psycopg.Connection[Any], owner: psycopg.Connection[Any], victim: int
) -> None:
    unreadable = {"audit_entries"}
    for table in office_tables(owner):
        seen = attempt(app_login, str(victim), f"select * from {table}")
        assert seen == (0 if table in unreadable else 1), table


def test_a_row_for_another_office_cannot_be_written(
    app_login: psycopg.Connection[Any], victim: int, office: Any
) -> None:
    stranger = office()
    with app_login.transaction(force_rollback=True):
        app_login.execute("select set_config('app.tenant', %s, true)", (str(stranger),))
        row = "insert into work (tenant_id, kind, row_id, due_at) values (%s, 'x', %s, now())"
        app_login.execute(row, (stranger, uuid.uuid4()))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app_login.execute(row, (victim, uuid.uuid4()))


def test_copy_gives_nothing_of_another_office(
    app_login: psycopg.Connection[Any], owner: psycopg.Connection[Any], victim: int, office: Any
) -> None:
    stranger = office()
    for table in set(office_tables(owner)) - {"audit_entries"}:
        with app_login.transaction():
            app_login.execute("select set_config('app.tenant', %s, true)", (str(stranger),))
            with app_login.cursor().copy(f"copy (select * from {table}) to stdout") as copied:
                assert list(copied) == [], table


def test_the_context_ends_with_its_transaction(app_login: psycopg.Connection[Any]) -> None:
    with app_login.transaction():
        app_login.execute("select set_config('app.tenant', '7', true)")
    assert app_login.execute("select current_tenant()").fetchone() == (None,)


def test_the_workers_login_reads_what_waits_everywhere_and_nothing_else(
    logins: Any, owner: psycopg.Connection[Any], victim: int
) -> None:
    with connect(logins.worker) as worker:
        seen = {
            table for table in office_tables(owner)
            if attempt(worker, None, f"select * from {table} where tenant_id = {victim}") > 0
        }  # fmt: skip
        assert seen == {"work"}
        changed = attempt(worker, None, f"delete from work where tenant_id = {victim}")
        assert changed == 0


def test_search_shows_an_office_its_own_cases_only(
    app_login: psycopg.Connection[Any], victim: int, office: Any
) -> None:
    asked = "select * from search_cases('{1}', '{}', null, 50)"
    assert attempt(app_login, str(victim), asked) == 1
    assert attempt(app_login, str(office()), asked) == 0
    assert attempt(app_login, None, asked) == 0
