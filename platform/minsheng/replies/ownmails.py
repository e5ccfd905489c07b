"""Our own mail fetched again, known by its Message-ID: marked, and answered by nobody."""

import uuid
from collections.abc import Collection

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.models import CaseMessage
from minsheng.intake.models import Message
from minsheng.replies.models import Outgoing, OwnMail
from minsheng_tenants import tenant_of


def mark_own_in_case(session: Session, tools: Tools, case_id: uuid.UUID) -> int:
    """Mark those of a case's messages that are our own; how many are new."""
    here = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    chosen = select(Message).join(CaseMessage, here).where(CaseMessage.case_id == case_id)
    known = select(OwnMail.message_id)
    return mark_own_mails(
        session, tools, session.scalars(chosen.where(Message.id.not_in(known))).all()
    )


def mark_own_mails(session: Session, tools: Tools, messages: Collection[Message]) -> int:
    """Mark those that are our own deliveries fetched again; how many there are.

    The source's id of a delivery (mail: its Message-ID) is that of the message then.
    """
    names = {message.external_id: message.id for message in messages if message.external_id}
    if not names:
        return 0
    chosen = select(Outgoing.id, Outgoing.remote_id, Outgoing.delivery_key)
    keys = {_key(name) for name in names}
    ours = or_(Outgoing.remote_id.in_(names), Outgoing.delivery_key.in_(keys))
    found = session.execute(chosen.where(ours)).all()
    by_key = {_key(name): message_id for name, message_id in names.items()}
    rows = [
        {
            "tenant_id": tenant_of(session),
            "message_id": names.get(row.remote_id) or by_key[row.delivery_key],
            "outbox_id": row.id,
            "seen_at": tools.clock.now(),
        }
        for row in found
    ]
    if rows:
        session.execute(insert(OwnMail).values(rows).on_conflict_do_nothing())
        marked = [row["message_id"] for row in rows]
        tools.auditor.record(session, SYSTEM, "message.own", "message", *marked)
    return len(rows)


def _key(name: str) -> str:
    """The delivery key in a Message-ID of ours; any other gives a key that nothing has."""
    return name.strip("<>").partition("@")[0]
