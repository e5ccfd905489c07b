"""The store in PostgreSQL, under row security.

Only `=` and `= any(array)` on integer, bigint and uuid are asked of the indexes: these operators
are leakproof, so the B-trees serve under row security too. The caller owns the transaction;
nothing here commits.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from .features import Features
from .packing import pack, pack_codes, unpack, unpack_codes
from .stores import Entry

SCHEMA = (
    "create table match_records ("
    " tenant_id integer not null, message_id uuid not null, payload bytea not null,"
    " codes bytea not null, primary key (tenant_id, message_id))",
    "create table match_codes ("
    " tenant_id integer not null, code bigint not null, message_id uuid not null,"
    " primary key (tenant_id, code, message_id))",
)
"""The two tables, for use without the service; there its migration adds row security."""

_KNOWN = (
    "select message_id::text from match_records"
    " where tenant_id = %s and message_id = any(%s::uuid[])"
)
_POSTINGS = (
    "select code, string_agg(message_id::text, ' ') from match_codes"
    " where tenant_id = %s and code = any(%s::bigint[]) group by code"
)
_LOAD = (
    "select message_id::text, payload from match_records"
    " where tenant_id = %s and message_id = any(%s::uuid[])"
)
_SAVE_RECORDS = (
    "insert into match_records (tenant_id, message_id, payload, codes)"
    " select %s, * from unnest(%s::uuid[], %s::bytea[], %s::bytea[])"
)
_SAVE_CODES = (
    "insert into match_codes (tenant_id, code, message_id)"
    " select %s, * from unnest(%s::bigint[], %s::uuid[])"
)
_REMOVED = (
    "delete from match_records where tenant_id = %s and message_id = any(%s::uuid[])"
    " returning message_id::text, codes"
)
_REMOVE_CODES = (
    "delete from match_codes m using unnest(%s::bigint[], %s::uuid[]) as gone(code, message_id)"
    " where m.tenant_id = %s and m.code = gone.code and m.message_id = gone.message_id"
)
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class MessageIdError(ValueError):
    """A message id that is not a lower-case uuid, the only kind this store can hold."""


class PostgresStore:
    """One tenant's records in `match_records` and `match_codes`.

    Works inside the caller's transaction and never commits. Raises `MessageIdError` for an id
    that is no canonical uuid, and what psycopg raises.
    """

    def __init__(self, connection: psycopg.Connection[Any], tenant_id: int = 0) -> None:
        self._connection = connection
        self._tenant = tenant_id

    def known(self, message_ids: Collection[str]) -> set[str]:
        """Which of these are stored already."""
        rows = self._rows(_KNOWN, [self._tenant, _array(_checked(message_ids))])
        return {row[0] for row in rows}

    def postings(self, codes: Collection[int]) -> dict[int, list[str]]:
        """The stored messages each code points at; codes without any are left out."""
        rows = self._rows(_POSTINGS, [self._tenant, _array(sorted(codes))])
        return {code: found.split(" ") for code, found in rows}

    def load(self, message_ids: Collection[str]) -> dict[str, Features]:
        """The features of these messages; unknown ones are left out."""
        if not message_ids:
            return {}
        rows = self._rows(_LOAD, [self._tenant, _array(sorted(message_ids))])
        return {message_id: unpack(message_id, payload) for message_id, payload in rows}

    def save(self, entries: Sequence[Entry]) -> None:
        """Store new messages with the codes that point at them."""
        if not entries:
            return
        # One order of writing for everyone, so that two transactions never wait in a circle.
        ordered = sorted(entries, key=lambda e: e[0].message_id)
        ids = _array([f.message_id for f, _ in ordered])
        payloads, codes = [pack(f) for f, _ in ordered], [pack_codes(c) for _, c in ordered]
        pairs = sorted((code, f.message_id) for f, own in ordered for code in own)
        with self._connection.cursor() as cursor:
            cursor.execute(_SAVE_RECORDS, [self._tenant, ids, _bytes(payloads), _bytes(codes)])
            cursor.execute(_SAVE_CODES, [self._tenant, *_columns(pairs)])

    def remove(self, message_ids: Collection[str]) -> None:
        """Forget these messages and every code that points at them; unknown ones are ignored."""
        gone = self._rows(_REMOVED, [self._tenant, _array(_checked(message_ids))])
        pairs = [(code, i) for i, codes in gone for code in unpack_codes(codes)]
        with self._connection.cursor() as cursor:
            cursor.execute(_REMOVE_CODES, [*_columns(pairs), self._tenant])

    def _rows(self, query: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        with self._connection.cursor(row_factory=tuple_row, binary=True) as cursor:
            return cursor.execute(query, parameters).fetchall()


def _checked(message_ids: Collection[str]) -> list[str]:
    for message_id in message_ids:
        if not _UUID.fullmatch(message_id):
            msg = f"{message_id!r} is no lower-case uuid: give each message one before matching"
            raise MessageIdError(msg)
    return sorted(message_ids)


# Arrays are written as PostgreSQL's own literals: psycopg looks at every element of a list, which
# for thousands of codes a batch costs more than the query. Only numbers, uuids and hexadecimal
# digits come here, so nothing needs quoting.
def _array(values: Iterable[int | str]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def _bytes(values: Iterable[bytes]) -> str:
    return "{" + ",".join(f'"\\\\x{value.hex()}"' for value in values) + "}"


def _columns(pairs: Sequence[tuple[int, str]]) -> tuple[str, str]:
    return _array(code for code, _ in pairs), _array(i for _, i in pairs)
