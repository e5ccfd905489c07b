"""The store in PostgreSQL, under row security.

Only `=` and `= any(array)` on integer, bigint and uuid are asked of the indexes: these operators
are leakproof, so the B-trees serve under row security too. The caller owns the transaction;
nothing here commits.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from .facts import Facts
from .features import Features
from .stores import Entry

SCHEMA = (
    "create table match_records ("
    " tenant_id integer not null, message_id uuid not null, day double precision not null,"
    " region text not null, phone_ix bytea not null, email_ix bytea not null,"
    " name_ix bytea not null, content bigint not null,"
    " weight double precision not null, subject bytea not null,"
    " body bytea not null, facts jsonb not null, codes bytea not null,"
    " primary key (tenant_id, message_id))",
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
    "select code, array_agg(message_id::text) from match_codes"
    " where tenant_id = %s and code = any(%s::bigint[]) group by code"
)
_LOAD = (
    "select message_id::text, day, region, phone_ix, email_ix, name_ix, content, weight,"
    " subject, body, facts from match_records where tenant_id = %s and message_id = any(%s::uuid[])"
)
_SAVE_RECORDS = (
    "insert into match_records (tenant_id, message_id, day, region, phone_ix, email_ix, name_ix,"
    " content, weight, subject, body, facts, codes)"
    " select %s, * from unnest(%s::uuid[], %s::float8[], %s::text[], %s::bytea[], %s::bytea[],"
    " %s::bytea[], %s::bigint[], %s::float8[], %s::bytea[], %s::bytea[], %s::jsonb[], %s::bytea[])"
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
        rows = self._rows(_KNOWN, [self._tenant, _uuids(message_ids)])
        return {row[0] for row in rows}

    def postings(self, codes: Collection[int]) -> dict[int, list[str]]:
        """The stored messages each code points at; codes without any are left out."""
        return dict(self._rows(_POSTINGS, [self._tenant, sorted(codes)]))

    def load(self, message_ids: Collection[str]) -> dict[str, Features]:
        """The features of these messages; unknown ones are left out."""
        if not message_ids:
            return {}
        rows = self._rows(_LOAD, [self._tenant, _uuids(message_ids)])
        return {row[0]: _features(row) for row in rows}

    def save(self, entries: Sequence[Entry]) -> None:
        """Store new messages with the codes that point at them."""
        if not entries:
            return
        # One order of writing for everyone, so that two transactions never wait in a circle.
        ordered = sorted(entries, key=lambda e: e[0].message_id)
        columns = [list(c) for c in zip(*map(_row, ordered), strict=True)]
        pairs = sorted((code, f.message_id) for f, codes in ordered for code in codes)
        with self._connection.cursor() as cursor:
            cursor.execute(_SAVE_RECORDS, [self._tenant, *columns])
            cursor.execute(
                _SAVE_CODES, [self._tenant, [p[0] for p in pairs], [p[1] for p in pairs]]
            )

    def remove(self, message_ids: Collection[str]) -> None:
        """Forget these messages and every code that points at them; unknown ones are ignored."""
        gone = self._rows(_REMOVED, [self._tenant, _uuids(message_ids)])
        pairs = [(int(c), i) for i, codes in gone for c in np.frombuffer(codes, dtype="<i8")]
        with self._connection.cursor() as cursor:
            cursor.execute(
                _REMOVE_CODES, [[p[0] for p in pairs], [p[1] for p in pairs], self._tenant]
            )

    def _rows(self, query: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        with self._connection.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(query.encode(), parameters).fetchall()


def _uuids(message_ids: Collection[str]) -> list[str]:
    for message_id in message_ids:
        try:
            canonical = str(UUID(message_id))
        except ValueError as error:
            msg = f"{message_id!r} is no uuid: give each message a uuid before matching"
            raise MessageIdError(msg) from error
        if canonical != message_id:
            msg = f"{message_id!r} is not canonical: write it as {canonical}"
            raise MessageIdError(msg)
    return sorted(message_ids)


def _row(entry: Entry) -> tuple[Any, ...]:
    features, codes = entry
    named = Jsonb({"named": features.facts.named, "stance": features.facts.stance})
    subject, body = features.subject.astype("<u4"), features.body.astype("<u4")
    return (
        features.message_id, features.day, features.region, features.phone_ix, features.email_ix,
        features.name_ix, features.content, features.weight, subject.tobytes(), body.tobytes(),
        named, np.array(codes, dtype="<i8").tobytes(),
    )  # fmt: skip


def _features(row: tuple[Any, ...]) -> Features:
    message_id, day, region, phone_ix, email_ix, name_ix, content, weight, subject, body, facts = (
        row
    )
    return Features(
        message_id, day, region, phone_ix, email_ix, name_ix, content, weight,
        np.frombuffer(subject, dtype="<u4"), np.frombuffer(body, dtype="<u4"),
        Facts(facts["named"], facts["stance"]),
    )  # fmt: skip
