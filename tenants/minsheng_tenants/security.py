"""Row security as DDL: the one recipe every office table follows (DESIGN invariant 6).

ENABLE and FORCE, one policy ``tenant_id = current_tenant()`` to read and to write, grants to the
service's login. The recipe is text because migrations need it long after a model has changed.
"""

from collections.abc import Sequence

CURRENT_TENANT = """
create function current_tenant() returns integer language sql stable parallel safe
return nullif(current_setting('app.tenant', true), '')::integer
"""

ROLES = """
do $$ begin
    perform pg_advisory_xact_lock(7364100);
    if not exists (select from pg_roles where rolname = 'minsheng_app') then
        create role minsheng_app nologin nosuperuser nobypassrls;
    end if;
    if not exists (select from pg_roles where rolname = 'minsheng_worker') then
        create role minsheng_worker nologin nosuperuser nobypassrls;
    end if;
    if not exists (select from pg_roles where rolname = 'minsheng_operator') then
        create role minsheng_operator nologin nosuperuser nobypassrls;
    end if;
    if not exists (select from pg_roles where rolname = 'minsheng_search') then
        create role minsheng_search nologin nosuperuser bypassrls;
    end if;
    grant minsheng_app to minsheng_worker;
end $$
"""


def secure(table: str, verbs: str = "select, insert, update, delete") -> Sequence[str]:
    """The statements that put one table under row security and grant ``verbs`` on it."""
    return (
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy own_office on {table}"
        " using (tenant_id = current_tenant()) with check (tenant_id = current_tenant())",
        f"grant {verbs} on {table} to minsheng_app",
    )


BOTH_SIDES = "from_tenant = current_tenant() or to_tenant = current_tenant()"


def secure_passed(table: str, verbs: str) -> Sequence[str]:
    """The statements for a table whose rows two offices see (``PassedTable``): the one exception.

    Which side may write what is the table's own trigger's to say.
    """
    return (
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy both_sides on {table} using ({BOTH_SIDES}) with check ({BOTH_SIDES})",
        f"grant {verbs} on {table} to minsheng_app",
    )
