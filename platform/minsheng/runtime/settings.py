"""The one table of settings: every ``MINSHENG_*`` variable, its default and what it is for.

A setting that stands nowhere in ``docs/settings.md`` fails a test; a variable that stands nowhere
here stops the service, since a misspelt setting would otherwise be obeyed by nobody.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class SettingRefused(Exception):
    """A ``MINSHENG_*`` variable is unknown or holds a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its name, default (as text) and what it does."""

    name: str
    default: str
    help: str


SETTINGS: tuple[Setting, ...] = (
    Setting("MINSHENG_HOME", "", "folder of keys, embedded servers and logs; empty = ./var, or as "
            "root a folder below /var/lib/minsheng named after the checkout"),
    Setting("MINSHENG_HOST", "127.0.0.1", "address the web server listens on"),
    Setting("MINSHENG_PORT", "8000", "port the web server listens on"),
    Setting("MINSHENG_PROXIES", "0", "how many reverse proxies stand in front, each adding its "
            "own X-Forwarded-For and X-Forwarded-Proto; 0 = no such header is believed"),
    Setting("MINSHENG_WEB_WORKERS", "2", "web server processes"),
    Setting("MINSHENG_WORKERS", "1", "job processes, each listening on the one queue"),
    Setting("MINSHENG_DATABASE_URL", "", "login of the service (postgresql+psycopg://…), which "
            "owns nothing and cannot bypass row security; empty = embedded server"),
    Setting("MINSHENG_DATABASE_WORKER_URL", "", "login that also sees the whole work table"),
    Setting("MINSHENG_DATABASE_OPERATOR_URL", "", "login of the command line, which plants the "
            "tree and first accounts and can read no case; empty = embedded server"),
    Setting("MINSHENG_DATABASE_OWNER_URL", "", "login that owns the tables; needed by `minsheng "
            "db` only, for backup and restore a superuser"),
    Setting("MINSHENG_REDIS_URL", "", "Redis or Valkey, the bell; empty = embedded server"),
    Setting("MINSHENG_QUEUE", "minsheng", "name of the one rq queue"),
    Setting("MINSHENG_LEASE_SECONDS", "60", "how long a claimed work row stays claimed"),
    Setting("MINSHENG_SWEEP_SECONDS", "30", "how often the timer rings for rows nobody finished"),
    Setting("MINSHENG_RUN_SECONDS", "300", "wall-clock limit of one channel run"),
    Setting("MINSHENG_RUN_MEMORY_MB", "1024", "memory limit of one channel run"),
    Setting("MINSHENG_MAX_BODY_BYTES", "8388608", "largest request body that is read"),
    Setting("MINSHENG_TOKEN_SECONDS", "900", "life of an API token"),
    Setting("MINSHENG_OLD_SECRET_SECONDS", "604800", "how long the secret of an API client still "
            "holds after it was replaced"),
    Setting("MINSHENG_SESSION_IDLE_SECONDS", "1800", "a login session ends after this idle time"),
    Setting("MINSHENG_SESSION_SECONDS", "43200", "a login session ends after this time at most"),
    Setting("MINSHENG_SECOND_FACTOR", "required", "required = who logs in by password needs a "
            "second factor; offered = only who set one up (the demo's own setting)"),
    Setting("MINSHENG_COOKIE_SECURE", "auto", "auto = `__Host-` Secure cookies save on a loopback "
            "address, where there is no TLS; true = always; false = never"),
    Setting("MINSHENG_LANGUAGE", "zh", "language of the pages if the browser names none: zh or en"),
    Setting("MINSHENG_LOG_LEVEL", "info", "debug, info, warning or error"),
    Setting("MINSHENG_FAILPOINTS", "", "for tests only: `name=kill|raise[@n]`, comma-separated; "
            "refused unless MINSHENG_TESTING is set"),
    Setting("MINSHENG_TESTING", "", "set by the tests; allows failpoints and a moved clock"),
    Setting("MINSHENG_SCALE", "1", "factor of the counts in random and load tests"),
    Setting("MINSHENG_SHARED_DATA", "", "folder with the real data that `make test-real` reads"),
)  # fmt: skip

_KNOWN = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True)
class Settings:
    """The settings of one process, read once from an environment."""

    values: Mapping[str, str]

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the table from ``environ`` (default: the process environment).

        Raises SettingRefused for a ``MINSHENG_*`` variable that the table does not know.
        """
        given = os.environ if environ is None else environ
        unknown = sorted(n for n in given if n.startswith("MINSHENG_") and n not in _KNOWN)
        if unknown:
            message = f"unknown setting {unknown[0]}: see docs/settings.md for the known ones"
            raise SettingRefused(message)
        return cls({name: given.get(name) or s.default for name, s in _KNOWN.items()})

    def text(self, name: str) -> str:
        """The value as text; an unknown name is a KeyError of the programmer's."""
        return self.values[name]

    def number(self, name: str) -> int:
        """The value as a whole number; raises SettingRefused when it is none."""
        try:
            return int(self.values[name])
        except ValueError as error:
            message = f"{name} needs a whole number, got {self.values[name]!r}"
            raise SettingRefused(message) from error

    @property
    def testing(self) -> bool:
        """Whether the tests run this process."""
        return bool(self.values["MINSHENG_TESTING"])

    @property
    def home(self) -> Path:
        """Where keys, embedded servers and logs live."""
        if self.values["MINSHENG_HOME"]:
            return Path(self.values["MINSHENG_HOME"]).absolute()
        here = Path.cwd()
        if os.geteuid() != 0:
            return here / "var"
        digest = hashlib.sha256(str(here).encode()).hexdigest()[:12]
        return Path("/var/lib/minsheng") / f"{here.name}-{digest}"
