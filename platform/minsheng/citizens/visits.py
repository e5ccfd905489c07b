"""Coming back with a query code: the check, and the short visit that it opens.

A visit is a sealed ticket in the browser's cookie, for one message of one office and half an hour;
nothing of it stands in an address or in the database.
"""

import base64
import binascii
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.accounts.guesses import forget_tries, give_back
from minsheng.audit import Tools
from minsheng.citizens.codes import code_index, digits_index, normal_code, same, typed_digits
from minsheng.citizens.errors import TrackRefused, VisitEnded
from minsheng.citizens.limits import CODE, count_ask
from minsheng.citizens.models import QueryCode
from minsheng.citizens.portals import citizen_actor
from minsheng.intake.models import Message
from minsheng.runtime.crypto import SealBroken
from minsheng_tenants import tenant_of

LASTS = timedelta(minutes=30)
_PLACE = "portal.visit"
_NOBODY = uuid.UUID(int=0)
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Visit:
    """A citizen who has proved which message is theirs, until a moment."""

    message_id: uuid.UUID
    until: datetime


def track(session: Session, tools: Tools, code: str, digits: str, origin: str) -> Visit:
    """Open a visit by query code and the last four digits; TrackRefused, TrackLocked.

    Call it first in its session: the try is counted and committed before anything is looked at.
    A wrong code costs the same work as wrong digits, and both leave one audit entry.
    """
    tenant_id = tenant_of(session)
    cipher = tools.keyring.cipher(tenant_id)
    code_ix = code_index(cipher, normal_code(code))
    subjects = count_ask(tools, tenant_id, origin, code_ix)
    found = session.execute(
        select(QueryCode.message_id, QueryCode.digits_ix).where(QueryCode.code_ix == code_ix)
    ).one_or_none()
    message_id, kept = (found.message_id, found.digits_ix) if found else (_NOBODY, b"\0" * 16)
    fits = same(digits_index(cipher, message_id, typed_digits(digits)), bytes(kept))
    actor = citizen_actor(origin)
    if found is None or not fits:
        with tools.database.session(tenant_id) as own:
            tools.auditor.record(own, actor, "citizen.track", "message", message_id, result="no")
        raise TrackRefused
    give_back(session, subjects[:1])
    forget_tries(session, (CODE, code_ix))
    tools.auditor.record(session, actor, "citizen.track", "message", message_id)
    return Visit(message_id, tools.clock.now() + LASTS)


def visit_token(session: Session, tools: Tools, visit: Visit) -> str:
    """The visit as the cookie holds it: sealed for this office."""
    cipher = tools.keyring.cipher(tenant_of(session))
    sealed = cipher.seal(_PLACE, visit.message_id, str(int(visit.until.timestamp())))
    return base64.urlsafe_b64encode(visit.message_id.bytes + sealed).decode()


def read_visit(session: Session, tools: Tools, token: str) -> Visit:
    """The visit of a cookie; VisitEnded for one that is over, changed or another office's.

    One that was changed, or is another office's, leaves an audit entry; one that is over does not.
    """
    cipher = tools.keyring.cipher(tenant_of(session))
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii"))
        if base64.urlsafe_b64encode(raw).decode() != token:
            raise VisitEnded
        message_id = uuid.UUID(bytes=raw[:_ID_BYTES])
        seconds = int(cipher.open(_PLACE, message_id, raw[_ID_BYTES:]))
    except (SealBroken, ValueError, binascii.Error) as error:
        with tools.database.session(tenant_of(session)) as own:
            actor = citizen_actor("")
            tools.auditor.record(own, actor, "citizen.track", "message", _NOBODY, result="refused")
        raise VisitEnded from error
    visit = Visit(message_id, datetime.fromtimestamp(seconds, UTC))
    if visit.until <= tools.clock.now():
        raise VisitEnded
    return visit


def message_of(session: Session, visit: Visit) -> Message:
    """The message of a visit; raises VisitEnded when the office has none such."""
    message = session.scalar(select(Message).where(Message.id == visit.message_id))
    if message is None:
        raise VisitEnded
    return message
