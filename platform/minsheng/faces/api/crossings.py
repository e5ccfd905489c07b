"""``/crossings``: hints that another body may have the same matter, and who leads.

A hint names the other body, how far its case has come and a band; nothing of the matter. The
office's own case number stands beside it for the office alone.
"""

import uuid
from typing import Any

from marshmallow import fields, validate

from minsheng.cases.service import Wish
from minsheng.crossings.service import (
    BANDS,
    RULES,
    STATES,
    agree,
    choose_lead,
    decline,
    lead_rules,
    list_crossings,
    set_lead_rules,
    waiting_choices,
)
from minsheng.faces.api.desk import actor, office_session, sight, tools
from minsheng.faces.api.schemas import Strict
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint

blueprint = ProblemBlueprint("crossings", __name__, description="One matter at two bodies")

_LEADS = ("", "ours", "theirs", "asked")


class CrossingQuerySchema(Strict):
    """Which crossings to list, newest first."""

    state = fields.String(load_default="", validate=validate.OneOf(("", *STATES)))
    cursor = fields.UUID(load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class CrossingBodySchema(Strict):
    """A body by code and name."""

    code = fields.String(required=True)
    name = fields.String(required=True)


class CrossingSchema(Strict):
    """One crossing: ``case`` is the office's own number, ``stage`` how far the other's has come.

    ``leads``: ours, theirs, asked (the superior of both chooses), or empty before both agreed.
    """

    id = fields.UUID(required=True)
    case = fields.String(required=True)
    body = fields.Nested(CrossingBodySchema, required=True)
    stage = fields.String(required=True)
    band = fields.String(required=True, validate=validate.OneOf(BANDS))
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    agreed_here = fields.Boolean(required=True)
    agreed_there = fields.Boolean(required=True)
    leads = fields.String(required=True, validate=validate.OneOf(_LEADS))
    lead_rule = fields.String(required=True)
    hinted_at = fields.AwareDateTime(required=True, format="iso")


class CrossingListSchema(Strict):
    """A page of crossings."""

    items = fields.List(fields.Nested(CrossingSchema), required=True)
    next_cursor = fields.UUID(required=True, allow_none=True)


class DeclineSchema(Strict):
    """Why it is another matter; the reason stays with the office."""

    reason = fields.String(load_default="", validate=validate.Length(max=1000))


class LeadRulesSchema(Strict):
    """By which rules, in order, it is decided who of two bodies below the office leads."""

    rules = fields.List(
        fields.String(validate=validate.OneOf(RULES)),
        required=True,
        validate=validate.Length(min=1, max=len(RULES)),
    )


class LeadChoiceSchema(Strict):
    """Two bodies that agreed, between which the office has to choose."""

    id = fields.UUID(required=True)
    bodies = fields.List(fields.Nested(CrossingBodySchema), required=True)
    asked_at = fields.AwareDateTime(required=True, format="iso")


class LeadChoiceListSchema(Strict):
    """What waits for the office's choice, oldest first."""

    items = fields.List(fields.Nested(LeadChoiceSchema), required=True)


class LeadSchema(Strict):
    """The code of the body that leads."""

    lead = fields.String(required=True, validate=validate.Length(min=2, max=31))


@blueprint.get("/crossings")
@require_scope("crossings:read")
@blueprint.arguments(CrossingQuerySchema, location="query")
@blueprint.response(200, CrossingListSchema)
def show_crossings(wish: dict[str, Any]) -> Any:  # noqa: ANN401  a record
    """Hints and what became of them, newest first."""
    with office_session() as session:
        return list_crossings(session, sight(), **wish)


@blueprint.post("/crossings/<uuid:crossing_id>/agree")
@require_scope("crossings:write")
@blueprint.response(204)
def agree_to_crossing(crossing_id: uuid.UUID) -> None:
    """Say that it is likely one matter; nothing opens before the other body says so too."""
    with office_session() as session:
        agree(session, tools(), Wish(actor(), sight=sight()), crossing_id)


@blueprint.post("/crossings/<uuid:crossing_id>/decline")
@require_scope("crossings:write")
@blueprint.arguments(DeclineSchema)
@blueprint.response(204)
def decline_crossing(said: dict[str, Any], crossing_id: uuid.UUID) -> None:
    """Say that it is another matter; it is not hinted again."""
    with office_session() as session:
        decline(session, tools(), Wish(actor(), said["reason"], sight=sight()), crossing_id)


@blueprint.get("/crossings/rules")
@require_scope("crossings:read")
@blueprint.response(200, LeadRulesSchema)
def show_lead_rules() -> dict[str, Any]:
    """The office's rules for bodies below it; the default ones where it has set none."""
    with office_session() as session:
        return {"rules": list(lead_rules(session))}


@blueprint.post("/crossings/rules")
@require_scope("crossings:write")
@blueprint.arguments(LeadRulesSchema)
@blueprint.response(200, LeadRulesSchema)
def change_lead_rules(said: dict[str, Any]) -> dict[str, Any]:
    """Set them, in order; the first that can tell decides."""
    with office_session() as session:
        return {"rules": list(set_lead_rules(session, tools(), actor(), said["rules"]))}


@blueprint.get("/crossings/choices")
@require_scope("crossings:read")
@blueprint.response(200, LeadChoiceListSchema)
def show_choices() -> dict[str, Any]:
    """Bodies below the office that agreed and wait for it to say who leads."""
    with office_session() as session:
        return {"items": waiting_choices(session)}


@blueprint.post("/crossings/choices/<uuid:crossing_id>")
@require_scope("crossings:write")
@blueprint.arguments(LeadSchema)
@blueprint.response(204)
def choose(said: dict[str, Any], crossing_id: uuid.UUID) -> None:
    """Say which of the two leads, by its code, once."""
    with office_session() as session:
        choose_lead(session, tools(), actor(), crossing_id, said["lead"])
