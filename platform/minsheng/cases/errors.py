"""What can be wrong with a wish about cases.

CaseError
├── CaseNotFound       the office has no case of this number
├── FindingNotFound    the office has no open finding of this number
├── MessageNotInCase   the message does not stand in this case
├── MessageNotFound    the office has no message of this id in the viewer's sight
├── PurposeInvalid     a look at a contact needs a purpose of the list
├── MatchingInvalid    the matching cannot be set or asked like this
├── ReasonMissing      a protection is taken away with a reason only
├── RevealRefused      the citizen asked for secrecy, and the viewer is none of those who may know
├── RouteRefused       the case complains of the office it was to go to
└── CaseConflict       the case is not in a state that allows it; the message says what to do
    └── SaidNotSame    a person has said that these are not the same matter
"""


class CaseError(Exception):
    """The base of what this room raises on purpose."""


class CaseNotFound(CaseError):
    """The office has no case of this number."""


class FindingNotFound(CaseError):
    """The office has no open finding of this number."""


class MessageNotInCase(CaseError):
    """The message does not stand in this case."""


class CaseConflict(CaseError):
    """The case is not in a state that allows it."""


class SaidNotSame(CaseConflict):
    """A person has said before that these are not the same matter."""


class MessageNotFound(CaseError):
    """The office has no message of this id that the viewer may see."""


class PurposeInvalid(CaseError):
    """A look at a contact needs a purpose of the list; ``field`` names what to change."""

    def __init__(self, field: str, message: str) -> None:
        """``message`` says what to give."""
        super().__init__(message)
        self.field = field


class MatchingInvalid(CaseError):
    """Matching cannot be set, or asked of, like this; ``field`` names what to change."""

    def __init__(self, field: str, message: str) -> None:
        """``message`` says what to give."""
        super().__init__(message)
        self.field = field


class ReasonMissing(CaseError):
    """The change takes a protection away, so it needs a reason."""

    field = "reason"


class RevealRefused(CaseError):
    """The citizen asked for secrecy, and the viewer is not one of those who may know."""


class RouteRefused(CaseError):
    """The case may not go to this office; the words say by which rule."""
