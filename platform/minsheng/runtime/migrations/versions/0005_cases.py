"""Cases, the merge ledger, findings to review and the matcher's store."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CASES = """
create table cases (
    tenant_id integer not null,
    id uuid not null,
    number text not null,
    subject text not null,
    state text not null default 'open',
    merged_into uuid,
    region text not null,
    message_count integer not null,
    origins jsonb not null,
    channels jsonb not null,
    reviews integer not null default 0,
    opened_at timestamptz not null,
    last_at timestamptz not null,
    version integer not null default 1,
    constraint pk_cases primary key (tenant_id, id),
    constraint uq_cases_tenant_id_number unique (tenant_id, number)
)
"""

CASE_NUMBERS = """
create table case_numbers (
    tenant_id integer not null,
    day date not null,
    last integer not null,
    constraint pk_case_numbers primary key (tenant_id, day)
)
"""

CASE_MESSAGES = """
create table case_messages (
    tenant_id integer not null,
    message_id uuid not null,
    case_id uuid not null,
    home_id uuid not null,
    via_id uuid,
    event_id uuid not null,
    score double precision,
    reasons jsonb not null,
    algorithm text not null,
    joined_by text not null,
    joined_at timestamptz not null,
    constraint pk_case_messages primary key (tenant_id, message_id),
    constraint fk_case_messages_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id),
    constraint fk_case_messages_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id)
)
"""

CASE_EVENTS = """
create table case_events (
    tenant_id integer not null,
    id uuid not null,
    case_id uuid not null,
    kind text not null,
    at timestamptz not null,
    actor text not null,
    data jsonb not null,
    constraint pk_case_events primary key (tenant_id, id),
    constraint fk_case_events_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id)
)
"""

FINDINGS = """
create table findings (
    tenant_id integer not null,
    id uuid not null,
    message_id uuid not null,
    other_id uuid not null,
    decision text not null,
    score double precision not null,
    reasons jsonb not null,
    algorithm text not null,
    state text not null default 'open',
    outcome text not null default '',
    found_at timestamptz not null,
    constraint pk_findings primary key (tenant_id, id),
    constraint uq_findings_tenant_id_message_id_other_id unique (tenant_id, message_id, other_id),
    constraint fk_findings_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id),
    constraint fk_findings_other_messages foreign key (tenant_id, other_id)
        references messages (tenant_id, id)
)
"""

NOT_SAME = """
create table not_same (
    tenant_id integer not null,
    low_id uuid not null,
    high_id uuid not null,
    said_by text not null,
    said_at timestamptz not null,
    constraint pk_not_same primary key (tenant_id, low_id, high_id),
    constraint ck_not_same_once check (low_id < high_id),
    constraint fk_not_same_low foreign key (tenant_id, low_id) references messages (tenant_id, id),
    constraint fk_not_same_high foreign key (tenant_id, high_id)
        references messages (tenant_id, id)
)
"""

MATCH_RECORDS = """
create table match_records (
    tenant_id integer not null,
    message_id uuid not null,
    payload bytea not null,
    codes bytea not null,
    constraint pk_match_records primary key (tenant_id, message_id)
)
"""

MATCH_CODES = """
create table match_codes (
    tenant_id integer not null,
    code bigint not null,
    message_id uuid not null,
    constraint pk_match_codes primary key (tenant_id, code, message_id)
)
"""

INDEXES = (
    "create index ix_cases_queue on cases (tenant_id, state, last_at, id)",
    "create index ix_cases_review on cases (tenant_id, state, last_at, id) where reviews > 0",
    "create index ix_cases_joined on cases (tenant_id, state, last_at, id) where message_count > 1",
    "create index ix_case_messages_tenant_id_case_id on case_messages (tenant_id, case_id)",
    "create index ix_case_events_tenant_id_case_id_id on case_events (tenant_id, case_id, id)",
    "create index ix_findings_tenant_id_other_id on findings (tenant_id, other_id)",
    "create index ix_not_same_tenant_id_high_id on not_same (tenant_id, high_id)",
)


def upgrade() -> None:
    """Make them. The ledger and the memory of "not the same" cannot be rewritten by the service."""
    for table in (
        CASES, CASE_NUMBERS, CASE_MESSAGES, CASE_EVENTS, FINDINGS, NOT_SAME, MATCH_RECORDS,
        MATCH_CODES,
    ):  # fmt: skip
        op.execute(table)
    for statement in (
        *INDEXES,
        *secure("cases", "select, insert, update"),
        *secure("case_numbers", "select, insert, update"),
        *secure("case_messages", "select, insert, update"),
        *secure("case_events", "select, insert"),
        *secure("findings", "select, insert, update"),
        *secure("not_same", "select, insert"),
        *secure("match_records"),
        *secure("match_codes"),
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    for table in (
        "match_codes", "match_records", "not_same", "findings", "case_events", "case_messages",
        "case_numbers", "cases",
    ):  # fmt: skip
        op.execute(f"drop table {table}")
