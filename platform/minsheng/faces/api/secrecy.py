"""Whom a case complains of, citizens who ask for secrecy, and looking at a contact."""

import uuid
from typing import Any

from marshmallow import fields, validate

from minsheng.cases.service import (
    LONGEST_WORDS,
    PURPOSES,
    Purpose,
    Wish,
    case_view,
    mark_complained,
    mark_confidential,
    reveal_citizen,
    unmark_complained,
    unmark_confidential,
)
from minsheng.faces.api.cases import shown_case
from minsheng.faces.api.desk import actor, office_session, sight, tools
from minsheng.faces.api.schemas import CaseSchema, CitizenSchema, Strict
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint

blueprint = ProblemBlueprint("secrecy", __name__, description="What is kept from whom")

_REASON = validate.Length(max=1000)


class PurposeSchema(Strict):
    """What a contact is looked at for; ``words`` are needed for the purpose ``other``."""

    purpose = fields.String(required=True, validate=validate.OneOf(PURPOSES))
    words = fields.String(load_default="", validate=validate.Length(max=LONGEST_WORDS))


class ConfidentialSchema(Strict):
    """Whether the citizen asks not to be named; lifting it needs a reason."""

    confidential = fields.Boolean(required=True)
    reason = fields.String(load_default="", validate=_REASON)


class ComplainedSchema(Strict):
    """Whether the case complains of an office; taking the mark away needs a reason."""

    office = fields.String(required=True, validate=validate.Length(min=2, max=31))
    complained = fields.Boolean(load_default=True)
    reason = fields.String(load_default="", validate=_REASON)


@blueprint.post("/messages/<uuid:message_id>/citizen")
@require_scope("citizens:read")
@blueprint.arguments(PurposeSchema)
@blueprint.response(200, CitizenSchema)
def show_citizen(said: dict[str, Any], message_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """The contact of a message's citizen, this once; the look is kept with its purpose."""
    purpose = Purpose(said["purpose"], said["words"])
    with office_session() as session:
        return reveal_citizen(session, tools(), actor(), sight(), message_id, purpose)


@blueprint.post("/messages/<uuid:message_id>/confidential")
@require_scope("cases:write")
@blueprint.arguments(ConfidentialSchema)
@blueprint.response(204)
def set_confidential(said: dict[str, Any], message_id: uuid.UUID) -> None:
    """Note that a citizen asks not to be named, or lift it (with cases:confidential)."""
    verb = mark_confidential if said["confidential"] else unmark_confidential
    with office_session() as session:
        verb(session, tools(), _wish(said), message_id)


@blueprint.post("/cases/<number>/complained")
@require_scope("cases:confidential")
@blueprint.arguments(ComplainedSchema)
@blueprint.response(200, CaseSchema)
def set_complained(said: dict[str, Any], number: str) -> dict[str, Any]:
    """Say whether a case complains of an office; such an office is given nothing of it."""
    verb = mark_complained if said["complained"] else unmark_complained
    with office_session() as session:
        verb(session, tools(), _wish(said), number, said["office"])
        return shown_case(case_view(session, tools(), number, sight()))


def _wish(said: dict[str, Any]) -> Wish:
    return Wish(actor(), said["reason"], sight=sight())
