"""Citizens: portals, query codes, follow-ups, ratings and what they lead to, samples."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

PORTALS = """
create table portals (
    tenant_id integer not null,
    name text not null default '',
    welcome text not null default '',
    contact text not null default '',
    accent text not null default '',
    accent_dark text not null default '',
    open boolean not null default true,
    low_at smallint not null default 2,
    rate_days smallint not null default 7,
    reopen_days smallint not null default 30,
    changed_at timestamptz not null,
    constraint pk_portals primary key (tenant_id)
)
"""

QUERY_CODES = """
create table query_codes (
    tenant_id integer not null,
    message_id uuid not null,
    code_ix bytea not null,
    digits_ix bytea not null,
    made_at timestamptz not null,
    constraint pk_query_codes primary key (tenant_id, message_id),
    constraint uq_query_codes_tenant_id_code_ix unique (tenant_id, code_ix),
    constraint fk_query_codes_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id)
)
"""

LINKED_MESSAGES = """
create table linked_messages (
    tenant_id integer not null,
    message_id uuid not null,
    to_id uuid not null,
    kind text not null,
    linked_at timestamptz not null,
    constraint pk_linked_messages primary key (tenant_id, message_id),
    constraint ck_linked_messages_kind check (kind in ('follow_up', 'cosign')),
    constraint fk_linked_messages_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id),
    constraint fk_linked_messages_messages_to foreign key (tenant_id, to_id)
        references messages (tenant_id, id)
)
"""

RATINGS = """
create table ratings (
    tenant_id integer not null,
    message_id uuid not null,
    round integer not null,
    solved smallint,
    manner smallint,
    speed smallint,
    words text not null,
    source text not null,
    rated_at timestamptz not null,
    changed_at timestamptz not null,
    until timestamptz not null,
    constraint pk_ratings primary key (tenant_id, message_id, round),
    constraint ck_ratings_solved check (solved between 1 and 5),
    constraint ck_ratings_manner check (manner between 1 and 5),
    constraint ck_ratings_speed check (speed between 1 and 5),
    constraint fk_ratings_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id)
)
"""

LOW_RATING_REVIEWS = """
create table low_rating_reviews (
    tenant_id integer not null,
    id uuid not null,
    message_id uuid not null,
    round integer not null,
    state text not null default 'open',
    cause text not null default '',
    responsible text not null default '',
    action text not null default '',
    opened_at timestamptz not null,
    closed_by text not null default '',
    closed_at timestamptz,
    constraint pk_low_rating_reviews primary key (tenant_id, id),
    constraint uq_low_rating_reviews_tenant_id_message_id_round
        unique (tenant_id, message_id, round),
    constraint ck_low_rating_reviews_state check (state in ('open', 'closed')),
    constraint fk_low_rating_reviews_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id)
)
"""

REOPENINGS = """
create table reopenings (
    tenant_id integer not null,
    message_id uuid not null,
    reason_id uuid not null,
    round integer not null,
    at timestamptz not null,
    constraint pk_reopenings primary key (tenant_id, message_id),
    constraint fk_reopenings_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id),
    constraint fk_reopenings_messages_reason foreign key (tenant_id, reason_id)
        references messages (tenant_id, id)
)
"""

PUBLIC_MATTERS = """
create table public_matters (
    tenant_id integer not null,
    case_id uuid not null,
    id uuid not null,
    anchor_id uuid not null,
    subject text not null,
    published_by text not null,
    published_at timestamptz not null,
    constraint pk_public_matters primary key (tenant_id, case_id),
    constraint uq_public_matters_tenant_id_id unique (tenant_id, id),
    constraint fk_public_matters_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id),
    constraint fk_public_matters_messages foreign key (tenant_id, anchor_id)
        references messages (tenant_id, id)
)
"""

# A B-tree of hashed pairs: under row security no GIN index is used (decision 0009).
PUBLIC_PAIRS = """
create table public_pairs (
    tenant_id integer not null,
    code integer not null,
    case_id uuid not null,
    constraint pk_public_pairs primary key (tenant_id, code, case_id),
    constraint fk_public_pairs_public_matters foreign key (tenant_id, case_id)
        references public_matters (tenant_id, case_id) on delete cascade
)
"""

SAMPLES = """
create table samples (
    tenant_id integer not null,
    id uuid not null,
    since timestamptz not null,
    until timestamptz not null,
    seed text not null,
    population integer not null,
    drawn integer not null,
    drawn_by text not null,
    drawn_at timestamptz not null,
    constraint pk_samples primary key (tenant_id, id)
)
"""

SAMPLE_CASES = """
create table sample_cases (
    tenant_id integer not null,
    sample_id uuid not null,
    case_id uuid not null,
    place integer not null,
    round integer not null,
    result text not null default '',
    words text not null default '',
    looked_by text not null default '',
    looked_at timestamptz,
    constraint pk_sample_cases primary key (tenant_id, sample_id, case_id),
    constraint ck_sample_cases_result check (result in ('', 'sound', 'flawed', 'reopened')),
    constraint fk_sample_cases_samples foreign key (tenant_id, sample_id)
        references samples (tenant_id, id),
    constraint fk_sample_cases_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id)
)
"""

# A follow-up by a channel names an earlier arrival by the channel's own number, and so does a
# rating that a channel writes back.
INDEXES = (
    "create index ix_messages_tenant_id_channel_id_external_id"
    " on messages (tenant_id, channel_id, external_id)",
    "create index ix_linked_messages_tenant_id_to_id on linked_messages (tenant_id, to_id)",
    "create index ix_low_rating_reviews_tenant_id_state_id"
    " on low_rating_reviews (tenant_id, state, id)",
    "create index ix_public_matters_tenant_id_published_at_case_id"
    " on public_matters (tenant_id, published_at, case_id)",
    "create index ix_sample_cases_tenant_id_case_id on sample_cases (tenant_id, case_id)",
)

TABLES = {
    "portals": (PORTALS, "select, insert, update"),
    "query_codes": (QUERY_CODES, "select, insert"),
    "linked_messages": (LINKED_MESSAGES, "select, insert"),
    "ratings": (RATINGS, "select, insert, update"),
    "low_rating_reviews": (LOW_RATING_REVIEWS, "select, insert, update"),
    "reopenings": (REOPENINGS, "select, insert"),
    "public_matters": (PUBLIC_MATTERS, "select, insert, update, delete"),
    "public_pairs": (PUBLIC_PAIRS, "select, insert, delete"),
    "samples": (SAMPLES, "select, insert"),
    "sample_cases": (SAMPLE_CASES, "select, insert, update"),
}


def upgrade() -> None:
    """Make them; codes, ratings' keys and what was linked are never taken back by the service."""
    for name, (table, verbs) in TABLES.items():
        op.execute(table)
        for statement in secure(name, verbs):
            op.execute(statement)
    for index in INDEXES:
        op.execute(index)


def downgrade() -> None:
    """Take them away."""
    op.execute("drop index ix_messages_tenant_id_channel_id_external_id")
    for name in reversed(TABLES):
        op.execute(f"drop table {name}")
