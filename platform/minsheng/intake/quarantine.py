"""Quarantine: arrivals that could not be read, with their bytes, until they are replayed."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Actor, Tools
from minsheng.intake.inbox import PARSE, QUARANTINED, RAW, WAITING
from minsheng.intake.models import Channel, InboxItem, Quarantined
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import hasten_work
from minsheng_tenants import tenant_of

_MAX_DETAIL = 500
_ITEM = and_(InboxItem.tenant_id == Quarantined.tenant_id, InboxItem.id == Quarantined.inbox_id)
_CHANNEL = and_(Channel.tenant_id == InboxItem.tenant_id, Channel.id == InboxItem.channel_id)


class QuarantineNotFound(Exception):
    """The office has nothing of this number in quarantine, or it was read since."""


@dataclass(frozen=True, slots=True)
class Aside:
    """One arrival in quarantine: why, since when, from which channel, how large in bytes."""

    id: uuid.UUID
    reason: str
    detail: str
    at: datetime
    channel_code: str
    channel_name: str
    plugin: str
    size: int


def put_aside(
    session: Session, tools: Tools, inbox_id: uuid.UUID, reason: str, detail: str
) -> None:
    """Note that an arrival could not be read; a second failure replaces the first one's words."""
    tenant_id = tenant_of(session)
    said = {"reason": reason, "detail": detail[:_MAX_DETAIL], "at": tools.clock.now()}
    row = {"tenant_id": tenant_id, "id": new_id(), "inbox_id": inbox_id} | said
    session.execute(
        insert(Quarantined)
        .values(row)
        .on_conflict_do_update(
            index_elements=["tenant_id", "inbox_id"],
            set_=said | {"resolved_at": None},
            where=Quarantined.tenant_id == tenant_id,
        )
    )
    session.execute(update(InboxItem).where(InboxItem.id == inbox_id).values(state=QUARANTINED))
    tools.auditor.record(session, SYSTEM, "message.quarantine", "inbox", inbox_id)


def resolve(session: Session, tools: Tools, inbox_ids: Sequence[uuid.UUID]) -> None:
    """Note that arrivals which stood in quarantine have been read after all."""
    waiting = Quarantined.inbox_id.in_(inbox_ids), Quarantined.resolved_at.is_(None)
    session.execute(update(Quarantined).where(*waiting).values(resolved_at=tools.clock.now()))


def list_aside(
    session: Session, after: uuid.UUID | None = None, limit: int = 50
) -> Sequence[Aside]:
    """What stands in quarantine, newest first, those older than ``after``, at most ``limit``."""
    chosen = (
        select(
            Quarantined.id, Quarantined.reason, Quarantined.detail, Quarantined.at,
            Channel.code, Channel.name, Channel.plugin, InboxItem.size,
        )
        .join(InboxItem, _ITEM)
        .join(Channel, _CHANNEL)
        .where(Quarantined.resolved_at.is_(None))
        .order_by(Quarantined.id.desc())
        .limit(limit)
    )  # fmt: skip
    if after is not None:
        chosen = chosen.where(Quarantined.id < after)
    return [Aside(*row) for row in session.execute(chosen)]


def raw_bytes(session: Session, tools: Tools, actor: Actor, aside_id: uuid.UUID) -> bytes:
    """The bytes as they came; looking at them is audited. Raises QuarantineNotFound."""
    item = _item(session, aside_id)
    tools.auditor.record(session, actor, "quarantine.look", "inbox", item.id)
    return tools.keyring.cipher(item.tenant_id).open(RAW, item.id, item.raw or b"")


def replay(session: Session, tools: Tools, actor: Actor, aside_id: uuid.UUID) -> None:
    """Have an arrival parsed once more; raises QuarantineNotFound."""
    item = _item(session, aside_id)
    item.state = WAITING
    session.flush()
    hasten_work(session, PARSE, item.id, tools.clock.now())
    tools.auditor.record(session, actor, "quarantine.replay", "inbox", item.id)


def _item(session: Session, aside_id: uuid.UUID) -> InboxItem:
    item = session.scalar(
        select(InboxItem)
        .join(Quarantined, _ITEM)
        .where(Quarantined.id == aside_id, Quarantined.resolved_at.is_(None))
    )
    if item is None:
        message = "nothing of this number is in quarantine: it may have been read since"
        raise QuarantineNotFound(message)
    return item
