"""Users, login sessions and API clients."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

USERS = """
create table users (
    tenant_id integer not null,
    id uuid not null,
    username text not null,
    name text not null,
    role text not null,
    password_hash text not null,
    status text not null default 'active',
    failures bigint not null default 0,
    locked_until timestamptz,
    created_at timestamptz not null,
    constraint pk_users primary key (tenant_id, id),
    constraint uq_users_tenant_id_username unique (tenant_id, username)
)
"""

LOGIN_SESSIONS = """
create table login_sessions (
    tenant_id integer not null,
    id uuid not null,
    user_id uuid not null,
    token_hash bytea not null,
    started_at timestamptz not null,
    seen_at timestamptz not null,
    constraint pk_login_sessions primary key (tenant_id, id),
    constraint fk_login_sessions_users foreign key (tenant_id, user_id)
        references users (tenant_id, id) on delete cascade,
    constraint uq_login_sessions_tenant_id_token_hash unique (tenant_id, token_hash)
)
"""

API_CLIENTS = """
create table api_clients (
    tenant_id integer not null,
    id uuid not null,
    name text not null,
    secret_hash bytea not null,
    scopes text not null,
    status text not null default 'active',
    created_at timestamptz not null,
    constraint pk_api_clients primary key (tenant_id, id),
    constraint uq_api_clients_tenant_id_name unique (tenant_id, name)
)
"""


def upgrade() -> None:
    """Make them."""
    for statement in (
        USERS,
        *secure("users"),
        LOGIN_SESSIONS,
        *secure("login_sessions"),
        API_CLIENTS,
        *secure("api_clients"),
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    for table in ("api_clients", "login_sessions", "users"):
        op.execute(f"drop table {table}")
