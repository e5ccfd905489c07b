"""``/cases/{number}/…``: how a case is handled, one operation a verb.

Every verb answers with the case as it is handled then. Where a wish may come twice it is told by
what stands already, or by an ``id`` that the caller chose; where two may wish at once, ``version``
refuses the later one.
"""

import base64
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Response, request
from sqlalchemy.orm import Session

from minsheng.cases.service import Wish
from minsheng.faces.api import handling_schemas as shapes
from minsheng.faces.api.desk import actor, office_session, sight, tools
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint
from minsheng.handling import service as verbs

blueprint = ProblemBlueprint("handling", __name__, description="How cases are handled")
P = ParamSpec("P")
R = TypeVar("R")
Said = dict[str, Any]


def larger_body(view: Callable[P, R]) -> Callable[P, R]:
    """Let one operation read a body as large as a picture."""

    @wraps(view)
    def reading(*args: P.args, **kwargs: P.kwargs) -> R:
        request.max_content_length = max(request.max_content_length or 0, shapes.LARGEST_BODY)
        return view(*args, **kwargs)

    return reading


@blueprint.get("/cases/<number>/handling")
@require_scope("cases:read")
@blueprint.response(200, shapes.HandlingSchema)
def show_handling(number: str) -> Said:
    """Where the case stands, who has it, by when, what was done, and what keeps it open."""
    with office_session() as session:
        return _shown(session, number)


@blueprint.get("/cases/<number>/deadline")
@require_scope("cases:read")
@blueprint.response(200, shapes.DeadlineSchema)
def show_deadline(number: str) -> Any:  # noqa: ANN401  a record
    """The deadline day by day, with why each day counts or not."""
    with office_session() as session:
        return verbs.deadline_view(session, number, sight())


@blueprint.post("/cases/<number>/claim")
@require_scope("cases:handle")
@blueprint.arguments(shapes.ByPersonSchema)
@blueprint.response(200, shapes.HandlingSchema)
def claim_case(said: Said, number: str) -> Said:
    """Take the case on; claiming it twice changes nothing."""
    return _do(verbs.claim, said, number)


@blueprint.post("/cases/<number>/release")
@require_scope("cases:handle")
@blueprint.arguments(shapes.VersionedSchema)
@blueprint.response(200, shapes.HandlingSchema)
def release_case(said: Said, number: str) -> Said:
    """Give a claim back to the liaison."""
    return _do(verbs.release, said, number)


@blueprint.post("/cases/<number>/assign")
@require_scope("cases:dispatch")
@blueprint.arguments(shapes.AssignCaseSchema)
@blueprint.response(200, shapes.HandlingSchema)
def assign_case(said: Said, number: str) -> Said:
    """Give the case to a person of the office, who has yet to claim it."""
    return _do(verbs.assign, said, number)


@blueprint.post("/cases/<number>/advance")
@require_scope("cases:handle")
@blueprint.arguments(shapes.AdvanceStepSchema)
@blueprint.response(200, shapes.HandlingSchema)
def advance_case(said: Said, number: str) -> Said:
    """Finish the present step of the flow."""
    return _do(verbs.advance, said, number)


@blueprint.post("/cases/<number>/return")
@require_scope("cases:handle")
@blueprint.arguments(shapes.ReturnStepSchema)
@blueprint.response(200, shapes.HandlingSchema)
def return_case(said: Said, number: str) -> Said:
    """Return the case to an earlier step, with a reason."""
    return _do(verbs.send_back, said, number)


@blueprint.post("/cases/<number>/review")
@require_scope("cases:handle")
@blueprint.arguments(shapes.ReviewStepSchema)
@blueprint.response(200, shapes.HandlingSchema)
def review_case(said: Said, number: str) -> Said:
    """Pass the review, or return the case; never by who handled it."""
    return _do(verbs.review, said, number)


@blueprint.post("/cases/<number>/pause")
@require_scope("cases:handle")
@blueprint.arguments(shapes.VersionedSchema)
@blueprint.response(200, shapes.HandlingSchema)
def pause_case(said: Said, number: str) -> Said:
    """Wait for the citizen, with a reason; the deadline stands still."""
    return _do(verbs.pause, said, number)


@blueprint.post("/cases/<number>/resume")
@require_scope("cases:handle")
@blueprint.arguments(shapes.VersionedSchema)
@blueprint.response(200, shapes.HandlingSchema)
def resume_case(said: Said, number: str) -> Said:
    """Go on after waiting."""
    return _do(verbs.resume, said, number)


@blueprint.post("/cases/<number>/grade")
@require_scope("cases:handle")
@blueprint.arguments(shapes.CaseGradeSchema)
@blueprint.response(200, shapes.HandlingSchema)
def grade_case(said: Said, number: str) -> Said:
    """Put the case into a deadline class."""
    return _do(verbs.set_grade, said, number)


@blueprint.post("/cases/<number>/deadline")
@require_scope("cases:dispatch")
@blueprint.arguments(shapes.DueAtSchema)
@blueprint.response(200, shapes.HandlingSchema)
def date_case(said: Said, number: str) -> Said:
    """Set the deadline, with a reason."""
    return _do(verbs.set_deadline, said, number)


@blueprint.post("/cases/<number>/extensions")
@require_scope("cases:handle")
@blueprint.arguments(shapes.ExtensionSchema)
@blueprint.response(200, shapes.HandlingSchema)
def extend_case(said: Said, number: str) -> Said:
    """Ask for more working days, with a reason."""
    return _do(verbs.ask_extension, said, number, id="extension_id")


@blueprint.post("/cases/<number>/extensions/<uuid:extension>")
@require_scope("cases:dispatch")
@blueprint.arguments(shapes.ExtensionDecisionSchema)
@blueprint.response(200, shapes.HandlingSchema)
def decide(said: Said, number: str, extension: uuid.UUID) -> Said:
    """Grant or refuse an extension; never by who asked for it."""
    return _do(verbs.decide_extension, said | {"extension_id": extension}, number, words="answer")


@blueprint.post("/cases/<number>/close")
@require_scope("cases:handle")
@blueprint.arguments(shapes.CloseCaseSchema)
@blueprint.response(200, shapes.HandlingSchema)
def close_case(said: Said, number: str) -> Said:
    """Close the case; the problem names everything that stands in the way."""
    return _do(verbs.close, said, number)


@blueprint.post("/cases/<number>/reopen")
@require_scope("cases:handle")
@blueprint.arguments(shapes.VersionedSchema)
@blueprint.response(200, shapes.HandlingSchema)
def reopen_case(said: Said, number: str) -> Said:
    """Open a closed case for another round, with a reason."""
    return _do(verbs.reopen, said, number)


@blueprint.post("/cases/<number>/exempt")
@require_scope("cases:dispatch")
@blueprint.arguments(shapes.ExemptSchema)
@blueprint.response(200, shapes.HandlingSchema)
def exempt_case(said: Said, number: str) -> Said:
    """Exempt the case from its call-back, its reply or the steps left, with a reason."""
    return _do(verbs.mark_exempt, said, number)


@blueprint.get("/cases/<number>/demands/proposed")
@require_scope("cases:read")
@blueprint.response(200, shapes.ProposedSchema)
def show_proposed(number: str) -> Said:
    """What the messages ask for, as far as it is numbered; nothing is kept."""
    with office_session() as session:
        return {"texts": verbs.propose_for(session, number, sight())}


@blueprint.post("/cases/<number>/demands")
@require_scope("cases:handle")
@blueprint.arguments(shapes.NewDemandsSchema)
@blueprint.response(200, shapes.HandlingSchema)
def number_demands(said: Said, number: str) -> Said:
    """Number what the citizen asks for; what stands already is not added again."""
    return _do(verbs.add_demands, said, number)


@blueprint.post("/cases/<number>/demands/<int:demand>/answer")
@require_scope("cases:handle")
@blueprint.arguments(shapes.AnswerDemandSchema)
@blueprint.response(200, shapes.HandlingSchema)
def answer_one(said: Said, number: str, demand: int) -> Said:
    """Answer one demand."""
    return _do(verbs.answer_demand, said | {"demand": demand}, number)


@blueprint.post("/cases/<number>/call-backs")
@require_scope("cases:handle")
@blueprint.arguments(shapes.NewCallBackSchema)
@blueprint.response(200, shapes.HandlingSchema)
def call_back(said: Said, number: str) -> Said:
    """Keep what a call to the citizen gave; never by who handled the case."""
    return _do(verbs.record_call_back, said, number, id="call_id")


@blueprint.post("/cases/<number>/visits")
@require_scope("cases:handle")
@blueprint.arguments(shapes.NewVisitSchema)
@blueprint.response(200, shapes.HandlingSchema)
def visit(said: Said, number: str) -> Said:
    """Keep a look on the spot."""
    return _do(verbs.record_visit, said, number, id="visit_id", words="said")


@blueprint.post("/cases/<number>/visits/<uuid:visit_id>/photos")
@require_scope("cases:handle")
@larger_body
@blueprint.arguments(shapes.NewPhotoSchema)
@blueprint.response(200, shapes.HandlingSchema)
def photograph(said: Said, number: str, visit_id: uuid.UUID) -> Said:
    """Add a picture to a visit: PNG or JPEG by its bytes, at most 10 MiB."""
    content = base64.b64decode(said["content"])
    return _do(verbs.add_photo, {"visit_id": visit_id, "content": content}, number)


@blueprint.get("/photos/<uuid:photo_id>")
@require_scope("cases:read")
@blueprint.response(200)
def show_photo(photo_id: uuid.UUID) -> Response:
    """The bytes of a picture; the look is kept."""
    with office_session() as session:
        photo, content = verbs.open_photo(session, tools(), actor(), photo_id, sight())
    response = Response(content, content_type=photo.media)
    response.headers["Content-Disposition"] = f'attachment; filename="{photo_id}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/cases/<number>/contacts")
@require_scope("cases:handle")
@blueprint.arguments(shapes.NewContactSchema)
@blueprint.response(200, shapes.HandlingSchema)
def contact(said: Said, number: str) -> Said:
    """Keep a talk or a task outside of the channels."""
    return _do(verbs.record_contact, said, number, id="contact_id", words="said")


@blueprint.post("/cases/<number>/commitments")
@require_scope("cases:handle")
@blueprint.arguments(shapes.NewPromiseSchema)
@blueprint.response(200, shapes.HandlingSchema)
def promise(said: Said, number: str) -> Said:
    """Promise something by a day; the handler is reminded on it."""
    return _do(verbs.commit, said, number, id="promise_id")


@blueprint.post("/cases/<number>/commitments/<uuid:commitment>/land")
@require_scope("cases:handle")
@blueprint.arguments(shapes.EvidenceSchema)
@blueprint.response(200, shapes.HandlingSchema)
def land_promise(said: Said, number: str, commitment: uuid.UUID) -> Said:
    """Say with evidence that a promise was kept; the asker is told."""
    return _do(verbs.land, said | {"promise_id": commitment}, number)


@blueprint.post("/cases/<number>/commitments/<uuid:commitment>/withdraw")
@require_scope("cases:handle")
@blueprint.arguments(shapes.GivenReasonSchema)
@blueprint.response(200, shapes.HandlingSchema)
def withdraw_promise(said: Said, number: str, commitment: uuid.UUID) -> Said:
    """Take a promise back, with a reason."""
    return _do(verbs.withdraw, said | {"promise_id": commitment}, number)


def _do(verb: Callable[..., Any], said: Said, number: str, **called: str) -> Said:
    """Call a verb by the members of the body; ``called`` names those that it calls otherwise."""
    given = {called.get(name, name): value for name, value in said.items()}
    wish = Wish(actor(), given.pop("reason", ""), sight=sight())
    with office_session() as session:
        verb(session, tools(), wish, number, **given)
        return _shown(session, number)


def _shown(session: Session, number: str) -> Said:
    view = verbs.handling_view(session, number, sight())
    names = shapes.HandlingSchema().fields
    told = {name: getattr(view, name) for name in names if name != "visits"}
    visits = [
        {
            "id": each.id,
            "visited_at": each.visited_at,
            "place": each.place,
            "people": each.people,
            "words": each.words,
            "photos": view.photos.get(each.id, ()),
        }
        for each in view.visits
    ]
    return told | {"visits": visits}
