"""The provincial keys: a file of their own beside the master key, opened by the match service only.

A zone is a province with the bodies below it (or a ministry with its own). Each has a ring of
random keys of 32 bytes, the newest first; ``epoch`` is the number of a key, stored with each code.
A key is replaced when a month of China's calendar begins, or on demand; the replaced one is kept
for ``keep`` so that what was coded by it can be found until it is coded anew, and then forgotten.
Who has lost the file loses nothing but the codes: they are made anew from the messages.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from minsheng.crossings.errors import KeyRingUnfit
from minsheng.runtime.clock import Clock

RING = "keys/provincial.ring"
"""Where the file stands in the home of the service."""

KEEP = timedelta(days=30)
_CHINA = timezone(timedelta(hours=8))
_KEY = 32


@dataclass(frozen=True, slots=True)
class Epoch:
    """One key of a zone and when it was in use."""

    number: int
    key: bytes = field(repr=False)
    made_at: datetime
    replaced_at: datetime | None


class ProvincialKeys:
    """The rings of all zones; safe for several processes at once."""

    def __init__(self, path: Path, clock: Clock, keep: timedelta = KEEP) -> None:
        """``path`` is made (mode 0600) at first need; ``keep`` is how long an old key stays."""
        self._path = path
        self._clock = clock
        self._keep = keep

    def live(self, zone: int) -> tuple[Epoch, ...]:
        """The keys of a zone that still count, the present one first.

        Makes the first, and a new one when a month has begun. Raises KeyRingUnfit.
        """
        ring, now = self._read().get(zone, ()), self._clock.now()
        if ring and _month(ring[0].made_at) == _month(now) and not self._outdated(ring, now):
            return ring
        with self._alone() as rings:
            ring = rings.get(zone, ())
            if not ring or _month(ring[0].made_at) != _month(now):
                ring = _turned(ring, now)
            rings[zone] = tuple(e for e in ring if not self._outdated((e,), now))
            return rings[zone]

    def rotate(self, zone: int) -> Epoch:
        """Replace the present key of a zone at once; the offices code their messages anew."""
        with self._alone() as rings:
            rings[zone] = _turned(rings.get(zone, ()), self._clock.now())
            return rings[zone][0]

    def _outdated(self, ring: tuple[Epoch, ...], now: datetime) -> bool:
        return any(e.replaced_at is not None and e.replaced_at + self._keep <= now for e in ring)

    def _read(self) -> dict[int, tuple[Epoch, ...]]:
        try:
            if self._path.stat().st_mode & 0o077:
                message = f"{self._path} can be read by others: chmod 600 it"
                raise KeyRingUnfit(message)
            told = json.loads(self._path.read_text("utf-8"))
            return {int(zone): tuple(map(_epoch, ring)) for zone, ring in told.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"{self._path} is no ring of keys: restore it, or move it away for a new one"
            raise KeyRingUnfit(message) from error

    @contextmanager
    def _alone(self) -> Iterator[dict[int, tuple[Epoch, ...]]]:
        """The rings, to be changed while no other process changes them; written at the end."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            rings = self._read()
            yield rings
            self._write(rings)
        finally:
            os.close(lock)

    def _write(self, rings: dict[int, tuple[Epoch, ...]]) -> None:
        told = {str(zone): [_told(epoch) for epoch in ring] for zone, ring in rings.items()}
        fresh = self._path.with_suffix(".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(told, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def _turned(ring: tuple[Epoch, ...], now: datetime) -> tuple[Epoch, ...]:
    """The ring with a fresh key in front; numbers rise even when the file was lost in between."""
    number = max(int(now.timestamp()) // 60, *(e.number + 1 for e in ring), 0)
    old = tuple(Epoch(e.number, e.key, e.made_at, e.replaced_at or now) for e in ring)
    return (Epoch(number, secrets.token_bytes(_KEY), now, None), *old)


def _month(at: datetime) -> tuple[int, int]:
    local = at.astimezone(_CHINA)
    return local.year, local.month


def _epoch(told: dict[str, Any]) -> Epoch:
    key, replaced = bytes.fromhex(told["key"]), told["replaced_at"]
    if len(key) != _KEY:
        message = "a provincial key is 32 bytes long"
        raise ValueError(message)
    return Epoch(
        int(told["number"]),
        key,
        datetime.fromisoformat(told["made_at"]),
        datetime.fromisoformat(replaced) if replaced else None,
    )


def _told(epoch: Epoch) -> dict[str, Any]:
    return {
        "number": epoch.number,
        "key": epoch.key.hex(),
        "made_at": epoch.made_at.isoformat(),
        "replaced_at": epoch.replaced_at.isoformat() if epoch.replaced_at else None,
    }
