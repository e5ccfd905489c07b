"""What is handed over: packed by the sender, sealed for the receiver, read there as one message.

The data key of the sender opens nothing at the receiver's. So the service opens the originals with
the sender's key and seals the copy with the receiver's in the sender's transaction: no plain text
is stored, and neither side's people get a key. Placeholders are made anew at the receiver's, whose
blind indexes are its own.
"""

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minsheng.audit import Tools
from minsheng.cases.citizens import is_confidential
from minsheng.cases.models import Case
from minsheng.handling.handover_models import Handover
from minsheng.intake.confidential import hide_person
from minsheng.intake.messages import ORIGINAL, open_citizen
from minsheng.intake.models import Message
from minsheng.runtime.crypto import FieldCipher
from minsheng_sdk import Attachment, Citizen, ParsedMessage

CONTENT, ANSWER = "handovers.content", "handovers.answer"
GIVEN, WITHHELD = "given", "withheld"
MOST_MESSAGES = 50
"""Messages of a case that are handed over in full; the others are counted."""
_MORE = "【同一诉求另有{count}件来件】"


@dataclass(frozen=True, slots=True)
class Packed:
    """A case as it is handed over, in clear; ``contact`` is GIVEN or WITHHELD."""

    said: dict[str, Any]
    contact: str


def pack_case(
    cipher: FieldCipher,
    case: Case,
    messages: Sequence[Message],
    *,
    with_contact: bool,
    files: Mapping[uuid.UUID, bytes],
) -> Packed:
    """What the receiver gets of a case: its messages, oldest first, the first one in full.

    ``files`` are the arrivals as they came, by message, of those that have attachments. Who asked
    for secrecy is handed over without name, contact, original and files unless ``with_contact``;
    the flag goes along either way.
    """
    secret = frozenset(
        (kind, bytes(index))
        for message in messages
        if message.confidential
        for kind, index in (
            ("phone", message.phone_ix), ("email", message.email_ix), ("name", message.name_ix),
        )
        if index
    )  # fmt: skip
    hidden = [is_confidential(message, secret) for message in messages]
    told = [
        _told(cipher, message, files.get(message.id, b""), quiet=quiet and not with_contact)
        for message, quiet in zip(messages[:MOST_MESSAGES], hidden, strict=False)
    ]
    first = messages[0]
    said = {
        "subject": hide_person(case.subject) if any(hidden) else case.subject,
        "region": case.region or first.region,
        "kind": first.kind,
        "confidential": any(hidden),
        "count": len(messages),
        "messages": told,
    }
    return Packed(said, WITHHELD if any(hidden) and not with_contact else GIVEN)


def seal_content(cipher: FieldCipher, handover_id: uuid.UUID, packed: Packed) -> bytes:
    """The packed case sealed by the receiver's cipher."""
    return cipher.seal(CONTENT, handover_id, json.dumps(packed.said, ensure_ascii=False))


def open_content(cipher: FieldCipher, handover: Handover) -> bytes:
    """The bytes that were handed over; SealBroken with any cipher but the receiver's."""
    return cipher.open(CONTENT, handover.id, handover.content)


def read_content(handover: Handover, raw: bytes) -> ParsedMessage:
    """The one message that a handover is at its receiver's: the first in full, the rest behind."""
    said: dict[str, Any] = json.loads(raw)
    first, *others = said["messages"]
    files = [file for message in said["messages"] for file in message["attachments"]]
    return ParsedMessage(
        external_id=str(handover.id),
        subject=first["subject"] or said["subject"],
        body="\n\n".join([first["body"], *_others(others, said["count"])]),
        received_at=handover.sent_at,
        region=said["region"],
        kind=said["kind"],
        citizen=Citizen(**first["citizen"]),
        attachments=tuple(Attachment(*file) for file in files),
        extra={"handover": str(handover.id), "from": handover.from_code},
        confidential=said["confidential"],
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered: words for the citizen, and words for the sender alone."""

    public_text: str
    private_text: str
    reply_id: uuid.UUID
    at: datetime
    corrected: bool


def seal_answer(tools: Tools, handover: Handover, public_text: str, private_text: str) -> bytes:
    """An answer sealed for the sender, by the service at the receiver's."""
    said = json.dumps({"public": public_text, "private": private_text}, ensure_ascii=False)
    return tools.keyring.cipher(handover.from_tenant).seal(ANSWER, handover.id, said)


def open_answer(cipher: FieldCipher, handover: Handover) -> Answer | None:
    """The answer, opened by the sender's cipher; None while there is none."""
    if handover.answer is None or handover.reply_id is None or handover.answered_at is None:
        return None
    said = json.loads(cipher.open(ANSWER, handover.id, handover.answer))
    corrected = any(step["kind"] == "corrected" for step in handover.steps)
    return Answer(
        said["public"], said["private"], handover.reply_id, handover.answered_at, corrected
    )


def _told(cipher: FieldCipher, message: Message, raw: bytes, *, quiet: bool) -> dict[str, Any]:
    """One message; a quiet one as it may be shown to those who must not know the citizen."""
    said: dict[str, Any] = json.loads(cipher.open(ORIGINAL, message.id, message.original))
    citizen = Citizen() if quiet else open_citizen(cipher, message.id, message.citizen)
    return {
        "plugin": message.plugin,
        "received_at": message.received_at.isoformat(),
        "subject": hide_person(message.subject) if quiet else said["subject"],
        "body": hide_person(message.body) if quiet else said["body"],
        "masked": hide_person(message.body) if quiet else message.body,
        "citizen": {"name": citizen.name, "phone": citizen.phone, "email": citizen.email},
        "attachments": [] if quiet else said["attachments"],
        "raw": "" if quiet else base64.b64encode(raw).decode(),
    }


def _others(others: Sequence[dict[str, Any]], count: int) -> list[str]:
    """The other messages with placeholders: their citizens are not the first one's to know."""
    if not others:
        return []
    head = _MORE.format(count=count - 1)
    return [head, *(f"{at}. {other['masked']}" for at, other in enumerate(others, 1))]
