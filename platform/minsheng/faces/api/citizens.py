"""What citizens said, as far as officers work with it."""

import uuid
from typing import Any

from minsheng.cases.service import Wish
from minsheng.citizens.service import (
    Draw,
    Findings,
    Scores,
    close_review,
    draw_sample,
    list_reviews,
    list_samples,
    portal_of,
    publish,
    ratings_of,
    record_inspection,
    sample_view,
    set_portal,
    take_rating,
    unpublish,
)
from minsheng.faces.api.citizen_schemas import (
    AfterQuerySchema,
    FindingsSchema,
    InspectionSchema,
    MatterSchema,
    NewRatingSchema,
    NewSampleSchema,
    PortalSchema,
    PublishSchema,
    RatingListSchema,
    RatingSchema,
    ReviewListSchema,
    ReviewQuerySchema,
    ReviewSchema,
    SampleCasesSchema,
    SampleListSchema,
    UnpublishSchema,
)
from minsheng.faces.api.desk import actor, office_session, sight, tools
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint

blueprint = ProblemBlueprint("citizens", __name__, description="What citizens said afterwards")


@blueprint.post("/channels/<code>/ratings")
@require_scope("messages:write")
@blueprint.arguments(NewRatingSchema)
@blueprint.response(200, RatingSchema)
def post_rating(said: dict[str, Any], code: str) -> Any:  # noqa: ANN401  a record
    """Take in a rating that a channel brings for one of its messages."""
    external_id, rated_at = said.pop("external_id"), said.pop("rated_at")
    with office_session() as session:
        return take_rating(session, tools(), actor(), code, external_id, Scores(**said), rated_at)


@blueprint.get("/cases/<number>/ratings")
@require_scope("cases:read")
@blueprint.response(200, RatingListSchema)
def show_ratings(number: str) -> dict[str, Any]:
    """How the citizens of a case rated what was done."""
    with office_session() as session:
        return {"items": ratings_of(session, number, sight())}


@blueprint.get("/low-ratings")
@require_scope("cases:read")
@blueprint.arguments(ReviewQuerySchema, location="query")
@blueprint.response(200, ReviewListSchema)
def show_reviews(wish: dict[str, Any]) -> dict[str, Any]:
    """Low-rating reviews (差评倒查), oldest first."""
    state = "" if wish["state"] == "all" else wish["state"]
    with office_session() as session:
        rows = list_reviews(session, sight(), state, wish["after"], wish["limit"])
    full = len(rows) == wish["limit"]
    return {"items": rows, "next_after": rows[-1].id if full else None}


@blueprint.post("/low-ratings/<uuid:review>/close")
@require_scope("cases:handle")
@blueprint.arguments(FindingsSchema)
@blueprint.response(200, ReviewSchema)
def end_review(said: dict[str, Any], review: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Close a low-rating review with its cause, who answers for it and what is done."""
    with office_session() as session:
        return close_review(session, tools(), _wish(), review, Findings(**said))


@blueprint.post("/samples")
@require_scope("cases:handle")
@blueprint.arguments(NewSampleSchema)
@blueprint.response(201, SampleCasesSchema)
def draw(said: dict[str, Any]) -> Any:  # noqa: ANN401  a record
    """Draw closed cases for re-inspection (回头看); the same seed draws the same."""
    with office_session() as session:
        return draw_sample(session, tools(), _wish(), Draw(**said))


@blueprint.get("/samples")
@require_scope("cases:read")
@blueprint.arguments(AfterQuerySchema, location="query")
@blueprint.response(200, SampleListSchema)
def show_samples(wish: dict[str, Any]) -> dict[str, Any]:
    """The re-inspections of the office, newest first."""
    with office_session() as session:
        rows = list_samples(session, wish["after"], wish["limit"])
    full = len(rows) == wish["limit"]
    return {"items": rows, "next_after": rows[-1].id if full else None}


@blueprint.get("/samples/<uuid:sample>")
@require_scope("cases:read")
@blueprint.response(200, SampleCasesSchema)
def show_sample(sample: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """One re-inspection with its cases."""
    with office_session() as session:
        return sample_view(session, sample, sight())


@blueprint.post("/samples/<uuid:sample>/cases/<number>")
@require_scope("cases:handle")
@blueprint.arguments(InspectionSchema)
@blueprint.response(200, SampleCasesSchema)
def record(said: dict[str, Any], sample: uuid.UUID, number: str) -> Any:  # noqa: ANN401
    """Write down what the look at one case found."""
    with office_session() as session:
        return record_inspection(
            session, tools(), _wish(), sample, number, said["result"], said["words"]
        )


@blueprint.post("/cases/<number>/publish")
@require_scope("replies:approve")
@blueprint.arguments(PublishSchema)
@blueprint.response(200, MatterSchema)
def show_to_all(said: dict[str, Any], number: str) -> Any:  # noqa: ANN401  a record
    """Show a case to everybody on the portal, under a subject that names nobody."""
    with office_session() as session:
        return publish(session, tools(), _wish(said["reason"]), number, said["subject"])


@blueprint.post("/cases/<number>/unpublish")
@require_scope("replies:approve")
@blueprint.arguments(UnpublishSchema)
@blueprint.response(204)
def show_no_more(said: dict[str, Any], number: str) -> None:
    """Show a case to nobody any more."""
    with office_session() as session:
        unpublish(session, tools(), _wish(said["reason"]), number)


@blueprint.get("/portal")
@require_scope("channels:read")
@blueprint.response(200, PortalSchema)
def show_portal() -> Any:  # noqa: ANN401  a record
    """How the office's portal looks and behaves."""
    with office_session() as session:
        return portal_of(session)


@blueprint.post("/portal")
@require_scope("channels:write")
@blueprint.arguments(PortalSchema)
@blueprint.response(200, PortalSchema)
def change_portal(said: dict[str, Any]) -> Any:  # noqa: ANN401  a record
    """Change the portal; colours are checked for contrast."""
    with office_session() as session:
        return set_portal(session, tools(), _wish(), said)


def _wish(reason: str = "") -> Wish:
    return Wish(actor(), reason, sight=sight())
