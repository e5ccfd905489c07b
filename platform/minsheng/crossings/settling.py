"""Settling: both sides have agreed, so both cases are looked at again and somebody leads.

Between the hint and the second agreement a case may have been found to complain of the other
office, or grown secret. Then nothing opens: the crossing is withdrawn, without a reason, since the
reason would tell.
"""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.crossings.choices import ask_superior, choice_of
from minsheng.crossings.lead import (
    FIRST_RECEIVER,
    SUPERIOR_CHOICE,
    Claimant,
    Decided,
    decide,
    lead_rules,
    region_code,
)
from minsheng.crossings.models import AGREED, CHOSEN, HINTED, WITHDRAWN, Crossing, CrossingSide
from minsheng.crossings.sides import (
    Side,
    common_superior,
    first_received,
    may_learn,
    side_of,
)


def settle(tools: Tools, office: int, crossing_id: uuid.UUID) -> None:
    """Settle what an office knows as agreed by both, or, as superior, has chosen; else do nothing.

    Safe to repeat: each step looks at what stands.
    """
    with tools.database.session(office) as session:
        choice = choice_of(session, crossing_id)
        crossing = _crossing(session, crossing_id)
    if choice is not None and choice.state == CHOSEN:
        _tell_lead(tools, choice.from_office, choice.to_office, crossing_id, choice.lead)
    if crossing is not None and crossing.state == HINTED:
        _settle(tools, crossing)


def _settle(tools: Tools, crossing: Crossing) -> None:
    if not (crossing.from_agreed and crossing.to_agreed):
        return
    claims = [
        _claim(tools, crossing.from_tenant, crossing.id, crossing.to_tenant),
        _claim(tools, crossing.to_tenant, crossing.id, crossing.from_tenant),
    ]
    one, other = claims
    if one is None or other is None:
        _close(tools, crossing, WITHDRAWN, Decided(None, ""))
        return
    superior = _superior(tools, crossing, one, other)
    decided = _decide(tools, superior, one, other)
    if decided.lead is None and superior is not None:
        with tools.database.session(superior) as session:
            ask_superior(session, tools, crossing)
    _close(tools, crossing, AGREED, decided)


def _decide(tools: Tools, superior: int | None, one: Claimant, other: Claimant) -> Decided:
    """By the superior's rules; where it may not be asked, by who came first, then by code."""
    if superior is None:
        first = decide((FIRST_RECEIVER,), one, other)
        if first.lead is not None:
            return first
        return Decided(min(one.place, other.place, key=lambda each: each.code).id, "code")
    with tools.database.session(superior) as session:
        return decide(lead_rules(session), one, other)


def _superior(tools: Tools, crossing: Crossing, one: Claimant, other: Claimant) -> int | None:
    """The common superior, unless one of the cases complains of it or of a body above it."""
    superior = common_superior(one.place, other.place)
    if superior is None:
        return None
    for claim in (one, other):
        with tools.database.session(claim.place.id) as session:
            side = _side(session, crossing.id)
            if side is None or not may_learn(session, side, superior):
                return None
    return superior


def _claim(tools: Tools, office: int, crossing_id: uuid.UUID, other: int) -> Claimant | None:
    with tools.database.session(office) as session:
        side = _side(session, crossing_id)
        if side is None or not may_learn(session, side, other):
            return None
        region = region_code(side.message.region) or region_code(side.case.region)
        return Claimant(side.place, region, first_received(session, side.case.id))


def _side(session: Session, crossing_id: uuid.UUID) -> Side | None:
    chosen = select(CrossingSide.message_id).where(CrossingSide.crossing_id == crossing_id)
    message_id = session.scalar(chosen)
    return side_of(session, message_id) if message_id else None


def _close(tools: Tools, crossing: Crossing, state: str, decided: Decided) -> None:
    """Write the outcome; the second side's audit entry first, as with hints."""
    action = f"crossing.{'settle' if state == AGREED else 'withdraw'}"
    with tools.database.session(crossing.to_tenant) as session:
        tools.auditor.record(session, SYSTEM, action, "crossing", crossing.id)
    with tools.database.session(crossing.from_tenant) as session:
        standing = _crossing(session, crossing.id, lock=True)
        if standing is None or standing.state != HINTED:
            return
        standing.state, standing.settled_at = state, tools.clock.now()
        standing.lead, standing.lead_rule = decided.lead, decided.rule
        tools.auditor.record(session, SYSTEM, action, "crossing", crossing.id)


def _tell_lead(
    tools: Tools, first: int, second: int, crossing_id: uuid.UUID, lead: int | None
) -> None:
    with tools.database.session(first) as session:
        standing = _crossing(session, crossing_id, lock=True)
        if standing is None or standing.state != AGREED or standing.lead is not None:
            return
        standing.lead, standing.lead_rule = lead, SUPERIOR_CHOICE
        tools.auditor.record(session, SYSTEM, "crossing.lead", "crossing", crossing_id)
    with tools.database.session(second) as session:
        tools.auditor.record(session, SYSTEM, "crossing.lead", "crossing", crossing_id)


def _crossing(session: Session, crossing_id: uuid.UUID, *, lock: bool = False) -> Crossing | None:
    chosen = select(Crossing).where(Crossing.id == crossing_id)
    return session.scalar(chosen.with_for_update() if lock else chosen)
