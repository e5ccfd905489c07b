"""The built-in channel "handover": what was handed over arrives like any other message.

The channel is made when an office first gets something. It has no source to pull and nobody posts
to it. ``source_key`` is the handover's id with the version of its content, so that a retry, a
second worker or a crash still leave one message.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.handling.handover_models import RECEIVED, Handover
from minsheng.handling.handovers_content import open_content, read_content
from minsheng.handling.handovers_steps import take_step
from minsheng.intake.channels import BUILT_IN, SETTINGS
from minsheng.intake.inbox import PARSED, insert_items, item_row
from minsheng.intake.messages import Arrival, store_messages
from minsheng.intake.models import Channel
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

PLUGIN = CODE = "handover"
NAME = "上级转办"


def receive(session: Session, tools: Tools, handovers: Sequence[Handover]) -> None:
    """Take in what was sent here: inbox rows and messages, and the step "received".

    ``handovers`` are locked and in the state "sent", so nothing of them has arrived before.
    """
    if not handovers:
        return
    channel = handover_channel(session, tools)
    cipher, now = tools.keyring.cipher(tenant_of(session)), tools.clock.now()
    rows, arrivals = list[dict[str, Any]](), list[Arrival]()
    for handover in handovers:
        raw = open_content(cipher, handover)
        key = f"{handover.id}.{handover.content_version}"
        row = item_row(cipher, channel.id, key, raw, now) | {"state": PARSED}
        rows.append(row)
        arrivals.append(Arrival(row["id"], read_content(handover, raw)))
    insert_items(session, rows)
    ids = store_messages(session, tools, channel, arrivals)
    for handover, message_id in zip(handovers, ids, strict=True):
        handover.to_message = message_id
        take_step(handover, RECEIVED, now)
        sender = Actor("office", handover.from_code)
        tools.auditor.record(session, sender, "message.hand_over", "message", message_id)


def handover_channel(session: Session, tools: Tools) -> Channel:
    """The office's built-in channel, made at first need; its code is "handover" where that is free.

    Two that make it at once wait for each other and get the same one.
    """
    for code in (CODE, f"built-in-{CODE}"):
        known = session.scalar(select(Channel).where(Channel.plugin == PLUGIN))
        if known is not None:
            return known
        _make(session, tools, code)
    return session.scalars(select(Channel).where(Channel.plugin == PLUGIN)).one()


def _make(session: Session, tools: Tools, code: str) -> None:
    channel_id = new_id()
    cipher = tools.keyring.cipher(tenant_of(session))
    row = {
        "tenant_id": tenant_of(session),
        "id": channel_id,
        "code": code,
        "plugin": PLUGIN,
        "name": NAME,
        "settings": cipher.seal(SETTINGS, channel_id, "{}"),
        "state": BUILT_IN,
        "created_at": tools.clock.now(),
    }
    session.execute(insert(Channel).values(row).on_conflict_do_nothing())
