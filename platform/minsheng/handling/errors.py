"""What can be wrong with a wish about the handling of a case.

HandlingError
├── HandlingInvalid    a value cannot be used; ``field`` names what to change
│   ├── ReasonNeeded   the change needs a reason in words
│   ├── PersonUnfit    this person may not do it: role, leave or account
│   └── PhotoRefused   the bytes are no picture that is taken, or too many
├── HandlingNotFound   the case has no such demand, promise, visit, extension …
├── HandlingStale      somebody changed the case since it was read
├── HandlingConflict   the case is not where this can be done; the words say what to do
│   └── CloseRefused   the case may not be closed yet; ``reasons`` says why, each in words
└── SamePerson         another person has to do it (who handled may not check)
"""

from collections.abc import Sequence


class HandlingError(Exception):
    """The base of what this room raises on purpose."""


class HandlingInvalid(HandlingError):
    """A value cannot be used; ``field`` names what to change."""

    def __init__(self, field: str, message: str) -> None:
        """``message`` says what to use instead."""
        super().__init__(message)
        self.field = field


class ReasonNeeded(HandlingInvalid):
    """The change needs a reason in words."""


class PersonUnfit(HandlingInvalid):
    """This person may not do it."""


class PhotoRefused(HandlingInvalid):
    """The bytes are no picture that is taken here."""


class HandlingNotFound(HandlingError):
    """The case has nothing of this number or id."""


class HandlingStale(HandlingError):
    """Somebody changed the case since it was read."""


class HandlingConflict(HandlingError):
    """The case is not where this can be done."""


class CloseRefused(HandlingConflict):
    """The case may not be closed yet."""

    def __init__(self, reasons: Sequence[str]) -> None:
        """``reasons`` are the words of every guard that stands in the way."""
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


class SamePerson(HandlingError):
    """Who handled a case may not check it: another person has to."""
