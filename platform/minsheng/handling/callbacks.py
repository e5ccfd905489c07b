"""Calling the citizen back (回访): without it a case is not closed."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.ledger import Wish
from minsheng.cases.models import Case
from minsheng.handling.acting import acting, short
from minsheng.handling.errors import HandlingInvalid, SamePerson
from minsheng.handling.models import CallBack
from minsheng.handling.office import ways_of
from minsheng.runtime.ids import new_id

REACHED = ("satisfied", "basically", "dissatisfied")
UNREACHED = "unreached"
RESULTS = (*REACHED, UNREACHED)
TRIES = 3
"""Calls that nobody answered, after which the attempt itself is the record; our figure."""


def record_call_back(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    result: str,
    words: str,
    *,
    resolved: bool | None = None,
    person: str = "",
    call_id: uuid.UUID | None = None,
) -> CallBack:
    """Keep what a call to the citizen gave; ``resolved`` as the citizen says, None = not asked.

    Who handled the case may not call (another person checks it). The same ``call_id`` again is
    the same call. Raises HandlingInvalid or SamePerson.
    """
    with acting(session, tools, wish, number, "call_back", closed=True) as act:
        if call_id is not None:
            mine = CallBack.id == call_id, CallBack.case_id == act.case.id
            known = session.scalar(select(CallBack).where(*mine))
            if known is not None:
                return known
        if result not in RESULTS:
            message = f"unknown result {result!r}: use one of {', '.join(RESULTS)}"
            raise HandlingInvalid("result", message)
        caller = person or wish.actor.name
        if ways_of(session).two_people and caller in {act.case.handler, *act.row.handled_by}:
            message = f"{caller} handled {number}: another person calls the citizen back"
            raise SamePerson(message)
        call = CallBack(
            id=call_id or new_id(),
            case_id=act.case.id,
            round=act.case.round,
            result=result,
            resolved=resolved,
            words=short(words, "words"),
            called_by=caller,
            called_at=act.now,
        )
        session.add(call)
        act.tell(result=result, resolved=resolved, person=caller, words=call.words)
        return call


def call_back_recorded(session: Session, case_id: uuid.UUID) -> bool:
    """Whether the citizen was reached in this round, or tried three times in vain."""
    session.flush()
    here = select(Case.round).where(Case.id == case_id)
    mine = CallBack.case_id == case_id, CallBack.round == session.scalar(here)
    results = session.scalars(select(CallBack.result).where(*mine)).all()
    return any(result in REACHED for result in results) or len(results) >= TRIES


def call_backs_of(session: Session, case_id: uuid.UUID) -> Sequence[CallBack]:
    """Every call of a case, oldest first."""
    chosen = select(CallBack).where(CallBack.case_id == case_id).order_by(CallBack.id)
    return session.scalars(chosen).all()
