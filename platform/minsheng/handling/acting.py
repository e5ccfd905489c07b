"""The frame of every verb on a case: lock, look, do, tell; a refusal is kept as well.

A verb that was done leaves one event and one audit entry; one that was refused changes nothing
and leaves one audit entry, written in a transaction of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.errors import CaseConflict
from minsheng.cases.ledger import Wish, case_event, lock_case
from minsheng.cases.models import Case
from minsheng.handling.errors import (
    HandlingConflict,
    HandlingError,
    HandlingInvalid,
    HandlingStale,
    ReasonNeeded,
)
from minsheng.handling.flows import Step, plan_of
from minsheng.handling.models import CaseHandling, Flow
from minsheng.handling.settling import handling_of
from minsheng_tenants import tenant_of

LONGEST_WORDS = 2000


@dataclass
class Act:
    """One verb under way on a locked case."""

    session: Session
    tools: Tools
    wish: Wish
    verb: str
    case: Case
    row: CaseHandling
    now: datetime

    def current(self, version: int | None) -> None:
        """Raise HandlingStale unless the case is as the caller read it (None = does not care)."""
        if version is not None and version != self.row.version:
            message = f"{self.case.number} was changed meanwhile: read it again, then decide"
            raise HandlingStale(message)

    def steps(self) -> tuple[Step, ...]:
        """The steps of the case's own version of its flow."""
        flow = self.session.scalars(select(Flow).where(Flow.id == self.row.flow_id)).one()
        return plan_of(flow).steps

    def person(self, said: str) -> str:
        """The user name of whoever does it: as given, or the person who is logged in."""
        if said:
            return said
        if self.wish.actor.kind == "user":
            return self.wish.actor.name
        message = "say which person does it, by user name"
        raise HandlingInvalid("person", message)

    def reason(self) -> str:
        """The reason of the wish; raises ReasonNeeded when there is none."""
        return words(self.wish.reason, "reason")

    def tell(self, **data: Any) -> None:  # noqa: ANN401  the ledger's own form
        """Write the event and the audit entry, and count the change."""
        if self.wish.reason and "reason" not in data:
            data["reason"] = self.wish.reason
        event = case_event(self.now, self.wish.actor, self.case.id, self.verb, data)
        self.session.add(event)
        self.row.version += 1
        action = f"case.{self.verb}"
        self.tools.auditor.record(self.session, self.wish.actor, action, "case", self.case.number)


@contextmanager
def acting(
    session: Session, tools: Tools, wish: Wish, number: str, verb: str, *, closed: bool = False
) -> Iterator[Act]:
    """Begin a verb on a case of this number; ``closed`` = it may be closed already.

    Raises CaseNotFound, CaseConflict for one that was joined to another, or HandlingConflict.
    """
    try:
        case = lock_case(session, number, wish.sight)
        if case.closed_at is not None and not closed:
            message = f"{number} is closed: reopen it first"
            raise HandlingConflict(message)
        row = handling_of(session, tools, case)
        yield Act(session, tools, wish, verb, case, row, tools.clock.now())
        session.flush()
    except (HandlingError, CaseConflict):
        action = f"case.{verb}"
        with tools.database.session(tenant_of(session)) as own:
            tools.auditor.record(own, wish.actor, action, "case", number, result="refused")
        raise


def words(said: str, field: str) -> str:
    """Words that must be there; raises ReasonNeeded or HandlingInvalid."""
    text = said.strip()
    if not text:
        message = f"{field} is missing: say it in words, they stand in the case's history"
        raise ReasonNeeded(field, message)
    return short(text, field)


def short(said: str, field: str) -> str:
    """Words of at most 2,000 characters; raises HandlingInvalid."""
    if len(said) > LONGEST_WORDS:
        message = f"{field} holds more than {LONGEST_WORDS} characters: shorten it"
        raise HandlingInvalid(field, message)
    return said.strip()
