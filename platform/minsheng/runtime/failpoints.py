"""Named places where a test may kill or break the process, one beside every outside effect.

``MINSHENG_FAILPOINTS="inbox.before_commit=kill@3"`` ends the process with SIGKILL the third time
that place is passed; ``raise`` raises FailpointReached instead. Each fires once in the life of a
home folder (a marker file remembers it), so that a restarted process goes on. The idea is SQLite's
("How SQLite Is Tested": fail the n-th operation for n = 1, 2, …).
"""

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from minsheng.runtime.settings import SettingRefused, Settings

ROAD = (
    "run.before_page",
    "inbox.before_commit",
    "inbox.after_commit",
    "run.before_acknowledge",
    "bell.before_ring",
    "bell.after_ring",
    "work.after_claim",
    "parse.before_commit",
    "parse.after_commit",
    "match.before_commit",
    "match.after_commit",
    "push.before_commit",
    "push.after_commit",
)
"""The places that a message passes on its way to a case, in their order."""
HANDLING = (
    "dispatch.before_commit",
    "handover.before_told",
    "handover.after_told",
    "handover.before_commit",
    "handover.after_commit",
    "handover.before_placed",
    "handover.after_placed",
    "handover.before_onward",
    "handover.after_onward",
    "answer.before_commit",
)
"""The places that a case passes once it is handed over."""
REPLIES = (
    "approve.before_commit",
    "deliver.before_send",
    "deliver.after_send",
    "deliver.after_commit",
)
"""The places that an answer passes on its way to a citizen."""
FAILPOINTS = (*ROAD, *HANDLING, *REPLIES)
"""Every place there is."""

Effect = Literal["kill", "raise"]


class FailpointReached(Exception):
    """A test asked for a failure at this place."""


@dataclass
class _Armed:
    effect: Effect
    after: int
    marker: Path
    passed: int = 0


@dataclass
class Failpoints:
    """The armed places of one process; normally none."""

    armed: dict[str, _Armed] = field(default_factory=dict)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Failpoints":
        """Read ``MINSHENG_FAILPOINTS``; raises SettingRefused outside of tests or when misspelt."""
        text = settings.text("MINSHENG_FAILPOINTS")
        if not text:
            return cls()
        if not settings.testing:
            message = "MINSHENG_FAILPOINTS is for tests only: unset it"
            raise SettingRefused(message)
        folder = settings.home / "failpoints"
        return cls(dict(_read(part, folder) for part in text.split(",")))

    def reach(self, name: str) -> None:
        """Pass the place ``name``; kills or raises when it is armed and its turn has come."""
        armed = self.armed.get(name)
        if armed is None:
            return
        armed.passed += 1
        if armed.passed < armed.after or armed.marker.exists():
            return
        armed.marker.parent.mkdir(parents=True, exist_ok=True)
        armed.marker.touch()
        if armed.effect == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        message = f"failpoint {name} reached"
        raise FailpointReached(message)


def _read(part: str, folder: Path) -> tuple[str, _Armed]:
    name, _, what = part.partition("=")
    effect, _, after = what.partition("@")
    if name not in FAILPOINTS or effect not in ("kill", "raise"):
        message = f"unknown failpoint {part!r}: use name=kill|raise[@n] with a known name"
        raise SettingRefused(message)
    chosen: Effect = "kill" if effect == "kill" else "raise"
    return name, _Armed(chosen, int(after or 1), folder / name)


_active = Failpoints()


def arm(failpoints: Failpoints) -> None:
    """Make these the failpoints of the process."""
    global _active  # noqa: PLW0603  one switchboard a process is the point of the module
    _active = failpoints


def failpoint(name: str) -> None:
    """Mark an outside effect; does nothing unless a test armed this place."""
    _active.reach(name)
