"""What the queue shows of handling: stage, deadline, handler and reply, columns of the case itself.

The rooms above write them through ``cases.standing``; so the queue, its views and their order need
no join and no room reads upwards.
"""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

COLUMNS = {
    "stage": "text not null default 'received'",
    "grade": "text not null default 'ordinary'",
    "due_at": "timestamptz",
    "due_estimated": "boolean not null default false",
    "paused": "boolean not null default false",
    "unit": "text not null default ''",
    "handler": "text not null default ''",
    "round": "integer not null default 1",
    "reply_state": "text not null default 'none'",
    "closed_at": "timestamptz",
}
STAGES = "'received', 'assigned', 'handling', 'reviewing', 'replied', 'callback', 'closed'"

WORKING = "where state = 'open' and closed_at is null"


def upgrade() -> None:
    """Add them, with an index for each of the orders in which people look at their work."""
    for name, kind in COLUMNS.items():
        op.execute(f"alter table cases add column {name} {kind}")
    op.execute(f"alter table cases add constraint ck_cases_stage check (stage in ({STAGES}))")
    op.execute(f"create index ix_cases_due on cases (tenant_id, due_at, id) {WORKING}")
    op.execute(f"create index ix_cases_handler on cases (tenant_id, handler, due_at, id) {WORKING}")


def downgrade() -> None:
    """Take them away."""
    op.execute("drop index ix_cases_handler")
    op.execute("drop index ix_cases_due")
    op.execute("alter table cases drop constraint ck_cases_stage")
    for name in reversed(COLUMNS):
        op.execute(f"alter table cases drop column {name}")
