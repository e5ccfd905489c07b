"""Several roles a user, two people for a role change, providers, second factors, machine doors."""

from alembic import op

from minsheng_tenants.security import ROLES, secure

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

USERS = """
alter table users
    add column roles text[] not null default '{}',
    add column roles_by uuid,
    add column unit text not null default '',
    add column expires_at timestamptz,
    add column initial_until timestamptz,
    add column totp_secret bytea,
    add column totp_since timestamptz,
    add column totp_step bigint not null default 0,
    alter column password_hash drop not null
"""

FILL_ROLES = """
update users set roles = array[case role when 'admin' then 'system_admin' else role end]
"""

# GB/T 22239-2019 8.1.4.2 and 8.1.5: system, security and audit administration stand apart, from
# each other and from the work on cases.
DUTIES = """
alter table users add constraint ck_users_duties_apart check (
    cardinality(roles) <= 1
    or not roles && array['system_admin', 'security_admin', 'audit_admin'])
"""

ROLE_CHANGES = """
create table role_changes (
    tenant_id integer not null,
    id uuid not null,
    user_id uuid not null,
    roles text[] not null,
    asked_by text not null,
    asked_by_id uuid,
    asked_at timestamptz not null,
    state text not null default 'asked',
    decided_by_id uuid,
    decided_at timestamptz,
    constraint pk_role_changes primary key (tenant_id, id),
    constraint fk_role_changes_users foreign key (tenant_id, user_id)
        references users (tenant_id, id),
    constraint fk_role_changes_users_asked foreign key (tenant_id, asked_by_id)
        references users (tenant_id, id),
    constraint fk_role_changes_users_decided foreign key (tenant_id, decided_by_id)
        references users (tenant_id, id),
    constraint ck_role_changes_state check (state in ('asked', 'granted', 'refused')),
    constraint ck_role_changes_duties_apart check (
        cardinality(roles) <= 1
        or not roles && array['system_admin', 'security_admin', 'audit_admin']),
    constraint ck_role_changes_two_people check (
        (state = 'asked') = (decided_by_id is null)
        and decided_by_id is distinct from user_id
        and (asked_by_id is null or decided_by_id is distinct from asked_by_id)
        and asked_by_id is distinct from user_id)
)
"""

OPERATES = """
create function operates() returns boolean language sql stable
set search_path = pg_catalog, public as $$
    select r.rolsuper or r.oid = c.relowner or pg_has_role(r.oid, 'minsheng_operator', 'usage')
    from pg_roles r, pg_class c
    where r.rolname = current_user and c.oid = 'public.users'::regclass
$$
"""

GUARD_ROLES = """
create function guard_roles() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
    if new.roles = '{}' or operates()
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

GUARD_ROLE_CHANGES = """
create function guard_role_changes() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
    if operates() then
        return new;
    end if;
    if tg_op = 'INSERT' then
        if new.state <> 'asked' then
            raise exception 'a role change begins by being asked for'
                using errcode = 'insufficient_privilege';
        end if;
        return new;
    end if;
    if old.state <> 'asked' or not exists (
        select from users u
        where u.tenant_id = new.tenant_id and u.id = new.decided_by_id
            and u.status = 'active' and 'security_admin' = any(u.roles)) then
        raise exception 'a security administrator decides a role change, once'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$
"""

LOGIN_SESSIONS = """
alter table login_sessions
    add column level text not null default 'full',
    add column origin text not null default '',
    add constraint ck_login_sessions_level check (level in ('full', 'factor', 'password'))
"""

RECOVERY_CODES = """
create table recovery_codes (
    tenant_id integer not null,
    id uuid not null,
    user_id uuid not null,
    code_hash bytea not null,
    used_at timestamptz,
    constraint pk_recovery_codes primary key (tenant_id, id),
    constraint fk_recovery_codes_users foreign key (tenant_id, user_id)
        references users (tenant_id, id) on delete cascade
)
"""

GUESSES = """
create table guesses (
    tenant_id integer not null,
    kind text not null,
    subject bytea not null,
    since timestamptz not null,
    tries integer not null,
    constraint pk_guesses primary key (tenant_id, kind, subject)
)
"""

PROVIDERS = """
create table login_providers (
    tenant_id integer not null,
    id uuid not null,
    code text not null,
    name text not null,
    issuer text not null,
    client_id text not null,
    client_secret bytea not null,
    scopes text not null default 'openid profile',
    state text not null default 'active',
    created_at timestamptz not null,
    constraint pk_login_providers primary key (tenant_id, id),
    constraint uq_login_providers_tenant_id_code unique (tenant_id, code)
)
"""

IDENTITIES = """
create table user_identities (
    tenant_id integer not null,
    id uuid not null,
    provider_id uuid not null,
    user_id uuid not null,
    subject text not null,
    created_at timestamptz not null,
    constraint pk_user_identities primary key (tenant_id, id),
    constraint uq_user_identities_tenant_id_provider_id_subject
        unique (tenant_id, provider_id, subject),
    constraint fk_user_identities_login_providers foreign key (tenant_id, provider_id)
        references login_providers (tenant_id, id),
    constraint fk_user_identities_users foreign key (tenant_id, user_id)
        references users (tenant_id, id)
)
"""

LOGIN_FLOWS = """
create table login_flows (
    tenant_id integer not null,
    id uuid not null,
    provider_id uuid not null,
    state_hash bytea not null,
    browser_hash bytea not null,
    nonce text not null,
    verifier bytea not null,
    next_path text not null,
    started_at timestamptz not null,
    constraint pk_login_flows primary key (tenant_id, id),
    constraint uq_login_flows_tenant_id_state_hash unique (tenant_id, state_hash),
    constraint fk_login_flows_login_providers foreign key (tenant_id, provider_id)
        references login_providers (tenant_id, id) on delete cascade
)
"""

CLIENTS = """
alter table api_clients
    add column previous_hash bytea,
    add column previous_until timestamptz,
    add column tokens_from timestamptz,
    add column asked_by text not null default 'operator:minsheng',
    add column decided_by text,
    add constraint ck_api_clients_two_people check (decided_by is distinct from asked_by)
"""

REVOKED_TOKENS = """
create table revoked_tokens (
    tenant_id integer not null,
    token_id text not null,
    client_id uuid not null,
    expires_at timestamptz not null,
    constraint pk_revoked_tokens primary key (tenant_id, token_id),
    constraint fk_revoked_tokens_api_clients foreign key (tenant_id, client_id)
        references api_clients (tenant_id, id) on delete cascade
)
"""

# The operator of the platform plants the tree and an office's first accounts. The login has no
# grant on a table that holds a citizen's matter, so that no context opens one.
OPERATOR = (
    "grant usage on schema public to minsheng_operator",
    "grant select on alembic_version to minsheng_operator",
    "grant select, insert, update on tenants to minsheng_operator",
    "alter policy whole_tree on tenants to current_user, minsheng_operator",
    "grant select, insert, update on users to minsheng_operator",
    "grant insert on audit_entries to minsheng_operator",
)

_TABLES = ("recovery_codes", "guesses", "login_providers", "user_identities", "login_flows",
           "revoked_tokens")  # fmt: skip


def upgrade() -> None:
    """Make them; a trigger holds what a service that was talked into it could otherwise do."""
    for statement in (
        USERS,
        FILL_ROLES,
        DUTIES,
        "alter table users drop column role",
        ROLE_CHANGES,
        *secure("role_changes", "select, insert"),
        "grant update (state, decided_by_id, decided_at) on role_changes to minsheng_app",
        "create index ix_role_changes_state on role_changes (tenant_id, state, asked_at)",
        "create index ix_role_changes_user_id on role_changes (tenant_id, user_id, decided_at)",
        OPERATES,
        GUARD_ROLES,
        GUARD_ROLE_CHANGES,
        "create trigger guard_roles before insert or update of roles, roles_by on users"
        " for each row execute function guard_roles()",
        "create trigger guard_role_changes before insert or update on role_changes"
        " for each row execute function guard_role_changes()",
        LOGIN_SESSIONS,
        "create index ix_login_sessions_user_id on login_sessions (tenant_id, user_id)",
        RECOVERY_CODES,
        "create index ix_recovery_codes_user_id on recovery_codes (tenant_id, user_id)",
        GUESSES,
        PROVIDERS,
        IDENTITIES,
        "create index ix_user_identities_user_id on user_identities (tenant_id, user_id)",
        LOGIN_FLOWS,
        CLIENTS,
        REVOKED_TOKENS,
        "create index ix_revoked_tokens_client_id on revoked_tokens (tenant_id, client_id)",
        *(line for table in _TABLES for line in secure(table)),
        ROLES,
        *OPERATOR,
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take them away; of several roles the first stays."""
    for statement in (
        "revoke all on audit_entries, users, tenants, alembic_version from minsheng_operator",
        "alter policy whole_tree on tenants to current_user",
        "revoke usage on schema public from minsheng_operator",
        *(f"drop table {table}" for table in (
            "revoked_tokens", "login_flows", "user_identities", "login_providers", "guesses",
            "recovery_codes")),
        "alter table api_clients drop constraint ck_api_clients_two_people,"
        " drop column previous_hash, drop column previous_until, drop column tokens_from,"
        " drop column asked_by, drop column decided_by",
        "drop index ix_login_sessions_user_id",
        "delete from login_sessions where level <> 'full'",
        "alter table login_sessions drop constraint ck_login_sessions_level,"
        " drop column level, drop column origin",
        "drop trigger guard_roles on users",
        "drop table role_changes",
        "drop function guard_roles()",
        "drop function guard_role_changes()",
        "drop function operates()",
        "alter table users add column role text",
        "update users set role = case when roles && array['system_admin', 'security_admin',"
        " 'audit_admin'] then 'admin' else coalesce(roles[1], 'readonly') end",
        "update users set password_hash = '' where password_hash is null",
        "alter table users alter column role set not null,"
        " alter column password_hash set not null,"
        " drop constraint ck_users_duties_apart, drop column roles, drop column roles_by,"
        " drop column unit, drop column expires_at, drop column initial_until,"
        " drop column totp_secret, drop column totp_since, drop column totp_step",
    ):  # fmt: skip
        op.execute(statement)
