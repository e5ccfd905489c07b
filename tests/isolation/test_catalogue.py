"""Every table, function, key and grant against the recipe of row security, after every step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from offices_apart.catalogue import (
    DEFINERS,
    MORE_POLICIES,
    MOST_EXCEPTIONS,
    OPEN_TABLES,
    table_names,
    violations,
)
from sqlalchemy import Connection, NullPool, create_engine, text

from minsheng.runtime.migrate import downgrade, revisions, upgrade

EXTRA = (
    "create table extra (tenant_id integer not null, id uuid not null, primary key (tenant_id, id))"
)


@contextmanager
def owner_connection(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_rel_i1_every_step_of_the_migrations_keeps_the_recipe(
    new_database: Callable[[], Any],
) -> None:
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


def test_rel_i1_the_list_of_exceptions_stays_short_and_true(logins: Any) -> None:
    exceptions = [*OPEN_TABLES.values(), *DEFINERS.values(), *MORE_POLICIES.values()]
    tables = {*OPEN_TABLES, *(table for table, _policy in MORE_POLICIES)}
    assert len(tables) + len(DEFINERS) <= MOST_EXCEPTIONS
    assert all(exceptions), "an exception needs a reason"
    with owner_connection(logins.owner) as connection:
        assert set(OPEN_TABLES) <= table_names(connection)
        functions = set(connection.scalars(text("select proname from pg_proc where prosecdef")))
        policies = connection.execute(text("select tablename, policyname from pg_policies"))
        assert set(DEFINERS) <= functions
        assert set(MORE_POLICIES) <= {tuple(row) for row in policies}


@pytest.mark.parametrize(
    ("sabotage", "word"),
    [
        ("alter table messages no force row level security", "not enabled and forced"),
        ("alter table cases disable row level security", "not enabled and forced"),
        ("alter table tenants no force row level security", "not enabled and forced"),
        ("drop policy own_office on inbox", "policy is missing"),
        ("alter policy own_office on cases using (true)", "policy is missing"),
        ("alter policy own_office on cases with check (true)", "policy is missing"),
        ("create policy wide on findings using (true)", "stands on no list"),
        ("create policy wide on tenants using (true)", "stands on no list"),
        ("alter policy both_sides on handovers using (true)", "both sides is missing"),
        ("alter policy both_sides on handovers with check (role = 'lead')",
         "both sides is missing"),
        ("alter table handovers no force row level security", "not enabled and forced"),
        ("alter table handovers disable trigger guard_handovers", "is disabled"),
        ("create view all_messages as select * from messages", "sees past row security"),
        ("create materialized view m as select * from cases", "sees past row security"),
        ("create unique index u on messages (external_id) where false",
         "does not begin with tenant_id"),
        ("alter table cases add constraint one_number exclude using hash (number with =)",
         "does not begin with tenant_id"),
        ("create index g on cases using gin (channels)", "is a gin index"),
        ("alter table findings add constraint fk_short foreign key (tenant_id)"
         " references tenants (id)", "does not carry tenant_id"),
        ("alter table cases add constraint fk_loose foreign key (tenant_id, merged_into)"
         " references cases (tenant_id, id) on delete set null not valid",
         "would rewrite tenant_id"),
        ("create table extra (id integer primary key)", "tenant_id is missing"),
        (EXTRA, "policy is missing"),
        ("create table cut (like cases) partition by list (tenant_id);"
         " create table cut_1 partition of cut for values in (1);"
         " grant select on cut_1 to minsheng_app", "granted by its own name"),
        ("create function f() returns int language sql security definer as 'select 1'",
         "stands on no list"),
        ("alter function search_cases reset search_path", "search_path is not pinned"),
        ("alter function search_cases owner to postgres", "runs with the rights of"),
        ("grant execute on function plugin_outcomes() to public", "everybody may run it"),
        ("create or replace function current_tenant() returns integer language sql stable"
         " as $$ select coalesce(nullif(current_setting('app.tenant', true), ''), '1')::integer $$",
         "does not read the setting"),
        ("alter function trace_ancestors() security definer", "runs with others' rights"),
        ("alter table tenants disable trigger trace_ancestors", "is disabled"),
        ("create rule r as on delete to cases do instead nothing", "rewrites what is asked"),
        ("create sequence s", "shared by all offices"),
        ("grant usage on sequence tenants_id_seq to minsheng_app", "USAGE is granted"),
        ("grant truncate on cases to minsheng_app", "TRUNCATE is granted"),
        ("grant references on cases to minsheng_app", "REFERENCES is granted"),
        ("grant references (number) on cases to minsheng_app", "REFERENCES is granted"),
        ("grant select on cases to public", "granted to everybody"),
        ("grant select (number) on cases to public", "granted to everybody"),
        ("grant select on cases to pg_monitor", "granted to pg_monitor"),
        ("grant select on cases to minsheng_app with grant option", "may hand SELECT on"),
        ("grant select on messages to minsheng_search", "past row security"),
        ("grant select on cases to minsheng_operator", "granted to the operator"),
        ("alter default privileges grant select on tables to minsheng_app", "default privileges"),
        ("grant create on schema public to minsheng_app", "may create in it"),
        ("alter role minsheng_worker bypassrls", "stronger than"),
        ("alter role minsheng_app replication", "stronger than"),
        ("alter role minsheng_search login", "stronger than"),
        ("grant minsheng_search to minsheng_app", "is a member of"),
        ("grant pg_read_all_data to minsheng_app", "is a member of"),
        ("alter role minsheng_app set row_security = off", "begins with settings"),
        ("create publication p for table cases", "sends every office's rows"),
        ("create schema aside", "nobody looks into it"),
    ],
)  # fmt: skip
def test_rel_i1_the_sweep_sees_each_guard_that_is_taken_away(
    logins: Any, sabotage: str, word: str
) -> None:
    with owner_connection(logins.owner) as connection:
        for statement in sabotage.split(";") if "partition" in sabotage else [sabotage]:
            connection.execute(text(statement))
        found = violations(connection)
        connection.rollback()
        assert any(word in violation for violation in found), found
        assert violations(connection) == []
