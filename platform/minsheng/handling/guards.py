"""What keeps a case from being closed: each guard is a function that gives a reason in words.

``GUARDS`` is the one list. A guard reads and changes nothing; it gets the session and the locked
case and answers None where nothing stands in the way.
"""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.cases.models import Case
from minsheng.handling.callbacks import call_back_recorded
from minsheng.handling.custody import every_child_answered
from minsheng.handling.demands import unanswered
from minsheng.handling.instructions import no_open_instruction
from minsheng.handling.models import CaseHandling, Flow

Guard = Callable[[Session, Case], str | None]
EXEMPTIONS = ("call_back", "reply", "flow")
"""What a case may be exempted from, with a reason: the call-back, the reply, the steps left."""


def call_back_guard(session: Session, case: Case) -> str | None:
    """The citizen was called back, or the case is exempt."""
    if call_back_recorded(session, case.id) or "call_back" in _exempt(session, case):
        return None
    return "there is no call-back record, and no exemption from it"


def demands_guard(session: Session, case: Case) -> str | None:
    """Every numbered demand has its answer."""
    left = unanswered(session, case)
    if not left:
        return None
    return f"demand {', '.join(map(str, left))} is not answered"


def reply_guard(session: Session, case: Case) -> str | None:
    """The official reply of this round was delivered to every origin."""
    if case.reply_state == "delivered" or "reply" in _exempt(session, case):
        return None
    if case.reply_state == "uncertain":
        return "a delivery of the reply is uncertain: settle it first"
    return "the official reply has not been delivered"


def flow_guard(session: Session, case: Case) -> str | None:
    """The case has come to the last step of its flow."""
    row = session.scalar(select(CaseHandling).where(CaseHandling.case_id == case.id))
    if row is None or "flow" in row.exempt:
        return None
    steps = session.scalars(select(Flow.steps).where(Flow.id == row.flow_id)).one()
    if steps[-1]["code"] == row.step:
        return None
    at = next(step["name"] for step in steps if step["code"] == row.step)
    return f"the case is at {at}, not at {steps[-1]['name']}"


def pause_guard(_session: Session, case: Case) -> str | None:
    """The case does not wait for the citizen."""
    return "the case waits for the citizen" if case.paused else None


GUARDS: tuple[Guard, ...] = (
    pause_guard,
    flow_guard,
    demands_guard,
    reply_guard,
    call_back_guard,
    every_child_answered,
    no_open_instruction,
)


def reasons_against(session: Session, case: Case) -> list[str]:
    """Why a case may not be closed now; empty when it may."""
    return [said for guard in GUARDS if (said := guard(session, case)) is not None]


def _exempt(session: Session, case: Case) -> frozenset[str]:
    found = session.scalar(select(CaseHandling.exempt).where(CaseHandling.case_id == case.id))
    return frozenset(found or ())
