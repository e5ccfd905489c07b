"""Where a case is and was: the custody chain, and the lists of what went out and came in."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.service import PLAIN, Sight, find_case
from minsheng.handling.handover_models import (
    ACCEPTED,
    LEAD,
    RECALLED,
    RETURNED,
    SENT,
    STATES,
    WAITING,
    Handover,
    HandoverMessage,
)
from minsheng.handling.handovers_content import Answer, open_answer
from minsheng.handling.handovers_errors import HandoverNotFound, OrderInvalid
from minsheng.handling.handovers_places import cases_of_handovers, incoming_of, outgoing_of
from minsheng_tenants import Tenant, tenant_of

MOST_LISTED = 100
Direction = Literal["out", "in"]


@dataclass(frozen=True, slots=True)
class StepView:
    """One step: ``office`` did ``kind`` towards ``to``, in the handover ``leg``."""

    kind: str
    at: datetime
    office: str
    name: str
    to: str
    to_name: str
    role: str
    leg: uuid.UUID


@dataclass(frozen=True, slots=True)
class HandoverView:
    """A handover as one side sees it; ``office`` and ``name`` are the other side.

    ``case`` is the number on this side, empty while it is not matched here. Of the other side's
    case nothing is said but ``joined``.
    """

    id: uuid.UUID
    direction: Direction
    case: str
    office: str
    name: str
    role: str
    state: str
    joined: bool
    contact: str
    note: str
    demands: Sequence[str]
    reason: str
    due_at: datetime | None
    sent_at: datetime
    received_at: datetime | None
    accepted_at: datetime | None
    returned_at: datetime | None
    answered_at: datetime | None
    recalled_at: datetime | None
    version: int
    steps: Sequence[StepView]


@dataclass(frozen=True, slots=True)
class Custody:
    """Who has a case and who had it: ``owner`` is the code of the body that owns it now.

    Whoever got it first owns it until another body accepts it as lead (首接首办).
    """

    number: str
    owner: str
    owner_name: str
    steps: Sequence[StepView]
    handovers: Sequence[HandoverView]


@dataclass(frozen=True, slots=True)
class HandoverPage:
    """A part of the list, the newest first; ``next_cursor`` is empty at its end."""

    items: Sequence[HandoverView]
    next_cursor: str


def custody_of(session: Session, number: str, sight: Sight = PLAIN) -> Custody:
    """The custody chain of a case in sight; raises CaseNotFound. A fixed number of queries."""
    case = find_case(session, number, sight)
    out = outgoing_of(session, [case.id]).get(case.id, [])
    came = incoming_of(session, [case.id]).get(case.id, [])
    steps = _united([*came, *out])
    own = session.scalars(select(Tenant).where(Tenant.id == tenant_of(session))).one()
    owner = _owner(steps, own)
    views = [_view(each, "in", case.number) for each in came]
    views += [_view(each, "out", case.number) for each in out]
    return Custody(case.number, *owner, steps, views)


def list_handovers(
    session: Session,
    direction: Direction,
    *,
    states: Collection[str] = (),
    cursor: str = "",
    limit: int = 50,
    sight: Sight = PLAIN,
) -> HandoverPage:
    """What this office handed out or got, the newest first; raises OrderInvalid."""
    if not 1 <= limit <= MOST_LISTED:
        message = f"a page holds 1 to {MOST_LISTED} handovers"
        raise OrderInvalid("limit", message)
    if not set(states) <= set(STATES):
        message = f"use some of the states {', '.join(STATES)}"
        raise OrderInvalid("state", message)
    side = Handover.from_tenant if direction == "out" else Handover.to_tenant
    wanted = [side == tenant_of(session), *_in_sight(direction, sight)]
    if states:
        wanted.append(Handover.state.in_(states))
    if cursor:
        wanted.append(Handover.id < _read_cursor(cursor))
    chosen = select(Handover).where(*wanted).order_by(Handover.id.desc()).limit(limit + 1)
    found = session.scalars(chosen).all()
    shown = found[:limit]
    numbers = _numbers(session, direction, shown)
    items = [_view(each, direction, numbers.get(each.id, "")) for each in shown]
    return HandoverPage(items, str(shown[-1].id) if len(found) > limit else "")


def show_handover(session: Session, handover_id: uuid.UUID, sight: Sight = PLAIN) -> HandoverView:
    """One handover of either side; raises HandoverNotFound, for one out of sight too."""
    found = session.scalar(select(Handover).where(Handover.id == handover_id))
    if found is not None:
        direction: Direction = "out" if found.from_tenant == tenant_of(session) else "in"
        seen = select(Handover.id).where(Handover.id == handover_id, *_in_sight(direction, sight))
        if session.scalar(seen) is not None:
            number = _numbers(session, direction, [found]).get(found.id, "")
            return _view(found, direction, number)
    message = "this office has no such handover: look at its list again"
    raise HandoverNotFound(message)


def answer_of(session: Session, tools: Tools, handover_id: uuid.UUID) -> Answer | None:
    """What the receiver answered, for the sender; None while there is none.

    Raises HandoverNotFound, for a handover that this office did not send too.
    """
    own = tenant_of(session)
    chosen = select(Handover).where(Handover.id == handover_id, Handover.from_tenant == own)
    handover = session.scalar(chosen)
    if handover is None:
        message = "this office sent no such handover: look at its list again"
        raise HandoverNotFound(message)
    return open_answer(tools.keyring.cipher(own), handover)


def open_children(session: Session, case: Case) -> list[str]:
    """The names of the bodies that have the case and did not answer yet, leads first."""
    waits = outgoing_of(session, [case.id], WAITING).get(case.id, [])
    return [each.to_name for each in sorted(waits, key=lambda each: each.role != LEAD)]


def every_child_answered(session: Session, case: Case) -> str | None:
    """A guard of closing (D12): why the case may not close while a body below has it."""
    names = open_children(session, case)
    if not names:
        return None
    return f"not answered yet by {', '.join(names)}: wait for the answer, or recall the handover"


def _in_sight(direction: Direction, sight: Sight) -> list[ColumnElement[bool]]:
    """No handover of a complaint about the office itself, for those who may not see it."""
    if sight.confidential:
        return []
    secret = and_(
        Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id, Case.secret
    )
    if direction == "in":
        stands = CaseMessage.tenant_id == Handover.to_tenant
        return [~exists().where(stands, CaseMessage.message_id == Handover.to_message, secret)]
    stands = and_(
        HandoverMessage.tenant_id == Handover.from_tenant,
        HandoverMessage.handover_id == Handover.id,
        CaseMessage.tenant_id == HandoverMessage.tenant_id,
        CaseMessage.message_id == HandoverMessage.message_id,
    )
    return [~exists().where(stands, secret)]


def _numbers(
    session: Session, direction: Direction, handovers: Sequence[Handover]
) -> dict[uuid.UUID, str]:
    if direction == "out":
        cases = cases_of_handovers(session, [each.id for each in handovers])
        return {key: found[0].number for key, found in cases.items() if found}
    here = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    chosen = select(CaseMessage.message_id, Case.number).join(Case, here)
    wanted = CaseMessage.message_id.in_([each.to_message for each in handovers])
    numbers = {row.message_id: row.number for row in session.execute(chosen.where(wanted))}
    return {each.id: numbers[each.to_message] for each in handovers if each.to_message in numbers}


def _view(handover: Handover, direction: Direction, number: str) -> HandoverView:
    sent = direction == "out"
    same = {
        name: getattr(handover, name)
        for name in HandoverView.__dataclass_fields__
        if name not in ("direction", "case", "office", "name", "joined", "steps")
    }
    return HandoverView(
        **same,
        direction=direction,
        case=number,
        office=handover.to_code if sent else handover.from_code,
        name=handover.to_name if sent else handover.from_name,
        joined=handover.joined_at is not None,
        steps=steps_of(handover),
    )


def steps_of(handover: Handover) -> list[StepView]:
    """The custody chain of one handover, the same on both sides."""
    return [_step(step) for step in handover.steps]


def _step(said: dict[str, Any]) -> StepView:
    at, leg = datetime.fromisoformat(said["at"]), uuid.UUID(said["leg"])
    return StepView(**{**said, "at": at, "leg": leg})


def _united(handovers: Iterable[Handover]) -> list[StepView]:
    """The steps of several handovers once each, in the order of time."""
    every = [step for handover in handovers for step in steps_of(handover)]
    return sorted(dict.fromkeys(every), key=lambda step: step.at)


def _owner(steps: Sequence[StepView], own: Tenant) -> tuple[str, str]:
    owner = own.code, own.name
    sent = next((step for step in steps if step.kind == SENT), None)
    if sent is not None:
        owner = sent.office, sent.name
    for step in steps:
        if step.role == LEAD and step.kind in (ACCEPTED, RECALLED):
            owner = step.office, step.name
        elif step.role == LEAD and step.kind == RETURNED:
            owner = step.to, step.to_name
    return owner


def _read_cursor(cursor: str) -> uuid.UUID:
    try:
        return uuid.UUID(cursor)
    except ValueError as error:
        message = "this is no cursor of the list: begin again without one"
        raise OrderInvalid("cursor", message) from error
