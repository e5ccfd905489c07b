"""What matching needs besides: what a masked telephone shows, an office's settings, its figures.

Messages of before have no ``phone_part_ix`` and ``surname_ix`` (null): nothing rewrites a message,
so whoever needs them makes them of the sealed contact.
"""

from alembic import op

from minsheng_tenants.security import secure

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

MATCH_SETTINGS = """
create table match_settings (
    tenant_id integer not null,
    join_score double precision not null,
    review_score double precision not null,
    auto_join text not null,
    changed_by text not null,
    changed_at timestamptz not null,
    constraint pk_match_settings primary key (tenant_id),
    constraint ck_match_settings_auto_join check (auto_join in ('citizen', 'anyone'))
)
"""

MATCH_FIGURES = """
create table match_figures (
    tenant_id integer not null,
    day date not null,
    algorithm text not null,
    messages integer not null default 0,
    joined integer not null default 0,
    joined_across integer not null default 0,
    to_review integer not null default 0,
    related integer not null default 0,
    capped integer not null default 0,
    sample_right integer not null default 0,
    sample_wrong integer not null default 0,
    found_right integer not null default 0,
    found_wrong integer not null default 0,
    constraint pk_match_figures primary key (tenant_id, day, algorithm)
)
"""

JOIN_VERDICTS = """
create table join_verdicts (
    tenant_id integer not null,
    message_id uuid not null,
    via_id uuid not null,
    verdict text not null,
    sampled boolean not null,
    reason text not null,
    said_by text not null,
    said_at timestamptz not null,
    constraint pk_join_verdicts primary key (tenant_id, message_id),
    constraint fk_join_verdicts_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id),
    constraint ck_join_verdicts_verdict check (verdict in ('right', 'wrong'))
)
"""

MATCH_REBUILDS = """
create table match_rebuilds (
    tenant_id integer not null,
    algorithm text not null,
    after_id uuid,
    rewritten integer not null default 0,
    matched integer not null default 0,
    begun_at timestamptz not null,
    finished_at timestamptz,
    constraint pk_match_rebuilds primary key (tenant_id)
)
"""


def upgrade() -> None:
    """Make them."""
    for statement in (
        "alter table messages add column phone_part_ix bytea",
        "alter table messages add column surname_ix bytea",
        "create index ix_case_messages_joins on case_messages (tenant_id, joined_at, message_id)"
        " where via_id is not null",
        MATCH_SETTINGS,
        MATCH_FIGURES,
        JOIN_VERDICTS,
        MATCH_REBUILDS,
        *secure("match_settings", "select, insert, update"),
        *secure("match_figures", "select, insert, update"),
        *secure("join_verdicts", "select, insert, update"),
        *secure("match_rebuilds", "select, insert, update"),
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    for table in ("match_rebuilds", "join_verdicts", "match_figures", "match_settings"):
        op.execute(f"drop table {table}")
    op.execute("drop index ix_case_messages_joins")
    for column in ("surname_ix", "phone_part_ix"):
        op.execute(f"alter table messages drop column {column}")
