"""One case as it is shown: its messages side by side, why they were joined, what may belong."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, text
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.ledger import find_case
from minsheng.cases.models import Case, CaseEvent, CaseMessage
from minsheng.intake.messages import open_citizen
from minsheng.intake.models import Channel, Message
from minsheng.intake.text import mask_name, mask_phone
from minsheng_tenants import tenant_of

MOST_MESSAGES = 200
"""Messages shown of one case; the count says when there are more."""
_MOST_EVENTS = 500
_MOST_FINDINGS = 50


@dataclass(frozen=True, slots=True)
class Join:
    """Why a message stands in its case: score 0 to 1, reasons, by whom, when, which version."""

    score: float | None
    reasons: Sequence[Mapping[str, Any]]
    by: str
    at: datetime
    algorithm: str
    via: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as it is shown by default: contact data masked, numbers as placeholders."""

    id: uuid.UUID
    channel: str
    channel_name: str
    plugin: str
    external_id: str
    subject: str
    body: str
    received_at: datetime
    region: str
    addressee: str
    kind: str
    citizen_name: str
    citizen_phone: str
    attachments: int
    join: Join


@dataclass(frozen=True, slots=True)
class Similar:
    """A message of another case that may be the same matter, or is related."""

    finding_id: uuid.UUID
    decision: str
    state: str
    score: float
    reasons: Sequence[Mapping[str, Any]]
    algorithm: str
    found_at: datetime
    our_message: uuid.UUID
    their_message: uuid.UUID
    case: str
    subject: str
    body: str
    plugin: str
    channel: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class EventView:
    """One entry of the timeline."""

    id: uuid.UUID
    kind: str
    at: datetime
    actor: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with everything its page shows; ``merged_into`` is the number it was joined to."""

    number: str
    subject: str
    state: str
    region: str
    merged_into: str
    opened_at: datetime
    last_at: datetime
    version: int
    message_count: int
    messages: Sequence[MessageView]
    similar: Sequence[Similar]
    events: Sequence[EventView]


def case_view(session: Session, tools: Tools, number: str) -> CaseView:
    """The case of a number; raises CaseNotFound. A fixed number of queries whatever its size."""
    case = find_case(session, number)
    return CaseView(
        number=case.number,
        subject=case.subject,
        state=case.state,
        region=case.region,
        merged_into=_number_of(session, case.merged_into),
        opened_at=case.opened_at,
        last_at=case.last_at,
        version=case.version,
        message_count=case.message_count,
        messages=case_messages(session, tools, case),
        similar=similar_to(session, case),
        events=case_events(session, case),
    )


def case_number_of(session: Session, message_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The numbers of the cases in which messages stand; one that is not matched yet is missing."""
    here = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    chosen = select(CaseMessage.message_id, Case.number).join(Case, here)
    found = session.execute(chosen.where(CaseMessage.message_id.in_(message_ids)))
    return {row.message_id: row.number for row in found}


def case_messages(session: Session, tools: Tools, case: Case) -> list[MessageView]:
    """The messages that stand in a case, oldest first, at most MOST_MESSAGES."""
    told = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    source = and_(Channel.tenant_id == Message.tenant_id, Channel.id == Message.channel_id)
    chosen = (
        select(Message, CaseMessage, Channel.code, Channel.name)
        .select_from(CaseMessage)
        .join(Message, told)
        .join(Channel, source)
        .where(CaseMessage.case_id == case.id)
        .order_by(Message.received_at, Message.id)
        .limit(MOST_MESSAGES)
    )
    return [_message_view(tools, *row) for row in session.execute(chosen)]


def case_events(session: Session, case: Case) -> list[EventView]:
    """The timeline, oldest first."""
    chosen = select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
    events = session.scalars(chosen.limit(_MOST_EVENTS))
    return [EventView(each.id, each.kind, each.at, each.actor, each.data) for each in events]


_SIMILAR = text("""
    select f.id as finding_id, f.decision, f.state, f.score, f.reasons, f.algorithm, f.found_at,
           mine.message_id as our_message, other.message_id as their_message,
           k.number as case, m.subject, left(m.body, 2000) as body, m.plugin, c.code as channel,
           m.received_at
    from case_messages mine
    join findings f on f.tenant_id = mine.tenant_id
        and (f.message_id = mine.message_id or f.other_id = mine.message_id)
    join case_messages other on other.tenant_id = f.tenant_id and other.message_id =
        case when f.message_id = mine.message_id then f.other_id else f.message_id end
    join cases k on k.tenant_id = other.tenant_id and k.id = other.case_id
    join messages m on m.tenant_id = other.tenant_id and m.id = other.message_id
    join channels c on c.tenant_id = m.tenant_id and c.id = m.channel_id
    where mine.tenant_id = :tenant and mine.case_id = :case and other.case_id <> mine.case_id
      and f.state <> 'closed'
    order by f.decision desc, f.score desc, f.id limit :most
""")


def similar_to(session: Session, case: Case) -> list[Similar]:
    """What may be the same matter (reviews first) or is related, the likeliest first."""
    asked = {"tenant": tenant_of(session), "case": case.id, "most": _MOST_FINDINGS}
    return [Similar(**row._mapping) for row in session.execute(_SIMILAR, asked)]


def _message_view(
    tools: Tools, message: Message, place: CaseMessage, code: str, name: str
) -> MessageView:
    cipher = tools.keyring.cipher(message.tenant_id)
    citizen = open_citizen(cipher, message.id, message.citizen)
    return MessageView(
        id=message.id,
        channel=code,
        channel_name=name,
        plugin=message.plugin,
        external_id=message.external_id,
        subject=message.subject,
        body=message.body,
        received_at=message.received_at,
        region=message.region,
        addressee=message.addressee,
        kind=message.kind,
        citizen_name=mask_name(citizen.name),
        citizen_phone=mask_phone(citizen.phone) if citizen.phone else "",
        attachments=int(message.details.get("attachments", 0)),
        join=Join(
            place.score,
            place.reasons,
            place.joined_by,
            place.joined_at,
            place.algorithm,
            place.via_id,
        ),
    )


def _number_of(session: Session, case_id: uuid.UUID | None) -> str:
    if case_id is None:
        return ""
    return session.scalar(select(Case.number).where(Case.id == case_id)) or ""
