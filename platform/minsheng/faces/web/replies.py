"""Replies on the page of a case: written in place, reviewed, approved, and their deliveries."""

from uuid import UUID

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from minsheng.cases.service import find_case
from minsheng.faces.web.case import wish
from minsheng.faces.web.desk import needs, office_session, tools
from minsheng.faces.web.doing import attempt
from minsheng.faces.web.reply_screen import Saved, Stale, saved_state
from minsheng.faces.web.sight import sight
from minsheng.replies import service as replies
from minsheng.replies.conflicts import note_warnings
from minsheng.replies.finding import find_reply

reply_pages = Blueprint("reply_pages", __name__, url_prefix="/cases/<number>")


@reply_pages.post("/replies")
@needs("replies.write")
def start(number: str) -> ResponseReturnValue:
    """Begin a reply, from a template where one is chosen, or a correction of the official one."""
    template = request.form.get("template", "")
    filled = replies.Filled(template) if template else None
    if request.form.get("kind") == "correction":
        words = replies.Words("")
        return attempt(
            number, lambda s: replies.correct(s, tools(), wish(), number, words), "draft", "reply"
        )
    return attempt(
        number,
        lambda s: replies.start_draft(s, tools(), wish(), number, filled=filled),
        "draft",
        "reply",
    )


@reply_pages.post("/replies/<uuid:reply>/save")
@needs("replies.write")
def save(number: str, reply: UUID) -> ResponseReturnValue:
    """Keep the words while somebody writes; what the page shows of it, or both texts."""
    state: Saved | Stale
    try:
        with office_session() as session:
            find_case(session, number, sight())
            replies.save_draft(session, tools(), wish(), reply, _version(), _words())
            found, case = find_reply(session, reply, sight())
            note_warnings(session, tools(), found, case)
            others = replies.write_on(session, tools(), wish(), number)
            view = replies.reply_view(session, tools(), reply, sight())
            state = saved_state(session, view, others)
    except replies.VersionStale as error:
        state = Stale.of(error)
    return render_template("desk/reply_saved.html", state=state, number=number)


@reply_pages.post("/replies/<uuid:reply>/submit")
@needs("replies.write")
def submit(number: str, reply: UUID) -> ResponseReturnValue:
    """Keep the words as they stand and send them to review."""

    def send(session: Session) -> None:
        view = replies.save_draft(session, tools(), wish(), reply, _version(), _words())
        replies.submit(session, tools(), wish(), reply, view.version)

    return attempt(number, send, "submitted", "reply")


@reply_pages.post("/replies/<uuid:reply>/decide")
@needs("replies.approve")
def decide(number: str, reply: UUID) -> ResponseReturnValue:
    """Approve a reviewed reply, give it back, or say that a difference is meant."""
    verb, done = {
        "return": (replies.send_back, "sent_back"),
        "acknowledge": (replies.acknowledge, "acknowledged"),
    }.get(request.form.get("do", ""), (replies.approve, "approved"))
    version = _version()
    return attempt(number, lambda s: verb(s, tools(), wish(), reply, version), done, "reply")


@reply_pages.post("/replies/<uuid:reply>/drop")
@needs("replies.write")
def drop(number: str, reply: UUID) -> ResponseReturnValue:
    """Give a draft up."""
    version = _version()
    return attempt(
        number, lambda s: replies.drop_draft(s, tools(), wish(), reply, version), "dropped", "reply"
    )


@reply_pages.post("/deliveries/<uuid:delivery>")
@needs("deliveries.write")
def deliver(number: str, delivery: UUID) -> ResponseReturnValue:
    """Send a failed delivery again, or say what became of an uncertain one."""
    what = request.form.get("do", "")
    if what == "resend":
        return attempt(
            number, lambda s: replies.resend(s, tools(), wish(), delivery), "resent", "deliveries"
        )
    arrived = what == "arrived"
    return attempt(
        number,
        lambda s: replies.settle_uncertain(s, tools(), wish(), delivery, arrived=arrived),
        "settled",
        "deliveries",
    )


def _version() -> int:
    given = request.form.get("version", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _words() -> replies.Words:
    form = request.form
    cites = [line.strip() for line in form.get("cites", "").splitlines() if line.strip()]
    return replies.Words(form.get("public_text", ""), form.get("private_text", ""), cites)
