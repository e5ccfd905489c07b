"""Names of the people who handle, for lists and for choosing one."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.accounts.models import User


def people_names(session: Session, usernames: Iterable[str]) -> Mapping[str, str]:
    """The names behind user names; one that is gone is missing."""
    wanted = {name for name in usernames if name}
    if not wanted:
        return {}
    found = session.execute(select(User.username, User.name).where(User.username.in_(wanted)))
    return {row.username: row.name for row in found}
