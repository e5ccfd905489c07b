"""``/handovers`` and what hangs on cases: dispatch, custody, instructions.

Signing an instruction is a person's (page permission instructions.sign); here they are read,
followed up and done.
"""

import uuid
from dataclasses import asdict
from typing import Any

import marshmallow as ma
from flask import Response
from marshmallow import fields, validate

from minsheng.cases.service import Purpose, Wish
from minsheng.faces.api.desk import actor, office_session, sight, tools
from minsheng.faces.api.schemas import Strict
from minsheng.faces.api.secrecy import PurposeSchema
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint
from minsheng.handling.custody import (
    MOST_LISTED,
    answer_of,
    custody_of,
    list_handovers,
    show_handover,
)
from minsheng.handling.handover_models import CO, LEAD, STATES
from minsheng.handling.handovers import accept_handover, recall_handover, return_handover
from minsheng.handling.handovers_dispatch import dispatch, dispatch_many
from minsheng.handling.handovers_files import open_file
from minsheng.handling.handovers_orders import LONGEST_NOTE, MOST_DEMANDS, MOST_ORDERS, Order
from minsheng.handling.handovers_words import LONGEST_REASON
from minsheng.handling.instructions import (
    LONGEST,
    finish_instruction,
    follow_up,
    instructions_of,
)

blueprint = ProblemBlueprint("handovers", __name__, description="Cases handed between offices")

_REASON = validate.Length(max=LONGEST_REASON)


class DispatchOrderSchema(Strict):
    """To whom a case goes: ``to`` is the code of a body below, ``role`` lead or co.

    ``with_contact`` hands over who asked for secrecy too, which needs cases:confidential and a
    reason.
    """

    to = fields.String(required=True, validate=validate.Length(min=2, max=31))
    role = fields.String(load_default=LEAD, validate=validate.OneOf((LEAD, CO)))
    due_at = fields.AwareDateTime(load_default=None, allow_none=True)
    note = fields.String(load_default="", validate=validate.Length(max=LONGEST_NOTE))
    demands = fields.List(
        fields.String(validate=validate.Length(min=1, max=200)),
        load_default=list,
        validate=validate.Length(max=MOST_DEMANDS),
    )
    with_contact = fields.Boolean(load_default=False)


class DispatchSchema(DispatchOrderSchema):
    """One order for the case of the path."""

    reason = fields.String(load_default="", validate=_REASON)


class DispatchItemSchema(DispatchOrderSchema):
    """One order of several."""

    case = fields.String(required=True, validate=validate.Length(min=2, max=60))


class DispatchManySchema(Strict):
    """Several orders, all of them or none."""

    items = fields.List(
        fields.Nested(DispatchItemSchema),
        required=True,
        validate=validate.Length(min=1, max=MOST_ORDERS),
    )
    reason = fields.String(load_default="", validate=_REASON)


class HandoverReasonSchema(Strict):
    """Why; a return and a recall need it."""

    reason = fields.String(load_default="", validate=_REASON)


class CustodyStepSchema(ma.Schema):
    """One step of the custody chain, the same on both sides."""

    kind = fields.String()
    at = fields.AwareDateTime()
    office = fields.String()
    name = fields.String()
    to = fields.String()
    to_name = fields.String()
    role = fields.String()
    leg = fields.UUID()


class HandoverSchema(ma.Schema):
    """A handover as this side sees it; ``office`` and ``name`` are the other side."""

    id = fields.UUID()
    direction = fields.String()
    case = fields.String()
    office = fields.String()
    name = fields.String()
    role = fields.String()
    state = fields.String()
    joined = fields.Boolean()
    contact = fields.String()
    note = fields.String()
    demands = fields.List(fields.String())
    reason = fields.String()
    due_at = fields.AwareDateTime(allow_none=True)
    sent_at = fields.AwareDateTime()
    received_at = fields.AwareDateTime(allow_none=True)
    accepted_at = fields.AwareDateTime(allow_none=True)
    returned_at = fields.AwareDateTime(allow_none=True)
    answered_at = fields.AwareDateTime(allow_none=True)
    recalled_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer()
    steps = fields.List(fields.Nested(CustodyStepSchema))


class HandoverAnswerSchema(ma.Schema):
    """What the receiver answered: for the citizen, and for this office alone."""

    public_text = fields.String()
    private_text = fields.String()
    at = fields.AwareDateTime()
    corrected = fields.Boolean()


class HandoverShownSchema(HandoverSchema):
    """One handover with its answer, which its sender alone sees."""

    answer = fields.Nested(HandoverAnswerSchema, allow_none=True)


class HandoverListSchema(ma.Schema):
    """A page of handovers; ``next_cursor`` is null on the last one."""

    items = fields.List(fields.Nested(HandoverSchema))
    next_cursor = fields.String(allow_none=True)


class HandoverQuerySchema(ma.Schema):
    """Which handovers to list: what went ``out`` or came ``in``, in which state."""

    class Meta:
        """Refuse what is not declared."""

        unknown = ma.RAISE

    direction = fields.String(load_default="in", validate=validate.OneOf(("in", "out")))
    state = fields.String(load_default="", validate=validate.OneOf(("", *STATES)))
    cursor = fields.String(load_default="", validate=validate.Length(max=60))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=MOST_LISTED))


class CustodySchema(ma.Schema):
    """Who has a case and who had it; ``owner`` has it until another accepts it as lead."""

    number = fields.String()
    owner = fields.String()
    owner_name = fields.String()
    steps = fields.List(fields.Nested(CustodyStepSchema))
    handovers = fields.List(fields.Nested(HandoverSchema))


class InstructionFollowUpSchema(ma.Schema):
    """What somebody did about an instruction."""

    id = fields.UUID()
    at = fields.AwareDateTime()
    actor = fields.String()
    words = fields.String()


class InstructionSchema(ma.Schema):
    """A leader's signed instruction; ``genuine`` says whether the signature holds."""

    id = fields.UUID()
    leader = fields.String()
    leader_name = fields.String()
    text = fields.String()
    signed_at = fields.AwareDateTime()
    state = fields.String()
    done_at = fields.AwareDateTime(allow_none=True)
    done_by = fields.String()
    done_words = fields.String()
    genuine = fields.Boolean()
    follow_ups = fields.List(fields.Nested(InstructionFollowUpSchema))


class InstructionListSchema(ma.Schema):
    """The instructions on a case, oldest first."""

    items = fields.List(fields.Nested(InstructionSchema))


class InstructionWordsSchema(Strict):
    """What became of an instruction."""

    words = fields.String(required=True, validate=validate.Length(min=1, max=LONGEST))


@blueprint.post("/cases/<number>/dispatch")
@require_scope("cases:dispatch")
@blueprint.arguments(DispatchSchema)
@blueprint.response(201, HandoverSchema)
def dispatch_case(said: dict[str, Any], number: str) -> Any:  # noqa: ANN401  a record
    """Hand a case to a body below; it arrives there as a message of the channel "handover"."""
    wish = _wish(said.pop("reason"))
    with office_session() as session:
        made = dispatch(session, tools(), wish, number, said.pop("to"), **said)
        return show_handover(session, made.id, sight())


@blueprint.post("/handovers")
@require_scope("cases:dispatch")
@blueprint.arguments(DispatchManySchema)
@blueprint.response(201, HandoverListSchema)
def dispatch_cases(said: dict[str, Any]) -> dict[str, Any]:
    """Hand over up to 500 cases at once, all of them or none."""
    orders = [Order(item.pop("case"), item.pop("to"), **item) for item in said["items"]]
    with office_session() as session:
        made = dispatch_many(session, tools(), _wish(said["reason"]), orders)
        items = [show_handover(session, each.id, sight()) for each in made]
    return {"items": items, "next_cursor": None}


@blueprint.get("/cases/<number>/custody")
@require_scope("cases:read")
@blueprint.response(200, CustodySchema)
def show_custody(number: str) -> Any:  # noqa: ANN401  a record
    """Who has a case and who had it, with the times of each step."""
    with office_session() as session:
        return custody_of(session, number, sight())


@blueprint.get("/handovers")
@require_scope("cases:read")
@blueprint.arguments(HandoverQuerySchema, location="query")
@blueprint.response(200, HandoverListSchema)
def show_handovers(wish: dict[str, Any]) -> dict[str, Any]:
    """What came in or went out, the newest first."""
    states = (wish["state"],) if wish["state"] else ()
    with office_session() as session:
        page = list_handovers(
            session,
            wish["direction"],
            states=states,
            cursor=wish["cursor"],
            limit=wish["limit"],
            sight=sight(),
        )
    return {"items": page.items, "next_cursor": page.next_cursor or None}


@blueprint.get("/handovers/<uuid:handover_id>")
@require_scope("cases:read")
@blueprint.response(200, HandoverShownSchema)
def show_one(handover_id: uuid.UUID) -> dict[str, Any]:
    """One handover of either side; its sender sees the answer."""
    with office_session() as session:
        shown = show_handover(session, handover_id, sight())
        answer = answer_of(session, tools(), handover_id) if shown.direction == "out" else None
    return asdict(shown) | {"answer": answer}


@blueprint.post("/handovers/<uuid:handover_id>/files/<int:number>")
@require_scope("citizens:read")
@blueprint.arguments(PurposeSchema)
@blueprint.response(200)
def show_file(said: dict[str, Any], handover_id: uuid.UUID, number: int) -> Response:
    """A message that was handed here as it came, with its attachments; kept with its purpose."""
    purpose = Purpose(said["purpose"], said["words"])
    with office_session() as session:
        found = open_file(session, tools(), actor(), handover_id, number, purpose, sight())
    response = Response(found.content, content_type="application/octet-stream")
    name = f"{handover_id}-{number}{'.eml' if found.plugin == 'mailbox' else '.bin'}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/handovers/<uuid:handover_id>/accept")
@require_scope("cases:dispatch")
@blueprint.response(200, HandoverSchema)
def accept(handover_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Sign for a case that was handed here: it is this office's from now on."""
    with office_session() as session:
        accept_handover(session, tools(), _wish(""), handover_id)
        return show_handover(session, handover_id, sight())


@blueprint.post("/handovers/<uuid:handover_id>/return")
@require_scope("cases:dispatch")
@blueprint.arguments(HandoverReasonSchema)
@blueprint.response(200, HandoverSchema)
def give_back(said: dict[str, Any], handover_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Give a case back to its sender; a reason is needed."""
    with office_session() as session:
        return_handover(session, tools(), _wish(said["reason"]), handover_id)
        return show_handover(session, handover_id, sight())


@blueprint.post("/handovers/<uuid:handover_id>/recall")
@require_scope("cases:dispatch")
@blueprint.arguments(HandoverReasonSchema)
@blueprint.response(200, HandoverSchema)
def recall(said: dict[str, Any], handover_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Take back what this office handed over and nobody answered; a reason is needed."""
    with office_session() as session:
        recall_handover(session, tools(), _wish(said["reason"]), handover_id)
        return show_handover(session, handover_id, sight())


@blueprint.get("/cases/<number>/instructions")
@require_scope("cases:read")
@blueprint.response(200, InstructionListSchema)
def show_instructions(number: str) -> dict[str, Any]:
    """The leaders' signed instructions on a case, and what became of them."""
    with office_session() as session:
        return {"items": instructions_of(session, tools(), number, sight())}


@blueprint.post("/instructions/<uuid:instruction_id>/follow-ups")
@require_scope("cases:handle")
@blueprint.arguments(InstructionWordsSchema)
@blueprint.response(201, InstructionFollowUpSchema)
def add_follow_up(said: dict[str, Any], instruction_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Say what was done about an instruction."""
    with office_session() as session:
        return follow_up(session, tools(), _wish(""), instruction_id, said["words"])


@blueprint.post("/instructions/<uuid:instruction_id>/done")
@require_scope("cases:handle")
@blueprint.arguments(InstructionWordsSchema)
@blueprint.response(204)
def mark_done(said: dict[str, Any], instruction_id: uuid.UUID) -> None:
    """Mark an instruction as done, in words; it stays where the leader sees it."""
    with office_session() as session:
        finish_instruction(session, tools(), _wish(""), instruction_id, said["words"])


def _wish(reason: str) -> Wish:
    return Wish(actor(), reason, sight=sight())
