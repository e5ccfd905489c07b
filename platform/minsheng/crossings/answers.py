"""What the liaisons say to a hint, and the seam by which an agreed crossing becomes a handover.

One side's agreement opens nothing. When both have agreed, work of the kind ``settle_crossing``
looks at both cases once more, decides who leads and makes the crossing ``agreed``; from then on
:func:`agreed_crossing` gives each side its own case, and the room of handovers carries one over.
A declined crossing is remembered: the two cases are not hinted again.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.service import PLAIN, Sight, Wish
from minsheng.cases.sight import in_sight
from minsheng.crossings.errors import CrossingConflict, CrossingNotFound
from minsheng.crossings.models import (
    AGREED,
    DECLINED,
    HANDED_OVER,
    HINTED,
    Crossing,
    CrossingSide,
)
from minsheng.runtime.work import add_work
from minsheng_tenants import tenant_of

SETTLE = "settle_crossing"
"""The kind of work that follows when both sides have agreed, or a superior has chosen."""


@dataclass(frozen=True, slots=True)
class AgreedCrossing:
    """An agreed crossing as one side's own handling may know it.

    ``case`` and ``case_id`` are this office's own; ``other`` is the other body's id, code and
    name. ``leads`` says whether this office leads; None while the superior has not chosen.
    """

    id: uuid.UUID
    case: str
    case_id: uuid.UUID
    other_id: int
    other_code: str
    other_name: str
    leads: bool | None
    lead_rule: str


def agree(session: Session, tools: Tools, wish: Wish, crossing_id: uuid.UUID) -> Crossing:
    """Say for the session's office that it is likely one matter and may be handed over.

    Agreeing twice changes nothing. Raises CrossingNotFound, or CrossingConflict when it is no
    longer a hint.
    """
    crossing, side, case = _own(session, wish.sight, crossing_id, lock=True)
    _demand(crossing, HINTED)
    first = tenant_of(session) == crossing.from_tenant
    if crossing.from_agreed if first else crossing.to_agreed:
        return crossing
    if first:
        crossing.from_agreed, crossing.from_stage = True, case.stage
    else:
        crossing.to_agreed, crossing.to_stage = True, case.stage
    _answer(session, tools, wish, side, "agree")
    if crossing.from_agreed and crossing.to_agreed:
        add_work(session, SETTLE, [crossing.id], tools.clock.now())
    session.flush()
    return crossing


def decline(session: Session, tools: Tools, wish: Wish, crossing_id: uuid.UUID) -> Crossing:
    """Say that it is another matter; the reason stays with this office.

    Raises CrossingNotFound, or CrossingConflict when it is no longer a hint.
    """
    crossing, side, _ = _own(session, wish.sight, crossing_id, lock=True)
    _demand(crossing, HINTED)
    crossing.state, crossing.settled_at = DECLINED, tools.clock.now()
    side.reason = wish.reason.strip()
    _answer(session, tools, wish, side, "decline")
    session.flush()
    return crossing


def agreed_crossing(
    session: Session, crossing_id: uuid.UUID, sight: Sight = PLAIN
) -> AgreedCrossing:
    """The crossing for the handover, as the session's office sees it.

    Raises CrossingNotFound, or CrossingConflict unless both sides have agreed.
    """
    crossing, _, case = _own(session, sight, crossing_id)
    _demand(crossing, AGREED)
    first = tenant_of(session) == crossing.from_tenant
    other = (
        (crossing.to_tenant, crossing.to_code, crossing.to_name)
        if first
        else (crossing.from_tenant, crossing.from_code, crossing.from_name)
    )
    leads = None if crossing.lead is None else crossing.lead == tenant_of(session)
    return AgreedCrossing(crossing.id, case.number, case.id, *other, leads, crossing.lead_rule)


def mark_handed_over(
    session: Session, tools: Tools, actor: Actor, crossing_id: uuid.UUID, handover_id: uuid.UUID
) -> None:
    """Say by which handover an agreed crossing was carried out.

    Raises CrossingNotFound, or CrossingConflict unless it is agreed and somebody leads.
    """
    crossing = _find(session, crossing_id, lock=True)
    _demand(crossing, AGREED)
    if crossing.lead is None:
        message = "nobody leads yet: the superior of both has to choose first"
        raise CrossingConflict(message)
    crossing.state, crossing.handover_id = HANDED_OVER, handover_id
    session.flush()
    tools.auditor.record(session, actor, "crossing.hand_over", "crossing", crossing_id)


def _own(
    session: Session, sight: Sight, crossing_id: uuid.UUID, *, lock: bool = False
) -> tuple[Crossing, CrossingSide, Case]:
    """The crossing with this office's own part and case, as far as the viewer may see the case."""
    here = and_(
        CaseMessage.tenant_id == CrossingSide.tenant_id,
        CaseMessage.message_id == CrossingSide.message_id,
    )
    case = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    chosen = select(CrossingSide, Case).join(CaseMessage, here).join(Case, case)
    own = session.execute(
        chosen.where(CrossingSide.crossing_id == crossing_id, *in_sight(sight))
    ).first()
    if own is None:
        raise _absent()
    return _find(session, crossing_id, lock=lock), own.CrossingSide, own.Case


def _find(session: Session, crossing_id: uuid.UUID, *, lock: bool = False) -> Crossing:
    chosen = select(Crossing).where(Crossing.id == crossing_id)
    found = session.scalar(chosen.with_for_update() if lock else chosen)
    if found is None:
        raise _absent()
    return found


def _absent() -> CrossingNotFound:
    message = "this office has no crossing of this id: look at the list again"
    return CrossingNotFound(message)


def _demand(crossing: Crossing, state: str) -> None:
    if crossing.state != state:
        message = f"the crossing is {crossing.state}, not {state}: look at the list again"
        raise CrossingConflict(message)


def _answer(session: Session, tools: Tools, wish: Wish, side: CrossingSide, said: str) -> None:
    side.answered_by, side.answered_at = str(wish.actor), tools.clock.now()
    tools.auditor.record(session, wish.actor, f"crossing.{said}", "crossing", side.crossing_id)
