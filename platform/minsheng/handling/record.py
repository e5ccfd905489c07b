"""How a case was handled, whole: what its page, its dossier and its figures read."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.cases.ledger import find_case
from minsheng.cases.models import Case
from minsheng.cases.sight import PLAIN, Sight
from minsheng.handling.callbacks import call_backs_of
from minsheng.handling.claims import owner_of
from minsheng.handling.dating import deadline_of
from minsheng.handling.deadlines import Deadline
from minsheng.handling.demands import demands_of
from minsheng.handling.errors import HandlingNotFound
from minsheng.handling.extensions import extensions_of
from minsheng.handling.flows import FlowPlan, plan_of
from minsheng.handling.guards import reasons_against
from minsheng.handling.models import (
    CallBack,
    CaseHandling,
    Commitment,
    Contact,
    Demand,
    Extension,
    Flow,
    Overdue,
    Pause,
    Photo,
    Visit,
)
from minsheng.handling.visits import visits_of


@dataclass(frozen=True, slots=True)
class HandlingView:
    """A case as it is handled; ``settled`` is false while it has no flow yet.

    ``owner`` answers for it now; ``against`` are the reasons why it may not be closed.
    """

    number: str
    settled: bool
    version: int
    flow: FlowPlan | None
    step: str
    step_at: datetime | None
    stage: str
    round: int
    grade: str
    unit: str
    handler: str
    liaison: str
    owner: str
    claimed_at: datetime | None
    claim_until: datetime | None
    filed_at: datetime | None
    due_at: datetime | None
    due_estimated: bool
    paused: bool
    extended_days: int
    exempt: Mapping[str, Any]
    outcome: str
    closed_at: datetime | None
    against: Sequence[str]
    demands: Sequence[Demand]
    call_backs: Sequence[CallBack]
    extensions: Sequence[Extension]
    pauses: Sequence[Pause]
    commitments: Sequence[Commitment]
    visits: Sequence[Visit]
    photos: Mapping[uuid.UUID, Sequence[Photo]]
    contacts: Sequence[Contact]
    overdues: Sequence[Overdue]


def handling_view(session: Session, number: str, sight: Sight = PLAIN) -> HandlingView:
    """How a case is handled; raises CaseNotFound. A fixed number of queries."""
    case = find_case(session, number, sight)
    row = session.scalar(select(CaseHandling).where(CaseHandling.case_id == case.id))
    return HandlingView(**_standing(session, case, row), **_done(session, case))


def deadline_view(session: Session, number: str, sight: Sight = PLAIN) -> Deadline:
    """The deadline with the days it was counted by; raises CaseNotFound or HandlingNotFound."""
    case = find_case(session, number, sight)
    row = session.scalar(select(CaseHandling).where(CaseHandling.case_id == case.id))
    if row is None:
        message = f"{number} has no deadline yet: it is being settled"
        raise HandlingNotFound(message)
    return deadline_of(session, case)


def _standing(session: Session, case: Case, row: CaseHandling | None) -> dict[str, Any]:
    told = {
        "number": case.number, "settled": row is not None, "stage": case.stage,
        "round": case.round, "grade": case.grade, "unit": case.unit, "handler": case.handler,
        "due_at": case.due_at, "due_estimated": case.due_estimated, "paused": case.paused,
        "closed_at": case.closed_at,
    }  # fmt: skip
    names = ("version", "step", "step_at", "liaison", "claimed_at", "claim_until", "filed_at",
             "extended_days", "exempt", "outcome")  # fmt: skip
    if row is None:
        empty = {"version": 0, "step": "", "liaison": "", "extended_days": 0, "exempt": {},
                 "outcome": ""}  # fmt: skip
        blank: dict[str, Any] = dict.fromkeys(names) | empty
        return told | blank | {"flow": None, "owner": case.handler, "against": []}
    flow = session.scalars(select(Flow).where(Flow.id == row.flow_id)).one()
    more = {"flow": plan_of(flow), "owner": owner_of(case, row)}
    against = [] if case.closed_at else reasons_against(session, case)
    return told | {name: getattr(row, name) for name in names} | more | {"against": against}


def _done(session: Session, case: Case) -> dict[str, Any]:
    photos: dict[uuid.UUID, list[Photo]] = {}
    for photo in _all(session, Photo, case):
        photos.setdefault(photo.visit_id, []).append(photo)
    overdues = select(Overdue).where(Overdue.case_id == case.id).order_by(Overdue.due_at)
    return {
        "demands": demands_of(session, case),
        "call_backs": call_backs_of(session, case.id),
        "extensions": extensions_of(session, case.id),
        "pauses": _all(session, Pause, case),
        "commitments": _all(session, Commitment, case),
        "visits": visits_of(session, case.id),
        "photos": photos,
        "contacts": _all(session, Contact, case),
        "overdues": session.scalars(overdues).all(),
    }


def _all(session: Session, model: Any, case: Case) -> Sequence[Any]:  # noqa: ANN401  any table
    return session.scalars(select(model).where(model.case_id == case.id).order_by(model.id)).all()
