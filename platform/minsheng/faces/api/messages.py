"""``/messages``: post one, post many."""

from dataclasses import asdict
from typing import Any

import marshmallow as ma

from minsheng.cases.service import case_number_of
from minsheng.faces.api.desk import actor, office_session, sight, tools
from minsheng.faces.api.schemas import (
    BatchAnswerSchema,
    NewBatchSchema,
    NewMessageSchema,
    TakenMessageSchema,
)
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint
from minsheng.intake.service import (
    ChannelInvalid,
    ChannelNotFound,
    Pushed,
    PushedMessage,
    find_channel,
    push_messages,
)
from minsheng.runtime.failpoints import failpoint
from minsheng_sdk import Citizen

blueprint = ProblemBlueprint("messages", __name__, description="What citizens sent")
_ITEM = NewMessageSchema()


@blueprint.post("/messages")
@require_scope("messages:write")
@blueprint.arguments(NewMessageSchema)
@blueprint.response(201, TakenMessageSchema)
@blueprint.alt_response(200, schema=TakenMessageSchema, description="it was known already")
def post_message(said: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Take one message in; posting the same ``external_id`` again changes nothing."""
    with office_session() as session:
        channel = find_channel(session, said["channel"])
        taken = push_messages(session, tools(), actor(), channel, [pushed_message(said)])[0]
        cases = {} if taken.created else case_number_of(session, [taken.id], sight())
    failpoint("push.after_commit")
    shown = asdict(taken) | {"case": cases.get(taken.id)}
    return shown, 201 if taken.created else 200


@blueprint.post("/messages/batch")
@require_scope("messages:write")
@blueprint.arguments(NewBatchSchema)
@blueprint.response(200, BatchAnswerSchema)
def post_batch(said: dict[str, Any]) -> dict[str, Any]:
    """Take up to 500 messages in; each item is answered for by itself, in order."""
    results = [_read(index, item) for index, item in enumerate(said["messages"])]
    good = [result for result in results if result["status"] == 0]
    for code in dict.fromkeys(result["said"]["channel"] for result in good):
        _take(code, [result for result in good if result["said"]["channel"] == code])
    failpoint("push.after_commit")
    return {"results": results}


def pushed_message(said: dict[str, Any]) -> PushedMessage:
    """A loaded body as what is pushed."""
    fields = {name: value for name, value in said.items() if name not in {"channel", "citizen"}}
    citizen = {"name": "", "phone": "", "email": ""} | said["citizen"]
    return PushedMessage(**fields, citizen=Citizen(**citizen))


def _read(index: int, item: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"index": index, "status": 0, "said": _ITEM.load(item)}
    except ma.ValidationError as error:
        return {"index": index, "status": 422, "errors": _faults(error)}


def _faults(error: ma.ValidationError) -> dict[str, Any]:
    said = error.messages
    return said if isinstance(said, dict) else {"_schema": said}


def _take(code: str, results: list[dict[str, Any]]) -> None:
    """Take the items of one channel in, in a transaction of their own."""
    posted = [pushed_message(result["said"]) for result in results]
    try:
        with office_session() as session:
            channel = find_channel(session, code)
            taken = push_messages(session, tools(), actor(), channel, posted)
            known = [one.id for one in taken if not one.created]
            cases = case_number_of(session, known, sight()) if known else {}
    except (ChannelNotFound, ChannelInvalid) as error:
        for result in results:
            result.update(status=422, errors={"channel": [str(error)]})
        return
    for result, one in zip(results, taken, strict=True):
        result.update(_answer(one, cases.get(one.id)))


def _answer(taken: Pushed, case: str | None) -> dict[str, Any]:
    return {"status": 201 if taken.created else 200, "message": asdict(taken) | {"case": case}}
