"""Reading the trail: newest first, by keyset, narrowed by who, what, object, time and result.

Reading is an act as well: whoever shows or exports entries records that it was done.
"""

import base64
import binascii
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from minsheng.audit.models import AuditEntry

MAX_PAGE = 500
KINDS = ("user", "client", "channel", "operator", "system", "office")
"""What can act; an actor is stored as ``kind:name``."""


class TrailWishInvalid(Exception):
    """The trail cannot be read like this; ``field`` names the parameter."""

    def __init__(self, field: str, message: str) -> None:
        """``message`` says what to use instead."""
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class TrailQuery:
    """Which entries to read.

    ``actor`` is a name, or ``kind:name``; ``objects`` ids of which one must be the entry's;
    ``since`` is in, ``until`` is out; ``refused`` = refusals only; ``cursor`` is the
    ``next_cursor`` of the page before.
    """

    actor: str = ""
    action: str = ""
    objects: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    refused: bool = False
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Entries, newest first; ``next_cursor`` is None on the last page."""

    entries: Sequence[AuditEntry]
    next_cursor: str | None


def read_trail(session: Session, query: TrailQuery) -> TrailPage:
    """A page of the office's trail; raises TrailWishInvalid for a parameter that is none."""
    if not 1 <= query.limit <= MAX_PAGE:
        message = f"a page holds 1 to {MAX_PAGE} entries"
        raise TrailWishInvalid("limit", message)
    chosen = select(AuditEntry).where(*_filters(query))
    if query.cursor:
        place = tuple_(AuditEntry.at, AuditEntry.id)
        chosen = chosen.where(place < tuple_(*_read_cursor(query.cursor)))
    order = (AuditEntry.at.desc(), AuditEntry.id.desc())
    found = session.scalars(chosen.order_by(*order).limit(query.limit + 1)).all()
    shown = found[: query.limit]
    more = len(found) > query.limit
    return TrailPage(shown, _cursor(shown[-1]) if more else None)


def whole_trail(session: Session, query: TrailQuery, most: int) -> Iterator[AuditEntry]:
    """Every entry that the query asks for, newest first, at most ``most``."""
    left, wish = most, replace(query, cursor="", limit=MAX_PAGE)
    while left > 0:
        page = read_trail(session, replace(wish, limit=min(MAX_PAGE, left)))
        yield from page.entries
        left -= len(page.entries)
        session.expunge_all()
        if page.next_cursor is None:
            return
        wish = replace(wish, cursor=page.next_cursor)


def _filters(query: TrailQuery) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = []
    if query.actor:
        named = [query.actor] if ":" in query.actor else [f"{k}:{query.actor}" for k in KINDS]
        filters.append(AuditEntry.actor.in_(named))
    if query.action:
        filters.append(AuditEntry.action == query.action)
    if query.objects:
        filters.append(AuditEntry.object_id.in_(query.objects))
    if query.since is not None:
        filters.append(AuditEntry.at >= query.since)
    if query.until is not None:
        filters.append(AuditEntry.at < query.until)
    if query.refused:
        filters.append(AuditEntry.result.startswith("refused"))
    return filters


def _cursor(entry: AuditEntry) -> str:
    said = f"{entry.at.isoformat()} {entry.id}"
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, uuid.UUID]:
    try:
        said = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        at, _space, entry_id = said.partition(" ")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError(at)
        return moment, uuid.UUID(entry_id)
    except (ValueError, binascii.Error) as error:
        message = "this cursor is not one of ours: begin again without it"
        raise TrailWishInvalid("cursor", message) from error
