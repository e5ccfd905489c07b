"""The verbs of crossings: what faces, command line and the room of handovers may ask of it."""

from minsheng.crossings.answers import (
    SETTLE,
    AgreedCrossing,
    agree,
    agreed_crossing,
    decline,
    mark_handed_over,
)
from minsheng.crossings.choices import WaitingChoice, choose_lead, waiting_choices
from minsheng.crossings.errors import (
    CrossingConflict,
    CrossingError,
    CrossingNotFound,
    KeyRingUnfit,
    LeadInvalid,
)
from minsheng.crossings.lead import lead_rules, set_lead_rules
from minsheng.crossings.models import BANDS, RULES, STATES
from minsheng.crossings.views import HintPage, HintView, OtherBody, count_hints, list_crossings
from minsheng.crossings.work import RECODE, rotate_keys

__all__ = [
    "BANDS",
    "RECODE",
    "RULES",
    "SETTLE",
    "STATES",
    "AgreedCrossing",
    "CrossingConflict",
    "CrossingError",
    "CrossingNotFound",
    "HintPage",
    "HintView",
    "KeyRingUnfit",
    "LeadInvalid",
    "OtherBody",
    "WaitingChoice",
    "agree",
    "agreed_crossing",
    "choose_lead",
    "count_hints",
    "decline",
    "lead_rules",
    "list_crossings",
    "mark_handed_over",
    "rotate_keys",
    "set_lead_rules",
    "waiting_choices",
]
