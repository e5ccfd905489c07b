"""A superior chooses who of two bodies leads; it learns which bodies, and nothing of the matter."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Actor, Tools
from minsheng.crossings.answers import SETTLE
from minsheng.crossings.errors import CrossingConflict, CrossingNotFound, LeadInvalid
from minsheng.crossings.models import CHOSEN, WAITING, Crossing, LeadChoice
from minsheng.runtime.work import add_work
from minsheng_tenants import BodyNotFound, Tenant, find_body, tenant_of

_MOST = 200


@dataclass(frozen=True, slots=True)
class WaitingChoice:
    """Two bodies below this office, or itself and one, between which it has to choose."""

    id: uuid.UUID
    bodies: Sequence[Tenant]
    asked_at: datetime


def ask_superior(session: Session, tools: Tools, crossing: Crossing) -> None:
    """Have the session's office, the superior of both, choose; asking twice changes nothing."""
    row = {
        "tenant_id": tenant_of(session),
        "crossing_id": crossing.id,
        "from_office": crossing.from_tenant,
        "to_office": crossing.to_tenant,
        "asked_at": tools.clock.now(),
    }
    added = insert(LeadChoice).values(row).on_conflict_do_nothing()
    if session.scalar(added.returning(LeadChoice.crossing_id)) is not None:
        tools.auditor.record(session, SYSTEM, "lead.ask", "crossing", crossing.id)


def waiting_choices(session: Session) -> list[WaitingChoice]:
    """What the session's office still has to choose, oldest first."""
    chosen = select(LeadChoice).where(LeadChoice.state == WAITING)
    rows = session.scalars(
        chosen.order_by(LeadChoice.asked_at, LeadChoice.crossing_id).limit(_MOST)
    )
    found = list(rows)
    ids = {office for row in found for office in (row.from_office, row.to_office)}
    bodies = {each.id: each for each in session.scalars(select(Tenant).where(Tenant.id.in_(ids)))}
    return [
        WaitingChoice(
            row.crossing_id,
            [bodies[each] for each in (row.from_office, row.to_office) if each in bodies],
            row.asked_at,
        )
        for row in found
    ]


def choose_lead(
    session: Session, tools: Tools, actor: Actor, crossing_id: uuid.UUID, code: str
) -> None:
    """Say which of the two bodies leads, by its code; the two learn it by work that follows.

    Raises CrossingNotFound, CrossingConflict when it was chosen before, or LeadInvalid for a body
    that is neither of the two.
    """
    chosen = select(LeadChoice).where(LeadChoice.crossing_id == crossing_id)
    choice = session.scalar(chosen.with_for_update())
    if choice is None:
        message = "this office has no such choice: look at the list again"
        raise CrossingNotFound(message)
    if choice.state != WAITING:
        message = "somebody has chosen already: look at the list again"
        raise CrossingConflict(message)
    choice.lead = _one_of(session, choice, code)
    choice.state, choice.chosen_by, choice.chosen_at = CHOSEN, str(actor), tools.clock.now()
    session.flush()
    tools.auditor.record(session, actor, "lead.choose", "crossing", crossing_id, result=code)
    add_work(session, SETTLE, [crossing_id], tools.clock.now())


def choice_of(session: Session, crossing_id: uuid.UUID) -> LeadChoice | None:
    """What the session's office as a superior has, or was asked, to choose."""
    return session.scalar(select(LeadChoice).where(LeadChoice.crossing_id == crossing_id))


def _one_of(session: Session, choice: LeadChoice, code: str) -> int:
    try:
        body = find_body(session, code)
    except BodyNotFound:
        body = None
    if body is None or body.id not in (choice.from_office, choice.to_office):
        message = "name one of the two bodies by its code"
        raise LeadInvalid("lead", message)
    return body.id
