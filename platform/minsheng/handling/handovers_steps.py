"""The steps of a handover: the custody chain that both sides see the same."""

import uuid
from datetime import datetime
from typing import Any

from minsheng.handling.handover_models import (
    ACCEPTED,
    ANSWERED,
    JOINED,
    RECALLED,
    RECEIVED,
    RETURNED,
    SENT,
    Handover,
)

CORRECTED = "corrected"
"""A later answer that replaces the first one (更正)."""
KINDS = (SENT, RECEIVED, JOINED, ACCEPTED, RETURNED, ANSWERED, CORRECTED, RECALLED)
_BY_SENDER = frozenset({SENT, RECALLED})
_TIMES = {
    RECEIVED: "received_at",
    JOINED: "joined_at",
    ACCEPTED: "accepted_at",
    RETURNED: "returned_at",
    ANSWERED: "answered_at",
    CORRECTED: "answered_at",
    RECALLED: "recalled_at",
}


def step_of(handover: Handover, kind: str, at: datetime) -> dict[str, Any]:
    """A step as it is kept: who (code and name) to whom, in which handover and role, when."""
    sender = kind in _BY_SENDER
    return {
        "kind": kind,
        "at": at.isoformat(),
        "office": handover.from_code if sender else handover.to_code,
        "name": handover.from_name if sender else handover.to_name,
        "to": handover.to_code if sender else handover.from_code,
        "to_name": handover.to_name if sender else handover.from_name,
        "role": handover.role,
        "leg": str(handover.id),
    }


def take_step(handover: Handover, kind: str, at: datetime) -> None:
    """Write a step of this handover: the chain, its time and, where it changes, the state.

    To be joined after it was accepted changes no state, nor does a corrected answer.
    """
    handover.steps = [*handover.steps, step_of(handover, kind, at)]
    setattr(handover, _TIMES[kind], at)
    handover.version += 1
    if kind == CORRECTED or (kind == JOINED and handover.state != RECEIVED):
        return
    handover.state = kind


def missing_steps(handover: Handover, told: list[Any]) -> list[dict[str, Any]]:
    """Those of a handover's steps that ``told`` does not hold yet, in order."""
    known = {_key(step) for step in told}
    return [step for step in handover.steps if _key(step) not in known]


def own_step(step: dict[str, Any], handover_id: uuid.UUID) -> bool:
    """Whether a step was taken in this handover, not in one above or further down."""
    return bool(step["leg"] == str(handover_id))


def _key(step: dict[str, Any]) -> tuple[str, str, str]:
    return step["leg"], step["kind"], step["at"]
