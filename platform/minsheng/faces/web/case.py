"""One case: its origins side by side, why they were joined, and taking one out again."""

import re
import uuid
from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from minsheng.cases.service import (
    CaseConflict,
    CaseView,
    MessageNotInCase,
    Wish,
    case_view,
    split,
    unmerge,
)
from minsheng.faces.web.desk import actor, may, needs, office_session, tools
from minsheng.faces.web.event_words import outcome_words
from minsheng.faces.web.handling_screen import CALL_RESULTS, CLOSE_OUTCOMES, handling_screen
from minsheng.faces.web.models import CaseScreen
from minsheng.faces.web.places import place_names
from minsheng.faces.web.present import EVENTS, ORIGINS, USUAL, Part, case_screen, person_name
from minsheng.faces.web.purposes import purpose_names
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.reply_screen import reply_screen
from minsheng.faces.web.sight import sight
from minsheng.faces.web.staff import people_names
from minsheng_tenants import Tenant, list_bodies

case_pages = Blueprint("case_pages", __name__, url_prefix="/cases")

LONGEST_REASON = 500
_PLACE = re.compile("[0-9]{1,6}")
MOST_OFFICES = 200


@case_pages.get("/<number>")
@needs("cases.read")
def show_case(number: str) -> ResponseReturnValue:
    """The page of a case."""
    with office_session() as session:
        asked = Part(_asked_for("origins", USUAL.column), _asked_for("events", USUAL.event))
        return render_case(session, number, asked)


@case_pages.get("/<number>/preview")
@needs("cases.read")
def show_preview(number: str) -> ResponseReturnValue:
    """The case in short, beside the queue."""
    with office_session() as session:
        return render_template("desk/preview.html", screen=_screen(session, number, compared=False))


@case_pages.post("/<number>/split")
@needs("cases.merge")
def split_message(number: str) -> ResponseReturnValue:
    """Take one message out of the case; the page then offers the case it stands in now."""
    message = message_id(request.form.get("message", ""))
    if message is None:
        return back_to_case(number, "already")
    try:
        with office_session() as session:
            home = split(session, tools(), wish(), number, [message])
    except (CaseConflict, MessageNotInCase):
        return back_to_case(number, "already")
    return back_to_case(number, "unmerged", home.number)


@case_pages.post("/<number>/unmerge")
@needs("cases.merge")
def unmerge_case(number: str) -> ResponseReturnValue:
    """Undo the joining of another case into this one."""
    other = request.form.get("other", "")
    try:
        with office_session() as session:
            unmerge(session, tools(), wish(), number, other)
    except CaseConflict:
        return back_to_case(number, "already")
    return back_to_case(number, "unmerged", other)


def render_case(session: Session, number: str, part: Part = USUAL, **more: object) -> str:
    """The page of a case, of its long lists this ``part``; ``more`` is what stands on it after a
    form of it was sent."""
    view = case_view(session, tools(), number, sight())
    return render_desk(
        session, "desk/case.html", "", screen=_drawn(session, view, part),
        handling=handling_screen(session, view), reply=reply_screen(session, view),
        outcomes=[(each, outcome_words(each)) for each in CLOSE_OUTCOMES],
        call_results=CALL_RESULTS,
        may_merge=may("cases.merge"), may_reveal=may("citizens.read"),
        may_mark=may("secrecy.mark"), may_lift=sight().confidential,
        may_handle=may("cases.handle"), may_dispatch=may("cases.dispatch"),
        may_sign=may("instructions.sign"), may_approve=may("replies.approve"),
        may_deliver=may("deliveries.write"), may_call=may("callbacks.write"),
        purposes=purpose_names(), offices=_offices(session), origins_shown=ORIGINS,
        events_shown=EVENTS, **more,
    )  # fmt: skip


def _offices(session: Session) -> Sequence[Tenant]:
    """The bodies to choose from when one is marked; others are named by their code."""
    return list_bodies(session, limit=MOST_OFFICES) if may("secrecy.mark") else ()


def wish() -> Wish:
    """Who asks, and the reason that stands in the form."""
    reason = request.form.get("reason", "").strip()[:LONGEST_REASON]
    return Wish(actor(), reason, sight=sight())


def message_id(given: str) -> uuid.UUID | None:
    """The id that a form carried, or None when it is none."""
    try:
        return uuid.UUID(given)
    except ValueError:
        return None


def back_to_case(number: str, done: str, about: str | None = None) -> ResponseReturnValue:
    """Back to the page of a case, which then says what was done, by its name in ``notices``."""
    return redirect(url_for("case_pages.show_case", number=number, done=done, about=about), 303)


def _screen(session: Session, number: str, *, compared: bool = True) -> CaseScreen:
    view = case_view(session, tools(), number, sight())
    return _drawn(session, view, compared=compared)


def _drawn(
    session: Session, view: CaseView, part: Part = USUAL, *, compared: bool = True
) -> CaseScreen:
    places = place_names(session, [view.region, *(m.region for m in view.messages)])
    named = {str(each.data.get("person", "")) for each in view.events}
    named |= {person_name(each.actor) for each in view.events}
    people = people_names(session, named)
    may_merge = may("cases.merge")
    return case_screen(
        view, places, may_merge=may_merge, compared=compared, people=people, part=part
    )


def _asked_for(name: str, usual: int) -> int:
    """What a part of a long list is to hold, or the usual where no number is given."""
    given = request.args.get(name, "")
    return int(given) if _PLACE.fullmatch(given) else usual
