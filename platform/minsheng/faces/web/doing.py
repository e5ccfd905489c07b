"""Doing one thing to a case from its page: the verb, its refusal in the desk's words, and back."""

from collections.abc import Callable

from flask import redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from minsheng.cases.service import (
    CaseConflict,
    CaseNotFound,
    ReasonMissing,
    RevealRefused,
    RouteRefused,
    find_case,
)
from minsheng.faces.web.desk import office_session
from minsheng.faces.web.sight import sight
from minsheng.handling.handovers_errors import BodyOutOfReach
from minsheng.handling.service import (
    CloseRefused,
    HandlingConflict,
    HandlingInvalid,
    HandlingNotFound,
    HandlingStale,
    PersonUnfit,
    PhotoRefused,
    ReasonNeeded,
    SamePerson,
)
from minsheng.replies.service import (
    AnsweredAlready,
    AnsweredOtherwise,
    ReplyConflict,
    ReplyInvalid,
    ReplyNotFound,
    TwoPeople,
    VariableUndefined,
    VersionStale,
)

REFUSALS: tuple[tuple[type[Exception], str], ...] = (
    (CloseRefused, "close_refused"),
    (HandlingStale, "already"),
    (PersonUnfit, "person_unfit"),
    (ReasonNeeded, "reason_missing"),
    (ReasonMissing, "reason_missing"),
    (PhotoRefused, "photo_refused"),
    (SamePerson, "same_person"),
    (BodyOutOfReach, "out_of_reach"),
    (HandlingInvalid, "unfit_value"),
    (HandlingConflict, "not_now"),
    (HandlingNotFound, "already"),
    (RouteRefused, "route_refused"),
    (RevealRefused, "route_refused"),
    (TwoPeople, "same_person"),
    (AnsweredAlready, "answered_already"),
    (AnsweredOtherwise, "answered_otherwise"),
    (VersionStale, "reply_stale"),
    (VariableUndefined, "variable_left"),
    (ReplyInvalid, "reply_unfit"),
    (ReplyConflict, "not_now"),
    (ReplyNotFound, "already"),
    (CaseConflict, "already"),
)
"""What a refusal is called in the address of the page that says it; the first that fits."""
_KINDS = tuple(kind for kind, _name in REFUSALS)


def attempt(
    number: str, verb: Callable[[Session], object], done: str, place: str = ""
) -> ResponseReturnValue:
    """Run a verb in a transaction of its own and lead back to the case, to ``place`` on it.

    A refusal leads back too, and is said there; raises CaseNotFound.
    """
    try:
        with office_session() as session:
            find_case(session, number, sight())
            verb(session)
    except CaseNotFound:
        raise
    except _KINDS as error:
        done = next(name for kind, name in REFUSALS if isinstance(error, kind))
    address = url_for("case_pages.show_case", number=number, done=done, _anchor=place or None)
    return redirect(address, 303)
