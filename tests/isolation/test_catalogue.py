"""Every table, function, key and grant against the recipe of row security, after every step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine, text

from minsheng.runtime.migrate import downgrade, revisions, upgrade

OPEN_TABLES = {
    "alembic_version": "the revision; the service reads it to say whether it is ready",
    "tenants": "the directory of public bodies; a policy of its own shows the subtree only",
}
"""Tables without the one policy, each with its reason (at most ten)."""

MORE_POLICIES = {
    ("work", "every_office"): "the worker's login reads what waits in every office",
    ("tenants", "own_subtree"): "an office sees itself and the bodies below it",
    ("tenants", "below_own"): "an office may add bodies below itself",
    ("tenants", "whole_tree"): "the owner of the tables plants the roots of the tree",
}
DEFINERS = {
    "resolve_tenant": "before a login there is no office; answers for one code at a time",
    "plugin_outcomes": "counts for the metrics over all offices, naming nobody",
    "search_cases": "GIN is switched off under row security; filters on current_tenant()",
}
POLICY = "(tenant_id = current_tenant())"


@contextmanager
def owner_connection(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def tables(connection: Connection) -> list[Any]:
    return list(
        connection.execute(
            text("""
                select c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
                       pg_get_userbyid(c.relowner) as owner
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm', 'f')
            """)
        )
    )


def violations(connection: Connection) -> list[str]:
    found = [*_function_faults(connection), *_login_faults(connection)]
    for table in tables(connection):
        if table.relname in OPEN_TABLES:
            continue
        found += _table_faults(connection, table)
    return found


def _table_faults(connection: Connection, table: Any) -> Iterator[str]:
    name = table.relname
    if table.relkind != "r":
        yield f"{name}: a view or foreign table sees past row security"
    if not (table.relrowsecurity and table.relforcerowsecurity):
        yield f"{name}: row security is not enabled and forced"
    if table.owner in ("minsheng_app", "minsheng_worker"):
        yield f"{name}: owned by the service's login"
    yield from _policy_faults(connection, name)
    yield from _key_faults(connection, table.oid, name)
    yield from _grant_faults(connection, name)


def _policy_faults(connection: Connection, name: str) -> Iterator[str]:
    policies = connection.execute(
        text("select policyname, cmd, qual, with_check from pg_policies where tablename = :name"),
        {"name": name},
    ).all()
    own = [row for row in policies if row.policyname == "own_office"]
    if [(row.cmd, row.qual, row.with_check) for row in own] != [("ALL", POLICY, POLICY)]:
        yield f"{name}: the one policy is missing or another one"
    for row in policies:
        if row.policyname != "own_office" and (name, row.policyname) not in MORE_POLICIES:
            yield f"{name}: policy {row.policyname} stands on no list"


def _key_faults(connection: Connection, oid: int, name: str) -> Iterator[str]:
    column = connection.execute(
        text("select attnotnull, format_type(atttypid, null) as kind from pg_attribute"
             " where attrelid = :oid and attname = 'tenant_id'"), {"oid": oid},
    ).one_or_none()  # fmt: skip
    if column is None or not column.attnotnull or column.kind != "integer":
        yield f"{name}: tenant_id is missing, nullable or no integer"
    unique = connection.execute(
        text("select i.relname, pg_get_indexdef(x.indexrelid, 1, false) as first"
             " from pg_index x join pg_class i on i.oid = x.indexrelid"
             " where x.indrelid = :oid and x.indisunique"), {"oid": oid},
    )  # fmt: skip
    for index in unique:
        if index.first != "tenant_id":
            yield f"{name}: unique index {index.relname} does not begin with tenant_id"
    keys = connection.execute(
        text("select conname, pg_get_constraintdef(oid) as said from pg_constraint"
             " where conrelid = :oid and contype = 'f'"), {"oid": oid},
    )  # fmt: skip
    for key in keys:
        if key.said.count("(tenant_id, ") != 2:
            yield f"{name}: foreign key {key.conname} does not carry tenant_id on both sides"


def _grant_faults(connection: Connection, name: str) -> Iterator[str]:
    grants = connection.execute(
        text("select grantee, privilege_type from information_schema.role_table_grants"
             " where table_name = :name and grantee <> grantor"), {"name": name},
    )  # fmt: skip
    for grant in grants:
        if grant.grantee == "PUBLIC":
            yield f"{name}: {grant.privilege_type} is granted to everybody"
        if grant.privilege_type in ("TRUNCATE", "REFERENCES", "TRIGGER"):
            yield f"{name}: {grant.privilege_type} is granted to {grant.grantee}"


def _function_faults(connection: Connection) -> Iterator[str]:
    functions = connection.execute(
        text("""
            select p.proname, p.proconfig, p.proacl::text as acl
            from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            left join pg_depend d on d.objid = p.oid and d.deptype = 'e'
            where n.nspname = 'public' and p.prosecdef and d.objid is null
        """)
    )
    for function in functions:
        if function.proname not in DEFINERS:
            yield f"{function.proname}: a definer function that stands on no list"
        if not any(setting.startswith("search_path=") for setting in function.proconfig or []):
            yield f"{function.proname}: its search_path is not pinned"
        if function.acl is None or "{=X" in function.acl or ",=X" in function.acl:
            yield f"{function.proname}: everybody may run it"


def _login_faults(connection: Connection) -> Iterator[str]:
    roles = connection.execute(
        text("select rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles"
             " where rolname in ('minsheng_app', 'minsheng_worker')")
    )  # fmt: skip
    for role in roles:
        if role.rolsuper or role.rolbypassrls or role.rolcreaterole or role.rolcreatedb:
            yield f"{role.rolname}: is stronger than the service's login may be"


def test_every_step_of_the_migrations_keeps_the_recipe(new_database: Callable[[], Any]) -> None:
    logins = new_database()
    downgrade(logins.owner, "base")
    for revision in revisions():
        upgrade(logins.owner, revision)
        with owner_connection(logins.owner) as connection:
            assert violations(connection) == [], f"after {revision}"
    for _ in revisions():
        downgrade(logins.owner, "-1")
        with owner_connection(logins.owner) as connection:
            assert violations(connection) == []


def test_the_list_of_exceptions_stays_short_and_true(logins: Any) -> None:
    assert len(OPEN_TABLES) + len(DEFINERS) + len(MORE_POLICIES) <= 10
    with owner_connection(logins.owner) as connection:
        assert set(OPEN_TABLES) <= {table.relname for table in tables(connection)}


@pytest.mark.parametrize(
    ("sabotage", "word"),
    [
        ("alter table messages no force row level security", "not enabled and forced"),
        ("alter table cases disable row level security", "not enabled and forced"),
        ("drop policy own_office on inbox", "policy is missing"),
        ("create policy wide on findings using (true)", "stands on no list"),
        ("create view all_messages as select * from messages", "sees past row security"),
        ("create materialized view m as select * from cases", "sees past row security"),
        ("create unique index u on messages (external_id) where false",
         "does not begin with tenant_id"),
        ("grant truncate on cases to minsheng_app", "TRUNCATE is granted"),
        ("grant select on cases to public", "granted to everybody"),
        ("create table extra (id integer primary key)", "tenant_id is missing"),
        ("alter table findings add constraint fk_short foreign key (tenant_id)"
         " references tenants (id)", "does not carry tenant_id"),
        ("create function f() returns int language sql security definer as 'select 1'",
         "stands on no list"),
        ("alter function search_cases reset search_path", "search_path is not pinned"),
    ],
)  # fmt: skip
def test_the_sweep_sees_each_guard_that_is_taken_away(
    logins: Any, sabotage: str, word: str
) -> None:
    with owner_connection(logins.owner) as connection:
        connection.execute(text(sabotage))
        found = violations(connection)
        connection.rollback()
        assert any(word in violation for violation in found), found
        assert violations(connection) == []
