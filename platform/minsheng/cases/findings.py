"""A person's answer to what the matcher asked: the same matter, related, or not the same."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from minsheng.audit import Tools
from minsheng.cases.errors import CaseConflict, FindingNotFound
from minsheng.cases.ledger import Wish, case_event, close_findings, merge, messages_in
from minsheng.cases.memory import remember_not_same
from minsheng.cases.models import Case, CaseMessage, Finding
from minsheng.cases.sight import Sight, in_sight
from minsheng.cases.summary import refresh_reviews

_NO_FINDING = "no open finding of this number: somebody may have answered it meanwhile"
OUTCOMES = ("same", "related", "different")


@dataclass(frozen=True, slots=True)
class Answered:
    """The two cases a finding was about, and what a person said of them."""

    case: str
    other: str
    outcome: str


def answer_finding(
    session: Session, tools: Tools, wish: Wish, finding_id: uuid.UUID, outcome: str
) -> Answered:
    """Close an open finding: "same" joins the two cases, "different" is remembered for ever.

    The older case keeps its number, and one that is worked on before one that is closed. Raises
    FindingNotFound or CaseConflict.
    """
    if outcome not in OUTCOMES:
        message = f"unknown outcome {outcome!r}: use one of {', '.join(OUTCOMES)}"
        raise CaseConflict(message)
    case, other = _cases(session, finding_id, wish.sight)
    if outcome == "same":
        merge(session, tools, _with_evidence(session, wish, finding_id), case.number, other.number)
        return Answered(case.number, other.number, outcome)
    ours, theirs = messages_in(session, case.id), messages_in(session, other.id)
    if outcome == "different":
        remember_not_same(session, tools, wish.actor, ours, theirs)
    close_findings(session, ours, theirs, outcome)
    _tell(session, tools, wish, case, other, outcome)
    session.flush()
    refresh_reviews(session, (case.id, other.id))
    tools.auditor.record(session, wish.actor, f"finding.{outcome}", "finding", finding_id)
    return Answered(case.number, other.number, outcome)


def _with_evidence(session: Session, wish: Wish, finding_id: uuid.UUID) -> Wish:
    finding = session.scalars(select(Finding).where(Finding.id == finding_id)).one()
    said = {"score": finding.score, "reasons": finding.reasons, "algorithm": finding.algorithm}
    return replace(wish, evidence=said)


def _tell(
    session: Session, tools: Tools, wish: Wish, case: Case, other: Case, outcome: str
) -> None:
    kind = "not_same" if outcome == "different" else "related"
    data = {"cases": [case.number, other.number], "reason": wish.reason}
    now = tools.clock.now()
    session.add_all(case_event(now, wish.actor, each.id, kind, data) for each in (case, other))


def closed_as(session: Session, finding_id: uuid.UUID, sight: Sight) -> str | None:
    """How a finding was closed, its cases being in sight; None when it was not, or is none here."""
    chosen = _standing(finding_id).where(Finding.state == "closed")
    found = session.execute(chosen).first()
    if found is None or len(_in_sight(session, found[:2], sight)) < len(set(found[:2])):
        return None
    return str(found.outcome)


def _cases(session: Session, finding_id: uuid.UUID, sight: Sight) -> tuple[Case, Case]:
    """The two cases of an open finding, locked: what is open stands first, then what is older.

    Both are locked before the finding is read again, so that of two answers at once the second
    finds it closed.
    """
    found = session.execute(_standing(finding_id)).first()
    if found is None:
        raise FindingNotFound(_NO_FINDING)
    _in_sight(session, found[:2], sight, lock=True)
    again = session.execute(_standing(finding_id).where(Finding.state == "open")).first()
    cases = _in_sight(session, again[:2], sight) if again else []
    if len(cases) < 2:
        raise FindingNotFound(_NO_FINDING)
    if {case.id for case in cases} != set(found[:2]):
        message = "one of the two cases was joined to another meanwhile: look at both again"
        raise CaseConflict(message)
    first, second = sorted(cases, key=lambda case: (case.closed_at is not None, case.id))
    return first, second


def _standing(finding_id: uuid.UUID) -> Select[uuid.UUID, uuid.UUID, str]:
    """Where the two messages of a finding stand, and how it was closed."""
    ours, theirs = aliased(CaseMessage), aliased(CaseMessage)
    return (
        select(ours.case_id, theirs.case_id, Finding.outcome)
        .select_from(Finding)
        .join(ours, _stands(ours, Finding.message_id))
        .join(theirs, _stands(theirs, Finding.other_id))
        .where(Finding.id == finding_id)
    )


def _in_sight(
    session: Session, ids: Sequence[uuid.UUID], sight: Sight, *, lock: bool = False
) -> Sequence[Case]:
    chosen = select(Case).where(Case.id.in_(ids), *in_sight(sight)).order_by(Case.id)
    return session.scalars(chosen.with_for_update() if lock else chosen).all()


def _stands(
    place: type[CaseMessage], message_id: InstrumentedAttribute[uuid.UUID]
) -> ColumnElement[bool]:
    return and_(place.tenant_id == Finding.tenant_id, place.message_id == message_id)
