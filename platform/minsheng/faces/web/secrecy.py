"""A citizen's contact for a purpose, 要求保密, and the office complained of."""

import uuid

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.cases.service import (
    CaseConflict,
    CaseNotFound,
    Purpose,
    PurposeInvalid,
    ReasonMissing,
    RevealRefused,
    find_case,
    mark_complained,
    mark_confidential,
    reveal_citizen,
    unmark_complained,
    unmark_confidential,
)
from minsheng.faces.web.case import render_case, wish
from minsheng.faces.web.desk import actor, needs, office_session, tools
from minsheng.faces.web.models import Contact
from minsheng.faces.web.sight import sight
from minsheng.faces.web.words import _
from minsheng_tenants import BodyNotFound

secrecy_pages = Blueprint("secrecy_pages", __name__, url_prefix="/cases/<number>")


@secrecy_pages.post("/messages/<uuid:message>/citizen")
@needs("citizens.read")
def show_citizen(number: str, message: uuid.UUID) -> ResponseReturnValue:
    """The contact of one message's citizen in its place, once; no browser keeps it (no-store)."""
    purpose = Purpose(request.form.get("purpose", ""), request.form.get("words", ""))
    contact, status = _contact(message, purpose)
    if request.headers.get("HX-Request") == "true":
        return render_template("desk/contact.html", contact=contact), status
    with office_session() as session:
        return render_case(session, number, contact=contact), status


@secrecy_pages.post("/messages/<uuid:message>/confidential")
@needs("citizens.read")
def ask_secrecy(number: str, message: uuid.UUID) -> ResponseReturnValue:
    """Note that the citizen asks not to be named."""
    with office_session() as session:
        mark_confidential(session, tools(), wish(), message)
    return _back(number, "confidential")


@secrecy_pages.post("/messages/<uuid:message>/named")
@needs("citizens.confidential")
def lift_secrecy(number: str, message: uuid.UUID) -> ResponseReturnValue:
    """Lift 要求保密, with a reason."""
    try:
        with office_session() as session:
            unmark_confidential(session, tools(), wish(), message)
    except ReasonMissing:
        return _back(number, "reason_missing")
    return _back(number, "not_confidential")


@secrecy_pages.post("/complained")
@needs("secrecy.mark")
def mark_office(number: str) -> ResponseReturnValue:
    """Mark an office as the one complained of; one's own may take the case out of sight."""
    try:
        with office_session() as session:
            mark_complained(session, tools(), wish(), number, _office())
    except BodyNotFound:
        return _back(number, "no_such_office")
    try:
        with office_session() as session:
            find_case(session, number, sight())
    except CaseNotFound:
        return redirect(url_for("queue_pages.show_queue", done="out_of_sight"), 303)
    return _back(number, "complained")


@secrecy_pages.post("/not-complained")
@needs("secrecy.mark")
def unmark_office(number: str) -> ResponseReturnValue:
    """Take the mark from an office, with a reason."""
    try:
        with office_session() as session:
            unmark_complained(session, tools(), wish(), number, _office())
    except ReasonMissing:
        return _back(number, "reason_missing")
    except (BodyNotFound, CaseConflict):
        return _back(number, "already")
    return _back(number, "not_complained")


def _contact(message: uuid.UUID, purpose: Purpose) -> tuple[Contact, int]:
    """What is shown in the place of the form, and the status of the answer."""
    try:
        with office_session() as session:
            found = reveal_citizen(session, tools(), actor(), sight(), message, purpose)
    except PurposeInvalid:
        trouble = _("没有显示：请选一项用途；选其他时请写明，不超过 200 字。")
        return Contact(str(message), trouble=trouble), 422
    except RevealRefused:
        trouble = _("没有显示：留言人要求保密，只有信访人员能看。这次尝试已记录。")
        return Contact(str(message), trouble=trouble), 403
    return Contact(str(message), found.name, found.phone, found.email), 200


def _office() -> str:
    return request.form.get("office", "").strip().upper()


def _back(number: str, done: str) -> ResponseReturnValue:
    return redirect(url_for("case_pages.show_case", number=number, done=done), 303)
