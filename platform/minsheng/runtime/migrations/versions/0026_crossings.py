"""Keyed codes of messages, crossings between two offices, and who of them leads."""

from alembic import op

from minsheng_tenants.security import secure, secure_passed

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

# Owns the one function that reads codes across offices: no login, nobody is a member of it.
MATCHER = """
do $$ begin
    perform pg_advisory_xact_lock(7364100);
    if not exists (select from pg_roles where rolname = 'minsheng_matcher') then
        create role minsheng_matcher nologin nosuperuser bypassrls;
    end if;
end $$
"""

CROSSING_CODES = """
create table crossing_codes (
    tenant_id integer not null,
    message_id uuid not null,
    epoch integer not null,
    zone integer not null,
    keys integer[] not null,
    body integer[] not null,
    subject integer[] not null,
    phone bytea,
    email bytea,
    region text not null,
    day date not null,
    constraint pk_crossing_codes primary key (tenant_id, message_id, epoch),
    constraint fk_crossing_codes_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id)
)
"""

CROSSINGS = """
create table crossings (
    from_tenant integer not null,
    id uuid not null,
    to_tenant integer not null,
    from_code text not null,
    from_name text not null,
    from_stage text not null,
    from_agreed boolean not null default false,
    to_code text not null,
    to_name text not null,
    to_stage text not null,
    to_agreed boolean not null default false,
    band text not null,
    state text not null default 'hinted',
    lead integer,
    lead_rule text not null default '',
    handover_id uuid,
    hinted_at timestamptz not null,
    settled_at timestamptz,
    constraint pk_crossings primary key (from_tenant, id),
    constraint ck_crossings_order check (from_tenant < to_tenant),
    constraint ck_crossings_state check (state in (
        'hinted', 'agreed', 'declined', 'handed_over', 'withdrawn')),
    constraint ck_crossings_band check (band in ('likely', 'very_likely'))
)
"""

# Both sides may write the row, so what each may say is held here: each agrees for itself, nothing
# is agreed before both have, and what is settled is not hinted again.
GUARD_CROSSINGS = """
create function guard_crossings() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
    if tg_op = 'INSERT' then
        if new.state <> 'hinted' or new.from_agreed or new.to_agreed or new.lead is not null then
            raise exception 'a crossing begins as a hint' using errcode = 'insufficient_privilege';
        end if;
        return new;
    end if;
    if (new.from_tenant, new.id, new.to_tenant, new.from_code, new.to_code, new.band,
            new.hinted_at) is distinct from
        (old.from_tenant, old.id, old.to_tenant, old.from_code, old.to_code, old.band,
            old.hinted_at) then
        raise exception 'a hint is not changed' using errcode = 'insufficient_privilege';
    end if;
    if (new.from_agreed <> old.from_agreed and current_tenant() <> old.from_tenant)
        or (new.to_agreed <> old.to_agreed and current_tenant() <> old.to_tenant) then
        raise exception 'each side agrees for itself' using errcode = 'insufficient_privilege';
    end if;
    if new.state <> old.state and not (
        (old.state = 'hinted' and new.state in ('declined', 'withdrawn'))
        or (old.state = 'hinted' and new.state = 'agreed' and new.from_agreed and new.to_agreed)
        or (old.state = 'agreed' and new.state in ('handed_over', 'withdrawn'))) then
        raise exception 'a crossing cannot take this step'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$
"""

CROSSING_SIDES = """
create table crossing_sides (
    tenant_id integer not null,
    crossing_id uuid not null,
    message_id uuid not null,
    answered_by text not null default '',
    answered_at timestamptz,
    reason text not null default '',
    constraint pk_crossing_sides primary key (tenant_id, crossing_id),
    constraint fk_crossing_sides_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id)
)
"""

CROSSING_DAYS = """
create table crossing_days (
    tenant_id integer not null,
    day date not null,
    hints integer not null,
    constraint pk_crossing_days primary key (tenant_id, day)
)
"""

LEAD_RULES = """
create table lead_rules (
    tenant_id integer not null,
    rules text[] not null,
    set_by text not null,
    set_at timestamptz not null,
    constraint pk_lead_rules primary key (tenant_id)
)
"""

LEAD_CHOICES = """
create table lead_choices (
    tenant_id integer not null,
    crossing_id uuid not null,
    from_office integer not null,
    to_office integer not null,
    state text not null default 'waiting',
    lead integer,
    asked_at timestamptz not null,
    chosen_by text not null default '',
    chosen_at timestamptz,
    constraint pk_lead_choices primary key (tenant_id, crossing_id),
    constraint ck_lead_choices_state check (state in ('waiting', 'chosen'))
)
"""

# Whoever asks without the provincial key has no codes to ask by: the function shows what shares a
# code with the question and nothing else. GIN serves, since its owner is not under row security.
CANDIDATES = """
create function crossing_candidates(
    asker integer, in_zone integer, in_epoch integer, wanted integer[], its_phone bytea,
    its_email bytea, since date, most integer)
returns table (
    tenant_id integer, message_id uuid, keys integer[], body integer[], subject integer[],
    phone bytea, email bytea, region text, day date)
language plpgsql stable security definer
set search_path = pg_catalog, public set plan_cache_mode = force_custom_plan as $$
begin
    return query
        with sharing as (
            select c.* from public.crossing_codes c
            where (c.keys && wanted or c.phone = its_phone or c.email = its_email)
              and c.zone = in_zone and c.epoch = in_epoch and c.tenant_id <> asker
              and c.day >= since
            limit 2000
        )
        select s.tenant_id, s.message_id, s.keys, s.body, s.subject, s.phone, s.email, s.region,
               s.day
        from sharing s
        order by (select count(*) from unnest(s.keys) k where k = any(wanted)) desc, s.message_id
        limit least(most, 100);
end $$
"""
_CANDIDATES = (
    "crossing_candidates(integer, integer, integer, integer[], bytea, bytea, date, integer)"
)


def upgrade() -> None:
    """Make them; a login of an office can read no code, not even its own."""
    for statement in (
        MATCHER,
        CROSSING_CODES,
        "create index ix_crossing_codes_keys on crossing_codes using gin (keys)",
        "create index ix_crossing_codes_phone on crossing_codes (phone) where phone is not null",
        "create index ix_crossing_codes_email on crossing_codes (email) where email is not null",
        "create index ix_crossing_codes_epoch on crossing_codes (tenant_id, epoch, day)",
        *secure("crossing_codes", "insert, delete"),
        "grant select (tenant_id, message_id, epoch, day) on crossing_codes to minsheng_app",
        CROSSINGS,
        "create index ix_crossings_to_tenant on crossings (to_tenant, id)",
        *secure_passed("crossings", "select, insert"),
        "grant update (from_stage, from_agreed, to_stage, to_agreed, state, lead, lead_rule,"
        " handover_id, settled_at) on crossings to minsheng_app",
        GUARD_CROSSINGS,
        "create trigger guard_crossings before insert or update on crossings"
        " for each row execute function guard_crossings()",
        CROSSING_SIDES,
        "create index ix_crossing_sides_tenant_id_message_id"
        " on crossing_sides (tenant_id, message_id)",
        *secure("crossing_sides", "select, insert, update"),
        CROSSING_DAYS,
        *secure("crossing_days"),
        LEAD_RULES,
        *secure("lead_rules", "select, insert, update"),
        LEAD_CHOICES,
        *secure("lead_choices", "select, insert, update"),
        CANDIDATES,
        "grant usage on schema public to minsheng_matcher",
        "grant select on crossing_codes to minsheng_matcher",
        f"alter function {_CANDIDATES} owner to minsheng_matcher",
        f"revoke all on function {_CANDIDATES} from public",
        # The worker's login alone: what serves pages and the API cannot ask across offices.
        f"grant execute on function {_CANDIDATES} to minsheng_worker",
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take them away; the role stays, since it belongs to the whole server."""
    for statement in (
        f"drop function {_CANDIDATES}",
        "drop table lead_choices",
        "drop table lead_rules",
        "drop table crossing_days",
        "drop table crossing_sides",
        "drop table crossings",
        "drop function guard_crossings()",
        "drop table crossing_codes",
        "revoke usage on schema public from minsheng_matcher",
    ):
        op.execute(statement)
