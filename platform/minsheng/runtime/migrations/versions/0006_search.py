"""Search over cases: row security switches GIN off, so one definer function reads the index."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CASE_SEARCH = """
create table case_search (
    tenant_id integer not null,
    case_id uuid not null,
    last_at timestamptz not null,
    codes integer[] not null,
    words text not null,
    constraint pk_case_search primary key (tenant_id, case_id),
    constraint fk_case_search_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id)
)
"""

SEARCH_CASES = """
create function search_cases(wanted integer[], needles text[], before timestamptz, most integer)
returns table (case_id uuid, last_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, public set plan_cache_mode = force_custom_plan as $$
begin
    return query
        select s.case_id, s.last_at from public.case_search s
        where s.tenant_id = public.current_tenant()
          and s.codes @> wanted
          and s.words like all (needles)
          and (before is null or s.last_at <= before)
        order by s.last_at desc, s.case_id desc limit least(most, 200);
end $$
"""


def upgrade() -> None:
    """Make them; ``search_cases`` belongs to a role that can read this one table only."""
    for statement in (
        CASE_SEARCH,
        "create index ix_case_search_codes on case_search using gin (codes)",
        "create index ix_case_search_recent on case_search (tenant_id, last_at, case_id)",
        *secure("case_search"),
        "grant select on case_search to minsheng_search",
        SEARCH_CASES,
        "alter function search_cases(integer[], text[], timestamptz, integer)"
        " owner to minsheng_search",
        "revoke all on function search_cases(integer[], text[], timestamptz, integer) from public",
        "grant execute on function search_cases(integer[], text[], timestamptz, integer)"
        " to minsheng_app",
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    op.execute("drop function search_cases(integer[], text[], timestamptz, integer)")
    op.execute("drop table case_search")
