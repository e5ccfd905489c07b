"""The recipe of row security, read back from the catalogue of the database (reliability.md 3.5).

:func:`violations` names everything that departs from it. What may depart stands in three lists,
each entry with its reason, at most ten in all.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Row, text

from minsheng_tenants.security import CURRENT_TENANT

OPEN_TABLES = {
    "alembic_version": "the revision; the service reads it to say whether it is ready",
    "tenants": "the directory of public bodies; a policy of its own shows the subtree only",
    "handovers": "what one office hands to another; both sides see the row (docs/decisions/0027)",
    "crossings": "likely one matter at two bodies; both see the row (docs/decisions/0025)",
}
"""Tables without the one policy."""
MORE_POLICIES = {
    ("work", "every_office"): "the worker's login reads what waits in every office",
    ("tenants", "own_subtree"): "an office sees itself and the bodies below it",
    ("tenants", "below_own"): "an office may add bodies below itself",
    ("tenants", "whole_tree"): "owner and operator plant the roots of the tree",
    ("handovers", "both_sides"): "sender and receiver, by these two columns and no other",
    ("crossings", "both_sides"): "the two bodies, by these two columns and no other",
}
DEFINERS = {
    "open_account": "a superior opens a body's first administrator; under row security itself",
    "resolve_tenant": "before a login there is no office; answers for one code at a time",
    "plugin_outcomes": "counts for the metrics over all offices, naming nobody",
    "search_cases": "GIN is switched off under row security; filters on current_tenant()",
    "crossing_candidates": "compares keyed codes across offices; the worker's login alone may",
}
MOST_EXCEPTIONS = 10
"""How many tables and functions may stand on the lists; a table's policies count with it."""

POLICY = "(tenant_id = current_tenant())"
BOTH_SIDES = "((from_tenant = current_tenant()) OR (to_tenant = current_tenant()))"
PASSED = {"handovers": BOTH_SIDES, "crossings": BOTH_SIDES}
"""Tables that two offices see, with the policy that each bears."""
SERVICE = ("minsheng_app", "minsheng_worker", "minsheng_operator")
OWNERS = ("minsheng_search", "minsheng_opener", "minsheng_matcher")
ROLES = (*SERVICE, *OWNERS)
HARMLESS = {"SELECT", "INSERT", "UPDATE", "DELETE"}
RUNS_AS = {"open_account": "minsheng_opener", "crossing_candidates": "minsheng_matcher"}
"""Whose rights a definer function has; the others have those of minsheng_search."""
PAST_SECURITY = {
    "minsheng_search": {"tenants", "channels", "channel_runs", "case_search"},
    "minsheng_matcher": {"crossing_codes"},
}
"""What the roles past row security, which own definer functions, may read."""
GIN_TABLES = {"case_search", "crossing_codes"}
"""Tables that are searched by such functions only, where GIN serves."""
OPERATOR_REACHES = {
    "tenants", "users", "audit_entries", "alembic_version", "login_providers", "user_identities",
}  # fmt: skip
"""What the operator's login has any grant on: nothing of a citizen's."""
_PUBLIC = "n.nspname = 'public'"


def violations(connection: Connection) -> list[str]:
    """Every departure from the recipe, in words; empty when there is none."""
    return [
        *_tables(connection),
        *_functions(connection),
        *_triggers(connection),
        *_sequences(connection),
        *_grants(connection),
        *_defaults(connection),
        *_logins(connection),
        *_surroundings(connection),
    ]


def _rows(connection: Connection, said: str, **values: Any) -> list[Row[Any]]:
    return list(connection.execute(text(said), values))


def table_names(connection: Connection) -> set[str]:
    """Tables, views and the like of the service."""
    return {table.relname for table in _relations(connection)}


def _relations(connection: Connection) -> list[Row[Any]]:
    return _rows(connection, f"""
        select c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
               c.relispartition, c.relpersistence, pg_get_userbyid(c.relowner) as owner
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where {_PUBLIC} and c.relkind in ('r', 'p', 'v', 'm', 'f')
    """)  # fmt: skip


def _tables(connection: Connection) -> Iterator[str]:
    for table in _relations(connection):
        name = table.relname
        if table.relkind not in "rp":
            yield f"{name}: a view or foreign table sees past row security"
            continue
        if table.owner in ROLES:
            yield f"{name}: owned by a role of the service"
        if table.relispartition:
            yield from _partition(connection, table)
        if name != "alembic_version" and not (table.relrowsecurity and table.relforcerowsecurity):
            yield f"{name}: row security is not enabled and forced"
        yield from _policies(connection, name)
        if name not in OPEN_TABLES:
            yield from _keys(connection, table)


def _partition(connection: Connection, table: Row[Any]) -> Iterator[str]:
    """A partition that is asked by its own name is not under its parent's policy."""
    granted = (
        "select 1 from aclexplode((select relacl from pg_class where oid = :oid)) a"
        " join pg_roles r on r.oid = a.grantee where r.rolname = any(:roles)"
    )
    if _rows(connection, granted, oid=table.oid, roles=list(ROLES)):
        yield f"{table.relname}: a partition is granted by its own name"


def _policies(connection: Connection, name: str) -> Iterator[str]:
    found = _rows(connection, """
        select policyname, cmd, qual, with_check, permissive, roles::text[] as roles
        from pg_policies where schemaname = 'public' and tablename = :name
    """, name=name)  # fmt: skip
    own = [tuple(row)[1:] for row in found if row.policyname == "own_office"]
    if name not in OPEN_TABLES and own != [("ALL", POLICY, POLICY, "PERMISSIVE", ["public"])]:
        yield f"{name}: the one policy is missing or another one"
    both = [tuple(row)[1:] for row in found if row.policyname == "both_sides"]
    said = PASSED.get(name)
    if said and both != [("ALL", said, said, "PERMISSIVE", ["public"])]:
        yield f"{name}: the policy of both sides is missing or another one"
    for row in found:
        if row.policyname != "own_office" and (name, row.policyname) not in MORE_POLICIES:
            yield f"{name}: policy {row.policyname} stands on no list"


def _keys(connection: Connection, table: Row[Any]) -> Iterator[str]:
    name = table.relname
    column = _rows(connection, """
        select attnotnull, format_type(atttypid, null) as kind from pg_attribute
        where attrelid = :oid and attname = 'tenant_id' and not attisdropped
    """, oid=table.oid)  # fmt: skip
    if not column or not column[0].attnotnull or column[0].kind != "integer":
        yield f"{name}: tenant_id is missing, nullable or no integer"
    yield from _indexes(connection, table)
    yield from _constraints(connection, table)


def _indexes(connection: Connection, table: Row[Any]) -> Iterator[str]:
    found = _rows(connection, """
        select i.relname, a.amname, x.indisunique or x.indisexclusion as guards,
               pg_get_indexdef(x.indexrelid, 1, false) as first
        from pg_index x join pg_class i on i.oid = x.indexrelid join pg_am a on a.oid = i.relam
        where x.indrelid = :oid
    """, oid=table.oid)  # fmt: skip
    for index in found:
        if index.guards and index.first != "tenant_id":
            kind = "unique" if index.amname == "btree" else "exclusion"
            yield f"{table.relname}: {kind} index {index.relname} does not begin with tenant_id"
        if index.amname != "btree" and table.relname not in GIN_TABLES:
            yield f"{table.relname}: {index.relname} is a {index.amname} index, useless under" \
                  " row security"  # fmt: skip


def _constraints(connection: Connection, table: Row[Any]) -> Iterator[str]:
    found = _rows(connection, """
        select k.conname, cardinality(k.conkey) as width, k.confdeltype,
            (select attname from pg_attribute where attrelid = k.conrelid
                and attnum = k.conkey[1]) as ours,
            (select attname from pg_attribute where attrelid = k.confrelid
                and attnum = k.confkey[1]) as theirs
        from pg_constraint k where k.conrelid = :oid and k.contype = 'f'
    """, oid=table.oid)  # fmt: skip
    for key in found:
        if key.width < 2 or (key.ours, key.theirs) != ("tenant_id", "tenant_id"):
            yield f"{table.relname}: foreign key {key.conname} does not carry tenant_id on both" \
                  " sides"  # fmt: skip
        if key.confdeltype in "nd":
            yield f"{table.relname}: foreign key {key.conname} would rewrite tenant_id"


def _functions(connection: Connection) -> Iterator[str]:
    found = _rows(connection, f"""
        select p.proname, p.proconfig, p.proacl::text as acl, p.prosecdef, p.prosrc,
               pg_get_userbyid(p.proowner) as owner, l.lanname
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        join pg_language l on l.oid = p.prolang
        left join pg_depend d on d.objid = p.oid and d.deptype = 'e'
        where {_PUBLIC} and d.objid is null
    """)  # fmt: skip
    for function in found:
        name = function.proname
        if function.lanname not in ("sql", "plpgsql"):
            yield f"{name}: written in {function.lanname}, which row security does not bind"
        if name == "current_tenant" and function.prosrc.strip() not in CURRENT_TENANT:
            yield "current_tenant: does not read the setting as the recipe says"
        if function.prosecdef:
            yield from _definer(function)
        elif function.owner in ROLES:
            yield f"{name}: owned by a role of the service"


def _definer(function: Row[Any]) -> Iterator[str]:
    name = function.proname
    if name not in DEFINERS:
        yield f"{name}: a definer function that stands on no list"
    if not any(setting.startswith("search_path=") for setting in function.proconfig or []):
        yield f"{name}: its search_path is not pinned"
    if function.acl is None or "{=X" in function.acl or ",=X" in function.acl:
        yield f"{name}: everybody may run it"
    if function.owner != RUNS_AS.get(name, "minsheng_search"):
        yield f"{name}: runs with the rights of {function.owner}"


def _triggers(connection: Connection) -> Iterator[str]:
    for trigger in _rows(connection, f"""
        select t.tgname, c.relname, t.tgenabled, p.prosecdef
        from pg_trigger t join pg_class c on c.oid = t.tgrelid
        join pg_namespace n on n.oid = c.relnamespace join pg_proc p on p.oid = t.tgfoid
        where {_PUBLIC} and not t.tgisinternal
    """):  # fmt: skip
        if trigger.tgenabled not in "OA":
            yield f"{trigger.relname}: trigger {trigger.tgname} is disabled"
        if trigger.prosecdef:
            yield f"{trigger.relname}: trigger {trigger.tgname} runs with others' rights"
    for rule in _rows(connection, f"""
        select r.rulename, c.relname from pg_rewrite r join pg_class c on c.oid = r.ev_class
        join pg_namespace n on n.oid = c.relnamespace
        where {_PUBLIC} and r.rulename <> '_RETURN'
    """):  # fmt: skip
        yield f"{rule.relname}: rule {rule.rulename} rewrites what is asked"


def _sequences(connection: Connection) -> Iterator[str]:
    """A sequence tells every office how busy the others are."""
    for sequence in _rows(connection, f"""
        select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where {_PUBLIC} and c.relkind = 'S' and c.relname <> 'tenants_id_seq'
    """):  # fmt: skip
        yield f"{sequence.relname}: a sequence is shared by all offices"


def _grants(connection: Connection) -> Iterator[str]:
    granted = _rows(connection, f"""
        select c.relname, c.relkind, '' as attname, a.grantee, a.privilege_type, a.is_grantable,
               c.relowner
        from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
        where {_PUBLIC}
        union all
        select c.relname, c.relkind, t.attname, a.grantee, a.privilege_type, a.is_grantable,
               c.relowner
        from pg_attribute t join pg_class c on c.oid = t.attrelid
        join pg_namespace n on n.oid = c.relnamespace, aclexplode(t.attacl) a
        where {_PUBLIC}
    """)  # fmt: skip
    names = dict(tuple(row) for row in _rows(connection, "select oid, rolname from pg_roles"))
    for grant in granted:
        if grant.grantee != grant.relowner:
            yield from _grant(grant, names.get(grant.grantee, "everybody"))


def _grant(grant: Row[Any], to: str) -> Iterator[str]:
    what = f"{grant.relname}{'.' if grant.attname else ''}{grant.attname}"
    if to not in ROLES:
        yield f"{what}: {grant.privilege_type} is granted to {to}"
    if grant.privilege_type not in HARMLESS or grant.relkind == "S":
        yield f"{what}: {grant.privilege_type} is granted to {to}"
    if grant.is_grantable:
        yield f"{what}: {to} may hand {grant.privilege_type} on"
    if to == "minsheng_operator" and grant.relname not in OPERATOR_REACHES:
        yield f"{what}: {grant.privilege_type} is granted to the operator"
    reads = grant.privilege_type == "SELECT" and grant.relname in PAST_SECURITY.get(to, ())
    if to in PAST_SECURITY and not reads:
        yield f"{what}: {grant.privilege_type} is granted to the role past row security"


def _defaults(connection: Connection) -> Iterator[str]:
    """A default privilege would grant on tables that nobody has made yet."""
    for row in _rows(
        connection, "select defaclobjtype, defaclacl::text as acl from pg_default_acl"
    ):
        yield f"default privileges for {row.defaclobjtype}: {row.acl}"
    for row in _rows(connection, """
        select a.privilege_type, r.rolname from pg_namespace n, aclexplode(n.nspacl) a
        left join pg_roles r on r.oid = a.grantee
        where n.nspname = 'public' and a.privilege_type = 'CREATE'
          and a.grantee <> n.nspowner
    """):  # fmt: skip
        yield f"schema public: {row.rolname or 'everybody'} may create in it"


def _logins(connection: Connection) -> Iterator[str]:
    for role in _rows(connection, """
        select rolname, rolsuper or rolcreaterole or rolcreatedb or rolreplication
            or (rolbypassrls and rolname <> all(:past))
            or (rolcanlogin and rolname = any(:owners)) as strong
        from pg_roles where rolname = any(:roles)
    """, roles=list(ROLES), owners=list(OWNERS), past=list(PAST_SECURITY)):  # fmt: skip
        if role.strong:
            yield f"{role.rolname}: is stronger than a role of the service may be"
    for row in _rows(connection, """
        select m.rolname as member, g.rolname as role from pg_auth_members a
        join pg_roles m on m.oid = a.member join pg_roles g on g.oid = a.roleid
        where m.rolname = any(:roles) or g.rolname = any(:owners)
    """, roles=list(ROLES), owners=list(OWNERS)):  # fmt: skip
        if (row.member, row.role) != ("minsheng_worker", "minsheng_app"):
            yield f"{row.member}: is a member of {row.role}"
    for row in _rows(connection, """
        select r.rolname, s.setconfig::text as said from pg_db_role_setting s
        join pg_roles r on r.oid = s.setrole where r.rolname = any(:roles)
    """, roles=list(ROLES)):  # fmt: skip
        yield f"{row.rolname}: begins with settings {row.said}"


def _surroundings(connection: Connection) -> Iterator[str]:
    for row in _rows(connection, "select extname from pg_extension where extname <> 'plpgsql'"):
        yield f"extension {row.extname}: its functions have not been looked at"
    for row in _rows(connection, "select pubname from pg_publication"):
        yield f"publication {row.pubname}: sends every office's rows"
    for row in _rows(connection, """
        select nspname from pg_namespace
        where nspname not in ('public', 'information_schema') and nspname not like 'pg\\_%'
    """):  # fmt: skip
        yield f"schema {row.nspname}: nobody looks into it"
