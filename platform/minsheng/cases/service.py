"""The verbs of cases: what faces and command line may ask of this room."""

from minsheng.cases.errors import (
    CaseConflict,
    CaseError,
    CaseNotFound,
    FindingNotFound,
    MessageNotInCase,
    SaidNotSame,
)
from minsheng.cases.findings import OUTCOMES, Answered, answer_finding
from minsheng.cases.ledger import Wish, find_case, merge, split, unmerge
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
from minsheng.cases.view import (
    CaseView,
    EventView,
    Join,
    MessageView,
    Similar,
    case_number_of,
    case_view,
    similar_to,
)

__all__ = [
    "COUNT_UP_TO",
    "OUTCOMES",
    "VIEWS",
    "Answered",
    "CaseConflict",
    "CaseError",
    "CaseNotFound",
    "CaseView",
    "EventView",
    "FindingNotFound",
    "Join",
    "MessageNotInCase",
    "MessageView",
    "QueuePage",
    "QueueQuery",
    "QueueRow",
    "QueueWishInvalid",
    "SaidNotSame",
    "Similar",
    "Wish",
    "answer_finding",
    "case_number_of",
    "case_view",
    "find_case",
    "merge",
    "queue_page",
    "similar_to",
    "split",
    "unmerge",
    "view_counts",
]
