"""Automatic receipts, and the ends of mail loops.

A receipt goes to a person only: never to what a machine sent (RFC 3834, lists, bulk, delivery
reports), never to our own mail fetched again (known by its Message-ID), and at most once a day to
one correspondent, so that two offices that answer each other are silent after three mails.
Receipts themselves say that no person wrote them.
"""

import json
import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.models import CaseMessage
from minsheng.intake.channels import ACTIVE
from minsheng.intake.messages import ORIGINAL
from minsheng.intake.models import Channel, Message
from minsheng.replies.fanout import DELIVER
from minsheng.replies.models import ACK, READY, Outgoing, Outlet, OwnMail
from minsheng.replies.ownmails import mark_own_mails
from minsheng.runtime.database import insert_rows
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import Claim, add_work, finish_work, put_off
from minsheng_tenants import tenant_of

EVERY = timedelta(minutes=1)
LOOK_BACK = timedelta(days=1)
"""How far back arrivals are looked at: what waited longer for its case gets no receipt any more."""
ONE_A = timedelta(days=1)
_MOST = 500


class Acknowledger:
    """Answers work of the kind "acknowledge": one row is one channel with receipts turned on."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def work(self, claims: Sequence[Claim]) -> None:
        """Write the receipts that are due into the outbox, then look again in a minute."""
        for claim in claims:
            with self._tools.database.session(claim.tenant_id) as session:
                channel = session.scalar(select(Channel).where(Channel.id == claim.row_id))
                on = session.scalar(select(Outlet.ack).where(Outlet.channel_id == claim.row_id))
                if channel is None or not on or channel.state != ACTIVE:
                    finish_work(session, [claim])
                    continue
                acknowledge_arrivals(session, self._tools, channel)
                put_off(session, claim, self._tools.clock.now() + EVERY, attempt=0)


def acknowledge_arrivals(session: Session, tools: Tools, channel: Channel) -> int:
    """Write the receipts of a channel's new arrivals; how many were written."""
    since = tools.clock.now() - LOOK_BACK
    done = select(Outgoing.message_id).where(Outgoing.kind == ACK)
    place = and_(CaseMessage.tenant_id == Message.tenant_id, CaseMessage.message_id == Message.id)
    chosen = select(Message, CaseMessage.case_id).join(CaseMessage, place)
    wanted = (
        Message.channel_id == channel.id,
        CaseMessage.joined_at >= since,
        Message.id.not_in(done),
    )
    rows = session.execute(chosen.where(*wanted).order_by(Message.id).limit(_MOST)).all()
    mark_own_mails(session, tools, [message for message, _case in rows])
    own = _own_among(session, [message.id for message, _case in rows])
    told = _told_lately(session, tools)
    fresh = []
    for message, case_id in rows:
        person = bytes(message.email_ix)
        if message.id in own or not person or person in told or is_automatic(tools, message):
            continue
        told.add(person)
        fresh.append(_row(session, tools, channel, message, case_id))
    insert_rows(session, Outgoing, fresh)
    ids = [row["id"] for row in fresh]
    add_work(session, DELIVER, ids, tools.clock.now())
    tools.auditor.record(session, SYSTEM, "receipt.write", "delivery", *ids)
    return len(ids)


def is_automatic(tools: Tools, message: Message) -> bool:
    """Whether a machine sent the message, as its channel's plugin said when it was read."""
    cipher = tools.keyring.cipher(message.tenant_id)
    original: dict[str, Any] = json.loads(cipher.open(ORIGINAL, message.id, message.original))
    return bool(original.get("extra", {}).get("auto") == "true")


def _own_among(session: Session, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    return set(session.scalars(select(OwnMail.message_id).where(OwnMail.message_id.in_(ids))))


def _told_lately(session: Session, tools: Tools) -> set[bytes]:
    """Who got a receipt of the office within a day, by the blind index of the mail address."""
    here = and_(Message.tenant_id == Outgoing.tenant_id, Message.id == Outgoing.message_id)
    since = tools.clock.now() - ONE_A
    chosen = select(Message.email_ix).join(Outgoing, here)
    wanted = Outgoing.kind == ACK, Outgoing.created_at > since, func.length(Message.email_ix) > 0
    return {bytes(each) for each in session.scalars(chosen.where(*wanted).distinct())}


def _row(
    session: Session, tools: Tools, channel: Channel, message: Message, case_id: uuid.UUID
) -> dict[str, Any]:
    row_id, now = new_id(), tools.clock.now()
    return {
        "tenant_id": tenant_of(session),
        "id": row_id,
        "kind": ACK,
        "reply_id": None,
        "case_id": case_id,
        "channel_id": channel.id,
        "message_id": message.id,
        "also": [],
        "delivery_key": f"ack-{row_id.hex}",
        "state": READY,
        "created_at": now,
        "changed_at": now,
    }
