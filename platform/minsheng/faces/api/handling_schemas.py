"""The shapes of handling: what is asked for, and a case as it is handled."""

import base64
import binascii
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from minsheng.faces.api.schemas import Strict, plausible_time
from minsheng.handling.acting import LONGEST_WORDS
from minsheng.handling.demands import LONGEST_DEMAND, MOST_DEMANDS
from minsheng.handling.visits import LARGEST_PHOTO, MOST_PEOPLE

_WORDS = validate.Length(max=LONGEST_WORDS)
_NAME = validate.Length(max=50)
_CODE = validate.Length(min=1, max=40)
LARGEST_BODY = LARGEST_PHOTO * 4 // 3 + 64 * 1024
"""A picture as base64, with room for what stands around it."""


class VersionedSchema(Strict):
    """``version``: as the case was read; given, the wish is refused where it was changed since."""

    version = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, 2**31))
    reason = fields.String(load_default="", validate=_WORDS)


class ByPersonSchema(VersionedSchema):
    """``person``: the user name of whoever does it."""

    person = fields.String(load_default="", validate=_NAME)


class AssignCaseSchema(VersionedSchema):
    """Whom to give the case to."""

    handler = fields.String(required=True, validate=validate.Length(min=1, max=50))
    unit = fields.String(load_default="", validate=_NAME)


class AdvanceStepSchema(ByPersonSchema):
    """Finish the present step."""

    words = fields.String(load_default="", validate=_WORDS)


class ReturnStepSchema(ByPersonSchema):
    """Return to an earlier step, the one before where ``to`` is empty; a reason is needed."""

    to = fields.String(load_default="", validate=validate.Length(max=40))


class ReviewStepSchema(AdvanceStepSchema):
    """Pass a review, or return the case."""

    outcome = fields.String(required=True, metadata={"description": "pass or return"})


class CaseGradeSchema(VersionedSchema):
    """A deadline class of the office by its code."""

    grade = fields.String(required=True, validate=_CODE)


class DueAtSchema(VersionedSchema):
    """A deadline that somebody sets; a reason is needed."""

    due_at = fields.AwareDateTime(required=True, format="iso")


class ExtensionSchema(ByPersonSchema):
    """More working days; the same ``id`` again is the same wish."""

    id = fields.UUID(load_default=None, allow_none=True)
    days = fields.Integer(required=True)


class ExtensionDecisionSchema(Strict):
    """Grant or refuse; a refusal needs words."""

    grant = fields.Boolean(required=True)
    person = fields.String(load_default="", validate=_NAME)
    words = fields.String(load_default="", validate=_WORDS)


class CloseCaseSchema(AdvanceStepSchema):
    """What came of the case: resolved, explained, promised, refused or invalid."""

    outcome = fields.String(required=True)


class ExemptSchema(ByPersonSchema):
    """What the case is exempt from: call_back, reply or flow; a reason is needed."""

    what = fields.String(required=True)


class NewDemandsSchema(VersionedSchema):
    """What the citizen asks for, one by one."""

    texts = fields.List(
        fields.String(validate=validate.Length(max=LONGEST_DEMAND)),
        required=True,
        validate=validate.Length(min=1, max=MOST_DEMANDS),
    )


class AnswerDemandSchema(VersionedSchema):
    """The answer to one demand."""

    answer = fields.String(required=True, validate=_WORDS)


class NewCallBackSchema(Strict):
    """A call to the citizen: satisfied, basically, dissatisfied or unreached."""

    id = fields.UUID(load_default=None, allow_none=True)
    result = fields.String(required=True)
    resolved = fields.Boolean(load_default=None, allow_none=True)
    words = fields.String(load_default="", validate=_WORDS)
    person = fields.String(load_default="", validate=_NAME)


class NewVisitSchema(Strict):
    """A look on the spot; the same ``id`` again is the same visit."""

    id = fields.UUID(load_default=None, allow_none=True)
    visited_at = fields.AwareDateTime(required=True, format="iso", validate=plausible_time)
    place = fields.String(required=True, validate=_WORDS)
    people = fields.List(
        fields.String(validate=_NAME), required=True, validate=validate.Length(max=MOST_PEOPLE)
    )
    words = fields.String(load_default="", validate=_WORDS)


class NewContactSchema(Strict):
    """A talk or task outside of the channels: meeting, phone, home, letter or task."""

    id = fields.UUID(load_default=None, allow_none=True)
    way = fields.String(required=True)
    met_at = fields.AwareDateTime(required=True, format="iso", validate=plausible_time)
    people = fields.List(
        fields.String(validate=_NAME), required=True, validate=validate.Length(max=MOST_PEOPLE)
    )
    words = fields.String(required=True, validate=_WORDS)


class NewPhotoSchema(Strict):
    """A picture of a visit: PNG or JPEG, at most 10 MiB, as base64."""

    content = fields.String(required=True, metadata={"format": "byte"})

    @ma.validates("content")
    def readable(self, value: str, **_more: Any) -> None:  # noqa: ANN401  marshmallow's own
        """Refuse what is no base64."""
        try:
            base64.b64decode(value, validate=True)
        except (ValueError, binascii.Error) as error:
            message = "is no base64"
            raise ma.ValidationError(message) from error


class NewPromiseSchema(Strict):
    """A promise by a day; ``ongoing`` promises the next report by it."""

    id = fields.UUID(load_default=None, allow_none=True)
    kind = fields.String(load_default="promised")
    text = fields.String(required=True, validate=_WORDS)
    due_on = fields.Date(required=True)


class EvidenceSchema(Strict):
    """What shows that a promise was kept."""

    evidence = fields.String(required=True, validate=_WORDS)


class GivenReasonSchema(Strict):
    """A reason, always needed."""

    reason = fields.String(required=True, validate=_WORDS)


class FlowStepSchema(ma.Schema):
    """One step of a flow."""

    code = fields.String()
    name = fields.String()
    stage = fields.String()
    owners = fields.List(fields.String())
    needs = fields.List(fields.String())


class FlowSchema(ma.Schema):
    """A flow; ``version`` 0 is a template that the office does not use yet."""

    code = fields.String()
    name = fields.String()
    template = fields.String()
    version = fields.Integer()
    steps = fields.List(fields.Nested(FlowStepSchema))


class CaseDemandSchema(ma.Schema):
    """One numbered demand and its answer."""

    number = fields.Integer()
    text = fields.String()
    answer = fields.String()
    answered_at = fields.AwareDateTime(allow_none=True)


class CallBackSchema(ma.Schema):
    """One call to the citizen."""

    id = fields.UUID()
    round = fields.Integer()
    result = fields.String()
    resolved = fields.Boolean(allow_none=True)
    words = fields.String()
    called_by = fields.String()
    called_at = fields.AwareDateTime()


class ExtensionShownSchema(ma.Schema):
    """A wish for more days and what became of it."""

    id = fields.UUID()
    round = fields.Integer()
    days = fields.Integer()
    reason = fields.String()
    state = fields.String()
    answer = fields.String()
    asked_by = fields.String()
    decided_by = fields.String()


class CommitmentSchema(ma.Schema):
    """A promise: open, landed or withdrawn."""

    id = fields.UUID()
    kind = fields.String()
    text = fields.String()
    due_on = fields.Date()
    state = fields.String()
    evidence = fields.String()


class VisitPhotoSchema(ma.Schema):
    """A picture without its bytes."""

    id = fields.UUID()
    media = fields.String()
    size = fields.Integer()


class FieldVisitSchema(ma.Schema):
    """A look on the spot."""

    id = fields.UUID()
    visited_at = fields.AwareDateTime()
    place = fields.String()
    people = fields.List(fields.String())
    words = fields.String()
    photos = fields.List(fields.Nested(VisitPhotoSchema))


class OfflineContactSchema(ma.Schema):
    """A talk or task outside of the channels."""

    id = fields.UUID()
    way = fields.String()
    met_at = fields.AwareDateTime()
    people = fields.List(fields.String())
    words = fields.String()


class HandlingSchema(ma.Schema):
    """A case as it is handled; ``against`` says why it may not be closed now."""

    number = fields.String()
    settled = fields.Boolean()
    version = fields.Integer()
    flow = fields.Nested(FlowSchema, allow_none=True)
    step = fields.String()
    stage = fields.String()
    round = fields.Integer()
    grade = fields.String()
    unit = fields.String()
    handler = fields.String()
    liaison = fields.String()
    owner = fields.String()
    claimed_at = fields.AwareDateTime(allow_none=True)
    claim_until = fields.AwareDateTime(allow_none=True)
    filed_at = fields.AwareDateTime(allow_none=True)
    due_at = fields.AwareDateTime(allow_none=True)
    due_estimated = fields.Boolean()
    paused = fields.Boolean()
    extended_days = fields.Integer()
    exempt = fields.Dict(keys=fields.String(), values=fields.String())
    outcome = fields.String()
    closed_at = fields.AwareDateTime(allow_none=True)
    against = fields.List(fields.String())
    demands = fields.List(fields.Nested(CaseDemandSchema))
    call_backs = fields.List(fields.Nested(CallBackSchema))
    extensions = fields.List(fields.Nested(ExtensionShownSchema))
    commitments = fields.List(fields.Nested(CommitmentSchema))
    visits = fields.List(fields.Nested(FieldVisitSchema))
    contacts = fields.List(fields.Nested(OfflineContactSchema))


class DaySchema(ma.Schema):
    """A day: the rule that says whether it is worked, its name, and if that is a guess."""

    day = fields.Date()
    why = fields.String()
    name = fields.String()
    estimated = fields.Boolean()


class CountedDaySchema(DaySchema):
    """One day on the way to a deadline; ``number`` is null where it does not count."""

    number = fields.Integer(allow_none=True)


class DeadlineSchema(ma.Schema):
    """A deadline and the days it was counted by."""

    due_at = fields.AwareDateTime()
    estimated = fields.Boolean()
    days = fields.List(fields.Nested(CountedDaySchema))


class ProposedSchema(ma.Schema):
    """What the messages ask for, as far as it is numbered."""

    texts = fields.List(fields.String())
