"""Words that the verbs of handovers share."""

from typing import Any

from minsheng.cases.service import Wish
from minsheng.handling.errors import ReasonNeeded
from minsheng.handling.handover_models import Handover

CARRY = "handover"
"""The kind of work that tells the other side of a handover what this side did."""
PLACED = "handover_placed"
"""The kind of work that looks where the message of a handover was matched to."""
ONWARD = "handover_onward"
"""The kind of work that reports the steps of a handover to those above."""
LONGEST_REASON = 1000


def demand_reason(wish: Wish, message: str) -> str:
    """The wish's reason; raises ReasonNeeded, with ``message`` where there is none."""
    reason = wish.reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        words = f"a reason has at most {LONGEST_REASON} characters" if reason else message
        raise ReasonNeeded("reason", words)
    return reason


def named(handover: Handover, *, sender: bool) -> dict[str, Any]:
    """How the timeline of a side's case speaks of a handover: by the other side."""
    code, name = handover.from_code, handover.from_name
    if sender:
        code, name = handover.to_code, handover.to_name
    return {"handover": str(handover.id), "office": code, "name": name}
