"""``/cases``: the queue, one case, its history, and the verbs of the merge ledger."""

import uuid
from dataclasses import asdict
from typing import Any

from minsheng.cases.service import (
    CaseView,
    QueueQuery,
    Wish,
    answer_finding,
    case_view,
    find_case,
    merge,
    queue_page,
    similar_to,
    split,
    unmerge,
)
from minsheng.faces.api.desk import actor, office_session, sight, tools
from minsheng.faces.api.schemas import (
    AnsweredSchema,
    AnswerSchema,
    CaseListSchema,
    CaseSchema,
    MergeSchema,
    QueueQuerySchema,
    SimilarListSchema,
    SplitSchema,
    TimelineSchema,
    UnmergeSchema,
)
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint

blueprint = ProblemBlueprint("cases", __name__, description="The matters themselves")


@blueprint.get("/cases")
@require_scope("cases:read")
@blueprint.arguments(QueueQuerySchema, location="query")
@blueprint.response(200, CaseListSchema)
def list_cases(wish: dict[str, Any]) -> dict[str, Any]:
    """The queue, most recently heard of first."""
    with office_session() as session:
        page = queue_page(session, tools(), QueueQuery(**wish), sight())
    return {"items": page.rows, "next_cursor": page.next_cursor}


@blueprint.get("/cases/<number>")
@require_scope("cases:read")
@blueprint.response(200, CaseSchema)
def show_case(number: str) -> dict[str, Any]:
    """One case with its messages and why each stands in it."""
    with office_session() as session:
        return shown_case(case_view(session, tools(), number, sight()))


@blueprint.get("/cases/<number>/timeline")
@require_scope("cases:read")
@blueprint.response(200, TimelineSchema)
def show_timeline(number: str) -> dict[str, Any]:
    """What happened to a case, oldest first."""
    with office_session() as session:
        return {"items": case_view(session, tools(), number, sight()).events}


@blueprint.get("/cases/<number>/similar")
@require_scope("cases:read")
@blueprint.response(200, SimilarListSchema)
def show_similar(number: str) -> dict[str, Any]:
    """What may be the same matter, and what is related."""
    with office_session() as session:
        case = find_case(session, number, sight())
        return {"items": similar_to(session, case, sight())}


@blueprint.post("/cases/<number>/merge")
@require_scope("cases:write")
@blueprint.arguments(MergeSchema)
@blueprint.response(200, CaseSchema)
def merge_cases(said: dict[str, Any], number: str) -> dict[str, Any]:
    """Join another case into this one; it can be taken apart again."""
    wish = _wish(said)
    with office_session() as session:
        merge(
            session,
            tools(),
            wish,
            number,
            said["other"],
            despite_not_same=said["despite_not_same"],
        )
        return shown_case(case_view(session, tools(), number, sight()))


@blueprint.post("/cases/<number>/unmerge")
@require_scope("cases:write")
@blueprint.arguments(UnmergeSchema)
@blueprint.response(200, CaseSchema)
def unmerge_case(said: dict[str, Any], number: str) -> dict[str, Any]:
    """Take a joined case apart again; answers with the case that stands again."""
    with office_session() as session:
        home = unmerge(session, tools(), _wish(said), number, said["other"])
        return shown_case(case_view(session, tools(), home.number, sight()))


@blueprint.post("/cases/<number>/split")
@require_scope("cases:write")
@blueprint.arguments(SplitSchema)
@blueprint.response(200, CaseSchema)
def split_case(said: dict[str, Any], number: str) -> dict[str, Any]:
    """Take messages out; answers with the case in which they stand now."""
    with office_session() as session:
        home = split(session, tools(), _wish(said), number, said["messages"])
        return shown_case(case_view(session, tools(), home.number, sight()))


@blueprint.post("/findings/<uuid:finding_id>/answer")
@require_scope("cases:write")
@blueprint.arguments(AnswerSchema)
@blueprint.response(200, AnsweredSchema)
def answer(said: dict[str, Any], finding_id: uuid.UUID) -> dict[str, Any]:
    """Say whether two cases are the same matter, related, or different."""
    with office_session() as session:
        return asdict(answer_finding(session, tools(), _wish(said), finding_id, said["outcome"]))


def _wish(said: dict[str, Any]) -> Wish:
    return Wish(actor(), said["reason"], sight=sight())


def shown_case(view: CaseView) -> dict[str, Any]:
    """A case as CaseSchema dumps it."""
    joins = [asdict(message.join) | {"message": message.id} for message in view.messages]
    named = {name: getattr(view, name) for name in CaseSchema().fields if name != "joins"}
    return named | {"joins": joins}
