"""Who linked an identity, and identities that asked to come in without being linked."""

from alembic import op

from minsheng_tenants.security import secure

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LINKED_BY = """
alter table user_identities
    add column linked_by text not null default '',
    add column by_operator boolean not null default false
"""

# The service's login may say that the operator linked an identity as little as it may grant a
# role: such an identity opens an administrator's account.
GUARD_IDENTITIES = """
create function guard_identities() returns trigger language plpgsql
set search_path = pg_catalog, public as $$
begin
    if new.by_operator and not operates() then
        raise exception 'only the operator links an identity as the operator'
            using errcode = 'insufficient_privilege';
    end if;
    return new;
end $$
"""

UNKNOWN_IDENTITIES = """
create table unknown_identities (
    tenant_id integer not null,
    id uuid not null,
    provider_id uuid not null,
    subject text not null,
    code text not null,
    tries integer not null,
    seen_at timestamptz not null,
    constraint pk_unknown_identities primary key (tenant_id, id),
    constraint uq_unknown_identities_tenant_id_provider_id_subject
        unique (tenant_id, provider_id, subject),
    constraint fk_unknown_identities_login_providers foreign key (tenant_id, provider_id)
        references login_providers (tenant_id, id) on delete cascade
)
"""


def upgrade() -> None:
    """Keep who linked an identity, and what an administrator has to link."""
    for statement in (
        LINKED_BY,
        GUARD_IDENTITIES,
        "create trigger guard_identities before insert or update on user_identities"
        " for each row execute function guard_identities()",
        UNKNOWN_IDENTITIES,
        *secure("unknown_identities"),
        "grant select on login_providers to minsheng_operator",
        "grant insert on user_identities to minsheng_operator",
    ):
        op.execute(statement)


def downgrade() -> None:
    """Take both away."""
    for statement in (
        "revoke all on login_providers, user_identities from minsheng_operator",
        "drop table unknown_identities",
        "drop trigger guard_identities on user_identities",
        "drop function guard_identities()",
        "alter table user_identities drop column by_operator, drop column linked_by",
    ):
        op.execute(statement)
