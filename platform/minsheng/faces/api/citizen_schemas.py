"""The shapes of what citizens said: ratings, low-rating reviews, re-inspections, the portal."""

import marshmallow as ma
from marshmallow import fields, validate

from minsheng.citizens.service import MOST_WORDS, RESULTS
from minsheng.faces.api.schemas import Strict

_MARK = validate.Range(min=1, max=5)
_WORDS = validate.Length(max=1000)


class NewRatingSchema(Strict):
    """A rating that a channel writes back for one of its messages; idempotent by ``rated_at``."""

    external_id = fields.String(required=True, validate=validate.Length(min=1, max=500))
    solved = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_MARK)
    manner = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_MARK)
    speed = fields.Integer(load_default=None, allow_none=True, strict=True, validate=_MARK)
    words = fields.String(load_default="", validate=validate.Length(max=MOST_WORDS))
    rated_at = fields.AwareDateTime(required=True, format="iso")


class RatingSchema(ma.Schema):
    """A citizen's rating of one round: 解决程度, 办理态度, 办理速度; 1 to 5 or null."""

    message = fields.UUID(attribute="message_id")
    round = fields.Integer()
    solved = fields.Integer(allow_none=True)
    manner = fields.Integer(allow_none=True)
    speed = fields.Integer(allow_none=True)
    words = fields.String()
    source = fields.String()
    rated_at = fields.AwareDateTime()
    changed_at = fields.AwareDateTime()
    low = fields.Boolean()


class RatingListSchema(ma.Schema):
    """The ratings of a case, by round."""

    items = fields.List(fields.Nested(RatingSchema))


class ReviewSchema(ma.Schema):
    """A low-rating review (差评倒查) with the rating that opened it."""

    id = fields.UUID()
    case = fields.String()
    subject = fields.String()
    round = fields.Integer()
    state = fields.String()
    solved = fields.Integer(allow_none=True)
    manner = fields.Integer(allow_none=True)
    speed = fields.Integer(allow_none=True)
    words = fields.String()
    source = fields.String()
    cause = fields.String()
    responsible = fields.String()
    action = fields.String()
    opened_at = fields.AwareDateTime()
    closed_by = fields.String()
    closed_at = fields.AwareDateTime(allow_none=True)


class ReviewListSchema(ma.Schema):
    """Reviews, oldest first; ``next_after`` is null on the last page."""

    items = fields.List(fields.Nested(ReviewSchema))
    next_after = fields.UUID(allow_none=True)


class ReviewQuerySchema(ma.Schema):
    """Which reviews to list: those of a state behind the one named."""

    class Meta:
        """Refuse what is not declared."""

        unknown = ma.RAISE

    state = fields.String(load_default="open", validate=validate.OneOf(("open", "closed", "all")))
    after = fields.UUID(load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class FindingsSchema(Strict):
    """What a review found: why, who answers for it, what is done."""

    cause = fields.String(required=True, validate=_WORDS)
    responsible = fields.String(required=True, validate=_WORDS)
    action = fields.String(required=True, validate=_WORDS)


class NewSampleSchema(Strict):
    """What to draw: cases closed from ``since`` to before ``until``; a share or a count."""

    since = fields.AwareDateTime(required=True, format="iso")
    until = fields.AwareDateTime(required=True, format="iso")
    seed = fields.String(required=True, validate=validate.Length(min=1, max=100))
    share = fields.Float(load_default=None, allow_none=True)
    count = fields.Integer(load_default=None, allow_none=True, strict=True)


class DrawnSchema(ma.Schema):
    """A case of a sample and what was found."""

    number = fields.String()
    subject = fields.String()
    place = fields.Integer()
    round = fields.Integer()
    result = fields.String()
    words = fields.String()
    looked_by = fields.String()
    looked_at = fields.AwareDateTime(allow_none=True)


class SampleSchema(ma.Schema):
    """A re-inspection (回头看)."""

    id = fields.UUID()
    since = fields.AwareDateTime()
    until = fields.AwareDateTime()
    seed = fields.String()
    population = fields.Integer()
    drawn = fields.Integer()
    drawn_by = fields.String()
    drawn_at = fields.AwareDateTime()


class SampleCasesSchema(SampleSchema):
    """A re-inspection with the cases of it that are in sight."""

    cases = fields.List(fields.Nested(DrawnSchema))


class SampleListSchema(ma.Schema):
    """Re-inspections, newest first; ``next_after`` is null on the last page."""

    items = fields.List(fields.Nested(SampleSchema))
    next_after = fields.UUID(allow_none=True)


class AfterQuerySchema(ma.Schema):
    """A page behind the row named."""

    class Meta:
        """Refuse what is not declared."""

        unknown = ma.RAISE

    after = fields.UUID(load_default=None)
    limit = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class InspectionSchema(Strict):
    """What the look at one case found."""

    result = fields.String(required=True, validate=validate.OneOf(RESULTS))
    words = fields.String(required=True, validate=_WORDS)


class PublishSchema(Strict):
    """Under which subject everybody may read a case; it names nobody."""

    subject = fields.String(required=True, validate=validate.Length(min=1, max=200))
    reason = fields.String(load_default="", validate=_WORDS)


class UnpublishSchema(Strict):
    """Why a case is shown no more."""

    reason = fields.String(load_default="", validate=_WORDS)


class MatterSchema(ma.Schema):
    """A public matter; ``met`` counts the citizens who have met with it too."""

    id = fields.UUID()
    subject = fields.String()
    published_at = fields.AwareDateTime()
    met = fields.Integer()
    answer = fields.String()
    answered_at = fields.AwareDateTime(allow_none=True)


class PortalSchema(Strict):
    """How the portal looks and behaves; what is left out stays."""

    name = fields.String(validate=validate.Length(max=40))
    welcome = fields.String(validate=validate.Length(max=300))
    contact = fields.String(validate=validate.Length(max=100))
    accent = fields.String(metadata={"description": "#rrggbb, or empty for the product's own"})
    accent_dark = fields.String(metadata={"description": "the same where the screen is dark"})
    open = fields.Boolean()
    low_at = fields.Integer(strict=True, metadata={"description": "a mark at or below it is low"})
    rate_days = fields.Integer(strict=True)
    reopen_days = fields.Integer(strict=True)
