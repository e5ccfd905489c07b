"""Coming back with a query code: the state, the answer, adding, rating, another round."""

import secrets
from collections.abc import Mapping

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.citizens.service import (
    MARKS,
    RatingRefused,
    ReopenRefused,
    Scores,
    SubmissionInvalid,
    TooMany,
    TrackLocked,
    TrackRefused,
    Visit,
    VisitEnded,
    add,
    count_send,
    note_read,
    rate,
    reopen,
    track,
    tracked,
    visit_token,
)
from minsheng.faces.web.desk import origin, tools
from minsheng.faces.web.portal_door import (
    at_portal,
    drop_visit,
    find_visit,
    office,
    portal_page,
    portal_session,
    set_visit,
)
from minsheng.faces.web.portal_words import field_trouble, trouble

mine_pages = Blueprint("portal_mine", __name__, url_prefix="/p/<office>")

DONE = ("added", "rated", "reopened")


@mine_pages.get("/track")
@at_portal
def show_track() -> ResponseReturnValue:
    """The form for query code and the last four digits."""
    said = trouble("ended") if request.args.get("done") == "ended" else ""
    return portal_page("track.html", notice=said, code="")


@mine_pages.post("/track")
@at_portal
def enter() -> ResponseReturnValue:
    """Open a visit, or say in one way for a wrong code and for wrong digits."""
    code, digits = request.form.get("code", ""), request.form.get("digits", "")
    try:
        with portal_session() as session:
            visit = track(session, tools(), code, digits, origin())
            token = visit_token(session, tools(), visit)
    except TrackLocked:
        return portal_page("track.html", 429, notice=trouble("locked"), code=code[:40])
    except TrackRefused:
        return portal_page("track.html", 403, notice=trouble("refused"), code=code[:40])
    response = redirect(_at("portal_mine.show_mine"), 303)
    set_visit(response, token)
    return response


@mine_pages.get("/mine")
@at_portal
def show_mine() -> ResponseReturnValue:
    """The citizen's own message and how it stands."""
    visit = find_visit()
    return _mine(visit) if visit else _ended()


@mine_pages.post("/mine/add")
@at_portal
def add_words() -> ResponseReturnValue:
    """Add to the message."""
    visit, form = find_visit(), request.form
    if visit is None:
        return _ended()
    words = form.get("body", "")
    try:
        count_send(tools(), office().tenant_id, origin())
        with portal_session() as session:
            add(session, tools(), origin(), visit, form.get("key", ""), words)
    except (SubmissionInvalid, TooMany) as error:
        return _mine(visit, _said(error), {"add": words}, _status(error))
    return _done("added")


@mine_pages.post("/mine/rate")
@at_portal
def give_rating() -> ResponseReturnValue:
    """Rate the answer, or change the rating."""
    visit = find_visit()
    if visit is None:
        return _ended()
    marks = {name: _mark(request.form.get(name, "")) for name in MARKS}
    words = request.form.get("words", "")
    try:
        count_send(tools(), office().tenant_id, origin())
        with portal_session() as session:
            rate(session, tools(), origin(), visit, Scores(**marks, words=words))
    except (SubmissionInvalid, RatingRefused, TooMany) as error:
        # Where nothing is to be rated any more, the words are given back as an addition.
        kept: Mapping[str, object] = {"words": words, **marks}
        if isinstance(error, RatingRefused):
            kept = {"add": words}
        return _mine(visit, _said(error), kept, _status(error))
    return _done("rated")


@mine_pages.post("/mine/reopen")
@at_portal
def take_up_again() -> ResponseReturnValue:
    """Ask for another round, with a reason."""
    visit, form = find_visit(), request.form
    if visit is None:
        return _ended()
    reason = form.get("reason", "")
    try:
        count_send(tools(), office().tenant_id, origin())
        with portal_session() as session:
            reopen(session, tools(), origin(), visit, form.get("key", ""), reason)
    except (SubmissionInvalid, ReopenRefused, TooMany) as error:
        kept = {"add": reason} if isinstance(error, ReopenRefused) else {"reason": reason}
        return _mine(visit, _said(error), kept, _status(error))
    return _done("reopened")


@mine_pages.post("/mine/leave")
@at_portal
def leave() -> ResponseReturnValue:
    """End the visit, as on a machine that others use."""
    response = redirect(_at("portal_pages.home"), 303)
    drop_visit(response)
    return response


def _mine(
    visit: Visit, notice: str = "", typed: Mapping[str, object] | None = None, status: int = 200
) -> ResponseReturnValue:
    try:
        with portal_session() as session:
            shown = tracked(session, tools(), visit)
            if shown.answer is not None:
                note_read(session, tools(), origin(), visit)
    except VisitEnded:
        return _ended()
    done = request.args.get("done", "")
    return portal_page(
        "mine.html", status, mine=shown, notice=notice, typed=typed or {},
        done=done if done in DONE else "", key=secrets.token_urlsafe(24),
    )  # fmt: skip


def _mark(given: str) -> int | None:
    return int(given) if given in {"1", "2", "3", "4", "5"} else None


def _said(error: Exception) -> str:
    if isinstance(error, SubmissionInvalid):
        return field_trouble(error.field)
    kinds = {RatingRefused: "rate", ReopenRefused: "reopen", TooMany: "often"}
    return trouble(kinds[type(error)])


def _status(error: Exception) -> int:
    return {SubmissionInvalid: 422, TooMany: 429}.get(type(error), 409)


def _at(endpoint: str, **values: str) -> str:
    return url_for(endpoint, office=office().code, **values)  # type: ignore[arg-type]


def _done(what: str) -> ResponseReturnValue:
    return redirect(_at("portal_mine.show_mine", done=what), 303)


def _ended() -> ResponseReturnValue:
    return redirect(_at("portal_mine.show_track", done="ended"), 303)
