"""The one clock. Nothing else in the service asks the machine for the time of day."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Something that knows the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class SetClock:
    """A clock that stands still until it is moved, for tests."""

    def __init__(self, at: datetime) -> None:
        """``at`` is aware."""
        self._at = at

    def now(self) -> datetime:
        """The moment the clock was set to."""
        return self._at

    def move(self, by: timedelta) -> None:
        """Move the clock forwards or back."""
        self._at += by
