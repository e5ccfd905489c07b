"""Many answers to findings at once: each in a transaction of its own, each with its own result."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.errors import CaseConflict, CaseNotFound, FindingNotFound
from minsheng.cases.findings import answer_finding, closed_as
from minsheng.cases.ledger import Wish

MAX_ANSWERS = 200
DONE, KNOWN, CLOSED, ABSENT, REFUSED = "done", "known", "closed", "absent", "refused"
"""Answered now; answered so before; answered otherwise meanwhile; none of this office's in sight;
not possible as the cases stand (``detail`` says why)."""
RESULTS = (DONE, KNOWN, CLOSED, ABSENT, REFUSED)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says of one finding: same, related or different."""

    finding: uuid.UUID
    outcome: str


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """What became of one answer; ``case`` and ``other`` are numbers where it was done now."""

    finding: uuid.UUID
    result: str
    outcome: str
    case: str = ""
    other: str = ""
    detail: str = ""


def answer_findings(
    tools: Tools, tenant_id: int, wish: Wish, answers: Sequence[Answer]
) -> list[AnswerResult]:
    """Answer findings of an office one after another, in their order.

    Each is committed by itself, so that two people who answer at once wait for one case at a time
    and one that cannot be done leaves the others done. Giving the same answers again changes
    nothing and answers ``known``.
    """
    return [_answer(tools, tenant_id, wish, each) for each in answers]


def _answer(tools: Tools, tenant_id: int, wish: Wish, given: Answer) -> AnswerResult:
    try:
        with tools.database.session(tenant_id) as session:
            done = answer_finding(session, tools, wish, given.finding, given.outcome)
        return AnswerResult(given.finding, DONE, done.outcome, done.case, done.other)
    except (FindingNotFound, CaseNotFound):
        with tools.database.session(tenant_id) as session:
            return _why_not(session, wish, given)
    except CaseConflict as error:
        return AnswerResult(given.finding, REFUSED, "", detail=str(error))


def _why_not(session: Session, wish: Wish, given: Answer) -> AnswerResult:
    outcome = closed_as(session, given.finding, wish.sight)
    if outcome is None:
        detail = "this office has no open finding of this number"
        return AnswerResult(given.finding, ABSENT, "", detail=detail)
    result = KNOWN if outcome == given.outcome else CLOSED
    detail = "" if result == KNOWN else "somebody has answered otherwise meanwhile"
    return AnswerResult(given.finding, result, outcome, detail=detail)
