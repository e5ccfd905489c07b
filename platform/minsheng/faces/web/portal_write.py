"""Writing by the portal: one question at a time, all answers carried in the form itself.

Nothing is kept on our side until the form is sent, and nothing typed stands in an address. It works
without script; script keeps a draft in the browser and shows similar matters while one types.
"""

import secrets
from collections.abc import Mapping

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from minsheng.citizens.service import (
    Matter,
    Submission,
    SubmissionInvalid,
    Ticket,
    TooMany,
    check_key,
    checked,
    count_send,
    similar_matters,
    spoken_code,
    submit,
)
from minsheng.faces.web.desk import origin, tools
from minsheng.faces.web.portal_door import (
    STORE_AWAY,
    at_portal,
    choose_look,
    gives_back,
    office,
    portal_page,
    portal_session,
)
from minsheng.faces.web.portal_words import STEP_FIELDS, field_trouble, step_titles, trouble

write_pages = Blueprint("portal_write", __name__, url_prefix="/p/<office>")

TEXTS = ("subject", "body", "region", "name", "phone", "email")
LAST = len(STEP_FIELDS)
_SAMPLE = {"subject": "——", "body": "——", "name": "——", "phone": "0100000000"}
"""Stands for what is not asked yet, so that one step's fields can be checked alone."""


@write_pages.get("/write")
@at_portal
def begin() -> ResponseReturnValue:
    """The first question, on a form with a fresh secret."""
    return _step(1, {"key": secrets.token_urlsafe(24)})


@write_pages.post("/write")
@at_portal
@gives_back
def go_on() -> ResponseReturnValue:
    """The next question, the one before, or the end."""
    said = _said()
    step = _number(request.form.get("step", ""))
    if g.form_refused:
        return _step(step, said, trouble("form"), status=400)
    if g.away:
        return _step(step, said, trouble("away"), status=503)
    if choose_look(request.form.get("look", "")):
        return _step(step, said)
    go = request.form.get("go", "next")
    if go == "back":
        return _step(max(step - 1, 1), said)
    wrong = _wrong_field(said, STEP_FIELDS[step - 1])
    if wrong:
        return _step(step, said, field_trouble(wrong), wrong, 422)
    if step == 1 and request.form.get("seen") != "yes" and (like := _like(said["subject"])):
        return portal_page("similar.html", said=said, matters=like)
    return _send(said) if step == LAST else _step(step + 1, said)


@write_pages.post("/similar")
@at_portal
def similar() -> ResponseReturnValue:
    """The part with similar public matters, for script; the subject never stands in an address."""
    return portal_page("matter_list.html", matters=_like(request.form.get("subject", "")))


def _send(said: Mapping[str, str]) -> ResponseReturnValue:
    try:
        ticket = _submitted(said)
    except SubmissionInvalid as error:
        step = _step_of(error.field)
        return _step(step, said, field_trouble(error.field), error.field, 422)
    except TooMany:
        return _step(LAST, said, trouble("often"), status=429)
    except STORE_AWAY:
        return _step(LAST, said, trouble("away"), status=503)
    return portal_page(
        "sent.html", code=spoken_code(ticket.code), created=ticket.created, phone=said["phone"][-4:]
    )


def _submitted(said: Mapping[str, str]) -> Ticket:
    count_send(tools(), office().tenant_id, origin())
    with portal_session() as session:
        return submit(session, tools(), origin(), _form(said))


def _form(said: Mapping[str, str]) -> Submission:
    texts = {name: said.get(name, "") for name in TEXTS}
    return Submission(key=said["key"], confidential=said.get("confidential") == "yes", **texts)


def _said() -> dict[str, str]:
    """What the form carries; a lost secret is made anew, since it can only be a new message."""
    said = {name: request.form.get(name, "") for name in TEXTS}
    said["confidential"] = "yes" if request.form.get("confidential") == "yes" else ""
    said["key"] = request.form.get("key", "")
    try:
        check_key(said["key"])
    except SubmissionInvalid:
        said["key"] = secrets.token_urlsafe(24)
    return said


def _wrong_field(said: Mapping[str, str], fields: tuple[str, ...]) -> str:
    """The first of a step's fields that cannot be taken, or nothing."""
    known = _SAMPLE | {name: said[name] for name in fields}
    texts = {name: known.get(name, "") for name in TEXTS}
    try:
        checked(Submission(key=said["key"], **texts))  # type: ignore[arg-type]
    except SubmissionInvalid as error:
        return error.field
    return ""


def _like(subject: str) -> list[Matter]:
    with portal_session() as session:
        return similar_matters(session, subject)


def _number(step: str) -> int:
    return int(step) if step.isascii() and step.isdigit() and 1 <= int(step[:2]) <= LAST else 1


def _step_of(field: str) -> int:
    for number, fields in enumerate(STEP_FIELDS, start=1):
        if field in fields:
            return number
    return LAST


def _step(
    step: int, said: Mapping[str, str], notice: str = "", wrong: str = "", status: int = 200
) -> ResponseReturnValue:
    shown = STEP_FIELDS[step - 1]
    shown = (*shown, "confidential") if "name" in shown else shown
    carried = [name for name in (*TEXTS, "confidential") if name not in shown]
    return portal_page(
        "write.html", status, step=step, last=LAST, title=step_titles()[step - 1], said=said,
        carried=carried, notice=notice, wrong=wrong, titles=step_titles(),
    )  # fmt: skip
