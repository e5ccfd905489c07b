"""The store in PostgreSQL, under row security.

A message is one row of `match_codes`: what is compared of it, and a column a slot of codes, each
with a B-tree of its own. A row a code would cost 84 bytes each, three quarters of them PostgreSQL's
own; a column costs 4 and its place in the index 20 (`docs/decisions/0020`).

Only `=` and `= any(array)` on integer and uuid are asked of the indexes: these operators are
leakproof, so the B-trees serve under row security too. The caller owns the transaction; nothing
here commits.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from .features import FIXED, SLOT_BITS, SLOTS, Features
from .packing import pack, unpack
from .stores import Entry, Postings

_COLUMNS = tuple(f"c{at:02}" for at in range(SLOTS + len(FIXED)))
_LISTED = ", ".join(_COLUMNS)

SCHEMA = (
    "create table match_codes ("
    " tenant_id integer not null, message_id uuid not null, payload bytea not null,"
    f" {', '.join(f'{column} integer' for column in _COLUMNS)},"
    " constraint pk_match_codes primary key (tenant_id, message_id))",
    *(
        f"create index ix_match_codes_{column} on match_codes (tenant_id, {column})"
        f" where {column} is not null"
        for column in _COLUMNS
    ),
)
"""The table, for use without the service; there its migration adds row security."""

_KNOWN = (
    "select message_id::text from match_codes where tenant_id = %s and message_id = any(%s::uuid[])"
)
_POSTINGS = " union all ".join(
    f"select {at}, {column}, message_id::text from match_codes"  # noqa: S608 - our own names
    f" where tenant_id = %s and {column} = any(%s::integer[])"
    for at, column in enumerate(_COLUMNS)
)
_LOAD = (
    "select message_id::text, payload from match_codes"
    " where tenant_id = %s and message_id = any(%s::uuid[])"
)
_SAVE = (
    f"insert into match_codes (tenant_id, message_id, payload, {_LISTED})"  # noqa: S608 - our own names
    f" select %s, * from unnest(%s::uuid[], %s::bytea[],"
    f" {', '.join(['%s::integer[]'] * len(_COLUMNS))}) on conflict do nothing"
)
_REMOVE = "delete from match_codes where tenant_id = %s and message_id = any(%s::uuid[])"
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class MessageIdError(ValueError):
    """A message id that is not a lower-case uuid, the only kind this store can hold."""


class PostgresStore:
    """One tenant's records in `match_codes`.

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

    def postings(self, codes: Collection[int]) -> Postings:
        """The stored messages each code points at; codes without any are left out."""
        asked: list[list[int]] = [[] for _ in _COLUMNS]
        for code in sorted(codes):
            asked[code >> SLOT_BITS].append(_signed(code))
        # One form of the query for every message, so that it is planned a few times a connection:
        # planning costs ten times what looking costs.
        parameters = [p for own in asked for p in (self._tenant, _array(own))]
        found: dict[int, list[str]] = {}
        for slot, code, message_id in self._rows(_POSTINGS, parameters):
            found.setdefault(slot << SLOT_BITS | (code & _LOW), []).append(message_id)
        return found

    def load(self, message_ids: Collection[str]) -> dict[str, Features]:
        """The features of these messages; unknown ones are left out."""
        if not message_ids:
            return {}
        rows = self._rows(_LOAD, [self._tenant, _array(sorted(message_ids))])
        return {message_id: unpack(message_id, payload) for message_id, payload in rows}

    def save(self, entries: Sequence[Entry]) -> None:
        """Store messages with the codes that point at them; one that is stored already is left as
        it is."""
        if not entries:
            return
        # One order of writing for everyone, so that two transactions never wait in a circle.
        ordered = sorted(entries, key=lambda e: e[0].message_id)
        ids = _array(_checked([f.message_id for f, _ in ordered]))
        slots = [{code >> SLOT_BITS: _signed(code) for code in own} for _, own in ordered]
        columns = [_array(own.get(at, "null") for own in slots) for at in range(len(_COLUMNS))]
        payloads = _bytes(pack(f) for f, _ in ordered)
        with self._connection.cursor() as cursor:
            cursor.execute(_SAVE, [self._tenant, ids, payloads, *columns])

    def remove(self, message_ids: Collection[str]) -> None:
        """Forget these messages and every code that points at them; unknown ones are ignored."""
        with self._connection.cursor() as cursor:
            cursor.execute(_REMOVE, [self._tenant, _array(_checked(message_ids))])

    def _rows(self, query: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        with self._connection.cursor(row_factory=tuple_row, binary=True) as cursor:
            return cursor.execute(query, parameters, prepare=True).fetchall()


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


def _signed(code: int) -> int:
    """The lower half of a code as PostgreSQL's integer."""
    low = code & _LOW
    return low - (1 << SLOT_BITS) if low >> (SLOT_BITS - 1) else low


_LOW = (1 << SLOT_BITS) - 1
