"""What a store must do, and the one in memory."""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from .features import Features

Entry = tuple[Features, tuple[int, ...]]


class Store(Protocol):
    """Set-based access to one tenant's records: a few calls for any number of messages."""

    def known(self, message_ids: Collection[str]) -> set[str]:
        """Which of these are stored already."""

    def postings(self, codes: Collection[int]) -> dict[int, list[str]]:
        """The stored messages each code points at; codes without any are left out."""

    def load(self, message_ids: Collection[str]) -> dict[str, Features]:
        """The features of these messages; unknown ones are left out."""

    def save(self, entries: Sequence[Entry]) -> None:
        """Store messages with the codes that point at them; one that is stored already is left as
        it is."""

    def remove(self, message_ids: Collection[str]) -> None:
        """Forget these messages and every code that points at them; unknown ones are ignored."""


class MemoryStore:
    """A store in this process, for tests, benchmarks and use without a database."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._postings: dict[int, list[str]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def known(self, message_ids: Collection[str]) -> set[str]:
        """Which of these are stored already."""
        return {i for i in message_ids if i in self._entries}

    def postings(self, codes: Collection[int]) -> dict[int, list[str]]:
        """The stored messages each code points at; codes without any are left out."""
        postings = self._postings
        return {code: postings[code] for code in codes if code in postings}

    def load(self, message_ids: Collection[str]) -> dict[str, Features]:
        """The features of these messages; unknown ones are left out."""
        return {i: self._entries[i][0] for i in message_ids if i in self._entries}

    def save(self, entries: Sequence[Entry]) -> None:
        """Store messages with the codes that point at them; one that is stored already is left as
        it is."""
        for features, codes in entries:
            if features.message_id in self._entries:
                continue
            self._entries[features.message_id] = (features, codes)
            for code in codes:
                # A list that was handed out is never changed: callers may keep it.
                self._postings[code] = [*self._postings.get(code, ()), features.message_id]

    def remove(self, message_ids: Iterable[str]) -> None:
        """Forget these messages and every code that points at them; unknown ones are ignored."""
        for message_id in message_ids:
            _, codes = self._entries.pop(message_id, (None, ()))
            for code in codes:
                left = [other for other in self._postings.pop(code) if other != message_id]
                if left:
                    self._postings[code] = left
