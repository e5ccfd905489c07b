"""Where handovers stand: they follow the messages they were made of, and became.

At the sender's a handover belongs to each case in which one of its messages stands now; at the
receiver's to the case in which the message stands that it became. So merges, unmerges and splits
carry it along by themselves.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.service import place_case
from minsheng.handling.handover_models import WAITING, Handover, HandoverMessage


def incoming_of(
    session: Session, case_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[Handover]]:
    """The handovers by which these cases came here, by case, oldest first."""
    place = and_(
        CaseMessage.tenant_id == Handover.to_tenant, CaseMessage.message_id == Handover.to_message
    )
    chosen = select(CaseMessage.case_id, Handover).join(Handover, place)
    rows = session.execute(chosen.where(CaseMessage.case_id.in_(case_ids)).order_by(Handover.id))
    found: dict[uuid.UUID, list[Handover]] = defaultdict(list)
    for case_id, handover in rows:
        found[case_id].append(handover)
    return found


def outgoing_of(
    session: Session, case_ids: Collection[uuid.UUID], states: Collection[str] = ()
) -> dict[uuid.UUID, list[Handover]]:
    """The handovers made of messages that stand in these cases now, by case, oldest first."""
    made = and_(
        HandoverMessage.tenant_id == CaseMessage.tenant_id,
        HandoverMessage.message_id == CaseMessage.message_id,
    )
    given = and_(
        Handover.from_tenant == HandoverMessage.tenant_id,
        Handover.id == HandoverMessage.handover_id,
    )
    chosen = (
        select(CaseMessage.case_id, Handover)
        .join(HandoverMessage, made)
        .join(Handover, given)
        .where(CaseMessage.case_id.in_(case_ids))
        .order_by(Handover.id)
    )
    if states:
        chosen = chosen.where(Handover.state.in_(states))
    found: dict[uuid.UUID, dict[uuid.UUID, Handover]] = defaultdict(dict)
    for case_id, handover in session.execute(chosen):
        found[case_id][handover.id] = handover
    return {case_id: list(each.values()) for case_id, each in found.items()}


def cases_of_handovers(
    session: Session, handover_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[Case]]:
    """The sender's cases in which the messages that handovers were made of stand now, by handover.

    One case each, unless its messages were parted since: then its answer is for each of them.
    """
    made = and_(
        HandoverMessage.tenant_id == CaseMessage.tenant_id,
        HandoverMessage.message_id == CaseMessage.message_id,
    )
    here = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    chosen = (
        select(HandoverMessage.handover_id, Case)
        .join(CaseMessage, made)
        .join(Case, here)
        .where(HandoverMessage.handover_id.in_(handover_ids))
        .order_by(Case.id)
    )
    found: dict[uuid.UUID, dict[uuid.UUID, Case]] = defaultdict(dict)
    for handover_id, case in session.execute(chosen):
        found[handover_id][case.id] = case
    return {handover_id: list(each.values()) for handover_id, each in found.items()}


def cases_of_handover(session: Session, handover_id: uuid.UUID) -> Sequence[Case]:
    """The sender's cases of one handover, by id."""
    return cases_of_handovers(session, [handover_id]).get(handover_id, [])


def case_of_message(session: Session, message_id: uuid.UUID | None) -> Case | None:
    """The case in which a message stands now; None while it is not matched."""
    here = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    chosen = select(Case).join(CaseMessage, here)
    return session.scalar(chosen.where(CaseMessage.message_id == message_id))


def free_case(session: Session, case: Case) -> None:
    """Put a case whose last handover came back on the desk again."""
    waits = outgoing_of(session, [case.id], WAITING).get(case.id)
    if not waits and case.stage == "assigned":
        place_case(session, case.id, stage="received")


def lock_places(session: Session, handover_ids: Collection[uuid.UUID]) -> None:
    """Lock the session's cases of some handovers, by id: always cases first, then handovers."""
    made = and_(
        HandoverMessage.tenant_id == CaseMessage.tenant_id,
        HandoverMessage.message_id == CaseMessage.message_id,
    )
    came = and_(
        Handover.to_tenant == CaseMessage.tenant_id, Handover.to_message == CaseMessage.message_id
    )
    sent = select(CaseMessage.case_id).join(HandoverMessage, made)
    got = select(CaseMessage.case_id).join(Handover, came)
    ids = {
        *session.scalars(sent.where(HandoverMessage.handover_id.in_(handover_ids))),
        *session.scalars(got.where(Handover.id.in_(handover_ids))),
    }
    if ids:
        chosen = select(Case.id).where(Case.id.in_(ids)).order_by(Case.id)
        session.scalars(chosen.with_for_update()).all()


def handed_between(session: Session, case_id: uuid.UUID, office_id: int) -> bool:
    """Whether a case of this office and one of another are two ends of a handover already."""
    came = incoming_of(session, [case_id]).get(case_id, [])
    went = outgoing_of(session, [case_id]).get(case_id, [])
    return any(each.from_tenant == office_id for each in came) or any(
        each.to_tenant == office_id for each in went
    )
