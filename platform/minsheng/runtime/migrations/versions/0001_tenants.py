"""Roles, the current office and the tree of bodies."""

from alembic import op

from minsheng_tenants.security import CURRENT_TENANT, ROLES

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TENANTS = """
create table tenants (
    id integer generated always as identity,
    code text not null,
    name text not null,
    kind text not null,
    parent_id integer,
    ancestors integer[] not null default '{}',
    status text not null default 'active',
    created_at timestamptz not null default now(),
    constraint pk_tenants primary key (id),
    constraint uq_tenants_code unique (code),
    constraint fk_tenants_tenants foreign key (parent_id) references tenants (id),
    constraint ck_tenants_kind check (kind in ('central', 'province', 'city', 'county', 'street',
        'department', 'ministry'))
)
"""

TRACE_ANCESTORS = """
create function trace_ancestors() returns trigger language plpgsql as $$
begin
    new.ancestors := coalesce(
        (select parent.ancestors || parent.id from tenants parent where parent.id = new.parent_id),
        '{}');
    return new;
end $$
"""

RESOLVE = """
create function resolve_tenant(wanted text) returns table (id integer, name text)
language sql stable security definer set search_path = pg_catalog, public as $$
    select t.id, t.name from public.tenants t where t.code = wanted and t.status = 'active'
$$
"""


def upgrade() -> None:
    """Make them."""
    for statement in (
        ROLES,
        "grant usage on schema public to minsheng_app, minsheng_search",
        CURRENT_TENANT,
        TENANTS,
        "create index ix_tenants_parent_id on tenants (parent_id)",
        TRACE_ANCESTORS,
        "create trigger trace_ancestors before insert or update of parent_id on tenants"
        " for each row execute function trace_ancestors()",
        "alter table tenants enable row level security",
        "alter table tenants force row level security",
        "create policy own_subtree on tenants for select"
        " using (id = current_tenant() or current_tenant() = any(ancestors))",
        "create policy below_own on tenants for insert"
        " with check (current_tenant() = any(ancestors))",
        "create policy whole_tree on tenants to current_user using (true) with check (true)",
        "grant select, insert on tenants to minsheng_app",
        RESOLVE,
        "alter function resolve_tenant(text) owner to minsheng_search",
        "grant select on tenants to minsheng_search",
        "revoke all on function resolve_tenant(text) from public",
        "grant execute on function resolve_tenant(text) to minsheng_app",
        "grant select on alembic_version to minsheng_app",
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take them away; the roles stay, since they belong to the whole server."""
    op.execute("drop function resolve_tenant(text)")
    op.execute("drop table tenants")
    op.execute("drop function trace_ancestors()")
    op.execute("drop function current_tenant()")
    op.execute("revoke select on alembic_version from minsheng_app")
    op.execute("revoke usage on schema public from minsheng_app, minsheng_search")
