"""The push road: messages posted to the API, idempotent by ``external_id``."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.intake.channels import PUSHED, ChannelInvalid
from minsheng.intake.inbox import PARSED, digest_of, insert_items, item_row
from minsheng.intake.messages import Arrival, store_messages
from minsheng.intake.models import Channel, InboxItem, Message
from minsheng.runtime.crypto import FieldCipher
from minsheng.runtime.failpoints import failpoint
from minsheng_sdk import Citizen, ParsedMessage
from minsheng_tenants import tenant_of


@dataclass(frozen=True, slots=True)
class PushedMessage:
    """A message as it is posted; ``received_at`` is aware.

    ``confidential``: the citizen asks not to be named (要求保密); words that say so count as well.
    """

    external_id: str
    subject: str
    body: str
    received_at: datetime
    region: str = ""
    addressee: str = ""
    kind: str = ""
    citizen: Citizen = field(default_factory=Citizen)
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a posted message: its id, and whether it was new.

    ``differs`` says that it was known with other content: the first one stands, since a message is
    never edited.
    """

    id: uuid.UUID
    external_id: str
    created: bool
    differs: bool = False


def push_messages(
    session: Session, tools: Tools, actor: Actor, channel: Channel, posted: Sequence[PushedMessage]
) -> list[Pushed]:
    """Store what is new of ``posted`` and answer for each in its order.

    The same ``external_id`` twice in one call, or again later, is one message. Raises
    ChannelInvalid for a channel that is pulled.
    """
    if channel.state != PUSHED:
        message = f"channel {channel.code} is pulled from its source: post to a pushed channel"
        raise ChannelInvalid("channel", message)
    rows = _rows(session, tools, channel, posted)
    taken = insert_items(session, list(rows.values()))
    firsts = {message.external_id: message for message in reversed(posted)}
    fresh = [key for key, row in rows.items() if row["id"] in taken]
    arrivals = [Arrival(rows[key]["id"], _parsed(firsts[key])) for key in fresh]
    ids = store_messages(session, tools, channel, arrivals)
    tools.auditor.record(session, actor, "message.push", "message", *ids)
    failpoint("push.before_commit")
    created = {
        key: _Stored(message_id, rows[key]["digest"])
        for key, message_id in zip(fresh, ids, strict=True)
    }
    known = _known(session, channel.id, [key for key in rows if key not in created])
    return _answers(posted, created, known, tools.keyring.cipher(tenant_of(session)))


@dataclass(frozen=True, slots=True)
class _Stored:
    id: uuid.UUID
    digest: bytes


def _rows(
    session: Session, tools: Tools, channel: Channel, posted: Sequence[PushedMessage]
) -> dict[str, dict[str, Any]]:
    cipher, now = tools.keyring.cipher(tenant_of(session)), tools.clock.now()
    rows: dict[str, dict[str, Any]] = {}
    for message in posted:
        if message.external_id not in rows:
            row = item_row(cipher, channel.id, message.external_id, _canonical(message), now)
            rows[message.external_id] = row | {"state": PARSED}
    return rows


def _known(session: Session, channel_id: uuid.UUID, keys: Sequence[str]) -> dict[str, _Stored]:
    if not keys:
        return {}
    found = session.execute(
        select(InboxItem.source_key, Message.id, InboxItem.digest)
        .join(
            Message,
            and_(Message.tenant_id == InboxItem.tenant_id, Message.inbox_id == InboxItem.id),
        )
        .where(InboxItem.channel_id == channel_id, InboxItem.source_key.in_(keys))
    )
    return {row.source_key: _Stored(row.id, row.digest) for row in found}


def _answers(
    posted: Sequence[PushedMessage],
    created: dict[str, _Stored],
    known: dict[str, _Stored],
    cipher: FieldCipher,
) -> list[Pushed]:
    answers, said = [], set[str]()
    for message in posted:
        key = message.external_id
        stored = created.get(key) or known[key]
        new = key in created and key not in said
        differs = not new and digest_of(cipher, _canonical(message)) != stored.digest
        answers.append(Pushed(stored.id, key, created=new, differs=differs))
        said.add(key)
    return answers


def _canonical(message: PushedMessage) -> bytes:
    said = asdict(message) | {"received_at": message.received_at.isoformat()}
    if not message.confidential:
        # Arrivals that were stored before there was such a mark have no word of it.
        del said["confidential"]
    return json.dumps(said, sort_keys=True).encode()


def _parsed(message: PushedMessage) -> ParsedMessage:
    return ParsedMessage(**{key: getattr(message, key) for key in message.__slots__})
