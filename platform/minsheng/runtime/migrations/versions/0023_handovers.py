"""Handovers between offices, and leaders' signed instructions."""

from alembic import op

from minsheng_tenants.security import secure, secure_passed

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

HANDOVERS = """
create table handovers (
    from_tenant integer not null,
    id uuid not null,
    to_tenant integer not null,
    role text not null,
    state text not null default 'sent',
    from_code text not null,
    from_name text not null,
    to_code text not null,
    to_name text not null,
    from_case uuid not null,
    to_case uuid,
    to_message uuid,
    content bytea not null,
    content_version integer not null default 1,
    contact text not null,
    note text not null default '',
    demands jsonb not null,
    complained text[] not null default '{}',
    chain integer[] not null,
    steps jsonb not null,
    told_from integer not null default 0,
    told_to integer not null default 0,
    due_at timestamptz,
    reason text not null default '',
    answer bytea,
    reply_id uuid,
    version integer not null default 1,
    sent_at timestamptz not null,
    received_at timestamptz,
    joined_at timestamptz,
    accepted_at timestamptz,
    returned_at timestamptz,
    answered_at timestamptz,
    recalled_at timestamptz,
    constraint pk_handovers primary key (from_tenant, id),
    constraint ck_handovers_role check (role in ('lead', 'co')),
    constraint ck_handovers_state check (state in (
        'sent', 'received', 'joined', 'accepted', 'returned', 'answered', 'recalled')),
    constraint ck_handovers_contact check (contact in ('given', 'withheld')),
    constraint ck_handovers_two_offices check (from_tenant <> to_tenant)
)
"""

# Both sides see and write the row, so what each may write is said here: the sender sends and
# recalls, the receiver does the rest, nobody changes what was said or a step that was taken. The
# owner's login is bound by it too.
GUARD_HANDOVERS = """
create function guard_handovers() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
declare
    before constant jsonb := coalesce(old.steps, '[]');
    kept constant integer := jsonb_array_length(before);
begin
    if tg_op = 'INSERT' then
        if new.from_tenant is distinct from current_tenant() or new.state <> 'sent'
            or new.chain[cardinality(new.chain)] is distinct from new.from_tenant then
            raise exception 'a handover is sent by its sender'
                using errcode = 'insufficient_privilege';
        end if;
        return new;
    end if;
    if (new.from_tenant, new.id, new.to_tenant, new.role, new.content, new.note, new.chain,
            new.sent_at) is distinct from
        (old.from_tenant, old.id, old.to_tenant, old.role, old.content, old.note, old.chain,
            old.sent_at) then
        raise exception 'what was handed over is not changed'
            using errcode = 'insufficient_privilege';
    end if;
    if jsonb_array_length(new.steps) < kept
        or (select jsonb_agg(step order by at) from jsonb_array_elements(new.steps)
            with ordinality as told(step, at) where at <= kept) is distinct from before then
        raise exception 'a step that was taken is not changed'
            using errcode = 'insufficient_privilege';
    end if;
    if new.state <> old.state and not (
        (current_tenant() = old.from_tenant and new.state = 'recalled'
            and old.state in ('sent', 'received', 'joined', 'accepted'))
        or (current_tenant() = old.to_tenant and (old.state, new.state) in (
            ('sent', 'received'), ('received', 'joined'),
            ('received', 'accepted'), ('joined', 'accepted'),
            ('received', 'returned'), ('joined', 'returned'), ('accepted', 'returned'),
            ('received', 'answered'), ('joined', 'answered'), ('accepted', 'answered')))) then
        raise exception 'this side cannot take this step'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$
"""

HANDOVER_MESSAGES = """
create table handover_messages (
    tenant_id integer not null,
    handover_id uuid not null,
    message_id uuid not null,
    constraint pk_handover_messages primary key (tenant_id, handover_id, message_id),
    constraint fk_handover_messages_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id)
)
"""

INSTRUCTIONS = """
create table instructions (
    tenant_id integer not null,
    id uuid not null,
    case_id uuid not null,
    message_id uuid not null,
    leader text not null,
    leader_name text not null,
    body bytea not null,
    signed_at timestamptz not null,
    seal bytea not null,
    state text not null default 'open',
    done_at timestamptz,
    done_by text not null default '',
    done_words bytea,
    constraint pk_instructions primary key (tenant_id, id),
    constraint fk_instructions_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id),
    constraint fk_instructions_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id),
    constraint ck_instructions_state check (state in ('open', 'done')),
    constraint ck_instructions_done check ((state = 'done') = (done_at is not null))
)
"""

GUARD_INSTRUCTIONS = """
create function guard_instructions() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
    if tg_op = 'DELETE' then
        raise exception 'an instruction is not taken back' using errcode = 'insufficient_privilege';
    end if;
    if (new.tenant_id, new.id, new.case_id, new.message_id, new.leader, new.leader_name, new.body,
            new.signed_at, new.seal) is distinct from
        (old.tenant_id, old.id, old.case_id, old.message_id, old.leader, old.leader_name, old.body,
            old.signed_at, old.seal) or old.state = 'done' then
        raise exception 'a signed instruction is not changed'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$
"""

FOLLOW_UPS = """
create table instruction_follow_ups (
    tenant_id integer not null,
    id uuid not null,
    instruction_id uuid not null,
    at timestamptz not null,
    actor text not null,
    words bytea not null,
    constraint pk_instruction_follow_ups primary key (tenant_id, id),
    constraint fk_instruction_follow_ups_instructions foreign key (tenant_id, instruction_id)
        references instructions (tenant_id, id)
)
"""

LEADER_MARKS = """
create table leader_marks (
    tenant_id integer not null,
    message_id uuid not null,
    leader text not null,
    marked_by text not null,
    marked_at timestamptz not null,
    constraint pk_leader_marks primary key (tenant_id, message_id, leader),
    constraint fk_leader_marks_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id)
)
"""

_WAITING = "where state in ('sent', 'received', 'joined', 'accepted')"
_UPDATED = (
    "state, to_case, to_message, steps, told_from, told_to, reason, answer, reply_id, version,"
    " received_at, joined_at, accepted_at, returned_at, answered_at, recalled_at"
)


def upgrade() -> None:
    """Make them; nothing of them is ever deleted by the service."""
    for statement in (
        HANDOVERS,
        *secure_passed("handovers", "select, insert"),
        f"grant update ({_UPDATED}) on handovers to minsheng_app",
        "create index ix_handovers_in on handovers (to_tenant, id)",
        "create index ix_handovers_out_waiting on handovers (from_tenant, to_tenant) " + _WAITING,
        "create index ix_handovers_to_message on handovers (to_tenant, to_message)",
        GUARD_HANDOVERS,
        "create trigger guard_handovers before insert or update on handovers"
        " for each row execute function guard_handovers()",
        HANDOVER_MESSAGES,
        *secure("handover_messages", "select, insert"),
        "create index ix_handover_messages_tenant_id_message_id"
        " on handover_messages (tenant_id, message_id)",
        INSTRUCTIONS,
        *secure("instructions", "select, insert"),
        "grant update (state, done_at, done_by, done_words) on instructions to minsheng_app",
        "create index ix_instructions_tenant_id_message_id on instructions (tenant_id, message_id)",
        "create index ix_instructions_tenant_id_signed_at_id"
        " on instructions (tenant_id, signed_at, id)",
        GUARD_INSTRUCTIONS,
        "create trigger guard_instructions before update or delete on instructions"
        " for each row execute function guard_instructions()",
        FOLLOW_UPS,
        *secure("instruction_follow_ups", "select, insert"),
        "create index ix_instruction_follow_ups_tenant_id_instruction_id_id"
        " on instruction_follow_ups (tenant_id, instruction_id, id)",
        LEADER_MARKS,
        *secure("leader_marks", "select, insert"),
        "create index ix_leader_marks_tenant_id_leader on leader_marks (tenant_id, leader)",
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    for statement in (
        "drop table leader_marks",
        "drop table instruction_follow_ups",
        "drop table instructions",
        "drop function guard_instructions()",
        "drop table handover_messages",
        "drop table handovers",
        "drop function guard_handovers()",
    ):
        op.execute(statement)
