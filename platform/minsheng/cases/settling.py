"""What the rooms above do once messages have their cases: promised by work rows in the transaction.

``settle``, a case gets its flow, deadline and person: written whenever a case is opened, joined or
parted, kept by :mod:`minsheng.handling.work`. ``contribute``, other offices may learn that they
have the same matter: written for each message, kept by :mod:`minsheng.crossings.work`.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from minsheng.runtime.work import add_work

SETTLE, CONTRIBUTE = "settle", "contribute"


def plan_settling(session: Session, case_ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Have these cases settled, or counted anew where they are settled already."""
    add_work(session, SETTLE, case_ids, now)


def plan_contribution(session: Session, message_ids: Sequence[uuid.UUID], now: datetime) -> None:
    """Have messages that have just got their cases compared with other offices' by their codes."""
    add_work(session, CONTRIBUTE, message_ids, now)
