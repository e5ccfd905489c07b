"""Low-rating reviews (差评倒查): the list, one of them, and closing it with what was found."""

import uuid

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from minsheng.cases.service import Wish
from minsheng.citizens.service import (
    Findings,
    ReviewClosed,
    ReviewView,
    SubmissionInvalid,
    close_review,
    find_review,
    list_reviews,
)
from minsheng.faces.web.case import message_id
from minsheng.faces.web.desk import actor, may, needs, office_session, tools
from minsheng.faces.web.models import Choice
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.sight import sight
from minsheng.faces.web.staff import people_names
from minsheng.faces.web.words import _

low_rating_pages = Blueprint("low_rating_pages", __name__, url_prefix="/low-ratings")

LINES = 50
STATES = ("open", "closed")
FIELDS = ("cause", "responsible", "action")


@low_rating_pages.get("")
@needs("cases.read")
def show_reviews() -> ResponseReturnValue:
    """Reviews that wait, oldest first, or those that are closed."""
    state = next((each for each in STATES if each == request.args.get("state")), "open")
    after = message_id(request.args.get("cursor", ""))
    with office_session() as session:
        rows = list_reviews(session, sight(), state, after, LINES)
        more = rows[-1].id if len(rows) == LINES else None
        next_href = url_for(".show_reviews", state=state, cursor=more) if more else ""
        return render_desk(
            session, "desk/low_ratings.html", "low-ratings", lines=rows, next_href=next_href,
            tabs=_tabs(state), state=state, marks=mark_words,
        )  # fmt: skip


@low_rating_pages.get("/<uuid:review>")
@needs("cases.read")
def show_review(review: uuid.UUID) -> ResponseReturnValue:
    """One review with the rating that opened it."""
    with office_session() as session:
        return _page(session, find_review(session, review, sight()))


@low_rating_pages.post("/<uuid:review>/close")
@needs("callbacks.write")
def end_review(review: uuid.UUID) -> ResponseReturnValue:
    """Close a review; what cannot be taken comes back with the words."""
    said = {name: request.form.get(name, "") for name in FIELDS}
    done = "review_closed"
    try:
        with office_session() as session:
            close_review(session, tools(), Wish(actor(), sight=sight()), review, Findings(**said))
    except SubmissionInvalid as error:
        with office_session() as session:
            found = find_review(session, review, sight())
            return _page(session, found, said, error.field), 422
    except ReviewClosed:
        done = "already"
    return redirect(url_for(".show_review", review=review, done=done), 303)


def mark_words(line: ReviewView) -> list[tuple[str, int | None]]:
    """The three marks of a rating with their names, 1 to 5; None = not given."""
    return [
        (_("解决程度"), line.solved),
        (_("办理态度"), line.manner),
        (_("办理速度"), line.speed),
    ]


def _page(
    session: Session, found: ReviewView, said: dict[str, str] | None = None, wrong: str = ""
) -> str:
    names = people_names(session, [found.closed_by])
    return render_desk(
        session, "desk/low_rating.html", "low-ratings", found=found, said=said or {}, wrong=wrong,
        marks=mark_words, may_close=may("callbacks.write"),
        closed_by=names.get(found.closed_by, found.closed_by),
    )  # fmt: skip


def _tabs(current: str) -> list[Choice]:
    names = {"open": _("待倒查"), "closed": _("已办结")}
    return [
        Choice(names[state], url_for(".show_reviews", state=state), state == current)
        for state in STATES
    ]
