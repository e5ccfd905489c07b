"""The verbs of handling: what faces, command line and the rooms above may ask of this room."""

from minsheng.handling.alerts import AlertView, list_alerts, see_alert
from minsheng.handling.callbacks import call_back_recorded, record_call_back
from minsheng.handling.claims import assign, claim, release
from minsheng.handling.closing import close, mark_exempt, reopen
from minsheng.handling.custody import (
    Custody,
    HandoverPage,
    HandoverView,
    StepView,
    answer_of,
    custody_of,
    list_handovers,
    show_handover,
)
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
from minsheng.handling.handover_models import Handover
from minsheng.handling.handovers import (
    accept_handover,
    answer_handover,
    recall_handover,
    return_handover,
)
from minsheng.handling.handovers_content import Answer
from minsheng.handling.handovers_dispatch import dispatch, dispatch_many
from minsheng.handling.handovers_errors import (
    BodyOutOfReach,
    HandoverConflict,
    HandoverNotFound,
    InstructionNotFound,
    OrderInvalid,
)
from minsheng.handling.handovers_orders import Order
from minsheng.handling.handovers_places import cases_of_handover, incoming_of, outgoing_of
from minsheng.handling.instructions import (
    InstructionCounts,
    InstructionView,
    finish_instruction,
    follow_up,
    instruction_counts,
    instructions_of,
    sign_instruction,
)
from minsheng.handling.instructions_inbox import (
    LeaderPage,
    LeaderRow,
    LeaderWish,
    leader_inbox,
    mark_for_leader,
)
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
    "Answer",
    "BodyOutOfReach",
    "CloseRefused",
    "Custody",
    "FlowPlan",
    "GradeOf",
    "HandlingConflict",
    "HandlingError",
    "HandlingInvalid",
    "HandlingNotFound",
    "HandlingStale",
    "HandlingView",
    "Handover",
    "HandoverConflict",
    "HandoverNotFound",
    "HandoverPage",
    "HandoverView",
    "InstructionCounts",
    "InstructionNotFound",
    "InstructionView",
    "LeaderPage",
    "LeaderRow",
    "LeaderWish",
    "Order",
    "OrderInvalid",
    "Orphan",
    "PersonUnfit",
    "PhotoRefused",
    "ReasonNeeded",
    "SamePerson",
    "Step",
    "StepView",
    "Ways",
    "accept_handover",
    "add_demands",
    "add_photo",
    "advance",
    "answer_demand",
    "answer_handover",
    "answer_of",
    "ask_extension",
    "assign",
    "calendar_of",
    "call_back_recorded",
    "cases_of_handover",
    "change_flow",
    "choose_ways",
    "claim",
    "close",
    "commit",
    "custody_of",
    "deadline_view",
    "decide_extension",
    "dispatch",
    "dispatch_many",
    "drop_leave",
    "drop_liaison",
    "find_flow",
    "finish_instruction",
    "follow_up",
    "grades_of",
    "handling_view",
    "incoming_of",
    "instruction_counts",
    "instructions_of",
    "land",
    "leader_inbox",
    "list_alerts",
    "list_flows",
    "list_handovers",
    "list_leaves",
    "list_liaisons",
    "mark_exempt",
    "mark_for_leader",
    "open_photo",
    "orphans",
    "outgoing_of",
    "pause",
    "promise_of",
    "propose_demands",
    "propose_for",
    "publish_year",
    "reasons_against",
    "recall_handover",
    "record_call_back",
    "record_contact",
    "record_visit",
    "release",
    "reopen",
    "resume",
    "return_handover",
    "review",
    "see_alert",
    "send_back",
    "set_deadline",
    "set_grade",
    "set_grade_of_office",
    "set_leave",
    "set_liaison",
    "set_office_day",
    "show_handover",
    "sign_instruction",
    "templates",
    "visit_report",
    "ways_of",
    "withdraw",
]
