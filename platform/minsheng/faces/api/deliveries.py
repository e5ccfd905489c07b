"""``/deliveries``: where replies have got to, and what a person settles; templates and documents.

What replies are made of stands here too: templates, the policy library and the office's rules.
"""

import uuid
from typing import Any

from minsheng.cases.service import Wish
from minsheng.faces.api.desk import actor, office_session, sight, tools
from minsheng.faces.api.reply_schemas import (
    DeliveryListSchema,
    DeliveryQuerySchema,
    DeliverySchema,
    DocumentListSchema,
    DocumentQuerySchema,
    DocumentSchema,
    DocumentStateSchema,
    HoldSchema,
    NewDocumentSchema,
    NewTemplateSchema,
    OutboxStateSchema,
    ReceiptSchema,
    ReleasedSchema,
    ReleaseSchema,
    RulesSchema,
    SettledSchema,
    TemplateListSchema,
    TemplateSchema,
    shown_template,
)
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint
from minsheng.replies.service import (
    DeliveryQuery,
    Rules,
    add_document,
    channels_down,
    count_states,
    count_waiting,
    hold,
    list_deliveries,
    list_documents,
    list_templates,
    mark_document,
    on_hold,
    release_holds,
    resend,
    rules_of,
    set_receipt,
    set_rules,
    set_template,
    settle_uncertain,
    take_offered,
    variables_of,
    withdraw_template,
)

blueprint = ProblemBlueprint("deliveries", __name__, description="Answers on their way")
_OF = "/deliveries/<uuid:delivery_id>"


@blueprint.get("/deliveries")
@require_scope("cases:read")
@blueprint.arguments(DeliveryQuerySchema, location="query")
@blueprint.response(200, DeliveryListSchema)
def show_deliveries(wish: dict[str, Any]) -> dict[str, Any]:
    """The office's deliveries, oldest first."""
    with office_session() as session:
        page = list_deliveries(session, DeliveryQuery(**wish), sight())
        return {"items": page.rows, "next_cursor": page.next_cursor}


@blueprint.get("/deliveries/state")
@require_scope("cases:read")
@blueprint.response(200, OutboxStateSchema)
def show_state() -> dict[str, Any]:
    """How sending goes: on hold or not, what waits, which channels are down."""
    with office_session() as session:
        return _state(session)


@blueprint.post(f"{_OF}/resend")
@require_scope("deliveries:write")
@blueprint.response(200, DeliverySchema)
def post_resend(delivery_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Send once more what was refused or given up."""
    with office_session() as session:
        return resend(session, tools(), _wish(), delivery_id)


@blueprint.post(f"{_OF}/settle")
@require_scope("deliveries:write")
@blueprint.arguments(SettledSchema)
@blueprint.response(200, DeliverySchema)
def post_settle(said: dict[str, Any], delivery_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Say what became of an uncertain delivery; one that did not arrive is sent again."""
    with office_session() as session:
        wish = _wish(said["reason"])
        return settle_uncertain(session, tools(), wish, delivery_id, arrived=said["arrived"])


@blueprint.post(f"{_OF}/taken")
@require_scope("deliveries:write")
@blueprint.response(200, DeliverySchema)
def post_taken(delivery_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Say that the reply of a pushed channel was fetched."""
    with office_session() as session:
        return take_offered(session, tools(), _wish(), delivery_id)


@blueprint.post("/deliveries/hold")
@require_scope("deliveries:write")
@blueprint.arguments(HoldSchema)
@blueprint.response(200, OutboxStateSchema)
def post_hold(said: dict[str, Any]) -> dict[str, Any]:
    """Let nothing of the office go out until it is released."""
    with office_session() as session:
        hold(session, tools(), _wish(said["reason"]))
        return _state(session)


@blueprint.post("/deliveries/release")
@require_scope("deliveries:write")
@blueprint.arguments(ReleaseSchema)
@blueprint.response(200, ReleasedSchema)
def post_release(said: dict[str, Any]) -> dict[str, Any]:
    """Let deliveries go out again, as after a restore."""
    with office_session() as session:
        wish = _wish(said["reason"])
        return {"waiting": release_holds(session, tools(), wish, unsent=said["unsent"])}


@blueprint.get("/reply-templates")
@require_scope("cases:read")
@blueprint.response(200, TemplateListSchema)
def show_templates() -> dict[str, Any]:
    """The templates in use."""
    with office_session() as session:
        found = list_templates(session)
        return {"items": [shown_template(each, variables_of(each.text)) for each in found]}


@blueprint.post("/reply-templates")
@require_scope("replies:approve")
@blueprint.arguments(NewTemplateSchema)
@blueprint.response(200, TemplateSchema)
def post_template(said: dict[str, Any]) -> dict[str, Any]:
    """Add a template, or change the one of this code."""
    with office_session() as session:
        template = set_template(session, tools(), _wish(), **said)
        return shown_template(template, variables_of(template.text))


@blueprint.post("/reply-templates/<code>/withdraw")
@require_scope("replies:approve")
@blueprint.response(200, TemplateSchema)
def post_withdraw(code: str) -> dict[str, Any]:
    """Take a template out of use."""
    with office_session() as session:
        template = withdraw_template(session, tools(), _wish(), code)
        return shown_template(template, variables_of(template.text))


@blueprint.get("/documents")
@require_scope("cases:read")
@blueprint.arguments(DocumentQuerySchema, location="query")
@blueprint.response(200, DocumentListSchema)
def show_documents(wish: dict[str, Any]) -> dict[str, Any]:
    """The policy library."""
    with office_session() as session:
        return {"items": list_documents(session, wish["q"])}


@blueprint.post("/documents")
@require_scope("replies:write")
@blueprint.arguments(NewDocumentSchema)
@blueprint.response(200, DocumentSchema)
def post_document(said: dict[str, Any]) -> Any:  # noqa: ANN401  a record
    """Add a document, or correct the one of this number."""
    with office_session() as session:
        return add_document(session, tools(), _wish(), **said)


@blueprint.post("/documents/state")
@require_scope("replies:write")
@blueprint.arguments(DocumentStateSchema)
@blueprint.response(200, DocumentSchema)
def post_document_state(said: dict[str, Any]) -> Any:  # noqa: ANN401  a record
    """Say that a document is live, its link dead, or that it was withdrawn."""
    with office_session() as session:
        return mark_document(session, tools(), _wish(), **said)


@blueprint.get("/reply-rules")
@require_scope("cases:read")
@blueprint.response(200, RulesSchema)
def show_rules() -> Any:  # noqa: ANN401  a record
    """How the office answers."""
    with office_session() as session:
        return rules_of(session)


@blueprint.post("/reply-rules")
@require_scope("flows:write")
@blueprint.arguments(RulesSchema)
@blueprint.response(200, RulesSchema)
def post_rules(said: dict[str, Any]) -> Any:  # noqa: ANN401  a record
    """Change how the office answers."""
    with office_session() as session:
        return set_rules(session, tools(), _wish(), Rules(**said))


@blueprint.post("/channels/<code>/receipt")
@require_scope("channels:write")
@blueprint.arguments(ReceiptSchema)
@blueprint.response(204)
def post_receipt(said: dict[str, Any], code: str) -> None:
    """Turn a channel's automatic receipts on or off."""
    with office_session() as session:
        set_receipt(session, tools(), _wish(), code, on=said["on"], text=said["text"])


def _state(session: Any) -> dict[str, Any]:  # noqa: ANN401  the office's session
    held = on_hold(session)
    return {
        "held": held is not None,
        "reason": held.reason if held else "",
        "since": held.held_at if held else None,
        "waiting": count_waiting(session),
        **count_states(session),
        "down": channels_down(session),
    }


def _wish(reason: str = "") -> Wish:
    return Wish(actor(), reason, sight=sight())
