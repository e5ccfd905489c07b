"""The verbs of handling: what faces, command line and the rooms above may ask of this room."""

from minsheng.handling.alerts import AlertView, list_alerts, see_alert
from minsheng.handling.callbacks import call_back_recorded, record_call_back
from minsheng.handling.claims import assign, claim, release
from minsheng.handling.closing import close, mark_exempt, reopen
from minsheng.handling.demands import add_demands, answer_demand, propose_demands, propose_for
from minsheng.handling.errors import (
    CloseRefused,
    HandlingConflict,
    HandlingError,
    HandlingInvalid,
    HandlingNotFound,
    HandlingStale,
    PersonUnfit,
    PhotoRefused,
    ReasonNeeded,
    SamePerson,
)
from minsheng.handling.extensions import (
    ask_extension,
    decide_extension,
    set_deadline,
    set_grade,
)
from minsheng.handling.flows import FlowPlan, Step, change_flow, find_flow, list_flows, templates
from minsheng.handling.guards import GUARDS, reasons_against
from minsheng.handling.integrity import Orphan, orphans
from minsheng.handling.office import (
    GradeOf,
    Ways,
    calendar_of,
    choose_ways,
    grades_of,
    publish_year,
    set_grade_of_office,
    set_office_day,
    ways_of,
)
from minsheng.handling.people import (
    drop_leave,
    drop_liaison,
    list_leaves,
    list_liaisons,
    set_leave,
    set_liaison,
)
from minsheng.handling.promises import PROMISE_KEPT, commit, land, promise_of, withdraw
from minsheng.handling.record import HandlingView, deadline_view, handling_view
from minsheng.handling.steps import advance, review, send_back
from minsheng.handling.visits import (
    add_photo,
    open_photo,
    record_contact,
    record_visit,
    visit_report,
)
from minsheng.handling.waiting import pause, resume

__all__ = [
    "GUARDS",
    "PROMISE_KEPT",
    "AlertView",
    "CloseRefused",
    "FlowPlan",
    "GradeOf",
    "HandlingConflict",
    "HandlingError",
    "HandlingInvalid",
    "HandlingNotFound",
    "HandlingStale",
    "HandlingView",
    "Orphan",
    "PersonUnfit",
    "PhotoRefused",
    "ReasonNeeded",
    "SamePerson",
    "Step",
    "Ways",
    "add_demands",
    "add_photo",
    "advance",
    "answer_demand",
    "ask_extension",
    "assign",
    "calendar_of",
    "call_back_recorded",
    "change_flow",
    "choose_ways",
    "claim",
    "close",
    "commit",
    "deadline_view",
    "decide_extension",
    "drop_leave",
    "drop_liaison",
    "find_flow",
    "grades_of",
    "handling_view",
    "land",
    "list_alerts",
    "list_flows",
    "list_leaves",
    "list_liaisons",
    "mark_exempt",
    "open_photo",
    "orphans",
    "pause",
    "promise_of",
    "propose_demands",
    "propose_for",
    "publish_year",
    "reasons_against",
    "record_call_back",
    "record_contact",
    "record_visit",
    "release",
    "reopen",
    "resume",
    "review",
    "see_alert",
    "send_back",
    "set_deadline",
    "set_grade",
    "set_grade_of_office",
    "set_leave",
    "set_liaison",
    "set_office_day",
    "templates",
    "visit_report",
    "ways_of",
    "withdraw",
]
