"""The operator of the platform plants the tree and first accounts, and can read no case."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import ProgrammingError

WRITES = {"tenants": {"INSERT", "UPDATE"}, "users": {"INSERT", "UPDATE"}}
READS = {"tenants", "users", "alembic_version", "login_providers"}
ADDS = {"audit_entries": {"INSERT"}, "user_identities": {"INSERT"}}


@pytest.fixture
def operator(logins: Any) -> Iterator[Connection]:
    engine = create_engine(logins.operator, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


def test_rel_a4_the_operators_login_holds_these_grants_and_no_other(operator: Connection) -> None:
    held: dict[str, set[str]] = {}
    for table, verb in operator.execute(text("""
        select c.relname, v.verb from pg_class c, unnest(array['SELECT', 'INSERT', 'UPDATE',
            'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as v(verb)
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
          and has_table_privilege(c.oid, v.verb)
    """)):  # fmt: skip
        held.setdefault(table, set()).add(verb)
    wanted = {table: {"SELECT"} for table in READS}
    for table, verbs in (WRITES | ADDS).items():
        wanted[table] = wanted.get(table, set()) | verbs
    assert held == wanted


def test_rel_a4_the_operators_login_is_no_superuser_and_bypasses_nothing(
    operator: Connection,
) -> None:
    strong = text("""
        select count(*) from pg_roles r where (r.rolsuper or r.rolbypassrls or r.rolcreaterole)
          and (r.rolname = current_user or pg_has_role(current_user, r.oid, 'member'))
    """)
    assert operator.scalar(strong) == 0


@pytest.mark.parametrize("table", ["cases", "messages", "inbox", "case_search", "match_codes"])
def test_rel_a4_no_context_opens_a_case_to_the_operator(
    operator: Connection, office: Callable[..., int], table: str
) -> None:
    tenant = str(office())
    operator.execute(text("select set_config('app.tenant', :tenant, false)"), {"tenant": tenant})
    with pytest.raises(ProgrammingError, match="permission denied"):
        operator.execute(text(f"select * from {table}"))


def test_the_operator_sees_the_tree_and_the_users_of_the_office_named_only(
    operator: Connection, office: Callable[..., int]
) -> None:
    one, _other = office(), office()
    assert operator.scalar(text("select count(*) from tenants")) >= 2
    assert operator.scalar(text("select count(*) from users")) == 0
    operator.execute(text("select set_config('app.tenant', :tenant, false)"), {"tenant": str(one)})
    assert operator.execute(text("select tenant_id from users")).all() == []
    with pytest.raises(ProgrammingError, match="row-level security"):
        operator.execute(text("""
            insert into users (tenant_id, id, username, name, created_at)
            values (:other, gen_random_uuid(), 'x.y', 'x', now())
        """), {"other": _other})  # fmt: skip
