"""The work table, the offices' keys and the audit entries."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TENANT_KEYS = """
create table tenant_keys (
    tenant_id integer not null,
    wrapped bytea not null,
    created_at timestamptz not null default now(),
    constraint pk_tenant_keys primary key (tenant_id)
)
"""

WORK = """
create table work (
    tenant_id integer not null,
    kind text not null,
    row_id uuid not null,
    due_at timestamptz not null,
    lease_until timestamptz,
    fence bigint not null default 0,
    attempt integer not null default 0,
    trouble text not null default '',
    constraint pk_work primary key (tenant_id, kind, row_id)
)
"""

AUDIT_ENTRIES = """
create table audit_entries (
    tenant_id integer not null,
    id uuid not null,
    at timestamptz not null,
    actor text not null,
    action text not null,
    object_kind text not null,
    object_id text not null,
    result text not null,
    origin text not null,
    seal bytea not null,
    constraint pk_audit_entries primary key (tenant_id, id)
)
"""


def upgrade() -> None:
    """Make them. The worker's login alone sees every office's work rows."""
    for statement in (
        TENANT_KEYS,
        *secure("tenant_keys", "select, insert"),
        WORK,
        "create index ix_work_due on work (tenant_id, kind, due_at)",
        "create index ix_work_due_at on work (due_at)",
        *secure("work"),
        "create policy every_office on work for select to minsheng_worker using (true)",
        AUDIT_ENTRIES,
        *secure("audit_entries", "insert"),
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    for table in ("audit_entries", "work", "tenant_keys"):
        op.execute(f"drop table {table}")
