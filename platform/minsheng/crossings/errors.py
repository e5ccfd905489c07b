"""What can be wrong with a wish about crossings.

CrossingError
├── CrossingNotFound    no crossing of this id that the viewer may see
├── CrossingConflict    the crossing is not in a state that allows it; the message says what to do
├── LeadInvalid         rules or a choice that cannot be; ``field`` names what to change
└── KeyRingUnfit        the file of provincial keys is unreadable or open to others
"""


class CrossingError(Exception):
    """The base of what this room raises on purpose."""


class CrossingNotFound(CrossingError):
    """The office has no crossing of this id that the viewer may see."""


class CrossingConflict(CrossingError):
    """The crossing is not in a state that allows it."""


class LeadInvalid(CrossingError):
    """Who leads cannot be decided like this; ``field`` names what to change."""

    def __init__(self, field: str, message: str) -> None:
        """``message`` says what to give."""
        super().__init__(message)
        self.field = field


class KeyRingUnfit(CrossingError):
    """The file of provincial keys cannot be used."""
