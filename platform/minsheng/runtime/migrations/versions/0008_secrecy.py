"""Whom a case complains of, cases kept from the office itself, and citizens who ask for secrecy."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COMPLAINED_OFFICES = """
create table complained_offices (
    tenant_id integer not null,
    case_id uuid not null,
    office_id integer not null,
    source text not null,
    event_id uuid not null,
    marked_by text not null,
    marked_at timestamptz not null,
    constraint pk_complained_offices primary key (tenant_id, case_id, office_id),
    constraint fk_complained_offices_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id),
    constraint ck_complained_offices_source check (source in ('person', 'parting'))
)
"""

# The rule's marks hang on the message that holds the words: the ledger moves messages, so each
# case has the marks of what stands in it now without a copy of them.
MESSAGE_COMPLAINTS = """
create table message_complaints (
    tenant_id integer not null,
    message_id uuid not null,
    office_id integer not null,
    found_at timestamptz not null,
    constraint pk_message_complaints primary key (tenant_id, message_id, office_id),
    constraint fk_message_complaints_messages foreign key (tenant_id, message_id)
        references messages (tenant_id, id)
)
"""

SEARCH_CASES = """
create function search_cases(
    wanted integer[], needles text[], before timestamptz, most integer, hidden_too boolean)
returns table (case_id uuid, last_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, public set plan_cache_mode = force_custom_plan as $$
begin
    return query
        select s.case_id, s.last_at from public.case_search s
        where s.tenant_id = public.current_tenant()
          and s.codes @> wanted
          and s.words like all (needles)
          and (hidden_too or not s.secret)
          and (before is null or s.last_at <= before)
        order by s.last_at desc, s.case_id desc limit least(most, 200);
end $$
"""

SEARCH_ALL_CASES = """
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
"""The function as migration 0006 made it, for the way back."""

_NEW = "search_cases(integer[], text[], timestamptz, integer, boolean)"
_OLD = "search_cases(integer[], text[], timestamptz, integer)"


def upgrade() -> None:
    """Make them; of a message the service may change nothing but this one mark."""
    for statement in (
        "alter table cases add column secret boolean not null default false",
        "alter table messages add column confidential boolean not null default false",
        "grant update (confidential) on messages to minsheng_app",
        "alter table case_search add column secret boolean not null default false",
        "create index ix_cases_merged_into on cases (tenant_id, merged_into)"
        " where merged_into is not null",
        COMPLAINED_OFFICES,
        MESSAGE_COMPLAINTS,
        *secure("complained_offices", "select, insert, delete"),
        *secure("message_complaints", "select, insert, delete"),
        f"drop function {_OLD}",
        SEARCH_CASES,
        *_give(_NEW),
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take them away; what was kept secret is open again."""
    for statement in (
        f"drop function {_NEW}",
        SEARCH_ALL_CASES,
        *_give(_OLD),
        "drop table message_complaints",
        "drop table complained_offices",
        "drop index ix_cases_merged_into",
        "alter table case_search drop column secret",
        "revoke update (confidential) on messages from minsheng_app",
        "alter table messages drop column confidential",
        "alter table cases drop column secret",
    ):
        op.execute(statement)


def _give(function: str) -> tuple[str, ...]:
    """The search belongs to a role that reads its one table; the service may run it."""
    return (
        f"alter function {function} owner to minsheng_search",
        f"revoke all on function {function} from public",
        f"grant execute on function {function} to minsheng_app",
    )
