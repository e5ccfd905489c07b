"""Taking in: raw arrivals become inbox rows, once, together with the cursor behind them."""

import hashlib
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.intake.models import InboxItem
from minsheng.runtime.crypto import FieldCipher
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import add_work
from minsheng_sdk import RawItem
from minsheng_tenants import tenant_of

RAW = "inbox.raw"
PARSE = "parse"
WAITING, PARSED, QUARANTINED, SAME = "waiting", "parsed", "quarantined", "same"
REPORT = "report"
"""It tells of a mail of ours that came back, and is no message."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a page: rows newly stored by ``source_key``; the rest was known."""

    stored: Mapping[str, uuid.UUID]

    @property
    def count(self) -> int:
        """How many arrivals were new."""
        return len(self.stored)


def take_in(
    session: Session, tools: Tools, actor: Actor, channel_id: uuid.UUID, items: Sequence[RawItem]
) -> Taken:
    """Store the arrivals that are new to the channel and have them parsed.

    An arrival is known by its ``source_key``, or by equal bytes under an older ``epoch`` when the
    source numbered its arrivals anew; what is known leaves no second message.
    """
    fresh = _unknown(session, channel_id, {item.source_key: item for item in items})
    if not fresh:
        return Taken({})
    now = tools.clock.now()
    cipher = tools.keyring.cipher(tenant_of(session))
    rows = [_row(cipher, channel_id, item, now) for item in fresh]
    _recognise_renumbered(session, channel_id, rows)
    stored = insert_items(session, rows)
    waiting = [row["id"] for row in rows if row["state"] == WAITING and row["id"] in stored]
    add_work(session, PARSE, waiting, now)
    tools.auditor.record(session, actor, "message.take_in", "inbox", *stored)
    return Taken({row["source_key"]: row["id"] for row in rows if row["id"] in waiting})


_INSERT = insert(InboxItem.__table__).on_conflict_do_nothing().returning(InboxItem.id)  # type: ignore[arg-type]


def insert_items(session: Session, rows: Sequence[dict[str, Any]]) -> set[uuid.UUID]:
    """Insert inbox rows; the ids of those whose key no other transaction has taken meanwhile.

    They go in by the order of their keys: two that insert the same keys at once then wait for one
    another in turn, and never for each other.
    """
    if not rows:
        return set()
    ordered = sorted(rows, key=lambda row: str(row["source_key"]))
    return set(session.connection().execute(_INSERT, ordered).scalars())


def item_row(
    cipher: FieldCipher, channel_id: uuid.UUID, source_key: str, raw: bytes, now: datetime
) -> dict[str, Any]:
    """An inbox row of the cipher's office with the bytes sealed."""
    row_id = new_id()
    return {
        "tenant_id": cipher.tenant_id,
        "id": row_id,
        "channel_id": channel_id,
        "source_key": source_key,
        "epoch": "",
        "digest": digest_of(cipher, raw),
        "raw": cipher.seal(RAW, row_id, raw),
        "size": len(raw),
        "state": WAITING,
        "same_as": None,
        "taken_at": now,
    }


def digest_of(cipher: FieldCipher, raw: bytes) -> bytes:
    """The blind index of an arrival's bytes."""
    return cipher.index(RAW, hashlib.sha256(raw).digest())


def _row(
    cipher: FieldCipher, channel_id: uuid.UUID, item: RawItem, now: datetime
) -> dict[str, Any]:
    row = item_row(cipher, channel_id, item.source_key, item.raw, now)
    return row | {"epoch": item.epoch}


def _unknown(
    session: Session, channel_id: uuid.UUID, items: Mapping[str, RawItem]
) -> list[RawItem]:
    known = set(
        session.scalars(
            select(InboxItem.source_key).where(
                InboxItem.channel_id == channel_id, InboxItem.source_key.in_(list(items))
            )
        )
    )
    return [item for key, item in items.items() if key not in known]


def _recognise_renumbered(
    session: Session, channel_id: uuid.UUID, rows: Sequence[dict[str, Any]]
) -> None:
    """Mark rows that an older epoch holds already; the k-th copy there answers the k-th here."""
    digests = {row["digest"] for row in rows if row["epoch"]}
    if not digests:
        return
    stored = session.execute(
        select(InboxItem.digest, InboxItem.epoch, InboxItem.id, InboxItem.same_as)
        .where(InboxItem.channel_id == channel_id, InboxItem.digest.in_(digests))
        .order_by(InboxItem.id)
    ).all()
    spoken_for: Counter[tuple[bytes, str]] = Counter((row.digest, row.epoch) for row in stored)
    for row in rows:
        originals = [
            old.id
            for old in stored
            if old.digest == row["digest"] and old.epoch != row["epoch"] and old.same_as is None
        ]
        turn = spoken_for[row["digest"], row["epoch"]]
        if turn < len(originals):
            row |= {"state": SAME, "same_as": originals[turn], "raw": None}
        spoken_for[row["digest"], row["epoch"]] += 1
