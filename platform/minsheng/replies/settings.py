"""The office's own rules for replies, and automatic receipts (收悉) by channel, off by default."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.service import Wish
from minsheng.intake.channels import find_channel
from minsheng.intake.text import clean_text
from minsheng.replies.errors import ReplyInvalid
from minsheng.replies.models import Outlet, ReplySettings
from minsheng.replies.outlets import ensure_outlet
from minsheng.runtime.work import add_work, drop_work
from minsheng_tenants import tenant_of

DIRECT, REVIEW = "direct", "review"
ACKNOWLEDGE = "acknowledge"
"""The kind of work that looks for new messages of a channel with receipts; row = channel id."""
_LONGEST_RECEIPT = 1_000


@dataclass(frozen=True, slots=True)
class Rules:
    """How an office answers.

    ``adopt``: the answer of a body that a case was handed to goes out at once (direct) or becomes a
    draft (review). ``give_up_days``: how long a delivery is tried.
    """

    adopt: str = REVIEW
    give_up_days: int = 7


def rules_of(session: Session) -> Rules:
    """The office's rules."""
    row = session.execute(select(ReplySettings.adopt, ReplySettings.give_up_days)).one_or_none()
    return Rules(*row) if row is not None else Rules()


def set_rules(session: Session, tools: Tools, wish: Wish, rules: Rules) -> Rules:
    """Change the office's rules; raises ReplyInvalid naming the field."""
    if rules.adopt not in (DIRECT, REVIEW):
        raise ReplyInvalid("adopt", f"use {DIRECT} or {REVIEW}")
    if not 1 <= rules.give_up_days <= 90:
        raise ReplyInvalid("give_up_days", "use 1 to 90 days")
    values = {"adopt": rules.adopt, "give_up_days": rules.give_up_days}
    session.execute(
        insert(ReplySettings)
        .values({"tenant_id": tenant_of(session), **values})
        .on_conflict_do_update(
            index_elements=["tenant_id"],
            set_=values,
            where=ReplySettings.tenant_id == tenant_of(session),
        )
    )
    tools.auditor.record(session, wish.actor, "reply_rules.set", "office", tenant_of(session))
    return rules


def set_receipt(
    session: Session, tools: Tools, wish: Wish, code: str, *, on: bool, text: str = ""
) -> None:
    """Have a channel answer each arrival with a receipt, or no more; ``text`` are its words.

    At most one a correspondent and day, and none to machines (:mod:`minsheng.replies.receipts`).
    Raises ChannelNotFound or ReplyInvalid.
    """
    channel = find_channel(session, code)
    said = clean_text(text)
    if len(said) > _LONGEST_RECEIPT:
        raise ReplyInvalid("text", f"use at most {_LONGEST_RECEIPT} characters")
    ensure_outlet(session, channel.id)
    values = {"ack": on, "ack_text": said}
    session.execute(update(Outlet).where(Outlet.channel_id == channel.id).values(values))
    if on:
        add_work(session, ACKNOWLEDGE, [channel.id], tools.clock.now())
    else:
        drop_work(session, ACKNOWLEDGE, channel.id)
    verb = "receipt.on" if on else "receipt.off"
    tools.auditor.record(session, wish.actor, verb, "channel", channel.id)
