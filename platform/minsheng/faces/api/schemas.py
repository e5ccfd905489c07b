"""The shapes of the API: what is posted and what is shown (DESIGN section 5)."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

import marshmallow as ma
from marshmallow import fields, validate

from minsheng.cases.service import OUTCOMES, VIEWS

_EARLIEST = 1949
MAX_BATCH = 500
MAX_TEXT = 100_000
_REGION = validate.Length(max=200)


class Strict(ma.Schema):
    """A body in which an unknown member is an error that names it."""

    class Meta:
        """Refuse what is not declared."""

        unknown = ma.RAISE
        ordered: ClassVar[bool] = True


class CitizenSchema(Strict):
    """Who wrote or called, as far as the channel knows."""

    name = fields.String(load_default="", validate=validate.Length(max=200))
    phone = fields.String(load_default="", validate=validate.Length(max=40))
    email = fields.String(load_default="", validate=validate.Length(max=254))


def plausible_time(moment: datetime) -> None:
    """Refuse a time before 1949 or more than a day ahead; a time without offset never gets here."""
    if moment.year < _EARLIEST or moment > datetime.now(moment.tzinfo) + timedelta(days=1):
        message = "must lie between 1949 and tomorrow"
        raise ma.ValidationError(message)


class NewMessageSchema(Strict):
    """A message to be taken in, idempotent by ``external_id`` within its channel."""

    channel = fields.String(required=True, metadata={"description": "code of a pushed channel"})
    external_id = fields.String(required=True, validate=validate.Length(min=1, max=500))
    subject = fields.String(load_default="", validate=validate.Length(max=MAX_TEXT))
    body = fields.String(required=True, validate=validate.Length(max=MAX_TEXT))
    received_at = fields.AwareDateTime(required=True, format="iso", validate=plausible_time)
    region = fields.String(load_default="", validate=_REGION)
    addressee = fields.String(load_default="", validate=_REGION)
    kind = fields.String(load_default="", validate=_REGION)
    citizen = fields.Nested(CitizenSchema, load_default=dict)
    confidential = fields.Boolean(
        load_default=False, metadata={"description": "the citizen asks not to be named"}
    )


class NewBatchSchema(Strict):
    """Up to 500 messages; each is answered for by itself."""

    messages = fields.List(
        fields.Dict(keys=fields.String()),
        required=True,
        validate=validate.Length(min=1, max=MAX_BATCH),
    )


class TakenMessageSchema(ma.Schema):
    """What became of a posted message; ``case`` is its number once it is matched."""

    id = fields.UUID()
    external_id = fields.String()
    created = fields.Boolean()
    differs = fields.Boolean()
    case = fields.String(allow_none=True)


class BatchResultSchema(ma.Schema):
    """The answer for one item of a batch: its message, or what to change."""

    index = fields.Integer()
    status = fields.Integer()
    message = fields.Nested(TakenMessageSchema, allow_none=True)
    errors = fields.Dict(keys=fields.String(), allow_none=True)


class BatchAnswerSchema(ma.Schema):
    """The answers in the order of the items."""

    results = fields.List(fields.Nested(BatchResultSchema))


class ReasonSchema(ma.Schema):
    """One reason of the matcher, in both languages; weight in bits."""

    code = fields.String()
    zh = fields.String()
    en = fields.String()
    weight = fields.Float()
    veto = fields.Boolean()


class MessageSchema(ma.Schema):
    """A message as it stands in a case; contact data masked, numbers as placeholders.

    Where the citizen asks not to be named (``confidential``), contact data are empty without the
    scope cases:confidential.
    """

    id = fields.UUID()
    channel = fields.String()
    external_id = fields.String()
    subject = fields.String()
    body = fields.String()
    received_at = fields.AwareDateTime()
    region = fields.String()
    addressee = fields.String()
    kind = fields.String()
    citizen = fields.Method("masked_citizen", metadata={"type": "object"})
    confidential = fields.Boolean()

    def masked_citizen(self, message: Any) -> dict[str, str]:  # noqa: ANN401  any view
        """Name and telephone as they are shown by default."""
        return {"name": message.citizen_name, "phone": message.citizen_phone}


class JoinSchema(ma.Schema):
    """Why a message stands in its case."""

    message = fields.UUID()
    score = fields.Float(allow_none=True)
    reasons = fields.List(fields.Nested(ReasonSchema))
    by = fields.String()
    at = fields.AwareDateTime()
    algorithm = fields.String()


class CaseSummarySchema(ma.Schema):
    """A case in a list."""

    number = fields.String()
    subject = fields.String()
    state = fields.String()
    region = fields.String()
    message_count = fields.Integer()
    channels = fields.Dict(keys=fields.String(), values=fields.Integer())
    review_count = fields.Integer()
    opened_at = fields.AwareDateTime()
    last_at = fields.AwareDateTime()


class OfficeSchema(ma.Schema):
    """A body by code and name; both are empty for one that the office cannot see."""

    code = fields.String()
    name = fields.String()


class CaseSchema(ma.Schema):
    """A case with its messages and why each stands in it.

    ``complained`` are the offices it complains of, ``secret`` says that this one is among them.
    """

    number = fields.String()
    subject = fields.String()
    state = fields.String()
    region = fields.String()
    merged_into = fields.String()
    opened_at = fields.AwareDateTime()
    last_at = fields.AwareDateTime()
    version = fields.Integer()
    secret = fields.Boolean()
    complained = fields.List(fields.Nested(OfficeSchema))
    messages = fields.List(fields.Nested(MessageSchema))
    joins = fields.List(fields.Nested(JoinSchema))


class CaseListSchema(ma.Schema):
    """A page of cases; ``next_cursor`` is null on the last one."""

    items = fields.List(fields.Nested(CaseSummarySchema))
    next_cursor = fields.String(allow_none=True)


class QueueQuerySchema(ma.Schema):
    """Which part of the queue to list."""

    class Meta:
        """Refuse what is not declared."""

        unknown = ma.RAISE

    view = fields.String(load_default="all", validate=validate.OneOf(VIEWS))
    state = fields.String(load_default="open")
    channel = fields.String(load_default="", validate=validate.Length(max=40))
    q = fields.String(load_default="", validate=validate.Length(max=200))
    sort = fields.String(load_default="-last_at")
    cursor = fields.String(load_default="", validate=validate.Length(max=300))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class SimilarSchema(ma.Schema):
    """A message of another case that may be the same matter, or is related."""

    finding = fields.UUID(attribute="finding_id")
    decision = fields.String()
    score = fields.Float()
    reasons = fields.List(fields.Nested(ReasonSchema))
    algorithm = fields.String()
    case = fields.String()
    subject = fields.String()
    channel = fields.String()
    received_at = fields.AwareDateTime()
    message = fields.UUID(attribute="their_message")
    ours = fields.UUID(attribute="our_message")


class SimilarListSchema(ma.Schema):
    """Reviews first, then what is related."""

    items = fields.List(fields.Nested(SimilarSchema))


class EventSchema(ma.Schema):
    """One entry of a case's history."""

    id = fields.UUID()
    kind = fields.String()
    at = fields.AwareDateTime()
    actor = fields.String()
    data = fields.Dict(keys=fields.String())


class TimelineSchema(ma.Schema):
    """The history, oldest first."""

    items = fields.List(fields.Nested(EventSchema))


class MergeSchema(Strict):
    """Join another case into this one."""

    other = fields.String(required=True, metadata={"description": "number of the joined case"})
    reason = fields.String(load_default="", validate=validate.Length(max=1000))
    despite_not_same = fields.Boolean(load_default=False)


class UnmergeSchema(Strict):
    """Take a joined case apart again."""

    other = fields.String(required=True)
    reason = fields.String(load_default="", validate=validate.Length(max=1000))


class SplitSchema(Strict):
    """Take messages out of a case."""

    messages = fields.List(
        fields.UUID(), required=True, validate=validate.Length(min=1, max=MAX_BATCH)
    )
    reason = fields.String(load_default="", validate=validate.Length(max=1000))


class AnswerSchema(Strict):
    """A person's answer to a finding."""

    outcome = fields.String(required=True, validate=validate.OneOf(OUTCOMES))
    reason = fields.String(load_default="", validate=validate.Length(max=1000))


class AnsweredSchema(ma.Schema):
    """The two cases of an answered finding."""

    case = fields.String()
    other = fields.String()
    outcome = fields.String()


class TenantSchema(ma.Schema):
    """A body of the tree."""

    code = fields.String()
    name = fields.String()
    kind = fields.String()
    parent = fields.String(allow_none=True)
    status = fields.String()


class NewTenantSchema(Strict):
    """A body to be added below one that the office sees."""

    code = fields.String(required=True, validate=validate.Length(min=2, max=31))
    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    kind = fields.String(required=True)
    parent = fields.String(required=True)


class PageQuerySchema(ma.Schema):
    """The one paging: ``cursor`` is the ``next_cursor`` of the page before."""

    class Meta:
        """Refuse what is not declared."""

        unknown = ma.RAISE

    cursor = fields.String(load_default="", validate=validate.Length(max=300))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class TenantListSchema(ma.Schema):
    """The office and the bodies below it, by code."""

    items = fields.List(fields.Nested(TenantSchema))
    next_cursor = fields.String(allow_none=True)


class RunSchema(ma.Schema):
    """One pull of a channel."""

    started_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)
    outcome = fields.String()
    fetched = fields.Integer()
    stored = fields.Integer()
    trouble = fields.String()


class ChannelSchema(ma.Schema):
    """A channel without its settings, which hold secrets."""

    code = fields.String()
    plugin = fields.String()
    name = fields.String()
    state = fields.String()
    runs = fields.List(fields.Nested(RunSchema))


class ChannelListSchema(ma.Schema):
    """The channels of the office."""

    items = fields.List(fields.Nested(ChannelSchema))


class NewChannelSchema(Strict):
    """A channel to be added; ``settings`` are those that the plugin asks for."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=40))
    plugin = fields.String(required=True, validate=validate.Length(min=1, max=100))
    name = fields.String(required=True, validate=validate.Length(min=1, max=100))
    settings = fields.Dict(keys=fields.String(), load_default=dict)
    pushed = fields.Boolean(load_default=False)


class CheckSchema(ma.Schema):
    """What a live check of a channel said, one line a step."""

    ok = fields.Boolean()
    lines_zh = fields.List(fields.String())
    lines_en = fields.List(fields.String())
