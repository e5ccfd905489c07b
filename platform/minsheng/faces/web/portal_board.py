"""What everybody may read: public matters with their answers, and co-signing one (我也遇到)."""

import secrets
import uuid

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from minsheng.citizens.service import (
    Matter,
    Submission,
    SubmissionInvalid,
    TooMany,
    cosign,
    count_send,
    find_matter,
    list_matters,
    spoken_code,
)
from minsheng.faces.web.desk import origin, tools
from minsheng.faces.web.portal_door import at_portal, office, portal_page, portal_session
from minsheng.faces.web.portal_words import field_trouble, trouble
from minsheng.faces.web.words import _

board_pages = Blueprint("portal_board", __name__, url_prefix="/p/<office>")


@board_pages.get("/matters")
@at_portal
def show_matters() -> ResponseReturnValue:
    """The public answers, newest first."""
    with portal_session() as session:
        page = list_matters(session, request.args.get("after", "")[:100])
    return portal_page("matters.html", page=page)


@board_pages.get("/matters/<uuid:matter>")
@at_portal
def show_matter(matter: uuid.UUID) -> ResponseReturnValue:
    """One matter with its answer, and the form to co-sign it."""
    with portal_session() as session:
        shown, _anchor = find_matter(session, matter)
    return _matter(shown, {"key": secrets.token_urlsafe(24)})


@board_pages.post("/matters/<uuid:matter>/cosign")
@at_portal
def sign(matter: uuid.UUID) -> ResponseReturnValue:
    """Say that one has met with it too."""
    said = {name: request.form.get(name, "") for name in ("key", "name", "phone", "body")}
    with portal_session() as session:
        shown, anchor = find_matter(session, matter)
    try:
        count_send(tools(), office().tenant_id, origin())
        with portal_session() as session:
            ticket = cosign(session, tools(), origin(), anchor, _form(shown, said))
    except SubmissionInvalid as error:
        return _matter(shown, said, field_trouble(error.field), error.field, 422)
    except TooMany:
        return _matter(shown, said, trouble("often"), status=429)
    return portal_page(
        "sent.html", code=spoken_code(ticket.code), created=ticket.created,
        phone=said["phone"][-4:], matter=shown,
    )  # fmt: skip


def _form(shown: Matter, said: dict[str, str]) -> Submission:
    body = said["body"].strip() or _("我也遇到了同样的事。")
    return Submission(said["key"], shown.subject, body, said["name"], said["phone"])


def _matter(
    shown: Matter, said: dict[str, str], notice: str = "", wrong: str = "", status: int = 200
) -> ResponseReturnValue:
    return portal_page("matter.html", status, matter=shown, said=said, notice=notice, wrong=wrong)
