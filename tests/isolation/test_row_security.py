"""Row security alone: raw SQL of the service's login, with another office's rows in every table."""

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from offices_apart.rows import columns_of, plant_rows
from offices_apart.world import content, new_mark, office_tables

VERBS = (
    "select * from {table} where tenant_id = {victim}",
    "select * from {table}",
    "select * from only {table} where tenant_id <> {stranger}",
    "select * from {table} where tenant_id = {victim} for update",
    "select * from {table} where tenant_id = {victim} for key share skip locked",
    "update {table} set tenant_id = tenant_id where tenant_id = {victim}",
    "update {table} set tenant_id = {stranger} where tenant_id = {victim}",
    "update {table} set {column} = {column}",
    "delete from {table} where tenant_id = {victim}",
    "delete from {table} using tenants where {table}.tenant_id = {victim}",
    "insert into {table} select * from {table} where tenant_id = {victim}",
    "insert into {table} ({columns}) values ({row})",
    "insert into {table} ({columns}) values ({row}) on conflict do nothing",
    "insert into {table} ({columns}) values ({row})"
    " on conflict ({key}) do update set tenant_id = {stranger}",
    "merge into {table} t using (values ({victim})) v (id) on t.tenant_id = v.id"
    " when matched then delete",
    "truncate {table}",
    "lock table {table} in access share mode; select * from {table}",
)
CONTEXTS = (
    "{stranger}", "{other}", "", None, "0", "-1", "nonsense", "{victim}x", "{victim},{stranger}",
    "{victim}.0", "99999999999", "\u0661",
)  # fmt: skip
"""What the setting may hold; None = it was never set. The last one is an Arabic 1."""


@pytest.fixture
def victim(owner: psycopg.Connection[Any], office: Any) -> int:
    """An office with one row in every table."""
    tenant_id: int = office()
    plant_rows(owner, tenant_id, new_mark())
    return tenant_id


def attempt(connection: psycopg.Connection[Any], context: str | None, statement: str) -> int:
    """Rows seen or changed by a statement in a context; a refusal counts as none."""
    try:
        with connection.transaction(force_rollback=True):
            if context is not None:
                connection.execute("select set_config('app.tenant', %s, true)", (context,))
            counted = 0
            for part in statement.split("; "):
                counted += max(connection.execute(part).rowcount, 0)
            return counted
    except (
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.InvalidTextRepresentation,
        psycopg.errors.NumericValueOutOfRange,
    ):
        return 0


@pytest.fixture
def statements(owner: psycopg.Connection[Any]) -> Callable[[str, str, int, int], str]:
    """``statements(verb, table, victim, stranger)``: the verb over the victim's own row."""

    def fill(verb: str, table: str, victim: int, stranger: int) -> str:
        columns = [column.name for column in columns_of(owner, table)]
        quoted = ", ".join(f"quote_nullable({name}::text)" for name in columns)
        literals = owner.execute(
            f"select concat_ws(', ', {quoted}) from {table} where tenant_id = %s", (victim,)
        ).fetchone()
        assert literals is not None, f"{table}: the victim has no row"
        key = owner.execute(
            "select string_agg(attname, ', ') from pg_index x join pg_attribute a"
            " on a.attrelid = x.indrelid and a.attnum = any(x.indkey)"
            " where x.indrelid = %s::regclass and x.indisprimary", (table,),
        ).fetchone()  # fmt: skip
        assert key is not None
        return verb.format(
            table=table, victim=victim, stranger=stranger, column=columns[-1],
            columns=", ".join(columns), row=literals[0], key=key[0],
        )  # fmt: skip

    return fill


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: re.sub(r"[^a-z]+", " ", verb).strip())
def test_rel_i2_no_verb_reaches_a_row_of_another_office(
    app_login: psycopg.Connection[Any], owner: psycopg.Connection[Any], victim: int, office: Any,
    statements: Any, verb: str,
) -> None:  # fmt: skip
    stranger, other = office(), office()
    before = content(owner, [victim])
    for table in office_tables(owner):
        statement = statements(verb, table, victim, stranger)
        for said in CONTEXTS:
            context = said and said.format(stranger=stranger, other=other, victim=victim)
            assert attempt(app_login, context, statement) == 0, (table, context)
    assert content(owner, [victim]) == before


def test_rel_i2_the_office_itself_reaches_its_rows_so_that_the_attack_could_have_worked(
    app_login: psycopg.Connection[Any], owner: psycopg.Connection[Any], victim: int
) -> None:
    for table in office_tables(owner):
        may = owner.execute("select has_table_privilege('minsheng_app', %s, 'select')", (table,))
        seen = attempt(app_login, str(victim), f"select * from {table}")
        assert seen == may.fetchone()[0], table  # type: ignore[index]


def test_rel_i2_every_table_holds_a_row_of_the_attacked_office(
    owner: psycopg.Connection[Any], victim: int
) -> None:
    empty = content(owner, [0])
    filled = content(owner, [victim])
    assert [table for table in filled if filled[table] == empty[table]] == []
    assert set(office_tables(owner)) >= {"cases", "messages", "users", "work", "audit_entries"}


def test_rel_i2_a_row_for_another_office_cannot_be_written(
    app_login: psycopg.Connection[Any], victim: int, office: Any
) -> None:
    stranger = office()
    with app_login.transaction(force_rollback=True):
        app_login.execute("select set_config('app.tenant', %s, true)", (str(stranger),))
        row = "insert into work (tenant_id, kind, row_id, due_at) values (%s, 'x', %s, now())"
        app_login.execute(row, (stranger, uuid.uuid4()))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app_login.execute(row, (victim, uuid.uuid4()))


def readable(owner: psycopg.Connection[Any]) -> Iterator[str]:
    for table in office_tables(owner):
        may = owner.execute("select has_table_privilege('minsheng_app', %s, 'select')", (table,))
        if may.fetchone()[0]:  # type: ignore[index]
            yield table


def copied(connection: psycopg.Connection[Any], context: str | None, table: str) -> bytes:
    with connection.transaction(force_rollback=True):
        if context is not None:
            connection.execute("select set_config('app.tenant', %s, true)", (context,))
        with connection.cursor().copy(f"copy (select * from {table}) to stdout") as rows:
            return b"".join(map(bytes, rows))


def test_rel_i2_copy_gives_nothing_of_another_office(
    app_login: psycopg.Connection[Any], owner: psycopg.Connection[Any], victim: int, office: Any
) -> None:
    stranger = str(office())
    for table in readable(owner):
        for context in (stranger, None, "", "0"):
            assert copied(app_login, context, table) == b"", table
        assert copied(app_login, str(victim), table) != b"", table


def copy_in(
    connection: psycopg.Connection[Any], context: str | None, table: str, rows: bytes
) -> None:
    with connection.transaction():
        if context is not None:
            connection.execute("select set_config('app.tenant', %s, true)", (context,))
        with connection.cursor().copy(f"copy {table} from stdin") as given:
            given.write(rows)


def test_rel_i2_copy_takes_nothing_in_for_another_office(
    app_login: psycopg.Connection[Any], owner: psycopg.Connection[Any], victim: int, office: Any
) -> None:
    stranger = str(office())
    before = content(owner, [victim])
    for table in readable(owner):
        rows = copied(app_login, str(victim), table)
        for context in (stranger, None, "", "nonsense"):
            # PostgreSQL has no COPY FROM under row security at all, be it the office's own rows.
            with pytest.raises(psycopg.errors.Error) as refused:
                copy_in(app_login, context, table, rows)
            assert refused.value.sqlstate in ("0A000", "42501"), (table, refused.value)
    assert content(owner, [victim]) == before


def test_rel_i2_the_context_ends_with_its_transaction(
    app_login: psycopg.Connection[Any],
) -> None:
    with app_login.transaction():
        app_login.execute("select set_config('app.tenant', '7', true)")
    assert app_login.execute("select current_tenant()").fetchone() == (None,)


def test_rel_i2_the_workers_login_reads_what_waits_everywhere_and_nothing_else(
    logins: Any, owner: psycopg.Connection[Any], victim: int, connect: Any
) -> None:
    with connect(logins.worker) as worker:
        seen = {
            table for table in office_tables(owner)
            if attempt(worker, None, f"select * from {table} where tenant_id = {victim}") > 0
        }  # fmt: skip
        assert seen == {"work"}
        for verb in ("delete from work", "update work set due_at = now()"):
            assert attempt(worker, None, f"{verb} where tenant_id = {victim}") == 0


def test_rel_i2_search_shows_an_office_its_own_cases_only(
    app_login: psycopg.Connection[Any], owner: psycopg.Connection[Any], victim: int, office: Any
) -> None:
    given = owner.execute(
        "select pg_get_function_identity_arguments(oid) from pg_proc where proname = 'search_cases'"
    ).fetchone()
    assert given is not None
    hidden_too = ", true" if "hidden_too" in given[0] else ""
    asked = f"select * from search_cases('{{1}}', '{{}}', null, 50{hidden_too})"
    assert attempt(app_login, str(victim), asked) == 1
    for context in (str(office()), None, "", "0", "-1"):
        assert attempt(app_login, context, asked) == 0
