"""Channels, their runs, the inbox, messages and the quarantine."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

CHANNELS = """
create table channels (
    tenant_id integer not null,
    id uuid not null,
    code text not null,
    plugin text not null,
    name text not null,
    settings bytea not null,
    state text not null default 'active',
    cursor bytea,
    interval_seconds integer not null default 60,
    failures integer not null default 0,
    created_at timestamptz not null,
    constraint pk_channels primary key (tenant_id, id),
    constraint uq_channels_tenant_id_code unique (tenant_id, code)
)
"""

CHANNEL_RUNS = """
create table channel_runs (
    tenant_id integer not null,
    id uuid not null,
    channel_id uuid not null,
    started_at timestamptz not null,
    finished_at timestamptz,
    outcome text not null default 'running',
    fetched integer not null default 0,
    stored integer not null default 0,
    trouble text not null default '',
    constraint pk_channel_runs primary key (tenant_id, id),
    constraint fk_channel_runs_channels foreign key (tenant_id, channel_id)
        references channels (tenant_id, id)
)
"""

INBOX = """
create table inbox (
    tenant_id integer not null,
    id uuid not null,
    channel_id uuid not null,
    source_key text not null,
    epoch text not null default '',
    digest bytea not null,
    raw bytea,
    size bigint not null,
    state text not null default 'waiting',
    same_as uuid,
    taken_at timestamptz not null,
    constraint pk_inbox primary key (tenant_id, id),
    constraint uq_inbox_tenant_id_channel_id_source_key unique (tenant_id, channel_id, source_key),
    constraint fk_inbox_channels foreign key (tenant_id, channel_id)
        references channels (tenant_id, id)
)
"""

MESSAGES = """
create table messages (
    tenant_id integer not null,
    id uuid not null,
    channel_id uuid not null,
    inbox_id uuid not null,
    plugin text not null,
    external_id text not null,
    subject text not null,
    body text not null,
    original bytea not null,
    received_at timestamptz not null,
    region text not null,
    addressee text not null,
    kind text not null,
    citizen bytea not null,
    phone_ix bytea not null,
    email_ix bytea not null,
    name_ix bytea not null,
    details jsonb not null,
    created_at timestamptz not null default now(),
    constraint pk_messages primary key (tenant_id, id),
    constraint uq_messages_tenant_id_inbox_id unique (tenant_id, inbox_id),
    constraint fk_messages_channels foreign key (tenant_id, channel_id)
        references channels (tenant_id, id),
    constraint fk_messages_inbox foreign key (tenant_id, inbox_id) references inbox (tenant_id, id)
)
"""

QUARANTINE = """
create table quarantine (
    tenant_id integer not null,
    id uuid not null,
    inbox_id uuid not null,
    reason text not null,
    detail text not null,
    at timestamptz not null,
    resolved_at timestamptz,
    constraint pk_quarantine primary key (tenant_id, id),
    constraint uq_quarantine_tenant_id_inbox_id unique (tenant_id, inbox_id),
    constraint fk_quarantine_inbox foreign key (tenant_id, inbox_id)
        references inbox (tenant_id, id)
)
"""

PLUGIN_OUTCOMES = """
create function plugin_outcomes() returns table (plugin text, outcome text, channels bigint)
language sql stable security definer set search_path = pg_catalog, public as $$
    select c.plugin, last.outcome, count(*)
    from public.channels c
    cross join lateral (
        select r.outcome from public.channel_runs r
        where r.tenant_id = c.tenant_id and r.channel_id = c.id and r.finished_at is not null
        order by r.id desc limit 1
    ) last
    where c.state = 'active'
    group by c.plugin, last.outcome
$$
"""
"""How the last runs ended, counted over all offices by plugin: for the metrics, naming nobody."""


def upgrade() -> None:
    """Make them."""
    for statement in (
        CHANNELS,
        *secure("channels"),
        CHANNEL_RUNS,
        "create index ix_channel_runs_tenant_id_channel_id_id"
        " on channel_runs (tenant_id, channel_id, id)",
        *secure("channel_runs"),
        INBOX,
        "create index ix_inbox_tenant_id_channel_id_digest"
        " on inbox (tenant_id, channel_id, digest)",
        *secure("inbox"),
        MESSAGES,
        "create index ix_messages_tenant_id_phone_ix on messages (tenant_id, phone_ix)",
        *secure("messages", "select, insert"),
        QUARANTINE,
        *secure("quarantine"),
        "grant select (tenant_id, id, plugin, state) on channels to minsheng_search",
        "grant select (tenant_id, id, channel_id, outcome, finished_at)"
        " on channel_runs to minsheng_search",
        PLUGIN_OUTCOMES,
        "alter function plugin_outcomes() owner to minsheng_search",
        "revoke all on function plugin_outcomes() from public",
        "grant execute on function plugin_outcomes() to minsheng_app",
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    op.execute("drop function plugin_outcomes()")
    for table in ("quarantine", "messages", "inbox", "channel_runs", "channels"):
        op.execute(f"drop table {table}")
