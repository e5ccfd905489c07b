"""The shapes of how an office handles: flows, classes, calendar, liaisons, leaves, alerts."""

from datetime import date
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from minsheng.faces.api.handling_schemas import DaySchema, FlowSchema
from minsheng.faces.api.schemas import Strict

_NAME = validate.Length(max=50)
_CODE = validate.Length(min=1, max=40)


class FlowListSchema(ma.Schema):
    """The office's flows, then the templates; ``chosen`` is the one new cases follow."""

    chosen = fields.String()
    items = fields.List(fields.Nested(FlowSchema))


class NewStepSchema(Strict):
    """One step; ``owners`` are roles, ``needs`` what must be there before it can be left."""

    code = fields.String(required=True, validate=_CODE)
    name = fields.String(required=True, validate=_NAME)
    stage = fields.String(required=True)
    owners = fields.List(fields.String(), load_default=list, validate=validate.Length(max=20))
    needs = fields.List(fields.String(), load_default=list, validate=validate.Length(max=20))


class NewFlowSchema(Strict):
    """A new version of a flow."""

    name = fields.String(required=True, validate=_NAME)
    steps = fields.List(
        fields.Nested(NewStepSchema), required=True, validate=validate.Length(min=1, max=30)
    )


class WaysSchema(Strict):
    """How the office handles: flow, hours in China's time, minutes to claim, four eyes."""

    flow = fields.String(required=True, validate=_CODE)
    opens = fields.Time(load_default=None, allow_none=True, format="%H:%M")
    closes = fields.Time(load_default=None, allow_none=True, format="%H:%M")
    claim_minutes = fields.Integer(load_default=None, allow_none=True)
    two_people = fields.Boolean(load_default=None, allow_none=True)


class OfficeGradeSchema(Strict):
    """A deadline class: so many working or calendar days."""

    code = fields.String(required=True, validate=_CODE)
    name = fields.String(required=True, validate=_NAME)
    days = fields.Integer(required=True)
    counts = fields.String(load_default="working")
    retired = fields.Boolean(load_default=False)


class GradeListSchema(ma.Schema):
    """The classes of the office."""

    items = fields.List(fields.Nested(OfficeGradeSchema))


class DayQuerySchema(Strict):
    """From which day to which, both included; at most 366 days."""

    since = fields.Date(required=True)
    until = fields.Date(required=True)

    @ma.validates_schema
    def ordered(self, data: dict[str, date], **_more: Any) -> None:  # noqa: ANN401
        """Refuse a span that runs backwards or is too long."""
        if not 0 <= (data["until"] - data["since"]).days <= 366:
            message = "must be since or later, at most 366 days after it"
            raise ma.ValidationError(message, "until")


class WorkDaySchema(DaySchema):
    """A day of the calendar and whether people work."""

    works = fields.Boolean()


class DayListSchema(ma.Schema):
    """Days of the office's calendar."""

    items = fields.List(fields.Nested(WorkDaySchema))


class OfficeDaySchema(Strict):
    """A day of the office's own: closed, open, or (``works`` null) as the calendar has it."""

    day = fields.Date(required=True)
    works = fields.Boolean(required=True, allow_none=True)
    name = fields.String(load_default="", validate=_NAME)


class LiaisonSchema(Strict):
    """A liaison, the unit and the deputy; ``gone`` takes the person off the list."""

    username = fields.String(required=True, validate=validate.Length(min=1, max=50))
    unit = fields.String(load_default="", validate=_NAME)
    deputy = fields.String(load_default="", validate=_NAME)
    gone = fields.Boolean(load_default=False, load_only=True)


class LiaisonListSchema(ma.Schema):
    """The liaisons by user name."""

    items = fields.List(fields.Nested(LiaisonSchema))


class NewLeaveSchema(Strict):
    """Days on which a person is away, both included."""

    username = fields.String(required=True, validate=validate.Length(min=1, max=50))
    first_day = fields.Date(required=True)
    last_day = fields.Date(required=True)


class LeaveSchema(NewLeaveSchema):
    """A leave as it is kept."""

    id = fields.UUID()


class LeaveListSchema(ma.Schema):
    """Leaves that are not over."""

    items = fields.List(fields.Nested(LeaveSchema))


class HandlingAlertSchema(ma.Schema):
    """Something the desk has to look at."""

    id = fields.UUID()
    kind = fields.String()
    case = fields.String()
    subject = fields.String()
    for_user = fields.String()
    data = fields.Dict(keys=fields.String())
    raised_at = fields.AwareDateTime()


class AlertListSchema(ma.Schema):
    """What nobody has seen to yet, newest first, at most 200."""

    items = fields.List(fields.Nested(HandlingAlertSchema))


class VisitRowSchema(ma.Schema):
    """A look on the spot in the report."""

    case = fields.String()
    visited_at = fields.AwareDateTime()
    place = fields.String()
    people = fields.List(fields.String())


class VisitReportSchema(ma.Schema):
    """How many looks on the spot there were, and the newest 100."""

    count = fields.Integer()
    items = fields.List(fields.Nested(VisitRowSchema))
