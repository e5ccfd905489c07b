"""How an office handles: flows, classes, its calendar, liaisons, leaves, alerts, visits."""

import uuid
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from minsheng.faces.api import flow_schemas as shapes
from minsheng.faces.api.desk import actor, office_session, sight, tools
from minsheng.faces.api.handling_schemas import FlowSchema
from minsheng.faces.oauth import require_scope
from minsheng.faces.problems import ProblemBlueprint
from minsheng.handling import service as verbs
from minsheng.handling.calendar import OwnDay
from minsheng.handling.deadlines import CHINA, Hours

blueprint = ProblemBlueprint("flows", __name__, description="How the office handles cases")
Said = dict[str, Any]


@blueprint.get("/flows")
@require_scope("cases:read")
@blueprint.response(200, shapes.FlowListSchema)
def show_flows() -> Said:
    """The flows of the office, then the templates it may choose from."""
    with office_session() as session:
        return {"chosen": verbs.ways_of(session).flow, "items": verbs.list_flows(session)}


@blueprint.post("/flows/<code>")
@require_scope("flows:write")
@blueprint.arguments(shapes.NewFlowSchema)
@blueprint.response(200, FlowSchema)
def change_flow(said: Said, code: str) -> Any:  # noqa: ANN401  a record
    """Write a new version of a flow, or a flow of a new code; cases under way keep theirs."""
    with office_session() as session:
        return verbs.change_flow(session, tools(), actor(), code, said["name"], said["steps"])


@blueprint.get("/handling-settings")
@require_scope("cases:read")
@blueprint.response(200, shapes.WaysSchema)
def show_ways() -> Said:
    """The flow that new cases follow, the office's hours, and the time to claim a case."""
    with office_session() as session:
        return _told(verbs.ways_of(session))


@blueprint.post("/handling-settings")
@require_scope("flows:write")
@blueprint.arguments(shapes.WaysSchema)
@blueprint.response(200, shapes.WaysSchema)
def choose_ways(said: Said) -> Said:
    """Choose a flow for new cases; what is left out stays as it is."""
    given = {name: value for name, value in said.items() if value is not None}
    with office_session() as session:
        before = verbs.ways_of(session)
        hours = Hours(
            given.pop("opens", before.hours.opens), given.pop("closes", before.hours.closes)
        )
        wished = replace(before, hours=hours, **given)
        return _told(verbs.choose_ways(session, tools(), actor(), wished))


@blueprint.get("/grades")
@require_scope("cases:read")
@blueprint.response(200, shapes.GradeListSchema)
def show_grades() -> Said:
    """The deadline classes of the office."""
    with office_session() as session:
        return {"items": list(verbs.grades_of(session).values())}


@blueprint.post("/grades")
@require_scope("flows:write")
@blueprint.arguments(shapes.OfficeGradeSchema)
@blueprint.response(200, shapes.OfficeGradeSchema)
def set_grade(said: Said) -> Any:  # noqa: ANN401  a record
    """Add or change a deadline class; open cases of it are counted anew."""
    with office_session() as session:
        return verbs.set_grade_of_office(session, tools(), actor(), verbs.GradeOf(**said))


@blueprint.get("/calendar")
@require_scope("cases:read")
@blueprint.arguments(shapes.DayQuerySchema, location="query")
@blueprint.response(200, shapes.DayListSchema)
def show_calendar(asked: Said) -> Said:
    """Days of the office's calendar: which are worked, by which rule, and if that is a guess."""
    with office_session() as session:
        calendar = verbs.calendar_of(session)
    many = (asked["until"] - asked["since"]).days + 1
    return {"items": [calendar.kind_of(asked["since"] + timedelta(days=n)) for n in range(many)]}


@blueprint.post("/calendar")
@require_scope("flows:write")
@blueprint.arguments(shapes.OfficeDaySchema)
@blueprint.response(204)
def set_day(said: Said) -> None:
    """Close the office on a day or open it; open deadlines are counted anew."""
    own = None if said["works"] is None else OwnDay(said["works"], said["name"])
    with office_session() as session:
        verbs.set_office_day(session, tools(), actor(), said["day"], own)


@blueprint.get("/liaisons")
@require_scope("cases:read")
@blueprint.response(200, shapes.LiaisonListSchema)
def show_liaisons() -> Said:
    """Who takes cases in for which unit, and who stands in."""
    with office_session() as session:
        return {"items": verbs.list_liaisons(session)}


@blueprint.post("/liaisons")
@require_scope("flows:write")
@blueprint.arguments(shapes.LiaisonSchema)
@blueprint.response(200, shapes.LiaisonListSchema)
def set_liaison(said: Said) -> Said:
    """Name a liaison with a deputy, or take one off the list."""
    with office_session() as session:
        if said.pop("gone"):
            verbs.drop_liaison(session, tools(), actor(), said["username"])
        else:
            verbs.set_liaison(session, tools(), actor(), **said)
        return {"items": verbs.list_liaisons(session)}


@blueprint.get("/leaves")
@require_scope("users:read")
@blueprint.response(200, shapes.LeaveListSchema)
def show_leaves() -> Said:
    """Who is or will be away."""
    today = tools().clock.now().astimezone(CHINA).date()
    with office_session() as session:
        return {"items": verbs.list_leaves(session, today)}


@blueprint.post("/leaves")
@require_scope("flows:write")
@blueprint.arguments(shapes.NewLeaveSchema)
@blueprint.response(200, shapes.LeaveSchema)
def set_leave(said: Said) -> Any:  # noqa: ANN401  a record
    """Note a leave; the same one twice is one."""
    first, last = said["first_day"], said["last_day"]
    with office_session() as session:
        return verbs.set_leave(session, tools(), actor(), said["username"], first, last)


@blueprint.post("/leaves/<uuid:leave>/drop")
@require_scope("flows:write")
@blueprint.response(204)
def drop_leave(leave: uuid.UUID) -> None:
    """Forget a leave."""
    with office_session() as session:
        verbs.drop_leave(session, tools(), actor(), leave)


@blueprint.get("/alerts")
@require_scope("cases:read")
@blueprint.response(200, shapes.AlertListSchema)
def show_alerts() -> Said:
    """What the desk has to look at and nobody has seen to yet."""
    with office_session() as session:
        return {"items": verbs.list_alerts(session, sight())}


@blueprint.post("/alerts/<uuid:alert>/seen")
@require_scope("cases:handle")
@blueprint.response(204)
def see_alert(alert: uuid.UUID) -> None:
    """Note that somebody has seen to it."""
    with office_session() as session:
        verbs.see_alert(session, tools(), actor(), alert, sight())


@blueprint.get("/visits")
@require_scope("cases:read")
@blueprint.arguments(shapes.DayQuerySchema, location="query")
@blueprint.response(200, shapes.VisitReportSchema)
def show_visits(asked: Said) -> Said:
    """How many looks on the spot there were in a time, and the newest 100."""
    since = datetime.combine(asked["since"], time(), CHINA)
    until = datetime.combine(asked["until"], time(), CHINA) + timedelta(days=1)
    with office_session() as session:
        found = verbs.visit_report(session, since, until, sight())
        items = [
            {"case": number, "visited_at": v.visited_at, "place": v.place, "people": v.people}
            for number, v in found.visits
        ]
        return {"count": found.count, "items": items}


def _told(ways: verbs.Ways) -> Said:
    return {
        "flow": ways.flow,
        "opens": ways.hours.opens,
        "closes": ways.hours.closes,
        "claim_minutes": ways.claim_minutes,
        "two_people": ways.two_people,
    }
