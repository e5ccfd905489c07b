"""What can be wrong with a wish about cases.

CaseError
├── CaseNotFound       the office has no case of this number
├── FindingNotFound    the office has no open finding of this number
├── MessageNotInCase   the message does not stand in this case
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
