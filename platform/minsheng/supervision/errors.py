"""What can be wrong with a wish for figures."""


class FiguresInvalid(Exception):
    """The figures cannot be given like this; ``field`` names what to change."""

    def __init__(self, field: str, message: str) -> None:
        """``message`` says what to ask for instead."""
        super().__init__(message)
        self.field = field
