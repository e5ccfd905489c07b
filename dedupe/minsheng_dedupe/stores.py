"""What a store must do, and the one in memory."""

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from .features import Features

Entry = tuple[Features, tuple[int, ...]]
Postings = Mapping[int, Sequence[str]]
"""By code: the messages it points at."""


class Store(Protocol):
    """Set-based access to one tenant's records: a few calls for any number of messages."""

    def known(self, message_ids: Collection[str]) -> set[str]:
        """Which of these are stored already."""

    def postings(self, codes: Collection[int]) -> Postings:
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
        # Numbers in arrays and names in tuples: what holds no other object costs the collector
        # of garbage nothing, and there are a hundred of them a message.
        self._entries: dict[str, tuple[Features, array[int]]] = {}
        self._postings: dict[int, tuple[str, ...]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def known(self, message_ids: Collection[str]) -> set[str]:
        """Which of these are stored already."""
        return {i for i in message_ids if i in self._entries}

    def postings(self, codes: Collection[int]) -> Postings:
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
            message_id, postings = features.message_id, self._postings
            self._entries[message_id] = features, array("q", codes)
            for code in codes:
                postings[code] = (*postings.get(code, ()), message_id)

    def remove(self, message_ids: Iterable[str]) -> None:
        """Forget these messages and every code that points at them; unknown ones are ignored."""
        for message_id in message_ids:
            _, codes = self._entries.pop(message_id, (None, _NONE))
            for code in codes:
                left = tuple(o for o in self._postings.pop(code) if o != message_id)
                if left:
                    self._postings[code] = left


_NONE = array("q")
