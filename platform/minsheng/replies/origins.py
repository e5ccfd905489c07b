"""Whom an answer goes to: one citizen a channel, whatever the number of letters.

Two messages of a channel are one citizen's when telephone or mail address are the same (blind
indexes). A name alone joins nobody: an answer too much is the lesser harm than one that never came.
"""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.models import CaseMessage
from minsheng.intake.messages import open_citizen
from minsheng.intake.models import Channel, Message
from minsheng.replies.models import OwnMail
from minsheng_sdk import Citizen

HANDOVER_PLUGIN = "handover"


@dataclass(frozen=True, slots=True)
class Origin:
    """One citizen by one channel: the newest message is answered, ``also`` the earlier ones."""

    message_id: uuid.UUID
    channel_id: uuid.UUID
    channel_state: str
    also: tuple[uuid.UUID, ...] = ()

    @property
    def messages(self) -> frozenset[uuid.UUID]:
        """Every message that this answer is for."""
        return frozenset((self.message_id, *self.also))


@dataclass(frozen=True, slots=True)
class _Sent:
    message_id: uuid.UUID
    channel_id: uuid.UUID
    channel_state: str
    marks: frozenset[tuple[str, bytes]]


def origins_of(session: Session, case_id: uuid.UUID) -> list[Origin]:
    """The citizens of a case by channel; other offices' handovers and our own mails are none."""
    here = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    source = and_(Channel.tenant_id == Message.tenant_id, Channel.id == Message.channel_id)
    columns = (
        Message.id, Message.channel_id, Channel.state, Message.phone_ix, Message.email_ix,
    )  # fmt: skip
    chosen = select(*columns).select_from(CaseMessage).join(Message, here).join(Channel, source)
    own = select(OwnMail.message_id)
    wanted = (
        CaseMessage.case_id == case_id,
        Channel.plugin != HANDOVER_PLUGIN,
        Message.id.not_in(own),
    )
    rows = session.execute(chosen.where(*wanted).order_by(Message.received_at, Message.id))
    sent = [_Sent(row[0], row[1], row[2], _marks(row[3], row[4])) for row in rows]
    return [_origin(group) for group in _groups(sent)]


def citizens_of(session: Session, tools: Tools, case_id: uuid.UUID) -> list[Citizen]:
    """Who wrote in a case, each once, for a check that shows nothing of it."""
    here = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    chosen = select(Message.id, Message.tenant_id, Message.citizen).join(CaseMessage, here)
    rows = session.execute(chosen.where(CaseMessage.case_id == case_id)).all()
    opened = [
        open_citizen(tools.keyring.cipher(row.tenant_id), row.id, row.citizen) for row in rows
    ]
    return list(dict.fromkeys(opened))


def _marks(phone: bytes, email: bytes) -> frozenset[tuple[str, bytes]]:
    both = ("phone", bytes(phone)), ("email", bytes(email))
    return frozenset(mark for mark in both if mark[1])


def _groups(sent: Iterable[_Sent]) -> Collection[Sequence[_Sent]]:
    """Messages of one channel that share a mark, directly or through others."""
    groups: list[tuple[uuid.UUID, set[tuple[str, bytes]], list[_Sent]]] = []
    for one in sent:
        mine = [g for g in groups if g[0] == one.channel_id and g[1] & one.marks]
        joined = (
            one.channel_id,
            set(one.marks).union(*(group[1] for group in mine)),
            [*(each for group in mine for each in group[2]), one],
        )
        groups = [group for group in groups if group not in mine] + [joined]
    return [group[2] for group in groups]


def _origin(group: Sequence[_Sent]) -> Origin:
    newest = group[-1]
    also = tuple(each.message_id for each in group[:-1])
    return Origin(newest.message_id, newest.channel_id, newest.channel_state, also)
