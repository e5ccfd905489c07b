"""Messages: what a parsed arrival is stored as, and how its sealed parts are opened again."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.intake.confidential import asks_confidence
from minsheng.intake.inbox import PARSED
from minsheng.intake.models import Channel, InboxItem, Message
from minsheng.intake.people import citizen_indexes
from minsheng.intake.text import clean_text, mask_text
from minsheng.runtime.crypto import FieldCipher
from minsheng.runtime.database import insert_rows
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import add_work
from minsheng_sdk import Citizen, ParsedMessage
from minsheng_tenants import tenant_of

MATCH = "match"
ORIGINAL, CITIZEN = "messages.original", "messages.citizen"
MAX_BODY = 100_000
"""Characters of a body that are kept readable; the whole stays sealed in the inbox."""
_MAX_SUBJECT = 500
_MAX_WORD = 200


@dataclass(frozen=True, slots=True)
class Arrival:
    """A parsed message and the inbox row it was read from."""

    inbox_id: uuid.UUID
    parsed: ParsedMessage


def store_messages(
    session: Session, tools: Tools, channel: Channel, arrivals: Sequence[Arrival]
) -> list[uuid.UUID]:
    """Store parsed arrivals of a channel and have them matched; their ids in the same order.

    Their inbox rows are marked by :func:`mark_parsed`, unless they were stored as parsed.
    """
    if not arrivals:
        return []
    cipher = tools.keyring.cipher(tenant_of(session))
    rows = [message_row(cipher, channel, arrival) for arrival in arrivals]
    tenant_id = tenant_of(session)
    insert_rows(session, Message, [row | {"tenant_id": tenant_id} for row in rows])
    ids = [row["id"] for row in rows]
    add_work(session, MATCH, ids, tools.clock.now())
    return ids


def mark_parsed(session: Session, arrivals: Sequence[Arrival]) -> None:
    """Note in the inbox that these arrivals have become messages."""
    read = [arrival.inbox_id for arrival in arrivals]
    session.execute(update(InboxItem).where(InboxItem.id.in_(read)).values(state=PARSED))


def message_row(cipher: FieldCipher, channel: Channel, arrival: Arrival) -> dict[str, Any]:
    """The columns of a message: masked text, sealed originals, blind indexes."""
    parsed, row_id = arrival.parsed, new_id()
    citizen = _clean_citizen(parsed.citizen)
    subject, body = clean_text(parsed.subject), clean_text(parsed.body)
    return {
        "id": row_id,
        "channel_id": channel.id,
        "inbox_id": arrival.inbox_id,
        "plugin": channel.plugin,
        "external_id": clean_text(parsed.external_id)[:_MAX_SUBJECT],
        "subject": mask_text(subject, citizen.name)[:_MAX_SUBJECT],
        "body": mask_text(body[:MAX_BODY], citizen.name),
        "original": cipher.seal(ORIGINAL, row_id, _original(parsed, subject, body)),
        "received_at": parsed.received_at,
        "region": clean_text(parsed.region)[:_MAX_WORD],
        "addressee": clean_text(parsed.addressee)[:_MAX_WORD],
        "kind": clean_text(parsed.kind)[:_MAX_WORD],
        "citizen": cipher.seal(CITIZEN, row_id, _citizen_json(citizen)),
        **citizen_indexes(cipher, channel.plugin, citizen),
        "confidential": parsed.confidential or asks_confidence(subject, body),
        "details": {"attachments": len(parsed.attachments), "cut": len(body) > MAX_BODY},
    }


def open_citizen(cipher: FieldCipher, message_id: uuid.UUID, sealed: bytes) -> Citizen:
    """The contact fields of a message; whoever shows them unmasked writes an audit entry."""
    return Citizen(**json.loads(cipher.open(CITIZEN, message_id, sealed)))


def _clean_citizen(citizen: Citizen) -> Citizen:
    return Citizen(
        name=clean_text(citizen.name)[:_MAX_WORD],
        phone=clean_text(citizen.phone)[:_MAX_WORD],
        email=clean_text(citizen.email)[:_MAX_WORD],
    )


def _citizen_json(citizen: Citizen) -> str:
    return json.dumps({"name": citizen.name, "phone": citizen.phone, "email": citizen.email})


def _original(parsed: ParsedMessage, subject: str, body: str) -> str:
    said = {
        "subject": subject,
        "body": body,
        "thread": list(parsed.thread),
        "attachments": [[file.name, file.media_type, file.size] for file in parsed.attachments],
        "extra": dict(parsed.extra),
    }
    return json.dumps(said)
