"""What is sent: outbox rows read with their message and reply, made into outgoing records."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from minsheng.audit import Tools
from minsheng.handling.models import Commitment
from minsheng.intake.messages import ORIGINAL, open_citizen
from minsheng.intake.models import Message
from minsheng.replies.finding import private_text_of
from minsheng.replies.models import (
    ACK,
    CORRECTION,
    NOTICE,
    READY,
    SENDING,
    Outgoing,
    Outlet,
    Reply,
)
from minsheng.runtime.work import Claim
from minsheng_sdk import OutgoingReply
from minsheng_tenants import Tenant, tenant_of

CORRECTED = "【更正】此前对您的答复有误，现予更正，以本次答复为准。"
KEPT = "此前向您承诺的事项已经落实："
RECEIPT = "您的来信已收到，我们会按规定办理并答复您。本邮件由系统自动发出，请勿回复。"


@dataclass(slots=True)
class Parcel:
    """One outbox row that is ours to send, with all that is sent."""

    claim: Claim
    row: Outgoing
    message: Message
    reply: Reply | None
    ahead: bool
    """Whether an earlier one to the same citizen is still on its way: order is kept."""


def open_parcels(session: Session, claims: Sequence[Claim]) -> list[Parcel]:
    """The claimed rows that are still to be sent, in the order in which they were written."""
    here = and_(Message.tenant_id == Outgoing.tenant_id, Message.id == Outgoing.message_id)
    said = and_(Reply.tenant_id == Outgoing.tenant_id, Reply.id == Outgoing.reply_id)
    earlier = aliased(Outgoing)
    ahead = (
        select(earlier.id)
        .where(
            earlier.message_id == Outgoing.message_id,
            earlier.id < Outgoing.id,
            earlier.state.in_((READY, SENDING)),
        )
        .exists()
    )
    chosen = select(Outgoing, Message, Reply, ahead).join(Message, here).outerjoin(Reply, said)
    mine = {claim.row_id: claim for claim in claims}
    wanted = Outgoing.id.in_(mine), or_(Outgoing.state == READY, Outgoing.state == SENDING)
    rows = session.execute(chosen.where(*wanted).order_by(Outgoing.id))
    return [Parcel(mine[row[0].id], *row) for row in rows]


def office_name(session: Session) -> str:
    """The name under which the office answers."""
    return session.scalar(select(Tenant.name).where(Tenant.id == tenant_of(session))) or ""


def pack(
    session: Session, tools: Tools, parcels: Sequence[Parcel], *, public: bool
) -> dict[uuid.UUID, OutgoingReply]:
    """What is handed to the plugin, by outbox row; for a public channel without private text."""
    office = office_name(session)
    others = _external_ids(session, parcels)
    spoken = _receipts(session, parcels) | _notices(session, parcels)
    return {
        each.row.id: _packed(tools, each, office, others, spoken, public=public) for each in parcels
    }


def _packed(
    tools: Tools,
    parcel: Parcel,
    office: str,
    others: dict[str, str],
    spoken: dict[uuid.UUID, tuple[str, str]],
    *,
    public: bool,
) -> OutgoingReply:
    message, row = parcel.message, parcel.row
    cipher = tools.keyring.cipher(message.tenant_id)
    original: dict[str, Any] = json.loads(cipher.open(ORIGINAL, message.id, message.original))
    public_text, private_text = _texts(tools, parcel, spoken)
    also = [others[each] for each in row.also if others.get(each)]
    return OutgoingReply(
        delivery_key=row.delivery_key,
        external_id=message.external_id,
        subject=message.subject if public else original["subject"],
        text=public_text,
        office=office,
        citizen=open_citizen(cipher, message.id, message.citizen),
        thread=(*original["thread"], *also),
        private_text="" if public else private_text,
        automatic=row.kind == ACK,
    )


def _texts(
    tools: Tools, parcel: Parcel, spoken: dict[uuid.UUID, tuple[str, str]]
) -> tuple[str, str]:
    """The public and the private text."""
    reply = parcel.reply
    if reply is None:
        return spoken[parcel.row.id]
    head = f"{CORRECTED}\n\n" if reply.kind == CORRECTION else ""
    return f"{head}{reply.public_text}", private_text_of(tools, reply)


def _receipts(session: Session, parcels: Sequence[Parcel]) -> dict[uuid.UUID, tuple[str, str]]:
    acks = [each.row for each in parcels if each.row.kind == ACK]
    chosen = select(Outlet.channel_id, Outlet.ack_text)
    wanted = chosen.where(Outlet.channel_id.in_({row.channel_id for row in acks}))
    said = {row.channel_id: row.ack_text for row in session.execute(wanted)} if acks else {}
    return {row.id: (said.get(row.channel_id) or RECEIPT, "") for row in acks}


def _notices(session: Session, parcels: Sequence[Parcel]) -> dict[uuid.UUID, tuple[str, str]]:
    """That a promise was kept; how, in the office's words, is for the citizens alone."""
    told = [each.row for each in parcels if each.row.kind == NOTICE]
    chosen = select(Commitment.id, Commitment.text, Commitment.evidence)
    wanted = chosen.where(Commitment.id.in_({row.notice_id for row in told}))
    said = {row.id: row for row in session.execute(wanted)} if told else {}
    return {
        row.id: (f"{KEPT}{said[row.notice_id].text}", said[row.notice_id].evidence)
        for row in told
        if row.notice_id in said
    }


def _external_ids(session: Session, parcels: Sequence[Parcel]) -> dict[str, str]:
    """How the source calls the citizen's other messages that are answered with it."""
    wanted = {uuid.UUID(each) for parcel in parcels for each in parcel.row.also}
    if not wanted:
        return {}
    chosen = select(Message.id, Message.external_id).where(Message.id.in_(wanted))
    return {str(row.id): row.external_id for row in session.execute(chosen)}
