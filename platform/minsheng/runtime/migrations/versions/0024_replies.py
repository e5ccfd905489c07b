"""Replies: one official answer a case and round, its outbox, templates, documents and holds."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

REPLIES = """
create table replies (
    tenant_id integer not null,
    id uuid not null,
    case_id uuid not null,
    round integer not null,
    kind text not null default 'official',
    corrects uuid,
    state text not null default 'draft',
    official boolean not null default false,
    version integer not null default 1,
    public_text text not null,
    private_text bytea,
    template_id uuid,
    flags jsonb not null default '[]',
    source text not null default 'desk',
    source_id uuid,
    note text not null default '',
    drafted_by text not null,
    drafted_at timestamptz not null,
    changed_by text not null,
    changed_at timestamptz not null,
    submitted_by text not null default '',
    submitted_at timestamptz,
    approved_by text not null default '',
    approved_at timestamptz,
    constraint pk_replies primary key (tenant_id, id),
    constraint fk_replies_cases foreign key (tenant_id, case_id) references cases (tenant_id, id),
    constraint fk_replies_replies foreign key (tenant_id, corrects)
        references replies (tenant_id, id),
    constraint ck_replies_kind check (kind in ('official', 'correction')),
    constraint ck_replies_state check (state in ('draft', 'reviewing', 'approved', 'dropped')),
    constraint ck_replies_source check (source in ('desk', 'handover', 'import')),
    constraint ck_replies_approved check (
        (state = 'approved') = (approved_at is not null) and (not official or state = 'approved'))
)
"""

# What was approved is what went out: its words are never changed, nor does it become a draft again.
GUARD_REPLIES = """
create function guard_replies() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
    if old.state = 'approved' and (
        new.state <> 'approved' or new.public_text <> old.public_text
        or new.private_text is distinct from old.private_text or new.case_id <> old.case_id
        or new.round <> old.round or new.approved_by <> old.approved_by
        or (new.official and not old.official)) then
        raise exception 'an approved reply stays as it is' using errcode = 'check_violation';
    end if;
    return new;
end $$
"""

REPLY_WRITERS = """
create table reply_writers (
    tenant_id integer not null,
    case_id uuid not null,
    actor text not null,
    until_at timestamptz not null,
    constraint pk_reply_writers primary key (tenant_id, case_id, actor),
    constraint fk_reply_writers_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id)
)
"""

REPLY_TEMPLATES = """
create table reply_templates (
    tenant_id integer not null,
    id uuid not null,
    code text not null,
    title text not null,
    text text not null,
    state text not null default 'live',
    changed_by text not null,
    changed_at timestamptz not null,
    constraint pk_reply_templates primary key (tenant_id, id),
    constraint uq_reply_templates_tenant_id_code unique (tenant_id, code),
    constraint ck_reply_templates_state check (state in ('live', 'withdrawn'))
)
"""

POLICY_DOCUMENTS = """
create table policy_documents (
    tenant_id integer not null,
    id uuid not null,
    code text not null,
    title text not null,
    url text not null,
    state text not null default 'live',
    checked_at timestamptz,
    added_by text not null,
    added_at timestamptz not null,
    constraint pk_policy_documents primary key (tenant_id, id),
    constraint uq_policy_documents_tenant_id_code unique (tenant_id, code),
    constraint ck_policy_documents_state check (state in ('live', 'dead', 'withdrawn'))
)
"""

REPLY_CITATIONS = """
create table reply_citations (
    tenant_id integer not null,
    reply_id uuid not null,
    document_id uuid not null,
    constraint pk_reply_citations primary key (tenant_id, reply_id, document_id),
    constraint fk_reply_citations_replies foreign key (tenant_id, reply_id)
        references replies (tenant_id, id),
    constraint fk_reply_citations_policy_documents foreign key (tenant_id, document_id)
        references policy_documents (tenant_id, id)
)
"""

REPLY_WARNINGS = """
create table reply_warnings (
    tenant_id integer not null,
    reply_id uuid not null,
    other_id uuid not null,
    differs jsonb not null,
    raised_at timestamptz not null,
    acknowledged_by text not null default '',
    acknowledged_at timestamptz,
    constraint pk_reply_warnings primary key (tenant_id, reply_id, other_id),
    constraint fk_reply_warnings_replies foreign key (tenant_id, reply_id)
        references replies (tenant_id, id),
    constraint fk_reply_warnings_replies_other foreign key (tenant_id, other_id)
        references replies (tenant_id, id)
)
"""

OUTBOX = """
create table outbox (
    tenant_id integer not null,
    id uuid not null,
    kind text not null default 'reply',
    reply_id uuid,
    notice_id uuid,
    case_id uuid not null,
    channel_id uuid not null,
    message_id uuid not null,
    also jsonb not null default '[]',
    delivery_key text not null,
    state text not null default 'ready',
    asked boolean not null default false,
    attempts integer not null default 0,
    trouble text not null default '',
    remote_id text not null default '',
    detail text not null default '',
    created_at timestamptz not null,
    changed_at timestamptz not null,
    sent_at timestamptz,
    settled_by text not null default '',
    settled_words text not null default '',
    constraint pk_outbox primary key (tenant_id, id),
    constraint uq_outbox_tenant_id_delivery_key unique (tenant_id, delivery_key),
    constraint uq_outbox_tenant_id_reply_id_message_id unique (tenant_id, reply_id, message_id),
    constraint fk_outbox_replies foreign key (tenant_id, reply_id)
        references replies (tenant_id, id),
    constraint fk_outbox_cases foreign key (tenant_id, case_id) references cases (tenant_id, id),
    constraint fk_outbox_channels foreign key (tenant_id, channel_id)
        references channels (tenant_id, id),
    constraint fk_outbox_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id),
    constraint ck_outbox_kind check (
        kind in ('reply', 'ack', 'notice') and (kind = 'reply') = (reply_id is not null)
        and (kind = 'notice') = (notice_id is not null)),
    constraint ck_outbox_state check (state in (
        'ready', 'sending', 'sent', 'failed', 'uncertain', 'offered', 'superseded')),
    constraint ck_outbox_sent check ((state = 'sent') = (sent_at is not null))
)
"""

# What has arrived is never sent again, and a delivery keeps its key and its address for ever.
GUARD_OUTBOX = """
create function guard_outbox() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
    if (old.state in ('sent', 'superseded') and new.state <> old.state)
        or new.delivery_key <> old.delivery_key or new.message_id <> old.message_id
        or new.channel_id <> old.channel_id or new.reply_id is distinct from old.reply_id then
        raise exception 'a delivery keeps its key and address, and once it arrived its state'
            using errcode = 'check_violation';
    end if;
    return new;
end $$
"""

OUTLETS = """
create table outlets (
    tenant_id integer not null,
    channel_id uuid not null,
    failures integer not null default 0,
    down_since timestamptz,
    next_try_at timestamptz,
    alarmed_at timestamptz,
    trouble text not null default '',
    lease_until timestamptz,
    fence bigint not null default 0,
    ack boolean not null default false,
    ack_text text not null default '',
    constraint pk_outlets primary key (tenant_id, channel_id),
    constraint fk_outlets_channels foreign key (tenant_id, channel_id)
        references channels (tenant_id, id)
)
"""

DELIVERY_HOLDS = """
create table delivery_holds (
    tenant_id integer not null,
    id uuid not null,
    reason text not null,
    held_by text not null,
    held_at timestamptz not null,
    released_by text not null default '',
    released_at timestamptz,
    constraint pk_delivery_holds primary key (tenant_id, id)
)
"""

OWN_MAILS = """
create table own_mails (
    tenant_id integer not null,
    message_id uuid not null,
    outbox_id uuid not null,
    seen_at timestamptz not null,
    constraint pk_own_mails primary key (tenant_id, message_id),
    constraint fk_own_mails_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id),
    constraint fk_own_mails_outbox foreign key (tenant_id, outbox_id)
        references outbox (tenant_id, id)
)
"""

REPLY_SETTINGS = """
create table reply_settings (
    tenant_id integer not null,
    adopt text not null default 'review',
    give_up_days integer not null default 7,
    constraint pk_reply_settings primary key (tenant_id),
    constraint ck_reply_settings_adopt check (adopt in ('direct', 'review')),
    constraint ck_reply_settings_give_up_days check (give_up_days between 1 and 90)
)
"""

TABLES = {
    "replies": (REPLIES, "select, insert, update"),
    "reply_writers": (REPLY_WRITERS, "select, insert, update, delete"),
    "reply_templates": (REPLY_TEMPLATES, "select, insert, update"),
    "policy_documents": (POLICY_DOCUMENTS, "select, insert, update"),
    "reply_citations": (REPLY_CITATIONS, "select, insert, delete"),
    "reply_warnings": (REPLY_WARNINGS, "select, insert, update"),
    "outbox": (OUTBOX, "select, insert, update"),
    "outlets": (OUTLETS, "select, insert, update"),
    "delivery_holds": (DELIVERY_HOLDS, "select, insert, update"),
    "own_mails": (OWN_MAILS, "select, insert"),
    "reply_settings": (REPLY_SETTINGS, "select, insert, update"),
}

INDEXES = (
    "create unique index uq_replies_official on replies (tenant_id, case_id, round) where official",
    "create index ix_replies_case_id on replies (tenant_id, case_id, id)",
    "create index ix_replies_state on replies (tenant_id, state, id)",
    "create index ix_reply_citations_tenant_id_document_id"
    " on reply_citations (tenant_id, document_id)",
    "create index ix_reply_warnings_tenant_id_other_id on reply_warnings (tenant_id, other_id)",
    "create unique index uq_outbox_ack on outbox (tenant_id, message_id) where kind = 'ack'",
    "create unique index uq_outbox_notice on outbox (tenant_id, notice_id, message_id)"
    " where kind = 'notice'",
    "create index ix_outbox_state on outbox (tenant_id, state, id)",
    "create index ix_outbox_case_id on outbox (tenant_id, case_id, id)",
    "create index ix_outbox_message_id on outbox (tenant_id, message_id, id)",
    "create index ix_outbox_remote_id on outbox (tenant_id, remote_id)",
)


def upgrade() -> None:
    """Make them; nothing of what was answered can be deleted by the service."""
    for name, (made, verbs) in TABLES.items():
        for statement in (made, *secure(name, verbs)):
            op.execute(statement)
    for statement in (*INDEXES, GUARD_REPLIES, GUARD_OUTBOX):
        op.execute(statement)
    for name in ("replies", "outbox"):
        op.execute(
            f"create trigger guard_{name} before update on {name}"
            f" for each row execute function guard_{name}()"
        )


def downgrade() -> None:
    """Take them away, those that refer to others first."""
    for name in reversed(TABLES):
        op.execute(f"drop table {name}")
    for name in ("replies", "outbox"):
        op.execute(f"drop function guard_{name}()")
