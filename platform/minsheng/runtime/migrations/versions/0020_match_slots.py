"""The matcher's codes stand in columns, a B-tree each: a sixth of the disk of a row a code.

What was stored under the version before is found no more and is dropped: codes hold their version.
"""

from alembic import op

from minsheng_tenants.security import secure

revision = "0020"
down_revision = "0010"
branch_labels = None
depends_on = None

COLUMNS = tuple(f"c{at:02}" for at in range(27))

MATCH_CODES = f"""
create table match_codes (
    tenant_id integer not null,
    message_id uuid not null,
    {", ".join(f"{column} integer" for column in COLUMNS)},
    constraint pk_match_codes primary key (tenant_id, message_id)
)
"""

ROW_A_CODE = """
create table match_codes (
    tenant_id integer not null,
    code bigint not null,
    message_id uuid not null,
    constraint pk_match_codes primary key (tenant_id, code, message_id)
)
"""


def upgrade() -> None:
    """A column a slot of codes instead of a row a code."""
    for statement in (
        "drop table match_codes",
        "truncate match_records",
        "alter table match_records drop column codes",
        MATCH_CODES,
        *(
            f"create index ix_match_codes_{column} on match_codes (tenant_id, {column})"
            f" where {column} is not null"
            for column in COLUMNS
        ),
        *secure("match_codes"),
    ):
        op.execute(statement)


def downgrade() -> None:
    """A row a code again; records of the newer version would not be found and are dropped."""
    for statement in (
        "drop table match_codes",
        "truncate match_records",
        "alter table match_records add column codes bytea not null",
        ROW_A_CODE,
        *secure("match_codes"),
    ):
        op.execute(statement)
