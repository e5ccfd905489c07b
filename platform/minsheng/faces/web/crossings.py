"""Hints across offices for the liaisons: the other body, how far it has come, agree or decline."""

import uuid

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.cases.service import Wish
from minsheng.crossings.service import (
    CrossingConflict,
    HintView,
    LeadInvalid,
    agree,
    choose_lead,
    decline,
    list_crossings,
    waiting_choices,
)
from minsheng.faces.web.case import message_id
from minsheng.faces.web.desk import actor, may, needs, office_session, tools
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.sight import sight
from minsheng.faces.web.words import _

crossing_pages = Blueprint("crossing_pages", __name__, url_prefix="/crossings")

LINES = 50
_LONGEST = 1000


@crossing_pages.get("")
@needs("cases.read")
def show_crossings() -> ResponseReturnValue:
    """A page of hints, newest first, and what the office has to choose as a superior."""
    cursor = message_id(request.args.get("cursor", ""))
    with office_session() as session:
        page = list_crossings(session, sight(), cursor=cursor, limit=LINES)
        more = url_for(".show_crossings", cursor=page.next_cursor) if page.next_cursor else None
        return render_desk(
            session, "desk/crossings.html", "crossings", lines=page.items, next_href=more,
            choices=waiting_choices(session), may_answer=may("cases.merge"),
            band_name=band_name, answer_name=answer_name, lead_name=lead_name,
        )  # fmt: skip


@crossing_pages.post("/<uuid:crossing>/agree")
@needs("cases.merge")
def say_same(crossing: uuid.UUID) -> ResponseReturnValue:
    """Agree for the office; nothing opens before the other body agrees too."""
    try:
        with office_session() as session:
            agree(session, tools(), _wish(), crossing)
    except CrossingConflict:
        return _back("already")
    return _back("crossing_agreed")


@crossing_pages.post("/<uuid:crossing>/decline")
@needs("cases.merge")
def say_other(crossing: uuid.UUID) -> ResponseReturnValue:
    """Decline; the reason stays with the office."""
    try:
        with office_session() as session:
            decline(session, tools(), _wish(), crossing)
    except CrossingConflict:
        return _back("already")
    return _back("crossing_declined")


@crossing_pages.post("/<uuid:crossing>/lead")
@needs("cases.merge")
def say_lead(crossing: uuid.UUID) -> ResponseReturnValue:
    """As the superior of both, say which body leads."""
    office = request.form.get("office", "").strip().upper()
    try:
        with office_session() as session:
            choose_lead(session, tools(), actor(), crossing, office)
    except (CrossingConflict, LeadInvalid):
        return _back("already")
    return _back("lead_chosen")


def band_name(band: str) -> str:
    """How likely it is."""
    return {"likely": _("可能同一事项"), "very_likely": _("很可能同一事项")}.get(band, band)


def answer_name(line: HintView) -> str:
    """What has become of a hint."""
    if line.state == "hinted" and line.agreed_here:
        return _("已同意，等对方答复")
    return {
        "hinted": _("等本单位答复"),
        "agreed": _("双方已同意"),
        "declined": _("不是同一事项"),
        "handed_over": _("已移交"),
        "withdrawn": _("已撤回"),
    }.get(line.state, line.state)


def lead_name(line: HintView) -> str:
    """Who leads, as far as it is decided."""
    return {"ours": _("本单位主办"), "theirs": _("对方主办"), "asked": _("等上级指定主办")}.get(
        line.leads, ""
    )


def _wish() -> Wish:
    reason = request.form.get("reason", "").strip()[:_LONGEST]
    return Wish(actor(), reason, sight=sight())


def _back(done: str) -> ResponseReturnValue:
    return redirect(url_for("crossing_pages.show_crossings", done=done), 303)
