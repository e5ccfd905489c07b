"""``/metrics``: the figures of the office and of the bodies below it, from facts."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from minsheng.faces.api.desk import office_session, tools
from minsheng.faces.api.schemas import Strict
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint
from minsheng.supervision.service import Figures, FiguresWish, figures_of

blueprint = ProblemBlueprint("metrics", __name__, description="Figures of the tree of bodies")


class FiguresQuerySchema(Strict):
    """Whose figures, over which days."""

    office = fields.String(load_default="", validate=validate.Length(max=40))
    since = fields.Date(load_default=None, metadata={"description": "first day, in China"})
    until = fields.Date(load_default=None, metadata={"description": "last day; today by default"})


class CountsSchema(ma.Schema):
    """One body's counts; null = between one and four, which are not said of others."""

    messages = fields.Integer(allow_none=True)
    cases = fields.Integer(allow_none=True)
    joined = fields.Integer(allow_none=True)
    closed = fields.Integer(allow_none=True)
    late = fields.Integer(allow_none=True)
    open = fields.Integer(allow_none=True)
    overdue = fields.Integer(allow_none=True)


class OfficeFiguresSchema(ma.Schema):
    """A body with everything below it; ``itself`` = its own part only."""

    code = fields.String()
    name = fields.String()
    kind = fields.String()
    itself = fields.Boolean()
    counts = fields.Nested(CountsSchema)


class ChannelFigureSchema(ma.Schema):
    """Messages that came by one kind of channel."""

    plugin = fields.String()
    messages = fields.Integer(allow_none=True)


class FiguresSchema(ma.Schema):
    """Figures with the window they are of and the day they were asked on.

    Flows (messages, cases, joined, closed, late) lie in the window; open and overdue are of today.
    """

    since = fields.Date()
    until = fields.Date()
    today = fields.Date()
    office = fields.Nested(OfficeFiguresSchema)
    offices = fields.List(fields.Nested(OfficeFiguresSchema))
    open_ages = fields.List(fields.Integer(allow_none=True))
    late_ages = fields.List(fields.Integer(allow_none=True))
    channels = fields.List(fields.Nested(ChannelFigureSchema))


@blueprint.get("/metrics")
@require_scope("facts:read")
@blueprint.arguments(FiguresQuerySchema, location="query")
@blueprint.response(200, FiguresSchema)
def get_metrics(wish: dict[str, Any]) -> dict[str, Any]:
    """Messages, cases, duplicates joined, open and overdue, for each body directly below."""
    with office_session() as session:
        return shown_figures(figures_of(session, tools(), FiguresWish(**wish)))


def shown_figures(figures: Figures) -> dict[str, Any]:
    """Figures as FiguresSchema dumps them."""
    channels = [{"plugin": name, "messages": count} for name, count in figures.channels.items()]
    return {
        "since": figures.since,
        "until": figures.until,
        "today": figures.today,
        "office": figures.office,
        "offices": figures.lines,
        "open_ages": figures.open_ages,
        "late_ages": figures.late_ages,
        "channels": channels,
    }
