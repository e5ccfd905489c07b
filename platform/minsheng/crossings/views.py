"""Crossings as a side may see them: the other body, its stage, a band; of its own side the case."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.service import PLAIN, Sight
from minsheng.cases.sight import in_sight
from minsheng.crossings.errors import LeadInvalid
from minsheng.crossings.models import HINTED, STATES, Crossing, CrossingSide
from minsheng_tenants import tenant_of

MAX_PAGE = 200


@dataclass(frozen=True, slots=True)
class OtherBody:
    """A body by code and name."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class HintView:
    """One crossing for one side. ``case`` is this side's own number, ``stage`` the other's stage;
    ``leads``: ours, theirs, asked (the superior is) or nothing yet."""

    id: uuid.UUID
    case: str
    body: OtherBody
    stage: str
    band: str
    state: str
    agreed_here: bool
    agreed_there: bool
    leads: str
    lead_rule: str
    hinted_at: datetime


@dataclass(frozen=True, slots=True)
class HintPage:
    """Crossings, newest first, and the id after which the next page begins."""

    items: Sequence[HintView]
    next_cursor: uuid.UUID | None


def list_crossings(
    session: Session,
    sight: Sight = PLAIN,
    state: str = "",
    cursor: uuid.UUID | None = None,
    limit: int = 50,
) -> HintPage:
    """A page of the office's crossings in sight, newest first; raises LeadInvalid for a state or
    limit that is none."""
    if state and state not in STATES:
        message = f"unknown state {state!r}: use one of {', '.join(STATES)}"
        raise LeadInvalid("state", message)
    if not 1 <= limit <= MAX_PAGE:
        message = f"a page holds 1 to {MAX_PAGE} crossings"
        raise LeadInvalid("limit", message)
    chosen = _in_sight(sight)
    if state:
        chosen = chosen.where(Crossing.state == state)
    if cursor is not None:
        before = select(Crossing.hinted_at, Crossing.id).where(Crossing.id == cursor)
        chosen = chosen.where(tuple_(Crossing.hinted_at, Crossing.id) < before.scalar_subquery())
    ordered = chosen.order_by(Crossing.hinted_at.desc(), Crossing.id.desc())
    rows = session.execute(ordered.limit(limit + 1)).all()
    views = [_view(tenant_of(session), row) for row in rows[:limit]]
    return HintPage(views, views[-1].id if len(rows) > limit else None)


def count_hints(session: Session, sight: Sight = PLAIN) -> int:
    """How many hints wait for this side's answer."""
    own = tenant_of(session)
    ours = or_(
        and_(Crossing.from_tenant == own, Crossing.from_agreed.is_(False)),
        and_(Crossing.to_tenant == own, Crossing.to_agreed.is_(False)),
    )
    waiting = _in_sight(sight).where(Crossing.state == HINTED, ours).subquery()
    return session.scalar(select(func.count()).select_from(waiting)) or 0


def _in_sight(sight: Sight) -> Select[Crossing, str]:
    side = CrossingSide.crossing_id == Crossing.id
    here = and_(
        CaseMessage.tenant_id == CrossingSide.tenant_id,
        CaseMessage.message_id == CrossingSide.message_id,
    )
    case = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    chosen = select(Crossing, Case.number).join(CrossingSide, side)
    return chosen.join(CaseMessage, here).join(Case, case).where(*in_sight(sight))


def _view(own: int, row: Row[Crossing, str]) -> HintView:
    crossing, number = row
    first = crossing.from_tenant == own
    body = (
        OtherBody(crossing.to_code, crossing.to_name)
        if first
        else OtherBody(crossing.from_code, crossing.from_name)
    )
    return HintView(
        id=crossing.id,
        case=number,
        body=body,
        stage=crossing.to_stage if first else crossing.from_stage,
        band=crossing.band,
        state=crossing.state,
        agreed_here=crossing.from_agreed if first else crossing.to_agreed,
        agreed_there=crossing.to_agreed if first else crossing.from_agreed,
        leads=_leads(crossing, own),
        lead_rule=crossing.lead_rule,
        hinted_at=crossing.hinted_at,
    )


def _leads(crossing: Crossing, own: int) -> str:
    if crossing.lead is None:
        return "asked" if crossing.lead_rule else ""
    return "ours" if crossing.lead == own else "theirs"
