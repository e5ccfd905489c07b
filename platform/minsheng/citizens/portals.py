"""How an office's portal looks and behaves, and the channel that its forms come by."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.service import Wish
from minsheng.citizens.errors import PortalInvalid
from minsheng.citizens.models import Portal
from minsheng.intake.channels import PUSHED, SETTINGS
from minsheng.intake.models import Channel
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

PORTAL = "portal"
"""The code and plugin name of the built-in channel; no plugin of that name is ever loaded."""
CHANNEL_NAME = "网上受理"
GROUNDS = {"accent": ("#f5f6f8", "#ffffff"), "accent_dark": ("#12161c", "#1a2029")}
"""What an office's colour stands on: paper and raised of the tokens, light and dark."""
LEAST_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3, text of ordinary size."""
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_TEXTS = {"name": 40, "welcome": 300, "contact": 100}
_DAYS = {"rate_days": (1, 60), "reopen_days": (1, 365), "low_at": (1, 4)}


@dataclass(frozen=True, slots=True)
class PortalView:
    """What the pages and verbs need of it; see :class:`minsheng.citizens.models.Portal`."""

    name: str = ""
    welcome: str = ""
    contact: str = ""
    accent: str = ""
    accent_dark: str = ""
    open: bool = True
    low_at: int = 2
    rate_days: int = 7
    reopen_days: int = 30


NAMES = tuple(each.name for each in fields(PortalView))


def portal_of(session: Session) -> PortalView:
    """The office's portal as it was set, or the defaults."""
    row = session.execute(select(*(getattr(Portal, name) for name in NAMES))).one_or_none()
    return PortalView(*row) if row else PortalView()


def set_portal(
    session: Session, tools: Tools, wish: Wish, changes: Mapping[str, object]
) -> PortalView:
    """Change what is named; raises PortalInvalid for an unreadable colour or a figure out of range.

    A colour has to stand out from its grounds by 4.5:1, in the light and in the dark.
    """
    for name, value in changes.items():
        _check(name, value)
    values = {**changes, "changed_at": tools.clock.now(), "tenant_id": tenant_of(session)}
    given = {name: value for name, value in values.items() if name != "tenant_id"}
    statement = insert(Portal).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id"], set_=given, where=Portal.tenant_id == tenant_of(session)
        )
    )
    tools.auditor.record(session, wish.actor, "portal.set", "portal", tenant_of(session))
    return portal_of(session)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio of two ``#rrggbb``: 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def ink_on(colour: str) -> str:
    """Black or white, whichever is read better on a colour."""
    return max(("#ffffff", "#0d1a2b"), key=lambda ink: contrast(ink, colour))


def citizen_actor(origin: str) -> Actor:
    """Who acts when a citizen does: never by name."""
    return Actor("citizen", PORTAL, origin)


def portal_channel(session: Session, tools: Tools) -> Channel:
    """The channel of the portal's forms, made when it is first needed."""
    chosen = select(Channel).where(Channel.plugin == PORTAL)
    channel = session.scalar(chosen)
    if channel is not None:
        return channel
    for code in (PORTAL, f"{PORTAL}-{new_id().hex[-8:]}"):
        _add_channel(session, tools, code)
        channel = session.scalar(chosen)
        if channel is not None:
            return channel
    return session.scalars(chosen).one()


def _add_channel(session: Session, tools: Tools, code: str) -> None:
    """Two that need it at once wait for each other and make one; a code that is taken stays."""
    row_id, tenant_id = new_id(), tenant_of(session)
    cipher = tools.keyring.cipher(tenant_id)
    row = {
        "tenant_id": tenant_id,
        "id": row_id,
        "code": code,
        "plugin": PORTAL,
        "name": CHANNEL_NAME,
        "settings": cipher.seal(SETTINGS, row_id, json.dumps({})),
        "state": PUSHED,
        "created_at": tools.clock.now(),
    }
    session.execute(
        insert(Channel).values(row).on_conflict_do_nothing(index_elements=["tenant_id", "code"])
    )


def _check(name: str, value: object) -> None:
    if name not in NAMES:
        message = f"a portal has no {name}: use one of {', '.join(NAMES)}"
        raise PortalInvalid(name, message)
    if name in GROUNDS:
        _check_colour(name, str(value))
    elif name in _TEXTS:
        _check_text(name, str(value))
    elif name in _DAYS:
        _check_figure(name, value)


def _check_colour(name: str, value: str) -> None:
    if not value:
        return
    if not _COLOUR.fullmatch(value):
        message = "give a colour as # and six small hexadecimal digits, or nothing"
        raise PortalInvalid(name, message)
    weakest = min(contrast(value, ground) for ground in GROUNDS[name])
    if weakest < LEAST_CONTRAST:
        kind = "darker" if name == "accent" else "lighter"
        message = f"{value} stands out by {weakest:.1f}:1 only, 4.5:1 is needed: take a {kind} one"
        raise PortalInvalid(name, message)


def _check_text(name: str, value: str) -> None:
    if len(value) > _TEXTS[name] or not value.replace("\n", "").isprintable():
        message = f"use at most {_TEXTS[name]} printable characters"
        raise PortalInvalid(name, message)


def _check_figure(name: str, value: object) -> None:
    least, most = _DAYS[name]
    if not isinstance(value, int) or not least <= value <= most:
        message = f"give a whole number from {least} to {most}"
        raise PortalInvalid(name, message)


def _luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance, of ``#rrggbb``."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
