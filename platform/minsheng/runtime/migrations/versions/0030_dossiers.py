"""Which dossiers were made of a case, by whom and what for."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

DOSSIERS = """
create table dossiers (
    tenant_id integer not null,
    id uuid not null,
    case_id uuid not null,
    made_by text not null,
    made_at timestamptz not null,
    purpose text not null,
    size bigint not null,
    files integer not null,
    constraint pk_dossiers primary key (tenant_id, id),
    constraint fk_dossiers_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id)
)
"""


def upgrade() -> None:
    """Make it; what was written once stays."""
    op.execute(DOSSIERS)
    op.execute("create index ix_dossiers_tenant_id_case_id on dossiers (tenant_id, case_id)")
    for statement in secure("dossiers", "select, insert"):
        op.execute(statement)


def downgrade() -> None:
    """Take it away."""
    op.execute("drop table dossiers")
