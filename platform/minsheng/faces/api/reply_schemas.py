"""The shapes of replies, their deliveries, templates and the policy library."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from minsheng.faces.api.schemas import Strict
from minsheng.replies.service import DOCUMENT_STATES, STATES

MAX_WORDS = 2_000_000
"""What is read of a text; the verbs say how long one may be, and keep the refusal."""
_WORDS = validate.Length(max=MAX_WORDS)
_REASON = validate.Length(max=1000)
_CODE = validate.Length(min=1, max=200)


class ReplyWordsSchema(Strict):
    """What a reply says; ``cites`` are document numbers of the policy library."""

    public_text = fields.String(load_default="", validate=_WORDS)
    private_text = fields.String(load_default="", validate=_WORDS)
    cites = fields.List(fields.String(validate=_CODE), load_default=list)


class NewReplySchema(ReplyWordsSchema):
    """A reply to be begun: from words, or from a template with the values of its variables."""

    template = fields.String(load_default="", validate=validate.Length(max=40))
    values = fields.Dict(
        keys=fields.String(validate=validate.Length(max=40)),
        values=fields.String(validate=validate.Length(max=5000)),
        load_default=dict,
    )


class SavedReplySchema(ReplyWordsSchema):
    """Other words for a draft, as somebody saw it at ``version``."""

    version = fields.Integer(required=True)


class ReplyVersionSchema(Strict):
    """A step of a reply, as somebody saw it at ``version``."""

    version = fields.Integer(required=True)


class SentBackSchema(ReplyVersionSchema):
    """Why a reply goes back to who wrote it."""

    reason = fields.String(load_default="", validate=_REASON)


class FlagSchema(ma.Schema):
    """One remark of the quality check."""

    code = fields.String()
    zh = fields.String()
    en = fields.String()
    found = fields.List(fields.String())
    blocks = fields.Boolean()


class DifferenceSchema(ma.Schema):
    """What differs: promised dates, amounts, or yes and no."""

    kind = fields.String()
    ours = fields.List(fields.String())
    theirs = fields.List(fields.String())


class WarnedSchema(ma.Schema):
    """An earlier official answer to the same topic that says something else."""

    reply = fields.UUID()
    case = fields.String()
    text = fields.String()
    approved_at = fields.AwareDateTime(allow_none=True)
    differs = fields.List(fields.Nested(DifferenceSchema))
    acknowledged_by = fields.String()


class DocumentSchema(ma.Schema):
    """A document of the policy library; ``state`` is live, dead or withdrawn."""

    id = fields.UUID()
    code = fields.String()
    title = fields.String()
    url = fields.String()
    state = fields.String()


class ReplySchema(ma.Schema):
    """A reply with its remarks, warnings and what it cites."""

    id = fields.UUID()
    case = fields.String()
    round = fields.Integer()
    kind = fields.String()
    corrects = fields.UUID(allow_none=True)
    state = fields.String()
    official = fields.Boolean()
    version = fields.Integer()
    public_text = fields.String()
    private_text = fields.String()
    flags = fields.List(fields.Nested(FlagSchema))
    cites = fields.List(fields.Nested(DocumentSchema))
    warnings = fields.List(fields.Nested(WarnedSchema))
    source = fields.String()
    note = fields.String()
    drafted_by = fields.String()
    drafted_at = fields.AwareDateTime()
    changed_by = fields.String()
    changed_at = fields.AwareDateTime()
    submitted_by = fields.String()
    submitted_at = fields.AwareDateTime(allow_none=True)
    approved_by = fields.String()
    approved_at = fields.AwareDateTime(allow_none=True)


class ReplyListSchema(ma.Schema):
    """The replies written for a case, oldest first."""

    items = fields.List(fields.Nested(ReplySchema))


class WritersSchema(ma.Schema):
    """Who else writes on the case just now."""

    others = fields.List(fields.String())


class DeliverySchema(ma.Schema):
    """One reply on its way to one citizen; uncertain (待核实) = it may or may not have arrived."""

    id = fields.UUID()
    kind = fields.String()
    reply = fields.UUID(allow_none=True)
    case = fields.String()
    channel = fields.String()
    message = fields.UUID()
    state = fields.String()
    held = fields.Boolean()
    attempts = fields.Integer()
    trouble = fields.String()
    remote_id = fields.String()
    created_at = fields.AwareDateTime()
    changed_at = fields.AwareDateTime()
    sent_at = fields.AwareDateTime(allow_none=True)
    settled_by = fields.String()
    settled_words = fields.String()


class DeliveryListSchema(ma.Schema):
    """A page of deliveries, oldest first; ``next_cursor`` is null on the last one."""

    items = fields.List(fields.Nested(DeliverySchema))
    next_cursor = fields.String(allow_none=True)


class DeliveryQuerySchema(ma.Schema):
    """Which deliveries to list."""

    class Meta:
        """Refuse what is not declared."""

        unknown = ma.RAISE

    state = fields.String(load_default="", validate=validate.OneOf(["", *STATES]))
    channel = fields.String(load_default="", validate=validate.Length(max=40))
    cursor = fields.String(load_default="", validate=validate.Length(max=300))
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class SettledSchema(Strict):
    """What a person found out about an uncertain delivery, and how."""

    arrived = fields.Boolean(required=True)
    reason = fields.String(required=True, validate=_REASON)


class HoldSchema(Strict):
    """Why nothing of the office may go out."""

    reason = fields.String(required=True, validate=_REASON)


class ReleaseSchema(HoldSchema):
    """How it was made sure that nothing goes out twice.

    ``unsent``: the person answers for it that nothing was sent since the backup.
    """

    unsent = fields.Boolean(load_default=False)


class ReleasedSchema(ma.Schema):
    """How many deliveries wait."""

    waiting = fields.Integer()


class DownSchema(ma.Schema):
    """A channel that takes nothing just now; ``alarmed_at`` once it has been so for long."""

    channel = fields.String()
    name = fields.String()
    since = fields.AwareDateTime()
    next_try_at = fields.AwareDateTime(allow_none=True)
    alarmed_at = fields.AwareDateTime(allow_none=True)
    trouble = fields.String()


class OutboxStateSchema(ma.Schema):
    """How sending goes: on hold or not, what waits, what needs somebody, channels that are down."""

    held = fields.Boolean()
    reason = fields.String()
    since = fields.AwareDateTime(allow_none=True)
    waiting = fields.Integer()
    failed = fields.Integer()
    uncertain = fields.Integer()
    offered = fields.Integer()
    down = fields.List(fields.Nested(DownSchema))


class NewTemplateSchema(Strict):
    """A template; ``{{name}}`` in its text is a variable."""

    code = fields.String(required=True, validate=validate.Length(min=1, max=40))
    title = fields.String(required=True, validate=_CODE)
    text = fields.String(required=True, validate=_WORDS)


class TemplateSchema(ma.Schema):
    """A template in use and the names of its variables."""

    code = fields.String()
    title = fields.String()
    text = fields.String()
    state = fields.String()
    variables = fields.List(fields.String())


class TemplateListSchema(ma.Schema):
    """The templates in use, by code."""

    items = fields.List(fields.Nested(TemplateSchema))


class NewDocumentSchema(Strict):
    """A document of the policy library; its ``code`` is the official number (文号)."""

    code = fields.String(required=True, validate=_CODE)
    title = fields.String(required=True, validate=_CODE)
    url = fields.String(required=True, validate=validate.Length(min=1, max=1000))


class DocumentStateSchema(Strict):
    """Whether a document is live, its link dead, or it was withdrawn."""

    code = fields.String(required=True, validate=_CODE)
    state = fields.String(required=True, validate=validate.OneOf(DOCUMENT_STATES))


class DocumentQuerySchema(ma.Schema):
    """``q`` is a part of a number or title."""

    class Meta:
        """Refuse what is not declared."""

        unknown = ma.RAISE

    q = fields.String(load_default="", validate=validate.Length(max=100))


class DocumentListSchema(ma.Schema):
    """The library by number."""

    items = fields.List(fields.Nested(DocumentSchema))


class RulesSchema(Strict):
    """How the office answers: what becomes of a lead's answer, and days until a sending ends."""

    adopt = fields.String(load_default="review", validate=validate.OneOf(["direct", "review"]))
    give_up_days = fields.Integer(load_default=7, validate=validate.Range(min=1, max=90))


class ReceiptSchema(Strict):
    """Whether a channel answers each arrival with a receipt, and in what words."""

    on = fields.Boolean(required=True)
    text = fields.String(load_default="", validate=_REASON)


def shown_template(template: Any, variables: list[str]) -> dict[str, Any]:  # noqa: ANN401
    """A template as TemplateSchema dumps it."""
    named = {name: getattr(template, name) for name in ("code", "title", "text", "state")}
    return named | {"variables": variables}
