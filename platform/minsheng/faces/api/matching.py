"""``/matching``: the office's settings and figures, joins for sampling; answers by the batch."""

import uuid
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

import marshmallow as ma
from flask import g
from marshmallow import fields, validate

from minsheng.cases.match_service import (
    ANYONE,
    CITIZEN,
    MAX_ANSWERS,
    MAX_PAGE,
    MAX_SAMPLE,
    RESULTS,
    VERDICTS,
    Answer,
    Matching,
    Span,
    answer_findings,
    joins_page,
    judge_join,
    matching_figures,
    matching_of,
    sample_joins,
    set_matching,
)
from minsheng.cases.numbers import CHINA
from minsheng.cases.service import OUTCOMES, Wish
from minsheng.faces.api.desk import actor, office_session, sight, tools
from minsheng.faces.api.schemas import ReasonSchema, Strict
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint

blueprint = ProblemBlueprint("matching", __name__, description="What the matcher does by itself")

_SPAN_DAYS = 30
_REASON = validate.Length(max=1000)


class MatchingSchema(Strict):
    """The settings of matching: probabilities from 0 to 1, and whose messages join by themselves.

    With ``citizen`` only one citizen's messages join, with ``anyone`` different citizens' on one
    matter too; what speaks against one matter (another building, say) forbids both.
    """

    join = fields.Float(allow_nan=False)
    review = fields.Float(allow_nan=False)
    auto_join = fields.String(validate=validate.OneOf((CITIZEN, ANYONE)))


class MatchingCountsSchema(ma.Schema):
    """Messages that were matched, and what became of them on arrival."""

    messages = fields.Integer()
    joined = fields.Integer()
    joined_across = fields.Integer(metadata={"description": "of them, different citizens'"})
    to_review = fields.Integer()
    review_share = fields.Float(allow_none=True, metadata={"description": "percent of messages"})
    related = fields.Integer()
    capped = fields.Integer(metadata={"description": "a bound left something out"})
    found_right = fields.Integer()
    found_wrong = fields.Integer()


class MatchingPrecisionSchema(ma.Schema):
    """Verdicts on joins drawn at random: the share found right in percent, its 95 % interval."""

    right = fields.Integer()
    wrong = fields.Integer()
    share = fields.Float(allow_none=True)
    low = fields.Float(allow_none=True)
    high = fields.Float(allow_none=True)


class MatchingFiguresSchema(ma.Schema):
    """The figures of some days in China, in all and by version of the algorithm."""

    since = fields.Date()
    until = fields.Date()
    total = fields.Nested(MatchingCountsSchema)
    by_algorithm = fields.Dict(keys=fields.String(), values=fields.Nested(MatchingCountsSchema))
    precision = fields.Nested(MatchingPrecisionSchema)


class MatchingDaysSchema(ma.Schema):
    """Days in China, both included; the last thirty unless told."""

    class Meta:
        """Refuse what is not declared."""

        unknown = ma.RAISE

    since = fields.Date()
    until = fields.Date()


class JoinsQuerySchema(ma.Schema):
    """Joins from ``since`` to before ``until``: a page, or ``sample`` of them drawn by ``seed``."""

    class Meta:
        """Refuse what is not declared."""

        unknown = ma.RAISE

    since = fields.AwareDateTime(format="iso")
    until = fields.AwareDateTime(format="iso")
    cursor = fields.String(load_default="", validate=validate.Length(max=300))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=MAX_PAGE))
    sample = fields.Integer(validate=validate.Range(min=1, max=MAX_SAMPLE))
    seed = fields.Integer(load_default=0, validate=validate.Range(min=0, max=2**31 - 1))


class MatcherJoinSchema(ma.Schema):
    """One join by the matcher; ``verdict`` is empty until a person gives one."""

    message = fields.UUID()
    via = fields.UUID()
    case = fields.String()
    score = fields.Float()
    reasons = fields.List(fields.Nested(ReasonSchema))
    algorithm = fields.String()
    at = fields.AwareDateTime()
    verdict = fields.String()


class MatcherJoinsSchema(ma.Schema):
    """Joins and the span they are of; a sample has no further page."""

    items = fields.List(fields.Nested(MatcherJoinSchema))
    next_cursor = fields.String(allow_none=True)
    since = fields.AwareDateTime()
    until = fields.AwareDateTime()


class JoinVerdictSchema(Strict):
    """A person's word on a join; ``sampled`` when it was drawn at random."""

    verdict = fields.String(required=True, validate=validate.OneOf(VERDICTS))
    sampled = fields.Boolean(load_default=False)
    reason = fields.String(load_default="", validate=_REASON)


class FindingAnswerSchema(Strict):
    """An answer to one finding."""

    finding = fields.UUID(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))


class FindingAnswersSchema(Strict):
    """Up to 200 answers; each is answered for by itself."""

    answers = fields.List(
        fields.Nested(FindingAnswerSchema),
        required=True,
        validate=validate.Length(min=1, max=MAX_ANSWERS),
    )
    reason = fields.String(load_default="", validate=_REASON)


class FindingResultSchema(ma.Schema):
    """What became of one answer: done, known (so answered before), closed (answered otherwise),
    absent, or refused with a ``detail``."""

    finding = fields.UUID()
    result = fields.String(validate=validate.OneOf(RESULTS))
    outcome = fields.String()
    case = fields.String()
    other = fields.String()
    detail = fields.String()


class FindingResultsSchema(ma.Schema):
    """The results in the order of the answers."""

    results = fields.List(fields.Nested(FindingResultSchema))


@blueprint.get("/matching")
@require_scope("cases:read")
@blueprint.response(200, MatchingSchema)
def show_matching() -> Matching:
    """The thresholds of the office, and whose messages join by themselves."""
    with office_session() as session:
        return matching_of(session)


@blueprint.patch("/matching")
@require_scope("matching:write")
@blueprint.arguments(MatchingSchema)
@blueprint.response(200, MatchingSchema)
def change_matching(said: dict[str, Any]) -> Matching:
    """Change what is given; it holds from the next batch of messages on."""
    with office_session() as session:
        return set_matching(session, tools(), actor(), **said)


@blueprint.get("/matching/figures")
@require_scope("cases:read")
@blueprint.arguments(MatchingDaysSchema, location="query")
@blueprint.response(200, MatchingFiguresSchema)
def show_figures(days: dict[str, date]) -> Any:  # noqa: ANN401  a record
    """What matching did, counted as it happened, and how right its joins were found."""
    until = days.get("until", tools().clock.now().astimezone(CHINA).date())
    since = days.get("since", until - timedelta(days=_SPAN_DAYS - 1))
    with office_session() as session:
        return matching_figures(session, since, until)


@blueprint.get("/matching/joins")
@require_scope("cases:read")
@blueprint.arguments(JoinsQuerySchema, location="query")
@blueprint.response(200, MatcherJoinsSchema)
def list_joins(wish: dict[str, Any]) -> dict[str, Any]:
    """Every join by the matcher, oldest first, or a random sample that can be drawn again."""
    until: datetime = wish.get("until", tools().clock.now() + timedelta(seconds=1))
    span = Span(wish.get("since", until - timedelta(days=_SPAN_DAYS)), until)
    said: dict[str, Any] = {"since": span.since, "until": span.until, "next_cursor": None}
    with office_session() as session:
        if "sample" in wish:
            found = sample_joins(session, span, wish["sample"], wish["seed"], sight())
            return said | {"items": found}
        more = {"cursor": wish["cursor"], "limit": wish["limit"]}
        page = joins_page(session, span, sight(), **more)
    return said | {"items": page.rows, "next_cursor": page.next_cursor}


@blueprint.post("/matching/joins/<uuid:message_id>/verdict")
@require_scope("cases:write")
@blueprint.arguments(JoinVerdictSchema)
@blueprint.response(200, MatcherJoinSchema)
def judge(said: dict[str, Any], message_id: uuid.UUID) -> Any:  # noqa: ANN401  a record
    """Say whether a join was right; a wrong one is undone and never made again."""
    wish = Wish(actor(), said["reason"], sight=sight())
    more = {"sampled": said["sampled"]}
    with office_session() as session:
        return judge_join(session, tools(), wish, message_id, said["verdict"], **more)


@blueprint.post("/findings/answers")
@require_scope("cases:write")
@blueprint.arguments(FindingAnswersSchema)
@blueprint.response(200, FindingResultsSchema)
def answer_many(said: dict[str, Any]) -> dict[str, Any]:
    """Answer up to 200 findings; what cannot be answered says why, and the others are done."""
    wish = Wish(actor(), said["reason"], sight=sight())
    answers = [Answer(each["finding"], each["outcome"]) for each in said["answers"]]
    results = answer_findings(tools(), g.tenant_id, wish, answers)
    return {"results": [asdict(result) for result in results]}
