"""Figures kept as facts: each change of a case leaves its difference, and totals grow from those.

The trigger stands on ``cases`` because every room changes cases and none should have to remember
to count. Complaints about the office itself (``secret``) and joined cases count nowhere, so no
figure tells of them.
"""

from alembic import op

from minsheng_tenants.security import secure

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

FACTS = """
create table facts (
    tenant_id integer not null,
    office_id integer not null,
    measure text not null,
    day date not null,
    channel text not null,
    value bigint not null,
    stamp bigint not null,
    fresh integer not null,
    constraint pk_facts primary key (tenant_id, office_id, measure, day, channel)
)
"""
CHANGES = """
create table fact_changes (
    tenant_id integer not null,
    id uuid not null default gen_random_uuid(),
    measure text not null,
    day date not null,
    channel text not null,
    change bigint not null,
    constraint pk_fact_changes primary key (tenant_id, id)
)
"""

# Each statement writes a work row of its own, never one that stands already: to wait for or to pass
# over a shared row would hold up the office's other transactions, or leave a change unannounced.
# One case's part of every figure. The day is the one on which the case was opened (its cohort),
# for "due" the day of the deadline, for "closed" and "late" the day of closing, all in China.
_LINES = """
    select c.tenant_id, f.measure, f.day, f.channel, {sign} f.value as change
    from {rows} c
    cross join lateral (select (c.opened_at at time zone 'Asia/Shanghai')::date as opened,
        (c.due_at at time zone 'Asia/Shanghai')::date as due,
        (c.closed_at at time zone 'Asia/Shanghai')::date as closed) d
    cross join lateral (
        select 'cases' as measure, d.opened as day, '' as channel, 1 as value
        union all select 'joined', d.opened, '', c.message_count - 1
        union all select 'open', d.opened, '', 1 where c.closed_at is null
        union all select 'due', d.due, '', 1 where c.closed_at is null and c.due_at is not null
        union all select 'closed', d.closed, '', 1 where c.closed_at is not null
        union all select 'late', d.closed, '', 1 where c.closed_at > c.due_at
        union all select 'messages', d.opened, key, value::integer from jsonb_each_text(c.origins)
    ) f
    where c.state = 'open' and not c.secret
"""
_NEW = _LINES.format(sign="", rows="new_cases")
_OLD = _LINES.format(sign="-", rows="old_cases")
_NOTE = """
create function {name}() returns trigger language plpgsql
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
_SUM = (
    "select tenant_id, measure, day, channel, sum(change) from ({lines}) line group by 1, 2, 3, 4"
)
_INTO = "insert into fact_changes (tenant_id, measure, day, channel, change) "
_COUNT_ALL = _INTO + _SUM.format(lines=_LINES.format(sign="", rows="cases"))
WAYS = {
    "insert": (_NEW, "referencing new table as new_cases"),
    "update": (
        f"{_NEW} union all {_OLD}",
        "referencing old table as old_cases new table as new_cases",
    ),
    "delete": (_OLD, "referencing old table as old_cases"),
}

_COUNTED = ("cases", "fact_changes", "work")


def upgrade() -> None:
    """Make them, and count the cases that stand already."""
    op.execute(FACTS)
    op.execute("create index ix_facts_fresh on facts (tenant_id) where fresh > 0")
    op.execute(CHANGES)
    for statement in (
        *secure("facts", "select, insert, update, delete"),
        *secure("fact_changes", "select, insert, delete"),
    ):
        op.execute(statement)
    for way, (lines, tables) in WAYS.items():
        name = f"note_cases_{way}"
        op.execute(_NOTE.format(name=name, lines=lines))
        op.execute(
            f"create trigger {name} after {way} on cases {tables}"
            f" for each statement execute function {name}()"
        )
    for table in _COUNTED:
        op.execute(f"alter table {table} no force row level security")
    op.execute(_COUNT_ALL)
    op.execute(
        "insert into work (tenant_id, kind, row_id, due_at)"
        " select tenant_id, 'roll_up', gen_random_uuid(), statement_timestamp()"
        " from fact_changes group by tenant_id"
    )
    for table in _COUNTED:
        op.execute(f"alter table {table} force row level security")


def downgrade() -> None:
    """Take them away."""
    for way in WAYS:
        op.execute(f"drop trigger note_cases_{way} on cases")
        op.execute(f"drop function note_cases_{way}()")
    op.execute("delete from work where kind = 'roll_up'")
    op.execute("drop table fact_changes")
    op.execute("drop table facts")
