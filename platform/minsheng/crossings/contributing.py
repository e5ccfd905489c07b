"""Contributing: an office's message becomes codes, under every provincial key that counts."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, timedelta, timezone
from typing import Any

from sqlalchemy import Select, and_, delete, or_, select
from sqlalchemy.orm import Session, aliased

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.models import Case, CaseMessage
from minsheng.crossings.coding import Blinded, Codes, Contact, blind, encode
from minsheng.crossings.keyring import Epoch, ProvincialKeys
from minsheng.crossings.lead import region_code
from minsheng.crossings.models import CrossingCodes
from minsheng.crossings.sides import Side, side_of
from minsheng.crossings.tokens import TokenReader
from minsheng.intake.messages import open_citizen
from minsheng.intake.models import Message
from minsheng.intake.people import full_phone
from minsheng.runtime.crypto import normal_email
from minsheng.runtime.database import insert_rows
from minsheng_dedupe import Record
from minsheng_tenants import tenant_of

REMEMBERED = timedelta(days=183)
"""How long after it came a message still looks for its like in other offices."""

_CHINA = timezone(timedelta(hours=8))
_COUNTY = 6
_LEAST_DIGITS = 7
"""Shorter numbers are hotlines and extensions, which many citizens share."""

Coded = Mapping[Epoch, Codes]


class Coder:
    """Makes codes of messages; the one place where contribution and provincial keys meet."""

    def __init__(self, tools: Tools, keys: ProvincialKeys) -> None:
        """``keys`` are opened by the process of the match service only."""
        self._tools = tools
        self._keys = keys
        self._reader = TokenReader()

    def epochs(self, zone: int) -> tuple[Epoch, ...]:
        """The keys of a zone that count, the present one first."""
        return self._keys.live(zone)

    def code(self, session: Session, side: Side, epochs: Sequence[Epoch]) -> Coded:
        """The codes of a side's message under each key; of a citizen who asked for secrecy
        without a contact."""
        zone = side.place.zone
        key = self._tools.master.purpose(f"crossing contribution {zone}")
        blinded = self._blind(session, side.message, key)
        return {epoch: encode(epoch.key, blinded) for epoch in epochs}

    def _blind(self, session: Session, message: Message, key: bytes) -> Blinded:
        tokens = self._reader.read(_words(message))
        contact = Contact() if message.confidential else self._contact(session, message)
        county = region_code(message.region)[:_COUNTY]
        return blind(key, tokens, contact, county, _day(message))

    def _contact(self, session: Session, message: Message) -> Contact:
        cipher = self._tools.keyring.cipher(tenant_of(session))
        citizen = open_citizen(cipher, message.id, message.citizen)
        phone = full_phone(citizen.phone)
        return Contact(phone if len(phone) >= _LEAST_DIGITS else "", normal_email(citizen.email))


def contribute(
    session: Session, tools: Tools, coder: Coder, message_id: uuid.UUID
) -> tuple[Side, Coded] | None:
    """Store the codes of a message in the session's office and give them back.

    None, and no codes any more, for a message that takes no part: of a secret case, handed over by
    another office, too old, or of a body above the provinces. One audit entry for each message.
    """
    side = side_of(session, message_id)
    fresh = side is not None and side.message.received_at > tools.clock.now() - REMEMBERED
    if side is None or side.place.zone is None or not fresh:
        withdraw_codes(session, [message_id])
        return None
    coded = coder.code(session, side, coder.epochs(side.place.zone))
    chosen = select(CrossingCodes.epoch).where(CrossingCodes.message_id == message_id)
    known = session.scalar(chosen.limit(1)) is not None
    store_codes(session, side, coded)
    if not known:
        tools.auditor.record(session, SYSTEM, "crossing.contribute", "message", message_id)
    return side, coded


def store_codes(session: Session, side: Side, coded: Coded) -> None:
    """Replace what a message has of codes."""
    withdraw_codes(session, [side.message.id])
    rows = [
        _row(side, epoch, codes) | {"tenant_id": tenant_of(session)}
        for epoch, codes in coded.items()
    ]
    insert_rows(session, CrossingCodes, rows)


def withdraw_codes(session: Session, message_ids: Sequence[uuid.UUID]) -> None:
    """Take away the codes of messages of the session's office."""
    session.execute(delete(CrossingCodes).where(CrossingCodes.message_id.in_(message_ids)))


def uncoded(session: Session, tools: Tools, epoch: int, most: int) -> list[uuid.UUID]:
    """Messages with codes of an older key and none of ``epoch``, the newest first."""
    newer = aliased(CrossingCodes)
    # Columns are named, since the service's login may read no others of this table.
    matching = select(newer.message_id).where(
        newer.tenant_id == CrossingCodes.tenant_id,
        newer.message_id == CrossingCodes.message_id,
        newer.epoch == epoch,
    )
    since = (tools.clock.now() - REMEMBERED).astimezone(_CHINA).date()
    chosen = select(CrossingCodes.message_id, CrossingCodes.day).distinct()
    chosen = chosen.where(
        CrossingCodes.epoch != epoch, CrossingCodes.day >= since, ~matching.exists()
    )
    ordered = chosen.order_by(CrossingCodes.day.desc(), CrossingCodes.message_id)
    return [row.message_id for row in session.execute(ordered.limit(most))]


def tidy_codes(session: Session, tools: Tools, epochs: Sequence[Epoch]) -> None:
    """Take away codes of forgotten keys, of messages too old, and of cases grown secret."""
    since = (tools.clock.now() - REMEMBERED).astimezone(_CHINA).date()
    counted = [epoch.number for epoch in epochs]
    gone = or_(CrossingCodes.epoch.not_in(counted), CrossingCodes.day < since)
    session.execute(delete(CrossingCodes).where(gone))
    withdraw_codes(session, list(session.scalars(_secret())))


def quieted(session: Session) -> list[uuid.UUID]:
    """Coded messages whose citizen asked for secrecy: to be coded anew without a contact."""
    here = and_(
        CrossingCodes.tenant_id == Message.tenant_id, CrossingCodes.message_id == Message.id
    )
    chosen = select(Message.id).distinct().join(CrossingCodes, here)
    return list(session.scalars(chosen.where(Message.confidential)))


def has_codes(session: Session) -> bool:
    """Whether the office has any codes."""
    return session.scalar(select(CrossingCodes.message_id).limit(1)) is not None


def _secret() -> Select[uuid.UUID]:
    coded = and_(
        CrossingCodes.tenant_id == CaseMessage.tenant_id,
        CrossingCodes.message_id == CaseMessage.message_id,
    )
    case = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    chosen = select(CaseMessage.message_id).distinct().join(CrossingCodes, coded).join(Case, case)
    return chosen.where(Case.secret)


def _words(message: Message) -> Record:
    """The message as the reader of tokens needs it: words only, no contact."""
    return Record(
        message_id=str(message.id),
        channel=message.plugin,
        subject=message.subject,
        body=message.body,
        received_at=message.received_at,
    )


def _day(message: Message) -> date:
    return message.received_at.astimezone(_CHINA).date()


def _row(side: Side, epoch: Epoch, codes: Codes) -> dict[str, Any]:
    return {
        "message_id": side.message.id,
        "epoch": epoch.number,
        "zone": side.place.zone,
        "keys": sorted(codes.keys),
        "body": list(codes.body),
        "subject": list(codes.subject),
        "phone": codes.phone or None,
        "email": codes.email or None,
        "region": codes.region,
        "day": codes.day,
    }
