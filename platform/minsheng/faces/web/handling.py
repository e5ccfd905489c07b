"""What people do to a case: sign for it, give it on, ask, look, call back, close."""

from datetime import UTC, date, datetime, time
from uuid import UUID

from flask import Blueprint, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue

from minsheng.faces.web.case import wish
from minsheng.faces.web.desk import actor, needs, office_session, tools
from minsheng.faces.web.doing import attempt
from minsheng.faces.web.handling_screen import deadline_days
from minsheng.faces.web.sight import sight
from minsheng.faces.web.times import BEIJING
from minsheng.handling import service as handling

handling_pages = Blueprint("handling_pages", __name__, url_prefix="/cases/<number>")

MOST_PHOTOS = 10
_RESOLVED = {"yes": True, "no": False}


@handling_pages.get("/deadline")
@needs("cases.read")
def show_deadline(number: str) -> ResponseReturnValue:
    """The days by which the deadline was counted, beside its chip."""
    with office_session() as session:
        found = handling.deadline_view(session, number, sight())
        return render_template("desk/deadline.html", days=deadline_days(found), due=found)


@handling_pages.post("/claim")
@needs("cases.handle")
def claim(number: str) -> ResponseReturnValue:
    """Sign for the case."""
    return attempt(number, lambda s: handling.claim(s, tools(), wish(), number), "claimed")


@handling_pages.post("/release")
@needs("cases.handle")
def release(number: str) -> ResponseReturnValue:
    """Give the claim back."""
    return attempt(number, lambda s: handling.release(s, tools(), wish(), number), "released")


@handling_pages.post("/assign")
@needs("cases.dispatch")
def assign(number: str) -> ResponseReturnValue:
    """Give the case to a person of the office."""
    to = _said("to")
    return attempt(number, lambda s: handling.assign(s, tools(), wish(), number, to), "assigned")


@handling_pages.post("/advance")
@needs("cases.handle")
def advance(number: str) -> ResponseReturnValue:
    """Finish the present step."""
    said = _said("words")
    return attempt(
        number, lambda s: handling.advance(s, tools(), wish(), number, words=said), "advanced"
    )


@handling_pages.post("/review")
@needs("replies.approve")
def review(number: str) -> ResponseReturnValue:
    """Pass a step of review, or return it."""
    outcome, said = _said("outcome"), _said("words")
    return attempt(
        number,
        lambda s: handling.review(s, tools(), wish(), number, outcome, words=said),
        "advanced",
    )


@handling_pages.post("/pause")
@needs("cases.handle")
def pause(number: str) -> ResponseReturnValue:
    """Wait for the citizen."""
    return attempt(number, lambda s: handling.pause(s, tools(), wish(), number), "waiting")


@handling_pages.post("/resume")
@needs("cases.handle")
def resume(number: str) -> ResponseReturnValue:
    """Wait no longer."""
    return attempt(number, lambda s: handling.resume(s, tools(), wish(), number), "going_on")


@handling_pages.post("/close")
@needs("cases.handle")
def close(number: str) -> ResponseReturnValue:
    """Close the case, if its guards let it."""
    outcome, said = _said("outcome"), _said("words")
    return attempt(
        number, lambda s: handling.close(s, tools(), wish(), number, outcome, words=said), "closed"
    )


@handling_pages.post("/reopen")
@needs("cases.handle")
def reopen(number: str) -> ResponseReturnValue:
    """Take a closed case up again, in a new round."""
    return attempt(number, lambda s: handling.reopen(s, tools(), wish(), number), "reopened")


@handling_pages.post("/demands")
@needs("cases.handle")
def add_demands(number: str) -> ResponseReturnValue:
    """Number what the citizen wants, one demand a line."""
    texts = [line.strip() for line in _said("texts", 5000).splitlines() if line.strip()]
    return attempt(
        number,
        lambda s: handling.add_demands(s, tools(), wish(), number, texts),
        "demands_kept",
        "demands",
    )


@handling_pages.post("/demand-answers")
@needs("cases.handle")
def answer_demand(number: str) -> ResponseReturnValue:
    """Answer one of them."""
    said, given = _said("answer", 2000), _said("demand", 4)
    demand = int(given) if given.isascii() and given.isdigit() else 0
    return attempt(
        number,
        lambda s: handling.answer_demand(s, tools(), wish(), number, demand, said),
        "demands_kept",
        "demands",
    )


@handling_pages.post("/call-backs")
@needs("callbacks.write")
def call_back(number: str) -> ResponseReturnValue:
    """Keep what a call to the citizen gave."""
    result, said = _said("result"), _said("words", 2000)
    resolved = _RESOLVED.get(_said("resolved"))
    return attempt(
        number,
        lambda s: handling.record_call_back(
            s, tools(), wish(), number, result, said, resolved=resolved
        ),
        "called_back",
        "visits",
    )


@handling_pages.post("/visits")
@needs("cases.handle")
def record_visit(number: str) -> ResponseReturnValue:
    """Keep a look on the spot, with its photos."""
    place, said = _said("place"), _said("words", 2000)
    people = [each for each in _said("people").replace("，", "、").split("、") if each.strip()]
    photos = [file.read() for file in request.files.getlist("photos")[:MOST_PHOTOS] if file]

    def keep(session: object) -> None:
        at = _moment(_said("visited_at"))
        visit = handling.record_visit(
            session, tools(), wish(), number, at, place, people, said,  # type: ignore[arg-type]
        )  # fmt: skip
        for content in photos:
            handling.add_photo(session, tools(), wish(), number, visit.id, content)  # type: ignore[arg-type]

    return attempt(number, keep, "visit_kept", "visits")


@handling_pages.get("/photos/<uuid:photo>")
@needs("cases.read")
def show_photo(number: str, photo: UUID) -> ResponseReturnValue:
    """A photo of a visit; looking at it is audited."""
    with office_session() as session:
        handling.handling_view(session, number, sight())
        found, content = handling.open_photo(session, tools(), actor(), photo, sight())
        response = make_response(content)
        response.mimetype = found.media
        return response


def _said(name: str, most: int = 500) -> str:
    return request.form.get(name, "").strip()[:most]


def _moment(given: str) -> datetime:
    """What a field of the kind datetime-local holds, on an office's clock; raises 422."""
    try:
        return datetime.fromisoformat(given).replace(tzinfo=BEIJING)
    except ValueError:
        abort(422, "say when, as 2026-11-22T15:20")


def end_of_day(given: str) -> datetime | None:
    """The last minute of a day of a date field, on an office's clock; None for an empty one."""
    if not given:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        abort(422, "say which day, as 2026-11-22")
    return datetime.combine(day, time(17, 30), BEIJING).astimezone(UTC)
