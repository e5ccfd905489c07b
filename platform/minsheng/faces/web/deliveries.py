"""Sending (发送): whether anything may go out, what waits, what needs somebody, and the release."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.cases.service import Wish
from minsheng.faces.web.desk import actor, needs, office_session, tools
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.sight import sight
from minsheng.replies.service import (
    DeliveryQuery,
    ReplyConflict,
    ReplyInvalid,
    channels_down,
    count_waiting,
    hold,
    list_deliveries,
    on_hold,
    release_holds,
)

delivery_pages = Blueprint("delivery_pages", __name__, url_prefix="/deliveries")

NEEDING = ("failed", "uncertain")
LINES = 50


@delivery_pages.get("")
@needs("deliveries.write")
def show_deliveries() -> ResponseReturnValue:
    """The state of sending, and the deliveries that need a person, oldest first."""
    with office_session() as session:
        lines = [
            each
            for state in NEEDING
            for each in list_deliveries(session, DeliveryQuery(state, limit=LINES), sight()).rows
        ]
        return render_desk(
            session, "desk/deliveries.html", "deliveries",
            held=on_hold(session), waiting=count_waiting(session),
            down=channels_down(session), lines=lines,
        )  # fmt: skip


@delivery_pages.post("/hold")
@needs("deliveries.write")
def hold_all_of_it() -> ResponseReturnValue:
    """Let nothing of the office go out until it is released."""
    try:
        with office_session() as session:
            hold(session, tools(), _wish())
    except ReplyInvalid:
        return _back("reason_missing")
    return _back("held")


@delivery_pages.post("/release")
@needs("deliveries.write")
def release() -> ResponseReturnValue:
    """Let deliveries go out again, as after a restore."""
    unsent = request.form.get("unsent") == "yes"
    try:
        with office_session() as session:
            release_holds(session, tools(), _wish(), unsent=unsent)
    except ReplyInvalid:
        return _back("reason_missing")
    except ReplyConflict:
        return _back("already")
    return _back("unheld")


def _wish() -> Wish:
    return Wish(actor(), request.form.get("reason", ""), sight=sight())


def _back(done: str) -> ResponseReturnValue:
    return redirect(url_for(".show_deliveries", done=done), 303)
