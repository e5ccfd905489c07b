"""What the demo remembers between two runs: accounts, ports of the sample sources, its day."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from minsheng.faces.demo.errors import DemoNotSeeded

_FILE = "demo.json"


@dataclass
class DemoState:
    """Made at the first run and kept (mode 0600); ``seeded_at`` is the day the samples count from.

    ``passwords`` by "office/username"; ``client`` holds client_id and client_secret; ``ports`` by
    "office/plugin"; ``asked`` holds the query code and digits of what a citizen wrote.
    """

    seeded_at: str
    passwords: dict[str, str] = field(default_factory=dict)
    client: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    complete: bool = False

    @property
    def base(self) -> datetime:
        """The moment of the first run."""
        return datetime.fromisoformat(self.seeded_at)

    def password_of(self, office: str, username: str) -> str:
        """The account's password, made when it is asked for the first time."""
        return self.passwords.setdefault(f"{office}/{username}", secrets.token_urlsafe(9))

    def save(self, home: Path) -> None:
        """Write the file so that a crash leaves the old one or the new one."""
        draft = home / f"{_FILE}.new"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=1, ensure_ascii=False)
        draft.replace(home / _FILE)


def load_state(home: Path) -> DemoState:
    """What an earlier run left; raises DemoNotSeeded when there was none."""
    try:
        return DemoState(**json.loads((home / _FILE).read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        message = "the demo has not run here yet: run `make run` first"
        raise DemoNotSeeded(message) from error


def load_or_begin(home: Path, now: datetime) -> DemoState:
    """What an earlier run left, or a fresh state that counts from ``now``."""
    try:
        return load_state(home)
    except DemoNotSeeded:
        return DemoState(seeded_at=now.isoformat())
