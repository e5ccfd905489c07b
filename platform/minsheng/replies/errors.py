"""What can be wrong with a wish about replies and deliveries.

ReplyError
├── ReplyNotFound         the office has no reply (template, document, delivery) of this id
├── ReplyInvalid          it cannot be like this; ``field`` names what to change
│   └── VariableUndefined the text names a variable that has no value
├── TwoPeople             who wrote it may not approve it
└── ReplyConflict         the reply is not in a state that allows it; says what to do
    ├── VersionStale      somebody changed it meanwhile; both versions stand in ``members``
    ├── AnsweredAlready   the case has its official answer: both texts and the winner
    └── AnsweredOtherwise the topic was answered otherwise: to be acknowledged, both texts
"""

from collections.abc import Mapping
from typing import Any


class ReplyError(Exception):
    """The base of what this room raises on purpose.

    ``members`` are further members of the problem document: plain JSON values.
    """

    def __init__(self, message: str, members: Mapping[str, Any] | None = None) -> None:
        """``message`` says what to do."""
        super().__init__(message)
        self.members: Mapping[str, Any] = members or {}


class ReplyNotFound(ReplyError):
    """The office has no reply, template, document or delivery of this id in the viewer's sight."""


class ReplyInvalid(ReplyError):
    """A reply cannot be like this."""

    def __init__(self, field: str, message: str) -> None:
        """``field`` names what to change, ``message`` says how."""
        super().__init__(message)
        self.field = field


class VariableUndefined(ReplyInvalid):
    """The text names a variable of a template that has no value."""


class TwoPeople(ReplyError):
    """Another person has to approve."""


class ReplyConflict(ReplyError):
    """The reply, its case or the delivery is not in a state that allows this."""


class VersionStale(ReplyConflict):
    """Somebody changed the reply since it was read."""


class AnsweredAlready(ReplyConflict):
    """The case, one joined with it or a handover of it has its official answer in this round."""


class AnsweredOtherwise(ReplyConflict):
    """The same topic was answered with other dates, amounts or yes and no."""
