"""Telling a sender that what it handed over was joined with something: that it was, and no more."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.models import Case, CaseMessage
from minsheng.handling.handover_models import JOINED, WAITING, Handover
from minsheng.handling.handovers_places import incoming_of
from minsheng.handling.handovers_steps import take_step
from minsheng.handling.handovers_words import CARRY
from minsheng.runtime.work import add_work


def note_join(session: Session, tools: Tools, handover: Handover, case: Case) -> None:
    """Take the step "joined" once where the message of a locked handover stands with others."""
    waits = handover.state in WAITING and handover.joined_at is None
    if not waits or not _stands_with_others(session, handover.to_message, case):
        return
    take_step(handover, JOINED, tools.clock.now())
    actor = Actor("office", handover.to_code)
    tools.auditor.record(session, actor, "handover.joined", "handover", handover.id)
    add_work(session, CARRY, [handover.id], tools.clock.now())


def note_joins(session: Session, tools: Tools, case: Case) -> None:
    """The same for every handover by which a case came here, as after a merge by a person."""
    for handover in incoming_of(session, [case.id]).get(case.id, []):
        if handover.joined_at is None:
            session.refresh(handover, with_for_update=True)
            note_join(session, tools, handover, case)


def _stands_with_others(session: Session, message_id: uuid.UUID | None, case: Case) -> bool:
    others = select(CaseMessage.message_id).where(
        CaseMessage.case_id == case.id, CaseMessage.message_id != message_id
    )
    return session.scalar(others.limit(1)) is not None
