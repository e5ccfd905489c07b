"""Answers the kinds of work of this room; every handler is a no-op when it is done.

One row is one transaction: a case whose deadline cannot be counted holds up no other.
"""

import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.models import OPEN, Case
from minsheng.cases.settling import SETTLE
from minsheng.handling.dating import REMIND, redate_and_tell, remind
from minsheng.handling.handovers_joins import note_joins
from minsheng.handling.models import CaseHandling
from minsheng.handling.office import REDATE
from minsheng.handling.promises import PROMISE, remind_promise
from minsheng.handling.settling import AGAIN, UNCLAIMED, settle, watch_claim
from minsheng.runtime.work import Claim, finish_work, put_off


class RowWork(ABC):
    """Does each claimed row in a transaction of its own; ``kind`` is the kind it answers."""

    kind: ClassVar[str]

    def __init__(self, tools: Tools) -> None:
        """``tools`` are the process's own."""
        self._tools = tools

    def work(self, claims: Sequence[Claim]) -> None:
        """Do the rows, and strike each off or put it off."""
        for claim in claims:
            with self._tools.database.session(claim.tenant_id) as session:
                again = self.do(session, claim.row_id)
                if again is None:
                    finish_work(session, [claim])
                else:
                    put_off(session, claim, again)

    @abstractmethod
    def do(self, session: Session, row_id: uuid.UUID) -> datetime | None:
        """Do one row; when to come again, None when it is done."""


class Settler(RowWork):
    """``settle``: a case that was opened, joined or parted gets what it needs."""

    kind = SETTLE

    def do(self, session: Session, row_id: uuid.UUID) -> datetime | None:
        """Settle the case; where nobody may take it in, look again in an hour."""
        case = _open_case(session, row_id)
        if case is not None:
            note_joins(session, self._tools, case)
        if case is None or settle(session, self._tools, case):
            return None
        return self._tools.clock.now() + AGAIN


class Redater(RowWork):
    """``redate``: the calendar or a class changed, so the deadline is counted anew."""

    kind = REDATE

    def do(self, session: Session, row_id: uuid.UUID) -> datetime | None:
        """Count it; a change is told in the ledger."""
        case = _open_case(session, row_id)
        known = select(CaseHandling.case_id).where(CaseHandling.case_id == row_id)
        if case is not None and session.scalar(known) is not None:
            redate_and_tell(session, self._tools, case, "calendar")
        return None


class Reminder(RowWork):
    """``remind``: before a deadline, and when it has passed."""

    kind = REMIND

    def do(self, session: Session, row_id: uuid.UUID) -> datetime | None:
        """Tell what is due."""
        return remind(session, self._tools, row_id)


class ClaimTimer(RowWork):
    """``unclaimed``: was the case claimed in time?"""

    kind = UNCLAIMED

    def do(self, session: Session, row_id: uuid.UUID) -> datetime | None:
        """Look, and tell the desk where it was not."""
        case = _open_case(session, row_id)
        return watch_claim(session, self._tools, case) if case else None


class PromiseTimer(RowWork):
    """``promise``: the day that was promised has come."""

    kind = PROMISE

    def do(self, session: Session, row_id: uuid.UUID) -> datetime | None:
        """Remind the handler of the promise."""
        return remind_promise(session, self._tools, row_id)


HANDLERS: tuple[type[RowWork], ...] = (Settler, Redater, Reminder, ClaimTimer, PromiseTimer)


def _open_case(session: Session, case_id: uuid.UUID) -> Case | None:
    chosen = select(Case).where(Case.id == case_id, Case.state == OPEN, Case.closed_at.is_(None))
    return session.scalar(chosen.with_for_update())
