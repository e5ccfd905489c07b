"""A citizen has an answered case taken up again, once and with a reason (不满意，请再办)."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.ledger import case_event
from minsheng.cases.models import Case
from minsheng.cases.service import place_case
from minsheng.citizens.errors import ReopenRefused
from minsheng.citizens.models import Reopening
from minsheng.citizens.portals import citizen_actor, portal_of
from minsheng.citizens.ratings import REOPENED, case_of, is_answered
from minsheng.citizens.submitting import follow_up
from minsheng.citizens.visits import Visit
from minsheng_tenants import tenant_of


def reopen(
    session: Session, tools: Tools, origin: str, visit: Visit, key: str, reason: str
) -> bool:
    """Have the case of the visit's message handled for another round; false for a form sent twice.

    The reason joins the case as the citizen's follow-up. Raises SubmissionInvalid, or ReopenRefused
    when nothing has been answered, the time is over, or this citizen has done it once already.
    """
    pushed = follow_up(session, tools, origin, visit, key, reason)
    case = case_of(session, visit.message_id)
    if case is not None:
        session.execute(select(Case.id).where(Case.id == case.id).with_for_update())
        session.refresh(case)
    done = session.scalar(select(Reopening).where(Reopening.message_id == visit.message_id))
    if done is not None and done.reason_id == pushed.id:
        return False
    if done is not None:
        message = "you have had this taken up again once: add your words to the message instead"
        raise ReopenRefused(message)
    if case is None or not is_answered(case):
        message = "this is still being handled: add your words to the message instead"
        raise ReopenRefused(message)
    _check_time(session, tools, case)
    row = {
        "tenant_id": tenant_of(session),
        "message_id": visit.message_id,
        "reason_id": pushed.id,
        "round": case.round + 1,
        "at": tools.clock.now(),
    }
    session.execute(insert(Reopening).values(row))
    take_up_again(session, tools, citizen_actor(origin), case, str(pushed.id))
    return True


def may_reopen(session: Session, tools: Tools, visit: Visit, case: Case | None) -> bool:
    """Whether the page offers it."""
    if case is None or not is_answered(case):
        return False
    done = session.scalar(select(Reopening.at).where(Reopening.message_id == visit.message_id))
    return done is None and not _is_late(session, tools, case)


def take_up_again(
    session: Session, tools: Tools, actor: Actor, case: Case, message_id: str = ""
) -> None:
    """Begin another round of a case; what was said and done in the rounds before stays."""
    data = {"round": case.round + 1, "stage": case.stage}
    if message_id:
        data["message"] = message_id
    place_case(
        session,
        case.id,
        stage="received",
        round=case.round + 1,
        reply_state="none",
        closed_at=None,
    )
    session.add(case_event(tools.clock.now(), actor, case.id, REOPENED, data))
    tools.auditor.record(session, actor, "case.reopen", "case", case.number)


def _check_time(session: Session, tools: Tools, case: Case) -> None:
    if _is_late(session, tools, case):
        days = portal_of(session).reopen_days
        message = f"this was closed more than {days} days ago: write a new message"
        raise ReopenRefused(message)


def _is_late(session: Session, tools: Tools, case: Case) -> bool:
    if case.closed_at is None:
        return False
    return tools.clock.now() > case.closed_at + timedelta(days=portal_of(session).reopen_days)
