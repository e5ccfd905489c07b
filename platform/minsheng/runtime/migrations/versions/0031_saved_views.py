"""Saved views of the queue, and the indexes of the orders in which people look at open work."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

SAVED_VIEWS = """
create table saved_views (
    tenant_id integer not null,
    id uuid not null,
    username text not null,
    name text not null,
    query text not null,
    saved_at timestamptz not null,
    constraint pk_saved_views primary key (tenant_id, id),
    constraint uq_saved_views_tenant_id_username_name unique (tenant_id, username, name)
)
"""

WORKING = "where state = 'open' and closed_at is null"
CLOSED = "where state = 'open' and closed_at is not null"
INDEXES = {
    "ix_cases_working": f"(tenant_id, last_at, id) {WORKING}",
    "ix_cases_stage": f"(tenant_id, stage, due_at, id) {WORKING}",
    "ix_cases_closed": f"(tenant_id, last_at, id) {CLOSED}",
}


def upgrade() -> None:
    """Make them."""
    op.execute(SAVED_VIEWS)
    for name, what in INDEXES.items():
        op.execute(f"create index {name} on cases {what}")
    for statement in secure("saved_views"):
        op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    for name in reversed(INDEXES):
        op.execute(f"drop index {name}")
    op.execute("drop table saved_views")
