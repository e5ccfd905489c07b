"""The files of what is handed over: the arrivals as they came go along, sealed for the receiver.

An attachment lies in its arrival's bytes (the mail), which a plugin's child process reads and the
service does not. So the receiver gets those bytes, and opens them with the purpose kept, whether
the sender still has them or not. Of who asked for secrecy nothing goes along.
"""

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.service import PLAIN, Purpose, RevealRefused, Sight, check_purpose
from minsheng.handling.custody import show_handover
from minsheng.handling.handover_models import Handover
from minsheng.handling.handovers_content import open_content
from minsheng.handling.handovers_errors import HandoverNotFound
from minsheng.intake.inbox import RAW
from minsheng.intake.models import InboxItem, Message
from minsheng.runtime.crypto import FieldCipher
from minsheng_tenants import tenant_of

MOST_BYTES = 16 * 1024 * 1024
"""Of a case's arrivals, oldest first; what does not fit stays with the sender, and is named."""


@dataclass(frozen=True, slots=True)
class HandedFile:
    """An arrival as it came: the plugin that read it at the sender's, and its bytes."""

    plugin: str
    content: bytes


def files_of(
    session: Session, cipher: FieldCipher, messages: Sequence[Message]
) -> Mapping[uuid.UUID, bytes]:
    """The arrivals of those messages that have attachments, by message, within MOST_BYTES."""
    with_files = [each for each in messages if each.details.get("attachments")]
    if not with_files:
        return {}
    chosen = select(InboxItem.id, InboxItem.size).where(
        InboxItem.id.in_([each.inbox_id for each in with_files]), InboxItem.raw.is_not(None)
    )
    sizes = {row.id: row.size for row in session.execute(chosen)}
    found: dict[uuid.UUID, bytes] = {}
    left = MOST_BYTES
    for message in with_files:
        size = sizes.get(message.inbox_id)
        if size is None or size > left:
            continue
        left -= size
        sealed = session.scalars(
            select(InboxItem.raw).where(InboxItem.id == message.inbox_id)
        ).one()
        found[message.id] = cipher.open(RAW, message.inbox_id, sealed or b"")
    return found


def open_file(
    session: Session,
    tools: Tools,
    actor: Actor,
    handover_id: uuid.UUID,
    number: int,
    purpose: Purpose,
    sight: Sight = PLAIN,
) -> HandedFile:
    """The ``number``-th message (from 1) of what was handed here, as it came; the look is kept.

    Raises PurposeInvalid; HandoverNotFound: none in sight, not handed to this office, or no file;
    RevealRefused for who may not know the citizen.
    """
    check_purpose(purpose)
    show_handover(session, handover_id, sight)
    own = tenant_of(session)
    chosen = select(Handover).where(Handover.id == handover_id, Handover.to_tenant == own)
    handover = session.scalar(chosen)
    told: list[dict[str, Any]] = []
    if handover is not None:
        said = json.loads(open_content(tools.keyring.cipher(own), handover))
        if said["confidential"] and not sight.confidential:
            message = "the citizen asked not to be named: ask those who work on petitions"
            raise RevealRefused(message)
        told = said["messages"]
    if not 1 <= number <= len(told) or not told[number - 1].get("raw"):
        message = "nothing was handed over with this number: see the files of its message"
        raise HandoverNotFound(message)
    one, result = told[number - 1], str(purpose)
    tools.auditor.record(session, actor, "handover.file", "handover", handover_id, result=result)
    return HandedFile(one["plugin"], base64.b64decode(one["raw"]))
