"""Every row that belongs to a case, found by the tables' own foreign keys.

A table of a room that is built tomorrow is in the dossier without anybody remembering it: the walk
begins at the case (and those joined to it) and follows whoever points there. What is left out is
named in LEFT_OUT with its reason; a test holds that every table is one or the other.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, Select, Table, or_, select
from sqlalchemy.orm import Session

from minsheng.runtime.crypto import FieldCipher, SealBroken
from minsheng_tenants import Base, tenant_of

LEFT_OUT: Mapping[str, str] = {
    "findings": "the matcher's questions name other cases' messages",
    "not_same": "names other cases' messages",
    "case_search": "an index of what the messages hold",
    "query_codes": "the citizens' own keys to their letters",
    "linked_messages": "names other messages; where they stand is in case_messages",
    "reply_writers": "who is writing just now",
    "work": "what is still to be done",
    "crossing_codes": "keyed codes that only the matching across offices reads",
    "crossings": "the other office's side too; what this one was told stands in crossing_sides",
}
_OUTWARD = {"messages": ("case_messages", "message_id"), "inbox": ("messages", "inbox_id")}
"""Tables the walk reaches from the other end: their rows' ids stand in a column of another."""
_BY_NAME = {"case_id": "cases", "message_id": "messages", "from_case": "cases", "to_case": "cases"}
"""Columns that mean a case or a message where no foreign key says so."""
_KEYS = ("_ix", "digest")
_CONTENT = ("messages.original", "inbox.raw", "photos.content")
"""Sealed columns that become files of their own."""


@dataclass(slots=True)
class Gathered:
    """Rows by table, as they may be written down, and the sealed contents as files by path."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def gather(session: Session, cipher: FieldCipher, case_ids: Sequence[uuid.UUID]) -> Gathered:
    """Everything of these cases, opened. One query a table, whatever the cases hold."""
    found = Gathered()
    ids: dict[str, set[uuid.UUID]] = {}
    for table in reachable_tables():
        rows = session.execute(_rows(session, table, ids, case_ids)).mappings().all()
        if "id" in table.c:
            ids[table.name] = {row["id"] for row in rows}
        for name, column in _outward_from(table):
            ids[name] = {row[column] for row in rows}
        found.rows[table.name] = [_written(cipher, table, dict(row), found.files) for row in rows]
    return found


def reachable_tables() -> list[Table]:
    """The tables of the walk, each behind those it is found through."""
    chosen: list[Table] = []
    waiting = [table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT]
    names = {"cases"}
    while more := [table for table in waiting if table not in chosen and _is_next(table, names)]:
        chosen += more
        names |= {table.name for table in more}
    return chosen


def _is_next(table: Table, names: set[str]) -> bool:
    if table.name == "cases":
        return True
    if table.name in _OUTWARD:
        return _OUTWARD[table.name][0] in names
    return any(target in names for _column, target in _links(table))


def _links(table: Table) -> Iterator[tuple[Column[Any], str]]:
    """Columns of a table that name a row of another, with that table's name."""
    for key in table.foreign_key_constraints:
        for element in key.elements:
            if element.parent.name != "tenant_id":
                yield element.parent, element.column.table.name
    for name, target in _BY_NAME.items():
        if name in table.c:
            yield table.c[name], target


def _rows(
    session: Session,
    table: Table,
    ids: Mapping[str, set[uuid.UUID]],
    case_ids: Sequence[uuid.UUID],
) -> Select[Any]:
    if table.name == "cases":
        wanted: ColumnElement[bool] = table.c.id.in_(case_ids)
    elif table.name in _OUTWARD:
        wanted = table.c.id.in_(ids.get(table.name, ()))
    else:
        wanted = or_(*(column.in_(ids[to]) for column, to in _links(table) if to in ids))
    if "tenant_id" in table.c:
        wanted = wanted & (table.c.tenant_id == tenant_of(session))
    return select(table).where(wanted).order_by(*table.primary_key.columns)


def _outward_from(table: Table) -> Iterable[tuple[str, str]]:
    return [(name, column) for name, (source, column) in _OUTWARD.items() if source == table.name]


def _written(
    cipher: FieldCipher, table: Table, row: Mapping[str, Any], files: dict[str, bytes]
) -> dict[str, Any]:
    """A row as JSON can hold it: sealed columns opened, keys of search left out."""
    said: dict[str, Any] = {}
    for column in table.c:
        value = row[column.name]
        if column.name.endswith(_KEYS) or column.name == "tenant_id":
            continue
        if isinstance(column.type, LargeBinary) and value is not None:
            value = _opened(cipher, f"{table.name}.{column.name}", row, value, files)
        said[column.name] = value
    return said


def _opened(
    cipher: FieldCipher, place: str, row: Mapping[str, Any], value: bytes, files: dict[str, bytes]
) -> str | dict[str, Any]:
    row_id = row.get("id") or row.get("message_id") or uuid.UUID(int=0)
    try:
        plain = cipher.open(place, row_id, value)
    except SealBroken:
        return {"sealed": "for another office or purpose", "bytes": len(value)}
    if place in _CONTENT:
        path = f"files/{place}/{row_id}"
        files[path] = plain
        return {"file": path}
    try:
        return plain.decode()
    except UnicodeDecodeError:
        return {"hex": plain.hex()}
