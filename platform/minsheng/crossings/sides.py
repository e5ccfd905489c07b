"""A side of a crossing as its own office sees it: the body, and the case a message stands in."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from minsheng.cases.models import MERGED, Case, CaseMessage
from minsheng.cases.service import may_see_case
from minsheng.crossings.models import CrossingSide
from minsheng.intake.models import Message
from minsheng_tenants import Tenant, tenant_of

HANDED = "handover"
"""The built-in channel of what another office handed over: such a copy contributes nothing."""

Passed = Callable[[Session, uuid.UUID, int], bool]
"""Whether a case of the session's office and one of the other are two ends of a handover."""


def nothing_passed(_session: Session, _case_id: uuid.UUID, _other: int) -> bool:
    """Stand in where no handovers are known."""
    return False


@dataclass(frozen=True, slots=True)
class Place:
    """A body and its line, its own id last; ``zone`` is its province, or None above provinces."""

    id: int
    code: str
    name: str
    line: tuple[int, ...]

    @property
    def zone(self) -> int | None:
        """The second body of the line: the first is the centre."""
        return self.line[1] if len(self.line) > 1 else None


@dataclass(frozen=True, slots=True)
class Side:
    """A message with the case in which it stands now, at its own office."""

    place: Place
    case: Case
    message: Message


def place_of(session: Session) -> Place:
    """The session's own office."""
    own = session.scalars(select(Tenant).where(Tenant.id == tenant_of(session))).one()
    return Place(own.id, own.code, own.name, (*own.ancestors, own.id))


def common_superior(one: Place, other: Place) -> int | None:
    """The nearest body above both, which may be one of the two; None when they share no line."""
    shared = [ours for ours, theirs in zip(one.line, other.line, strict=False) if ours == theirs]
    return shared[-1] if shared else None


def side_of(session: Session, message_id: uuid.UUID) -> Side | None:
    """The side of a message that may take part; None for what is kept secret, joined or gone."""
    standing = and_(
        CaseMessage.tenant_id == Message.tenant_id, CaseMessage.message_id == Message.id
    )
    case = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    chosen = select(Message, Case).join(CaseMessage, standing).join(Case, case)
    found = session.execute(
        chosen.where(
            Message.id == message_id,
            Message.plugin != HANDED,
            Case.state != MERGED,
            Case.secret.is_(False),
        )
    ).first()
    return Side(place_of(session), found.Case, found.Message) if found else None


def may_learn(session: Session, side: Side, other: int) -> bool:
    """Whether the other office may learn of this case: it is neither complained of nor below one.

    Asked by the same door as every route of a case (``cases.secrecy``).
    """
    return may_see_case(session, side.case, other)


def crossings_of(session: Session, case_id: uuid.UUID) -> set[uuid.UUID]:
    """The crossings, whatever their state, whose message stands in this case now."""
    here = and_(
        CaseMessage.tenant_id == CrossingSide.tenant_id,
        CaseMessage.message_id == CrossingSide.message_id,
    )
    chosen = select(CrossingSide.crossing_id).join(CaseMessage, here)
    return set(session.scalars(chosen.where(CaseMessage.case_id == case_id)))


def first_received(session: Session, case_id: uuid.UUID) -> datetime | None:
    """When the first of a case's own messages came in; a copy handed over is none of them."""
    here = and_(CaseMessage.tenant_id == Message.tenant_id, CaseMessage.message_id == Message.id)
    chosen = select(Message.received_at).join(CaseMessage, here)
    own = chosen.where(CaseMessage.case_id == case_id, Message.plugin != HANDED)
    return session.scalar(own.order_by(Message.received_at).limit(1))
