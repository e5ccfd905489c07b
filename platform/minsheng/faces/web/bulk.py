"""What is done to several cases of the queue at once, and taken back within ten seconds.

Each case is one verb in a transaction of its own: one that refuses does not stop the others. What
can be undone is remembered in a cookie of the browser for ten seconds; undoing is the inverse verb
on each case, with its own event and audit entry.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from minsheng.accounts.roles import Permission
from minsheng.cases.service import CaseError, Wish, find_case
from minsheng.faces.web.case import wish
from minsheng.faces.web.cookies import drop_undo, set_undo, undo_value
from minsheng.faces.web.desk import may, needs, office_session, tools
from minsheng.faces.web.queue_address import lean_query
from minsheng.faces.web.words import _
from minsheng.handling.errors import HandlingError
from minsheng.handling.people import staff
from minsheng.handling.service import assign, claim, release

bulk_pages = Blueprint("bulk_pages", __name__, url_prefix="/queue")

MOST_CASES = 200
UNDO_SECONDS = 10
Before = str
"""What a case was before: the user name of its handler, empty where nobody had it."""
Do = Callable[[Session, Wish, str, str], None]


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the bar; ``people`` are those it can be given to."""

    verb: str
    label: str
    icon: str
    people: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What was done just now, and whether it can still be undone."""

    words: str
    possible: bool


def _claim(session: Session, wished: Wish, number: str, _to: str) -> None:
    claim(session, tools(), wished, number)


def _assign(session: Session, wished: Wish, number: str, to: str) -> None:
    assign(session, tools(), wished, number, to)


def _release(session: Session, wished: Wish, number: str, _before: str) -> None:
    release(session, tools(), wished, number)


def _give_back(session: Session, wished: Wish, number: str, before: str) -> None:
    assign(session, tools(), wished, number, before)


VERBS: Mapping[str, tuple[Permission, Do, Do]] = {
    "claim": ("cases.handle", _claim, _release),
    "assign": ("cases.dispatch", _assign, _give_back),
}
"""Each verb with the permission it needs, and the verb that undoes it."""


def bulk_actions(session: Session) -> tuple[Action, ...]:
    """The buttons of the bar that the person may press."""
    actions = []
    if may("cases.handle"):
        actions.append(Action("claim", _("签收"), "claim"))
    if may("cases.dispatch"):
        people = tuple((user.username, user.name) for user in staff(session, tools().clock.now()))
        actions.append(Action("assign", _("交办"), "send", people))
    return tuple(actions)


@bulk_pages.post("/do")
@needs("cases.read")
def act() -> ResponseReturnValue:
    """Do one verb to each of the chosen cases."""
    verb, to = request.form.get("do", ""), request.form.get("to", "")
    numbers = list(dict.fromkeys(request.form.getlist("case")))[:MOST_CASES]
    if verb not in VERBS or not numbers or (verb == "assign" and not to):
        return _back("already")
    permission, do, _inverse = VERBS[verb]
    if not may(permission):
        return _back("already")
    befores = _each(numbers, lambda session, number: _done(session, do, number, to))
    response = make_response(_back("bulk"))
    left = len(numbers) - len(befores)
    set_undo(response, json.dumps([verb, left, befores]), UNDO_SECONDS)
    return response


@bulk_pages.post("/undo")
@needs("cases.handle")
def undo() -> ResponseReturnValue:
    """Take back what was done last, as far as the ten seconds last."""
    kept = _kept()
    if kept is None:
        return _back("too_late")
    verb, _left, befores = kept
    permission, _do, inverse = VERBS[verb]
    if not may(permission):
        return _back("already")
    undone = _each(
        list(befores), lambda session, number: _undone(session, inverse, number, befores[number])
    )
    response = make_response(_back("undone" if len(undone) == len(befores) else "already"))
    drop_undo(response)
    return response


def undo_offer() -> Offer | None:
    """What the page says of the last bulk action, for as long as it can be undone."""
    kept = _kept() if request.args.get("done") == "bulk" else None
    if kept is None:
        return None
    verb, left, befores = kept
    done = {"claim": _("已签收 %(count)s 件。"), "assign": _("已交办 %(count)s 件。")}
    words = done.get(verb, "%(count)s") % {"count": len(befores)}
    if left:
        words += _("%(count)s 件没有照做：情况已经变了，或没有权限。", count=left)
    return Offer(words, bool(befores))


def _done(session: Session, do: Do, number: str, to: str) -> Before:
    wished = wish()
    before = find_case(session, number, wished.sight).handler
    do(session, wished, number, to)
    return before


def _undone(session: Session, inverse: Do, number: str, before: Before) -> Before:
    inverse(session, wish(), number, before)
    return before


def _each(numbers: Sequence[str], verb: Callable[[Session, str], Before]) -> dict[str, Before]:
    """The cases at which the verb was done, with what they were before."""
    done = {}
    for number in numbers:
        try:
            with office_session() as session:
                done[number] = verb(session, number)
        except (CaseError, HandlingError):
            continue
    return done


def _kept() -> tuple[str, int, dict[str, Before]] | None:
    try:
        verb, left, befores = json.loads(undo_value())
    except (ValueError, TypeError):
        return None
    if verb not in VERBS or not isinstance(left, int) or not isinstance(befores, dict):
        return None
    return verb, left, {str(number): str(before) for number, before in befores.items()}


def _back(done: str) -> Response:
    kept = lean_query(request.form.get("query", ""))
    address = f"{url_for('queue_pages.show_queue')}?{kept}{'&' if kept else ''}done={done}"
    return redirect(address, 303)
