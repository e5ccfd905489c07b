"""The one queue of an office: open cases, the most recently heard of first, paged by cursor."""

import base64
import binascii
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.models import MERGED, OPEN, Case, CaseMessage
from minsheng.cases.search import search_cases
from minsheng.cases.sight import PLAIN, Sight, in_sight
from minsheng.intake.models import Message
from minsheng.runtime.crypto import normal_phone
from minsheng_tenants import tenant_of

VIEWS = ("all", "review", "joined")
STATES = (OPEN, MERGED)
SORTS = ("-last_at", "last_at")
MAX_PAGE = 200
COUNT_UP_TO = 1000
"""Counts beside the views stop here, so that no page counts a million rows."""
_LEAST_PHONE, _MOST_PHONE = 7, 15


class QueueWishInvalid(Exception):
    """The queue cannot be shown like this; ``field`` names the parameter."""

    def __init__(self, field: str, message: str) -> None:
        """``message`` says what to use instead."""
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """Which part of the queue to show. ``cursor`` is the ``next_cursor`` of the page before."""

    view: str = "all"
    state: str = OPEN
    channel: str = ""
    q: str = ""
    sort: str = "-last_at"
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One case in the queue; ``origins`` counts its messages by plugin, most first."""

    number: str
    subject: str
    state: str
    region: str
    message_count: int
    origins: tuple[tuple[str, int], ...]
    channels: Mapping[str, int]
    review_count: int
    opened_at: datetime
    last_at: datetime
    secret: bool = False


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue; ``next_cursor`` is None on the last one."""

    rows: Sequence[QueueRow]
    next_cursor: str | None


def queue_page(
    session: Session, tools: Tools, query: QueueQuery, sight: Sight = PLAIN
) -> QueuePage:
    """One page of what is in sight; raises QueueWishInvalid for what makes no sense."""
    _check(query)
    falling = query.sort == "-last_at"
    order = (Case.last_at.desc(), Case.id.desc()) if falling else (Case.last_at, Case.id)
    filters = [*in_sight(sight), *_filters(session, tools, query, sight)]
    chosen = select(Case).where(Case.state == query.state, *filters)
    if query.cursor:
        at, case_id = _read_cursor(query.cursor)
        place, edge = tuple_(Case.last_at, Case.id), tuple_(at, case_id)
        chosen = chosen.where(place < edge if falling else place > edge)
    cases = session.scalars(chosen.order_by(*order).limit(query.limit + 1)).all()
    shown = cases[: query.limit]
    more = len(cases) > query.limit
    return QueuePage([_row(case) for case in shown], _cursor(shown[-1]) if more else None)


def view_counts(session: Session, sight: Sight = PLAIN) -> dict[str, int]:
    """How many open cases in sight each view holds, counted up to COUNT_UP_TO."""
    return {view: session.scalar(_count(view, sight)) or 0 for view in VIEWS}


def _filters(
    session: Session, tools: Tools, query: QueueQuery, sight: Sight
) -> list[ColumnElement[bool]]:
    filters = _view(query.view)
    if query.channel:
        filters.append(Case.channels[query.channel].is_not(None))
    if query.q.strip():
        filters.append(_wish(session, tools, query, sight))
    return filters


def _view(view: str) -> list[ColumnElement[bool]]:
    return {"all": [], "review": [Case.reviews > 0], "joined": [Case.message_count > 1]}[view]


def _wish(session: Session, tools: Tools, query: QueueQuery, sight: Sight) -> ColumnElement[bool]:
    """Words, a case number, or a telephone number through its blind index."""
    wish = query.q.strip()
    before = _read_cursor(query.cursor)[0] if query.cursor and query.sort == "-last_at" else None
    found = search_cases(session, wish, before, MAX_PAGE, sight)
    ways: list[ColumnElement[bool]] = [Case.id.in_(found), Case.number == wish.upper()]
    phone = normal_phone(wish)
    if _LEAST_PHONE <= len(phone) <= _MOST_PHONE:
        index = tools.keyring.cipher(tenant_of(session)).index("phone", phone)
        ways.append(_of_phone(index, sight))
    return or_(*ways)


def _of_phone(index: bytes, sight: Sight) -> ColumnElement[bool]:
    """The cases of a telephone number; where its owner asked for secrecy, for those with the right.

    One message that asks hides the number in the whole case, for it tells who wrote that one too.
    """
    told = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    named = select(CaseMessage.case_id).join(Message, told).where(Message.phone_ix == index)
    if sight.confidential:
        return Case.id.in_(named)
    return and_(Case.id.in_(named), Case.id.not_in(named.where(Message.confidential.is_(True))))


def _count(view: str, sight: Sight) -> Select[int]:
    wanted = Case.state == OPEN, *in_sight(sight), *_view(view)
    some = select(Case.id).where(*wanted).limit(COUNT_UP_TO).subquery()
    return select(func.count()).select_from(some)


def _check(query: QueueQuery) -> None:
    for field, value, known in (
        ("view", query.view, VIEWS),
        ("state", query.state, STATES),
        ("sort", query.sort, SORTS),
    ):
        if value not in known:
            message = f"unknown {field} {value!r}: use one of {', '.join(known)}"
            raise QueueWishInvalid(field, message)
    if not 1 <= query.limit <= MAX_PAGE:
        message = f"a page holds 1 to {MAX_PAGE} cases"
        raise QueueWishInvalid("limit", message)


def _row(case: Case) -> QueueRow:
    return QueueRow(
        number=case.number,
        subject=case.subject,
        state=case.state,
        region=case.region,
        message_count=case.message_count,
        origins=tuple(sorted(case.origins.items(), key=lambda pair: (-pair[1], pair[0]))),
        channels=case.channels,
        review_count=case.reviews,
        opened_at=case.opened_at,
        last_at=case.last_at,
        secret=case.secret,
    )


def _cursor(case: Case) -> str:
    place: list[Any] = [case.last_at.isoformat(), str(case.id)]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, uuid.UUID]:
    try:
        at, case_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return datetime.fromisoformat(at), uuid.UUID(case_id)
    except (ValueError, TypeError, binascii.Error) as error:
        message = "this is no cursor of ours: begin without one"
        raise QueueWishInvalid("cursor", message) from error
