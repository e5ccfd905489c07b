"""One case as it is shown: its messages side by side, why they were joined, what may belong."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.citizens import is_confidential, people_in_secret
from minsheng.cases.events import EventView, case_events, without_person
from minsheng.cases.ledger import find_case
from minsheng.cases.marks import complained_of
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.offices import Complained, name_offices
from minsheng.cases.queue import shown_state
from minsheng.cases.sight import PLAIN, Sight, in_sight
from minsheng.cases.similar import Similar, similar_to
from minsheng.cases.standing import NAMES, Standing
from minsheng.intake.confidential import hide_person
from minsheng.intake.messages import open_citizen
from minsheng.intake.models import Channel, Message
from minsheng.intake.text import mask_name, mask_phone
from minsheng_sdk import Citizen

MOST_MESSAGES = 200
"""Messages shown of one case; the count says when there are more."""


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
    """A message as it is shown by default: contact data masked, numbers as placeholders.

    ``confidential``: its citizen asks not to be named; who is not allowed to know sees no contact.
    """

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
    confidential: bool
    attachments: int
    join: Join


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with everything its page shows; ``merged_into`` is the number it was joined to.

    ``standing`` is what the rooms above say of it: stage, deadline, handler, reply.
    """

    id: uuid.UUID
    number: str
    subject: str
    state: str
    region: str
    merged_into: str
    opened_at: datetime
    last_at: datetime
    version: int
    message_count: int
    secret: bool
    standing: Standing
    complained: Sequence[Complained]
    messages: Sequence[MessageView]
    similar: Sequence[Similar]
    events: Sequence[EventView]


def case_view(session: Session, tools: Tools, number: str, sight: Sight = PLAIN) -> CaseView:
    """The case of a number; raises CaseNotFound, for one out of sight too.

    A fixed number of queries whatever its size.
    """
    case = find_case(session, number, sight)
    return CaseView(
        id=case.id,
        number=case.number,
        subject=case.subject,
        state=shown_state(case),
        region=case.region,
        merged_into=_number_of(session, case.merged_into),
        opened_at=case.opened_at,
        last_at=case.last_at,
        version=case.version,
        message_count=case.message_count,
        secret=case.secret,
        standing=Standing(*(getattr(case, name) for name in NAMES)),
        complained=name_offices(session, complained_of(session, case)),
        messages=case_messages(session, tools, case, sight),
        similar=similar_to(session, case, sight),
        events=case_events(session, case, sight),
    )


def case_number_of(
    session: Session, message_ids: Sequence[uuid.UUID], sight: Sight = PLAIN
) -> dict[uuid.UUID, str]:
    """The numbers of the cases in sight in which messages stand.

    A message that is not matched yet, or whose case is out of sight, is missing.
    """
    here = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    chosen = select(CaseMessage.message_id, Case.number).join(Case, here)
    wanted = CaseMessage.message_id.in_(message_ids), *in_sight(sight)
    found = session.execute(chosen.where(*wanted))
    return {row.message_id: row.number for row in found}


def case_messages(
    session: Session, tools: Tools, case: Case, sight: Sight = PLAIN
) -> list[MessageView]:
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
    secret = people_in_secret(session, case.id)
    return [_message_view(tools, _Told(*row, secret, sight)) for row in session.execute(chosen)]


@dataclass(frozen=True, slots=True)
class _Told:
    """A message where it stands, the people of its case who asked for secrecy, and who looks."""

    message: Message
    place: CaseMessage
    code: str
    name: str
    secret: frozenset[tuple[str, bytes]]
    sight: Sight

    @property
    def confidential(self) -> bool:
        return is_confidential(self.message, self.secret)

    @property
    def hidden(self) -> bool:
        return self.confidential and not self.sight.confidential


def _message_view(tools: Tools, told: _Told) -> MessageView:
    message, hidden = told.message, told.hidden
    citizen = _shown_citizen(tools, told)
    return MessageView(
        id=message.id,
        channel=told.code,
        channel_name=told.name,
        plugin=message.plugin,
        external_id=_shown_id(message.external_id) if hidden else message.external_id,
        subject=hide_person(message.subject) if hidden else message.subject,
        body=hide_person(message.body) if hidden else message.body,
        received_at=message.received_at,
        region=message.region,
        addressee=message.addressee,
        kind=message.kind,
        citizen_name=mask_name(citizen.name),
        citizen_phone=mask_phone(citizen.phone) if citizen.phone else "",
        confidential=told.confidential,
        attachments=int(message.details.get("attachments", 0)),
        join=_join(told),
    )


def _shown_citizen(tools: Tools, told: _Told) -> Citizen:
    if told.hidden:
        return Citizen()
    message = told.message
    cipher = tools.keyring.cipher(message.tenant_id)
    return open_citizen(cipher, message.id, message.citizen)


def _shown_id(external_id: str) -> str:
    """A source's own number; a mail's Message-ID may bear its writer's address."""
    return "" if "@" in external_id else external_id


def _join(told: _Told) -> Join:
    place = told.place
    quiet = bool(told.secret) and not told.sight.confidential
    return Join(
        place.score,
        without_person(place.reasons) if quiet else place.reasons,
        place.joined_by,
        place.joined_at,
        place.algorithm,
        place.via_id,
    )


def _number_of(session: Session, case_id: uuid.UUID | None) -> str:
    if case_id is None:
        return ""
    return session.scalar(select(Case.number).where(Case.id == case_id)) or ""
