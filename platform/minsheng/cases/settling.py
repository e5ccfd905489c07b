"""The promise that a case gets its flow, deadline and person: a work row in the same transaction.

Written whenever a case is opened, joined or parted; :mod:`minsheng.handling.work` keeps it.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from minsheng.runtime.work import add_work

SETTLE = "settle"


def plan_settling(session: Session, case_ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Have these cases settled, or counted anew where they are settled already."""
    add_work(session, SETTLE, case_ids, now)
