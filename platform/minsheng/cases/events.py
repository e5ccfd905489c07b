"""The timeline of a case as a viewer may read it.

An entry that speaks of a case out of sight, or of a message that stands in one, is left out: a
number in it would say that the case exists.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from minsheng.cases.models import Case, CaseEvent, CaseMessage
from minsheng.cases.sight import PLAIN, Sight
from minsheng.intake.models import Message

_MOST_EVENTS = 500
_PERSON = "citizen."
"""How the matcher's codes about the citizen begin (see ``minsheng_dedupe.levels``)."""


@dataclass(frozen=True, slots=True)
class EventView:
    """One entry of the timeline."""

    id: uuid.UUID
    kind: str
    at: datetime
    actor: str
    data: Mapping[str, Any]


def case_events(session: Session, case: Case, sight: Sight = PLAIN) -> list[EventView]:
    """The timeline in sight, oldest first."""
    chosen = select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
    found = session.scalars(chosen.limit(_MOST_EVENTS)).all()
    events = [EventView(each.id, each.kind, each.at, each.actor, each.data) for each in found]
    if sight.confidential:
        return events
    named = {event.id: _names(event.data) for event in events}
    every = set[str]().union(*named.values())
    hidden = _secret_among(session, every) if not case.secret else set()
    quiet = _confidential_among(session, every)
    return [
        _quietened(event) if named[event.id] & quiet else event
        for event in events
        if not named[event.id] & hidden
    ]


def without_person(reasons: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The matcher's reasons without those that say who wrote both messages."""
    return [each for each in reasons if not str(each.get("code", "")).startswith(_PERSON)]


def _quietened(event: EventView) -> EventView:
    if "reasons" not in event.data:
        return event
    data = {**event.data, "reasons": without_person(event.data["reasons"])}
    return EventView(event.id, event.kind, event.at, event.actor, data)


def _names(data: Mapping[str, Any]) -> set[str]:
    """The case numbers and message ids that an entry speaks of."""
    single = [data.get(name) for name in ("from", "into", "message", "via")]
    several = [*data.get("cases", ()), *data.get("messages", ())]
    return {str(each) for each in (*single, *several) if each}


def _secret_among(session: Session, names: Iterable[str]) -> set[str]:
    ids = _ids(names)
    numbers = select(Case.number).where(Case.number.in_(set(names)), Case.secret)
    here = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    moved = select(CaseMessage.message_id).join(Case, here)
    moved = moved.where(CaseMessage.message_id.in_(ids), Case.secret)
    return {*session.scalars(numbers), *map(str, session.scalars(moved))}


def _confidential_among(session: Session, names: Iterable[str]) -> set[str]:
    chosen = select(Message.id).where(Message.id.in_(_ids(names)), Message.confidential)
    return {str(each) for each in session.scalars(chosen)}


def _ids(names: Iterable[str]) -> Sequence[uuid.UUID]:
    found = []
    for name in names:
        try:
            found.append(uuid.UUID(name))
        except ValueError:
            continue
    return found
