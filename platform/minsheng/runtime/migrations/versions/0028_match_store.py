"""One row a message in the matcher's store: what is compared stands beside its codes.

What was stored under the version before is found no more and is dropped: codes hold their version.
"""

from alembic import op

from minsheng_tenants.security import secure

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

COLUMNS = tuple(f"c{at:02}" for at in range(27))


def _match_codes(payload: str) -> tuple[str, ...]:
    return (
        "create table match_codes ("
        f" tenant_id integer not null, message_id uuid not null,{payload}"
        f" {', '.join(f'{column} integer' for column in COLUMNS)},"
        " constraint pk_match_codes primary key (tenant_id, message_id))",
        *(
            f"create index ix_match_codes_{column} on match_codes (tenant_id, {column})"
            f" where {column} is not null"
            for column in COLUMNS
        ),
        *secure("match_codes"),
    )


MATCH_RECORDS = """
create table match_records (
    tenant_id integer not null,
    message_id uuid not null,
    payload bytea not null,
    constraint pk_match_records primary key (tenant_id, message_id)
)
"""


def upgrade() -> None:
    """One table instead of two."""
    for table in ("match_codes", "match_records"):
        op.execute(f"drop table {table}")
    for statement in _match_codes(" payload bytea not null,"):
        op.execute(statement)


def downgrade() -> None:
    """Two tables again; records of the newer version would not be found and are dropped."""
    op.execute("drop table match_codes")
    for statement in (*_match_codes(""), MATCH_RECORDS, *secure("match_records")):
        op.execute(statement)
