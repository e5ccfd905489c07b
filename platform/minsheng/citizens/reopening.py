"""A citizen has an answered case taken up again, once and with a reason (不满意，请再办)."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.models import Case
from minsheng.cases.service import Sight, Wish
from minsheng.citizens.errors import ReopenRefused
from minsheng.citizens.models import Reopening
from minsheng.citizens.portals import citizen_actor, portal_of
from minsheng.citizens.ratings import case_of
from minsheng.citizens.submitting import follow_up
from minsheng.citizens.visits import Visit
from minsheng.handling import service as handling
from minsheng_tenants import tenant_of

REASON = "群众不满意，申请重新办理"


def reopen(
    session: Session, tools: Tools, origin: str, visit: Visit, key: str, reason: str
) -> bool:
    """Have the case of the visit's message handled for another round; false for a form sent twice.

    The reason joins the case as the citizen's follow-up. Raises SubmissionInvalid, or ReopenRefused
    when the case is not closed, the time is over, or this citizen has done it once already.
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
    if case is None or case.closed_at is None:
        message = "this is still being handled: add your words to the message instead"
        raise ReopenRefused(message)
    if _is_late(session, tools, case.closed_at):
        days = portal_of(session).reopen_days
        message = f"this was closed more than {days} days ago: write a new message"
        raise ReopenRefused(message)
    row = {
        "tenant_id": tenant_of(session),
        "message_id": visit.message_id,
        "reason_id": pushed.id,
        "round": case.round + 1,
        "at": tools.clock.now(),
    }
    session.execute(insert(Reopening).values(row))
    # The citizen's own words stand in the message; the ledger, which more people read, says that.
    wish = Wish(citizen_actor(origin), REASON, sight=Sight(confidential=True))
    handling.reopen(session, tools, wish, case.number)
    return True


def may_reopen(session: Session, tools: Tools, visit: Visit, case: Case | None) -> bool:
    """Whether the page offers it."""
    if case is None or case.closed_at is None:
        return False
    done = session.scalar(select(Reopening.at).where(Reopening.message_id == visit.message_id))
    return done is None and not _is_late(session, tools, case.closed_at)


def _is_late(session: Session, tools: Tools, closed_at: datetime) -> bool:
    return tools.clock.now() > closed_at + timedelta(days=portal_of(session).reopen_days)
