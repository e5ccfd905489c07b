"""A mail of ours that came back (退信): its delivery has failed, and no new matter arises from it.

The channel's plugin says in ``extra`` which mail a report is about (``bounce_of``, its Message-ID)
and why (``bounce_status``). Only a delivery of the same channel is meant: a report about anything
else is a message like any other. The report's bytes stay in the inbox either way.
"""

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.ledger import case_event
from minsheng.intake.models import Channel
from minsheng.replies.fanout import refresh_states
from minsheng.replies.models import FAILED, REPLY, SENDING, SENT, UNCERTAIN, Outgoing
from minsheng_sdk import ParsedMessage

RETURNED = "returned"
_MAY_RETURN = (SENDING, SENT, UNCERTAIN)


def take_bounce(session: Session, tools: Tools, channel: Channel, parsed: ParsedMessage) -> bool:
    """Mark the delivery that came back as failed; False for what is no report of one of ours."""
    named = parsed.extra.get("bounce_of", "")
    if not named:
        return False
    key = named.strip("<>").partition("@")[0]
    ours = or_(Outgoing.remote_id == named, Outgoing.delivery_key == key)
    chosen = select(Outgoing).where(Outgoing.channel_id == channel.id, ours)
    row = session.scalar(chosen.order_by(Outgoing.id).limit(1).with_for_update())
    if row is None:
        return False
    if row.state in _MAY_RETURN:
        _fail(session, tools, channel, row, parsed.extra.get("bounce_status", ""))
    return True


def _fail(session: Session, tools: Tools, channel: Channel, row: Outgoing, status: str) -> None:
    now = tools.clock.now()
    values = {
        "state": FAILED, "sent_at": None, "changed_at": now,
        "trouble": f"{RETURNED}: the mail came back {status}".strip(),
    }  # fmt: skip
    session.execute(update(Outgoing).where(Outgoing.id == row.id).values(values))
    tools.auditor.record(session, SYSTEM, "delivery.failed", "delivery", row.id)
    if row.kind == REPLY and row.reply_id:
        data = {
            "delivery": str(row.id), "reply": str(row.reply_id), "channel": channel.code,
            "message": str(row.message_id), "returned": status,
        }  # fmt: skip
        session.add(case_event(now, SYSTEM, row.case_id, "reply_failed", data))
        session.flush()
        refresh_states(session, [row.reply_id])
