"""The demo's seed data: invented bodies, messages and accounts for one county desk.

Everything here was written for this project. The estates, shops, villages, telephone
numbers (1380013xxxx) and mail addresses (example.com) are fictional; only the division
names and codes of provinces, cities, counties and townships are real (GB/T 2260 and the
statistical township codes).

A message carries its age in days instead of a date. The ages were written against
08:00 Beijing time, so `load_messages` counts them back from the last 08:00 at or before
`now`: clock times stay plausible, the order never changes and nothing lies in the future.

Each message also says what a reader should make of it, so that a demo or a test can
compare the matcher with the truth:

origin     the first message of a matter
retold     the same citizen, the same matter, another channel
copy       word for word the same message, sent again on the same channel
followup   the same citizen asks what became of it
neighbour  another citizen with the same matter; to be reviewed by a person
lookalike  the same kind of problem elsewhere; never the same case (`resembles` names
           the family it must not be joined with)
single     stands alone
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from typing import Any, Literal

TenantKind = Literal["central", "province", "city", "county", "street", "department", "ministry"]
Channel = Literal["hotline_12345", "mailbox", "leaders_board"]
Kind = Literal["投诉", "求助", "咨询", "建言", "感谢"]
MatchRole = Literal["origin", "retold", "copy", "followup", "neighbour", "lookalike", "single"]
AccountRole = Literal["liaison", "handler", "reviewer", "leader", "readonly"]

_BEIJING = timezone(timedelta(hours=8))
_ANCHOR_HOUR = 8
_DAY = 86_400
_MESSAGE_FILES: dict[str, tuple[str, ...]] = {
    "130129": tuple(f"messages_{number:02d}.json" for number in range(1, 8)),
    "130100": ("other_offices.json",),
}


class DemoDataError(Exception):
    """A wish the demo data cannot meet; the two kinds below say which."""


class NaiveTimeError(DemoDataError, ValueError):
    """`now` came without a time zone, so no age can be counted back from it."""


class UnknownTenantError(DemoDataError, LookupError):
    """The code names no body of the demo."""


@dataclass(frozen=True, slots=True)
class TenantSeed:
    """A government body; `parent` is the code of the body above, None at the root."""

    code: str
    name: str
    kind: TenantKind
    parent: str | None


@dataclass(frozen=True, slots=True)
class CitizenSeed:
    """What the channel knows of the writer; an empty string where it knows nothing."""

    name: str
    phone: str
    email: str


@dataclass(frozen=True, slots=True)
class MessageSeed:
    """One incoming message.

    `received_at` is aware (+08:00, whole seconds); `region` is a body's code or empty, as
    precise as the channel would know it; `family` names the matter and `role` the
    message's part in it; `resembles` is the family a lookalike looks like, else empty.
    """

    id: str
    channel: Channel
    subject: str
    body: str
    received_at: datetime
    region: str
    addressee: str
    citizen: CitizenSeed
    kind: Kind
    domain: str
    family: str
    role: MatchRole
    resembles: str


@dataclass(frozen=True, slots=True)
class AccountSeed:
    """A demo login without a password; passwords are made when the demo is set up."""

    tenant: str
    username: str
    name: str
    role: AccountRole


def load_tenants() -> list[TenantSeed]:
    """Return the demo's bodies, every parent before its children."""
    return [TenantSeed(**row) for row in _rows("tenants.json")]


def load_accounts() -> list[AccountSeed]:
    """Return the demo's accounts."""
    return [AccountSeed(**row) for row in _rows("accounts.json")]


def load_messages(tenant_code: str, now: datetime) -> list[MessageSeed]:
    """Return a body's messages, oldest first, all received before `now`.

    A body of the demo that has no messages of its own gives an empty list. Raises
    NaiveTimeError when `now` has no time zone, UnknownTenantError when no body of the
    demo bears the code.
    """
    anchor = _last_anchor(now)
    if tenant_code not in {tenant.code for tenant in load_tenants()}:
        message = (
            f"no demo body has the code {tenant_code!r}; see load_tenants() for those there are"
        )
        raise UnknownTenantError(message)
    rows = [row for name in _MESSAGE_FILES.get(tenant_code, ()) for row in _rows(name)]
    return sorted((_message(row, anchor) for row in rows), key=lambda seed: seed.received_at)


def _last_anchor(now: datetime) -> datetime:
    if now.utcoffset() is None:
        message = "now has no time zone; pass an aware datetime such as datetime.now(UTC)"
        raise NaiveTimeError(message)
    local = now.astimezone(_BEIJING)
    anchor = local.replace(hour=_ANCHOR_HOUR, minute=0, second=0, microsecond=0)
    return anchor if anchor <= local else anchor - timedelta(days=1)


def _message(row: dict[str, Any], anchor: datetime) -> MessageSeed:
    fields = dict(row)
    age = timedelta(seconds=round(fields.pop("days_ago") * _DAY))
    citizen = CitizenSeed(**fields.pop("citizen"))
    return MessageSeed(received_at=anchor - age, citizen=citizen, **fields)


def _rows(name: str) -> list[dict[str, Any]]:
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(text)
    return rows
