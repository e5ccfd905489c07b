"""One row of an office in every table, made from the catalogue: a new table joins by itself.

Foreign keys and triggers are passed over (the owner's login, ``session_replication_role``); what a
CHECK asks for is found by trying the literals that stand in it.
"""

import itertools
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from offices_apart.world import office_tables

_SAMPLES = {
    "smallint": "1",
    "integer": "1",
    "bigint": "1",
    "boolean": "false",
    "double precision": "0.5",
    "numeric": "1",
    "timestamp with time zone": "now()",
    "date": "current_date",
    "time without time zone": "'09:00'",
    "interval": "'1 day'",
    "inet": "'127.0.0.1'",
}
_MOST_TRIES = 2000
_LITERAL = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True)
class Column:
    """A column as the catalogue tells it; ``element`` is the type of an array's elements."""

    name: str
    kind: str
    element: str
    nullable: bool


class RowUnfit(Exception):
    """No row could be made for a table; give its type a sample here."""


def plant_rows(
    owner: psycopg.Connection[Any], tenant_id: int, said: str, tables: Sequence[str] = ()
) -> None:
    """Add a row to every table (or to ``tables``); each of its texts holds ``said``."""
    owner.execute("set session_replication_role = replica")
    for table in tables or office_tables(owner):
        _plant(owner, table, tenant_id, said)
    owner.execute("set session_replication_role = origin")


def columns_of(owner: psycopg.Connection[Any], table: str) -> list[Column]:
    """The columns of a table that a statement may give."""
    found = owner.execute(
        "select column_name, data_type, udt_name, is_nullable = 'YES'"
        " from information_schema.columns where table_schema = 'public' and table_name = %s"
        " and is_generated = 'NEVER' and is_identity = 'NO' order by ordinal_position",
        (table,),
    )
    return [Column(name, kind, udt.lstrip("_"), nullable) for name, kind, udt, nullable in found]


def _plant(owner: psycopg.Connection[Any], table: str, tenant_id: int, said: str) -> None:
    columns = columns_of(owner, table)
    values = {column.name: sample(column, said) for column in columns}
    values["tenant_id"] = str(tenant_id)
    broken = _insert(owner, table, values)
    for _ in columns:
        if not broken:
            return
        values = _mended(owner, table, columns, values, broken, said)
        broken = _insert(owner, table, values)
    if broken:
        message = f"{table}: no sample row passes {broken}: teach _candidates what it asks for"
        raise RowUnfit(message)


def sample(column: Column, said: str) -> str:
    """An SQL expression for a column; RowUnfit for a type that is not known yet."""
    if column.kind in ("text", "character varying"):
        return f"'{said}'"
    if column.kind == "uuid":
        return f"'{uuid.uuid4()}'"
    if column.kind == "bytea":
        return f"convert_to('{said}', 'UTF8')"
    if column.kind in ("jsonb", "json"):
        return f"""'{{"{said}": "{said}"}}'"""
    if column.kind == "ARRAY":
        return f"'{{{said if column.element == 'text' else _array_item(column.element)}}}'"
    if column.kind not in _SAMPLES:
        message = f"no sample for {column.kind} ({column.name}): enter one in {__name__}"
        raise RowUnfit(message)
    return _SAMPLES[column.kind]


def _array_item(element: str) -> str:
    return str(uuid.uuid4()) if element == "uuid" else "1"


def _insert(owner: psycopg.Connection[Any], table: str, values: dict[str, str]) -> str:
    """Insert; the name of the CHECK that refused it, empty when it stands."""
    names = ", ".join(values)
    try:
        with owner.transaction():
            # Where an office has one row only, that row stands.
            given = ", ".join(values.values())
            owner.execute(f"insert into {table} ({names}) values ({given}) on conflict do nothing")
    except psycopg.errors.CheckViolation as error:
        return error.diag.constraint_name or ""
    return ""


def _mended(
    owner: psycopg.Connection[Any], table: str, columns: Sequence[Column],
    values: dict[str, str], broken: str, said: str,
) -> dict[str, str]:  # fmt: skip
    """The values changed in the columns of one CHECK so that it, at least, is content."""
    told = owner.execute(
        "select pg_get_expr(conbin, conrelid), (select array_agg(attname::text) from pg_attribute"
        " where attrelid = conrelid and attnum = any(conkey)) from pg_constraint"
        " where conname = %s and conrelid = %s::regclass",
        (broken, table),
    ).fetchone()
    assert told is not None, broken
    check, names = told
    touched = [column for column in columns if column.name in names]
    ways = [list(_candidates(column, values[column.name], check, said)) for column in touched]
    for way in itertools.islice(itertools.product(*ways), _MOST_TRIES):
        tried = values | {column.name: value for column, value in zip(touched, way, strict=True)}
        if _passes(owner, columns, tried, check):
            return tried
    return values


def _candidates(column: Column, value: str, check: str, said: str) -> Iterator[str]:
    yield value
    if column.kind in ("text", "character varying"):
        yield from (f"'{literal}'" for literal in _LITERAL.findall(check))
    if column.kind == "ARRAY":
        yield "'{}'"
        yield from (f"'{{{literal}}}'" for literal in _LITERAL.findall(check))
    if column.kind == "uuid":
        yield f"'{uuid.UUID(int=2**128 - 1)}'"
    if column.nullable:
        yield "null"


def _passes(
    owner: psycopg.Connection[Any], columns: Sequence[Column], values: dict[str, str], check: str
) -> bool:
    """Whether a CHECK holds for these values, asked without touching the table."""
    typed = ", ".join(
        f"cast({values[c.name]} as {c.element + '[]' if c.kind == 'ARRAY' else c.kind})"
        f' as "{c.name}"' for c in columns
    )  # fmt: skip
    row = owner.execute(f"select ({check}) from (select {typed}) as row").fetchone()
    return row is not None and row[0] is not False
