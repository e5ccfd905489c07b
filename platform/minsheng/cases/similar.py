"""What may be the same matter as a case, or is related: hints with their reasons."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from minsheng.cases.events import without_person
from minsheng.cases.models import Case
from minsheng.cases.sight import PLAIN, Sight
from minsheng.intake.confidential import hide_person
from minsheng_tenants import tenant_of

_MOST_FINDINGS = 50


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


_SIMILAR = text("""
    select f.id as finding_id, f.decision, f.state, f.score, f.reasons, f.algorithm, f.found_at,
           mine.message_id as our_message, other.message_id as their_message,
           k.number as case, m.subject, left(m.body, 2000) as body, m.plugin, c.code as channel,
           m.received_at, m.confidential, m.confidential or o.confidential as quiet
    from case_messages mine
    join messages o on o.tenant_id = mine.tenant_id and o.id = mine.message_id
    join findings f on f.tenant_id = mine.tenant_id
        and (f.message_id = mine.message_id or f.other_id = mine.message_id)
    join case_messages other on other.tenant_id = f.tenant_id and other.message_id =
        case when f.message_id = mine.message_id then f.other_id else f.message_id end
    join cases k on k.tenant_id = other.tenant_id and k.id = other.case_id
    join messages m on m.tenant_id = other.tenant_id and m.id = other.message_id
    join channels c on c.tenant_id = m.tenant_id and c.id = m.channel_id
    where mine.tenant_id = :tenant and mine.case_id = :case and other.case_id <> mine.case_id
      and f.state <> 'closed' and (:hidden_too or not k.secret)
    order by f.decision desc, f.score desc, f.id limit :most
""")


def similar_to(session: Session, case: Case, sight: Sight = PLAIN) -> list[Similar]:
    """What in sight may be the same matter (reviews first) or is related, the likeliest first.

    Where one of the two asked for secrecy, no reason says that both are of one citizen.
    """
    asked = {
        "tenant": tenant_of(session),
        "case": case.id,
        "most": _MOST_FINDINGS,
        "hidden_too": sight.confidential,
    }
    return [_similar(row, sight) for row in session.execute(_SIMILAR, asked)]


def _similar(row: Row[Any], sight: Sight) -> Similar:
    values = dict(row._mapping)
    confidential, quiet = values.pop("confidential"), values.pop("quiet")
    if confidential and not sight.confidential:
        values |= {name: hide_person(values[name]) for name in ("subject", "body")}
    if quiet and not sight.confidential:
        values["reasons"] = without_person(values["reasons"])
    return Similar(**values)
