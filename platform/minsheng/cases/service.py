"""The verbs of cases: what faces and command line may ask of this room."""

from minsheng.cases.citizens import (
    LONGEST_WORDS,
    PURPOSES,
    Purpose,
    mark_confidential,
    reveal_citizen,
    unmark_confidential,
)
from minsheng.cases.errors import (
    CaseConflict,
    CaseError,
    CaseNotFound,
    FindingNotFound,
    MessageNotFound,
    MessageNotInCase,
    PurposeInvalid,
    ReasonMissing,
    RevealRefused,
    RouteRefused,
    SaidNotSame,
)
from minsheng.cases.events import EventView
from minsheng.cases.findings import OUTCOMES, Answered, answer_finding
from minsheng.cases.ledger import Wish, find_case, merge, split, unmerge
from minsheng.cases.marks import complained_of
from minsheng.cases.offices import Complained
from minsheng.cases.queue import (
    COUNT_UP_TO,
    VIEWS,
    QueuePage,
    QueueQuery,
    QueueRow,
    QueueWishInvalid,
    queue_page,
    view_counts,
)
from minsheng.cases.secrecy import (
    demand_route,
    mark_complained,
    may_see_case,
    routes_allowed,
    unmark_complained,
)
from minsheng.cases.sight import PLAIN, Sight
from minsheng.cases.similar import Similar, similar_to
from minsheng.cases.standing import Changes, Stage, Standing, place_case, standing_of
from minsheng.cases.view import (
    CaseView,
    Join,
    MessageView,
    case_number_of,
    case_view,
)

__all__ = [
    "COUNT_UP_TO",
    "LONGEST_WORDS",
    "OUTCOMES",
    "PLAIN",
    "PURPOSES",
    "VIEWS",
    "Answered",
    "CaseConflict",
    "CaseError",
    "CaseNotFound",
    "CaseView",
    "Changes",
    "Complained",
    "EventView",
    "FindingNotFound",
    "Join",
    "MessageNotFound",
    "MessageNotInCase",
    "MessageView",
    "Purpose",
    "PurposeInvalid",
    "QueuePage",
    "QueueQuery",
    "QueueRow",
    "QueueWishInvalid",
    "ReasonMissing",
    "RevealRefused",
    "RouteRefused",
    "SaidNotSame",
    "Sight",
    "Similar",
    "Stage",
    "Standing",
    "Wish",
    "answer_finding",
    "case_number_of",
    "case_view",
    "complained_of",
    "demand_route",
    "find_case",
    "mark_complained",
    "mark_confidential",
    "may_see_case",
    "merge",
    "place_case",
    "queue_page",
    "reveal_citizen",
    "routes_allowed",
    "similar_to",
    "split",
    "standing_of",
    "unmark_complained",
    "unmark_confidential",
    "unmerge",
    "view_counts",
]
