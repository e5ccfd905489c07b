"""Names of the people who handle, for lists and for choosing one."""

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from minsheng.accounts.models import User
from minsheng.cases.models import Case
from minsheng.handling.models import CaseHandling


def people_names(session: Session, usernames: Iterable[str]) -> Mapping[str, str]:
    """The names behind user names; one that is gone is missing."""
    wanted = {name for name in usernames if name}
    if not wanted:
        return {}
    found = session.execute(select(User.username, User.name).where(User.username.in_(wanted)))
    return {row.username: row.name for row in found}


def unclaimed() -> ColumnElement[bool]:
    """Cases that nobody has signed for yet (待签收): nobody's, or given and not claimed."""
    here = and_(CaseHandling.tenant_id == Case.tenant_id, CaseHandling.case_id == Case.id)
    return or_(Case.handler == "", exists().where(here, CaseHandling.claimed_at.is_(None)))
