"""The promise to tidy an office: one work row, there as long as something in it will end.

Whoever writes a row that ends by itself (a login session, a revoked token, a count of guesses)
calls :func:`plan_tidying` in the same transaction; :mod:`minsheng.accounts.work` keeps the promise.
"""

import uuid
from datetime import timedelta

from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.runtime.work import add_work

TIDY = "tidy"
ROW = uuid.UUID(int=0)
"""The one row of an office: the work is about the office itself."""
EVERY = timedelta(hours=1)


def plan_tidying(session: Session, tools: Tools) -> None:
    """Have the session's office tidied in an hour, if that is not planned yet."""
    add_work(session, TIDY, [ROW], tools.clock.now() + EVERY, ring=False)
