"""What the pages of the queue read is found by an index alone (docs/decisions/0035).

``claimed`` says on the case itself that its handler has signed for it, so that the view of what
nobody has (待签收) is a range of an index and no look at another table for each case.
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# The owner is under row security too (FORCE); what it changes here is every office's.
CLAIMED = (
    "alter table cases add column claimed boolean not null default false",
    "alter table cases no force row level security",
    "alter table case_handling no force row level security",
    """
    update cases k set claimed = true from case_handling h
    where h.tenant_id = k.tenant_id and h.case_id = k.id and h.claimed_at is not null
    """,
    "alter table case_handling force row level security",
    "alter table cases force row level security",
)

WORKING = "where state = 'open' and closed_at is null"
CLOSED = "where state = 'open' and closed_at is not null"
COUNTED = "include (secret, paused)"
INDEXES = {
    "ix_cases_unclaimed": f"(tenant_id, last_at, id) {COUNTED} {WORKING} and not claimed",
    "ix_cases_grade": f"(tenant_id, grade, due_at, id) {WORKING}",
    "ix_cases_paused": f"(tenant_id, due_at, id) {WORKING} and paused",
    "ix_cases_closed_due": f"(tenant_id, due_at, id) {CLOSED}",
    "ix_cases_closed_unclaimed": f"(tenant_id, last_at, id) {CLOSED} and not claimed",
    "ix_cases_closed_handler": f"(tenant_id, handler, last_at, id) {CLOSED}",
}
# The counts beside the views are of what is in sight and waits for nobody: with the two columns
# in the index, a thousand cases are counted without a look at a thousand rows.
COUNTING = {
    "ix_cases_working": f"(tenant_id, last_at, id) {COUNTED} {WORKING}",
    "ix_cases_due": f"(tenant_id, due_at, id) {COUNTED} {WORKING}",
    "ix_cases_handler": f"(tenant_id, handler, due_at, id) {COUNTED} {WORKING}",
    "ix_cases_review": "(tenant_id, state, last_at, id) include (secret, closed_at)"
    " where reviews > 0",
    "ix_cases_joined": f"(tenant_id, last_at, id) {WORKING} and message_count > 1",
}
BEFORE = {
    "ix_cases_working": f"(tenant_id, last_at, id) {WORKING}",
    "ix_cases_due": f"(tenant_id, due_at, id) {WORKING}",
    "ix_cases_handler": f"(tenant_id, handler, due_at, id) {WORKING}",
    "ix_cases_review": "(tenant_id, state, last_at, id) where reviews > 0",
    "ix_cases_joined": "(tenant_id, state, last_at, id) where message_count > 1",
}


def upgrade() -> None:
    """Make them; those of before that are wanted otherwise are made anew."""
    for statement in CLAIMED:
        op.execute(statement)
    for name in COUNTING:
        op.execute(f"drop index {name}")
    for name, what in (INDEXES | COUNTING).items():
        op.execute(f"create index {name} on cases {what}")


def downgrade() -> None:
    """Take them away."""
    for name in (*INDEXES, *COUNTING):
        op.execute(f"drop index {name}")
    for name, what in BEFORE.items():
        op.execute(f"create index {name} on cases {what}")
    op.execute("alter table cases drop column claimed")
