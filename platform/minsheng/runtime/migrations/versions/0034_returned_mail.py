"""A mail that comes back fails its delivery, and a citizen's follow-up is no new arrival.

``cases.follow_ups`` counts by plugin the messages that only follow another one of the case (D20);
the figures leave them out of ``messages`` and ``joined``.
"""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

# What has arrived is never sent again; only a mail that was returned turns out not to have arrived.
_GUARD = """
create or replace function guard_outbox() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
    if (old.state in ('sent', 'superseded') and new.state <> old.state{unless})
        or new.delivery_key <> old.delivery_key or new.message_id <> old.message_id
        or new.channel_id <> old.channel_id or new.reply_id is distinct from old.reply_id then
        raise exception 'a delivery keeps its key and address, and once it arrived its state'
            using errcode = 'check_violation';
    end if;
    return new;
end $$
"""
_RETURNED = """
        and not (old.state = 'sent' and new.state = 'failed' and new.trouble like 'returned:%')"""

_LINES = """
    select c.tenant_id, f.measure, f.day, f.channel, {sign} f.value as change
    from {rows} c
    cross join lateral (select (c.opened_at at time zone 'Asia/Shanghai')::date as opened,
        (c.due_at at time zone 'Asia/Shanghai')::date as due,
        (c.closed_at at time zone 'Asia/Shanghai')::date as closed) d
    cross join lateral (
        select 'cases' as measure, d.opened as day, '' as channel, 1 as value
        union all select 'joined', d.opened, '', c.message_count - 1{less_all}
        union all select 'open', d.opened, '', 1 where c.closed_at is null
        union all select 'due', d.due, '', 1 where c.closed_at is null and c.due_at is not null
        union all select 'closed', d.closed, '', 1 where c.closed_at is not null
        union all select 'late', d.closed, '', 1 where c.closed_at > c.due_at
        union all select 'messages', d.opened, key, value::integer{less_one}
            from jsonb_each_text(c.origins)
    ) f
    where c.state = 'open' and not c.secret
"""
_LESS_ALL = " - (select coalesce(sum(v.value::integer), 0) from jsonb_each_text(c.follow_ups) v)"
_LESS_ONE = " - coalesce((c.follow_ups ->> key)::integer, 0)"
_NOTE = """
create or replace function note_cases_{way}() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
    with changed as (
        insert into public.fact_changes (tenant_id, measure, day, channel, change)
        select tenant_id, measure, day, channel, sum(change) from ({lines}) line
        group by tenant_id, measure, day, channel having sum(change) <> 0
        returning tenant_id
    )
    insert into public.work (tenant_id, kind, row_id, due_at)
    select tenant_id, 'roll_up', gen_random_uuid(), statement_timestamp()
    from changed group by tenant_id;
    return null;
end $$
"""
_COUNT = """
    update cases k set follow_ups = f.counts from (
        select tenant_id, case_id, jsonb_object_agg(plugin, messages) as counts from (
            select cm.tenant_id, cm.case_id, m.plugin, count(*) as messages
            from case_messages cm
            join messages m on m.tenant_id = cm.tenant_id and m.id = cm.message_id
            join case_messages r on r.tenant_id = cm.tenant_id and r.message_id = cm.via_id
                and r.case_id = cm.case_id
            where cm.reasons -> 0 ->> 'code' = 'follow_up' group by 1, 2, 3
        ) each group by 1, 2
    ) f where k.tenant_id = f.tenant_id and k.id = f.case_id
"""
_READ = ("cases", "case_messages", "messages", "fact_changes", "work")


def _notes(less_all: str, less_one: str) -> None:
    new = _LINES.format(sign="", rows="new_cases", less_all=less_all, less_one=less_one)
    old = _LINES.format(sign="-", rows="old_cases", less_all=less_all, less_one=less_one)
    for way, lines in {"insert": new, "update": f"{new} union all {old}", "delete": old}.items():
        op.execute(_NOTE.format(way=way, lines=lines))


def upgrade() -> None:
    """Make them, and count what stands already; the triggers correct the figures."""
    op.execute(_GUARD.format(unless=_RETURNED))
    op.execute("alter table cases add column follow_ups jsonb not null default '{}'")
    _notes(_LESS_ALL, _LESS_ONE)
    for table in _READ:
        op.execute(f"alter table {table} no force row level security")
    op.execute(_COUNT)
    for table in _READ:
        op.execute(f"alter table {table} force row level security")


def downgrade() -> None:
    """Count follow-ups as arrivals again, and take them away."""
    op.execute("alter table cases no force row level security")
    op.execute("update cases set follow_ups = '{}' where follow_ups <> '{}'")
    op.execute("alter table cases force row level security")
    _notes("", "")
    op.execute("alter table cases drop column follow_ups")
    op.execute(_GUARD.format(unless=""))
