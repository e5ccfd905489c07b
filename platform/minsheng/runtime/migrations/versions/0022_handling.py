"""How cases are handled: flows, deadlines, calendar, people, and what was done on a case."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = {
    "flows": """
create table flows (
    tenant_id integer not null,
    id uuid not null,
    code text not null,
    version integer not null,
    name text not null,
    template text not null,
    steps jsonb not null,
    made_by text not null,
    made_at timestamptz not null,
    constraint pk_flows primary key (tenant_id, id),
    constraint uq_flows_tenant_id_code_version unique (tenant_id, code, version)
)
""",
    "handling_settings": """
create table handling_settings (
    tenant_id integer not null,
    flow text not null,
    opens text not null,
    closes text not null,
    claim_minutes integer not null,
    two_people boolean not null,
    changed_by text not null,
    changed_at timestamptz not null,
    constraint pk_handling_settings primary key (tenant_id)
)
""",
    "grades": """
create table grades (
    tenant_id integer not null,
    code text not null,
    name text not null,
    days integer not null,
    counts text not null,
    retired boolean not null default false,
    constraint pk_grades primary key (tenant_id, code),
    constraint ck_grades_counts check (counts in ('working', 'calendar'))
)
""",
    "case_handling": """
create table case_handling (
    tenant_id integer not null,
    case_id uuid not null,
    flow_id uuid not null,
    step text not null,
    step_at timestamptz not null,
    liaison text not null,
    claim_until timestamptz,
    claimed_at timestamptz,
    handled_by text[] not null,
    filed_at timestamptz not null,
    fixed_at timestamptz,
    fixed_on timestamptz,
    extended_days integer not null,
    exempt jsonb not null,
    outcome text not null,
    settled_at timestamptz not null,
    version integer not null,
    constraint pk_case_handling primary key (tenant_id, case_id),
    constraint fk_case_handling_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id),
    constraint fk_case_handling_flows foreign key (tenant_id, flow_id)
        references flows (tenant_id, id)
)
""",
    "pauses": """
create table pauses (
    tenant_id integer not null,
    id uuid not null,
    case_id uuid not null,
    round integer not null,
    reason text not null,
    paused_by text not null,
    paused_at timestamptz not null,
    resumed_at timestamptz,
    constraint pk_pauses primary key (tenant_id, id),
    constraint fk_pauses_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id)
)
""",
    "extensions": """
create table extensions (
    tenant_id integer not null,
    id uuid not null,
    case_id uuid not null,
    round integer not null,
    days integer not null,
    reason text not null,
    asked_by text not null,
    asked_at timestamptz not null,
    state text not null default 'asked',
    answer text not null default '',
    decided_by text not null default '',
    decided_at timestamptz,
    constraint pk_extensions primary key (tenant_id, id),
    constraint fk_extensions_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id),
    constraint ck_extensions_state check (state in ('asked', 'granted', 'refused'))
)
""",
    "overdues": """
create table overdues (
    tenant_id integer not null,
    case_id uuid not null,
    round integer not null,
    due_at timestamptz not null,
    noted_at timestamptz not null,
    constraint pk_overdues primary key (tenant_id, case_id, round, due_at),
    constraint fk_overdues_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id)
)
""",
    "demands": """
create table demands (
    tenant_id integer not null,
    case_id uuid not null,
    number integer not null,
    text text not null,
    answer text not null default '',
    answered_by text not null default '',
    answered_at timestamptz,
    added_by text not null,
    added_at timestamptz not null,
    constraint pk_demands primary key (tenant_id, case_id, number),
    constraint fk_demands_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id)
)
""",
    "call_backs": """
create table call_backs (
    tenant_id integer not null,
    id uuid not null,
    case_id uuid not null,
    round integer not null,
    result text not null,
    resolved boolean,
    words text not null,
    called_by text not null,
    called_at timestamptz not null,
    constraint pk_call_backs primary key (tenant_id, id),
    constraint fk_call_backs_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id),
    constraint ck_call_backs_result
        check (result in ('satisfied', 'basically', 'dissatisfied', 'unreached'))
)
""",
    "visits": """
create table visits (
    tenant_id integer not null,
    id uuid not null,
    case_id uuid not null,
    visited_at timestamptz not null,
    place text not null,
    people jsonb not null,
    words text not null,
    recorded_by text not null,
    recorded_at timestamptz not null,
    constraint pk_visits primary key (tenant_id, id),
    constraint fk_visits_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id)
)
""",
    "photos": """
create table photos (
    tenant_id integer not null,
    id uuid not null,
    case_id uuid not null,
    visit_id uuid not null,
    media text not null,
    size integer not null,
    content bytea not null,
    digest bytea not null,
    added_by text not null,
    added_at timestamptz not null,
    constraint pk_photos primary key (tenant_id, id),
    constraint fk_photos_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id),
    constraint fk_photos_visits foreign key (tenant_id, visit_id)
        references visits (tenant_id, id)
)
""",
    "contacts": """
create table contacts (
    tenant_id integer not null,
    id uuid not null,
    case_id uuid not null,
    way text not null,
    met_at timestamptz not null,
    people jsonb not null,
    words text not null,
    recorded_by text not null,
    recorded_at timestamptz not null,
    constraint pk_contacts primary key (tenant_id, id),
    constraint fk_contacts_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id),
    constraint ck_contacts_way check (way in ('meeting', 'phone', 'home', 'letter', 'task'))
)
""",
    "commitments": """
create table commitments (
    tenant_id integer not null,
    id uuid not null,
    case_id uuid not null,
    kind text not null,
    text text not null,
    due_on date not null,
    state text not null default 'open',
    made_by text not null,
    made_at timestamptz not null,
    ended_by text not null default '',
    ended_at timestamptz,
    evidence text not null default '',
    constraint pk_commitments primary key (tenant_id, id),
    constraint fk_commitments_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id),
    constraint ck_commitments_state check (state in ('open', 'landed', 'withdrawn')),
    constraint ck_commitments_kind check (kind in ('promised', 'ongoing'))
)
""",
    "alerts": """
create table alerts (
    tenant_id integer not null,
    id uuid not null,
    case_id uuid not null,
    kind text not null,
    mark text not null,
    for_user text not null,
    data jsonb not null,
    raised_at timestamptz not null,
    seen_by text not null default '',
    seen_at timestamptz,
    constraint pk_alerts primary key (tenant_id, id),
    constraint fk_alerts_cases foreign key (tenant_id, case_id)
        references cases (tenant_id, id),
    constraint uq_alerts_tenant_id_mark unique (tenant_id, mark)
)
""",
    "calendar_years": """
create table calendar_years (
    tenant_id integer not null,
    year integer not null,
    status text not null,
    source text not null,
    days jsonb not null,
    published_at timestamptz not null,
    constraint pk_calendar_years primary key (tenant_id, year)
)
""",
    "office_days": """
create table office_days (
    tenant_id integer not null,
    day date not null,
    works boolean not null,
    name text not null,
    set_by text not null,
    set_at timestamptz not null,
    constraint pk_office_days primary key (tenant_id, day)
)
""",
    "liaisons": """
create table liaisons (
    tenant_id integer not null,
    username text not null,
    unit text not null,
    deputy text not null,
    set_by text not null,
    set_at timestamptz not null,
    constraint pk_liaisons primary key (tenant_id, username)
)
""",
    "leaves": """
create table leaves (
    tenant_id integer not null,
    id uuid not null,
    username text not null,
    first_day date not null,
    last_day date not null,
    set_by text not null,
    set_at timestamptz not null,
    constraint pk_leaves primary key (tenant_id, id)
)
""",
}
INDEXES = (
    "create unique index ix_pauses_open on pauses (tenant_id, case_id) where resumed_at is null",
    "create index ix_pauses_tenant_id_case_id on pauses (tenant_id, case_id)",
    "create index ix_extensions_tenant_id_case_id on extensions (tenant_id, case_id)",
    "create index ix_overdues_tenant_id_noted_at on overdues (tenant_id, noted_at)",
    "create index ix_call_backs_tenant_id_case_id on call_backs (tenant_id, case_id)",
    "create index ix_visits_tenant_id_case_id on visits (tenant_id, case_id)",
    "create index ix_visits_tenant_id_visited_at on visits (tenant_id, visited_at)",
    "create index ix_photos_tenant_id_visit_id on photos (tenant_id, visit_id)",
    "create index ix_contacts_tenant_id_case_id on contacts (tenant_id, case_id)",
    "create index ix_commitments_tenant_id_case_id on commitments (tenant_id, case_id)",
    "create index ix_alerts_unseen on alerts (tenant_id, id) where seen_at is null",
    "create index ix_leaves_tenant_id_username_last_day on leaves (tenant_id, username, last_day)",
)
VERBS = {
    "flows": "select, insert",
    "overdues": "select, insert",
    "call_backs": "select, insert",
    "visits": "select, insert",
    "contacts": "select, insert",
    "photos": "select, insert",
    "leaves": "select, insert, delete",
    "office_days": "select, insert, update, delete",
    "liaisons": "select, insert, update, delete",
}
"""What the service may do with a table; what was done on a case is never rewritten."""

# Cases that were opened before there was a flow have one to come. The owner too sees the rows of
# one office at a time only.
SETTLE = """
do $$ declare office integer; begin
    for office in select id from tenants loop
        perform set_config('app.tenant', office::text, true);
        insert into work (tenant_id, kind, row_id, due_at)
        select tenant_id, 'settle', id, now() from cases
        where tenant_id = office and state = 'open' and closed_at is null
        on conflict do nothing;
    end loop;
    perform set_config('app.tenant', '', true);
end $$
"""


def upgrade() -> None:
    """Make them."""
    for table, statement in TABLES.items():
        op.execute(statement)
        for each in secure(table, VERBS.get(table, "select, insert, update")):
            op.execute(each)
    for statement in (*INDEXES, SETTLE):
        op.execute(statement)


def downgrade() -> None:
    """Take them away."""
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")
