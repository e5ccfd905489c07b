"""``/cases/{number}/replies`` and ``/replies/{id}``: written, reviewed, approved, corrected."""

import uuid
from typing import Any

from minsheng.cases.service import Wish
from minsheng.faces.api.desk import actor, office_session, sight, tools
from minsheng.faces.api.reply_schemas import (
    DeliveryListSchema,
    NewReplySchema,
    ReplyListSchema,
    ReplySchema,
    ReplyVersionSchema,
    ReplyWordsSchema,
    SavedReplySchema,
    SentBackSchema,
    WritersSchema,
)
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint
from minsheng.replies.service import (
    Filled,
    Words,
    acknowledge,
    approve,
    correct,
    deliveries_of,
    drop_draft,
    replies_of,
    reply_view,
    save_draft,
    send_back,
    send_to_joined,
    start_draft,
    submit,
    write_on,
)

blueprint = ProblemBlueprint("replies", __name__, description="Official answers")
_OF = "/replies/<uuid:reply_id>"


@blueprint.get("/cases/<number>/replies")
@require_scope("cases:read")
@blueprint.response(200, ReplyListSchema)
def list_replies(number: str) -> dict[str, Any]:
    """Every reply written for a case, oldest first."""
    with office_session() as session:
        return {"items": replies_of(session, tools(), number, sight())}


@blueprint.post("/cases/<number>/replies")
@require_scope("replies:write")
@blueprint.arguments(NewReplySchema)
@blueprint.response(201, ReplySchema)
def post_reply(said: dict[str, Any], number: str) -> Any:  # noqa: ANN401  a record
    """Begin a reply, from words or from a template."""
    filled = Filled(said["template"], said["values"]) if said["template"] else None
    with office_session() as session:
        return start_draft(session, tools(), _wish(), number, _words(said), filled)


@blueprint.post("/cases/<number>/replies/correct")
@require_scope("replies:write")
@blueprint.arguments(ReplyWordsSchema)
@blueprint.response(201, ReplySchema)
def post_correction(said: dict[str, Any], number: str) -> Any:  # noqa: ANN401  a record
    """Begin a correction (更正) of the official reply; it reaches all who got the first."""
    with office_session() as session:
        return correct(session, tools(), _wish(), number, _words(said))


@blueprint.post("/cases/<number>/writing")
@require_scope("replies:write")
@blueprint.response(200, WritersSchema)
def post_writing(number: str) -> dict[str, Any]:
    """Say that one writes on a case now, and learn who else does; again every minute."""
    with office_session() as session:
        return {"others": write_on(session, tools(), _wish(), number)}


@blueprint.get("/cases/<number>/deliveries")
@require_scope("cases:read")
@blueprint.response(200, DeliveryListSchema)
def list_case_deliveries(number: str) -> dict[str, Any]:
    """Where the replies of a case have got to."""
    with office_session() as session:
        return {"items": deliveries_of(session, number, sight()), "next_cursor": None}


@blueprint.get(_OF)
@require_scope("cases:read")
@blueprint.response(200, ReplySchema)
def show_reply(reply_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """One reply."""
    with office_session() as session:
        return reply_view(session, tools(), reply_id, sight())


@blueprint.post(f"{_OF}/save")
@require_scope("replies:write")
@blueprint.arguments(SavedReplySchema)
@blueprint.response(200, ReplySchema)
def post_save(said: dict[str, Any], reply_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Write other words into a draft."""
    with office_session() as session:
        return save_draft(session, tools(), _wish(), reply_id, said["version"], _words(said))


@blueprint.post(f"{_OF}/submit")
@require_scope("replies:write")
@blueprint.arguments(ReplyVersionSchema)
@blueprint.response(200, ReplySchema)
def post_submit(said: dict[str, Any], reply_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Send a draft to review."""
    with office_session() as session:
        return submit(session, tools(), _wish(), reply_id, said["version"])


@blueprint.post(f"{_OF}/drop")
@require_scope("replies:write")
@blueprint.arguments(ReplyVersionSchema)
@blueprint.response(200, ReplySchema)
def post_drop(said: dict[str, Any], reply_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Give a draft up."""
    with office_session() as session:
        return drop_draft(session, tools(), _wish(), reply_id, said["version"])


@blueprint.post(f"{_OF}/send-back")
@require_scope("replies:approve")
@blueprint.arguments(SentBackSchema)
@blueprint.response(200, ReplySchema)
def post_send_back(said: dict[str, Any], reply_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Give a reply back to who wrote it, with a reason."""
    with office_session() as session:
        wish = _wish(said["reason"])
        return send_back(session, tools(), wish, reply_id, said["version"])


@blueprint.post(f"{_OF}/acknowledge")
@require_scope("replies:approve")
@blueprint.arguments(ReplyVersionSchema)
@blueprint.response(200, ReplySchema)
def post_acknowledge(said: dict[str, Any], reply_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Say that the differences from earlier answers to the topic were read and are meant."""
    with office_session() as session:
        return acknowledge(session, tools(), _wish(), reply_id, said["version"])


@blueprint.post(f"{_OF}/approve")
@require_scope("replies:approve")
@blueprint.arguments(ReplyVersionSchema)
@blueprint.response(200, ReplySchema)
def post_approve(said: dict[str, Any], reply_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Make a reply the official one; it goes out to every origin. 409 names who was first."""
    with office_session() as session:
        return approve(session, tools(), _wish(), reply_id, said["version"])


@blueprint.post(f"{_OF}/extend")
@require_scope("replies:approve")
@blueprint.response(200, DeliveryListSchema)
def post_extend(reply_id: uuid.UUID) -> dict[str, Any]:
    """Send the official reply to those whose messages joined the case since."""
    with office_session() as session:
        sent = set(send_to_joined(session, tools(), _wish(), reply_id))
        number = reply_view(session, tools(), reply_id, sight()).case
        shown = [each for each in deliveries_of(session, number, sight()) if each.id in sent]
        return {"items": shown, "next_cursor": None}


def _wish(reason: str = "") -> Wish:
    return Wish(actor(), reason, sight=sight())


def _words(said: dict[str, Any]) -> Words:
    return Words(said["public_text"], said["private_text"], said["cites"])
