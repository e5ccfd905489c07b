"""A superior opens a body's first administrators; the audit trail is read; when people came in."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Owns the one function that writes into a body below: no login, not past row security.
OPENER = """
do $$ begin
    perform pg_advisory_xact_lock(7364100);
    if not exists (select from pg_roles where rolname = 'minsheng_opener') then
        create role minsheng_opener nologin nosuperuser nobypassrls;
    end if;
end $$
"""

ACCOUNT_OPENINGS = """
create table account_openings (
    tenant_id integer not null,
    id uuid not null,
    body_id integer not null,
    role text not null,
    user_id uuid not null,
    username text not null,
    name text not null,
    password_hash text not null,
    asked_by text not null,
    asked_by_id uuid not null,
    asked_at timestamptz not null,
    state text not null default 'asked',
    decided_by_id uuid,
    decided_at timestamptz,
    constraint pk_account_openings primary key (tenant_id, id),
    constraint fk_account_openings_users_asked foreign key (tenant_id, asked_by_id)
        references users (tenant_id, id),
    constraint fk_account_openings_users_decided foreign key (tenant_id, decided_by_id)
        references users (tenant_id, id),
    constraint ck_account_openings_state check (state in ('asked', 'granted', 'refused')),
    constraint ck_account_openings_role check (
        role in ('system_admin', 'security_admin', 'audit_admin')),
    constraint ck_account_openings_below check (body_id <> tenant_id),
    constraint ck_account_openings_two_people check (
        (state = 'asked') = (decided_by_id is null)
        and (state = 'asked') = (decided_at is null)
        and decided_by_id is distinct from asked_by_id)
)
"""

GUARD_OPENINGS = """
create function guard_openings() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
    if operates() then
        return new;
    end if;
    if tg_op = 'INSERT' then
        if new.state <> 'asked' or not exists (
            select from users u
            where u.tenant_id = new.tenant_id and u.id = new.asked_by_id
                and u.status = 'active' and 'system_admin' = any(u.roles)) then
            raise exception 'an account below is asked for by a system administrator'
                using errcode = 'insufficient_privilege';
        end if;
        return new;
    end if;
    if old.state <> 'asked' or not exists (
        select from users u
        where u.tenant_id = new.tenant_id and u.id = new.decided_by_id
            and u.status = 'active' and 'security_admin' = any(u.roles)) then
        raise exception 'a security administrator decides on an account below, once'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$
"""

# Row security holds inside, too: the office is changed for the two statements about the body and
# changed back. The initial password holds fourteen days (accounts/users.py INITIAL_DAYS).
OPEN_ACCOUNT = """
create function open_account(opening uuid) returns void language plpgsql security definer
set search_path = pg_catalog, public as $$
declare
    superior constant integer := current_tenant();
    wish account_openings%rowtype;
begin
    select * into wish from account_openings o
        where o.tenant_id = superior and o.id = opening and o.state = 'granted'
            and o.decided_by_id is not null and o.decided_by_id <> o.asked_by_id
            and o.role in ('system_admin', 'security_admin', 'audit_admin');
    if not found then
        raise exception 'opening: nothing granted' using errcode = 'insufficient_privilege';
    end if;
    if not exists (
        select from tenants t
        where t.id = wish.body_id and t.status = 'active' and superior = any(t.ancestors)) then
        raise exception 'opening: not below' using errcode = 'insufficient_privilege';
    end if;
    perform pg_advisory_xact_lock(7364110, wish.body_id);
    perform set_config('app.tenant', wish.body_id::text, true);
    if exists (
        select from users u
        where u.tenant_id = wish.body_id and u.status = 'active' and wish.role = any(u.roles)
            and (u.expires_at is null or u.expires_at > wish.decided_at)) then
        raise exception 'opening: held' using errcode = 'insufficient_privilege';
    end if;
    insert into users (
        tenant_id, id, username, name, roles, password_hash, initial_until, created_at)
    values (
        wish.body_id, wish.user_id, wish.username, wish.name, array[wish.role],
        wish.password_hash, wish.decided_at + interval '14 days', wish.decided_at);
    perform set_config('app.tenant', superior::text, true);
end $$
"""

_GUARD_ROLES = """
create or replace function guard_roles() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
    if new.roles = '{{}}' or operates(){opener}
        or (tg_op = 'UPDATE' and new.roles = old.roles
            and new.roles_by is not distinct from old.roles_by) then
        return new;
    end if;
    if not exists (
        select from role_changes c
        where c.tenant_id = new.tenant_id and c.id = new.roles_by and c.user_id = new.id
            and c.roles = new.roles and c.state = 'granted'
            and not exists (
                select from role_changes later
                where later.tenant_id = c.tenant_id and later.user_id = c.user_id
                    and later.state = 'granted' and later.decided_at > c.decided_at)) then
        raise exception 'the roles of a user come from a granted role change only'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$
"""
GUARD_ROLES_OR_OPENED = _GUARD_ROLES.format(
    opener="\n        or (tg_op = 'INSERT' and current_user = 'minsheng_opener')"
)
GUARD_ROLES = _GUARD_ROLES.format(opener="")
"""As migration 0007 made it, for the way back."""

# What the function writes, and nothing else.
_INSERTED = "tenant_id, id, username, name, roles, password_hash, initial_until, created_at"


def upgrade() -> None:
    """Make them; nobody is a member of the role that opens accounts."""
    for statement in (
        "alter table users add column last_login_at timestamptz",
        "grant select on audit_entries to minsheng_app",
        "create index ix_audit_entries_at on audit_entries (tenant_id, at, id)",
        "create index ix_audit_entries_actor on audit_entries (tenant_id, actor, at)",
        "create index ix_audit_entries_object_id on audit_entries (tenant_id, object_id, at)",
        "create index ix_audit_entries_action on audit_entries (tenant_id, action, at)",
        OPENER,
        ACCOUNT_OPENINGS,
        *secure("account_openings", "select, insert"),
        "grant update (state, decided_by_id, decided_at) on account_openings to minsheng_app",
        "create index ix_account_openings_state on account_openings (tenant_id, state, asked_at)",
        "create index ix_account_openings_body_id on account_openings (tenant_id, body_id)",
        GUARD_OPENINGS,
        "create trigger guard_openings before insert or update on account_openings"
        " for each row execute function guard_openings()",
        GUARD_ROLES_OR_OPENED,
        OPEN_ACCOUNT,
        "grant usage on schema public to minsheng_opener",
        "grant select on account_openings, tenants to minsheng_opener",
        "grant select (tenant_id, status, roles, expires_at) on users to minsheng_opener",
        f"grant insert ({_INSERTED}) on users to minsheng_opener",
        "alter function open_account(uuid) owner to minsheng_opener",
        "revoke all on function open_account(uuid) from public",
        "grant execute on function open_account(uuid) to minsheng_app",
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take them away; the role stays, since it belongs to the whole server."""
    for statement in (
        "drop function open_account(uuid)",
        "drop table account_openings",
        "drop function guard_openings()",
        GUARD_ROLES,
        "revoke select (tenant_id, status, roles, expires_at) on users from minsheng_opener",
        f"revoke insert ({_INSERTED}) on users from minsheng_opener",
        "revoke select on tenants from minsheng_opener",
        "revoke usage on schema public from minsheng_opener",
        "drop index ix_audit_entries_action",
        "drop index ix_audit_entries_object_id",
        "drop index ix_audit_entries_actor",
        "drop index ix_audit_entries_at",
        "revoke select on audit_entries from minsheng_app",
        "alter table users drop column last_login_at",
    ):
        op.execute(statement)
