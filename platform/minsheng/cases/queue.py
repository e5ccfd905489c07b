"""The one queue of an office: its views, filters and orders, paged by cursor.

Work that is open stands in the partial indexes of ``state = 'open' and closed_at is null``
(:mod:`minsheng.cases.desk_models`); each view and each order below is written so that one of them
gives the page without a scan.
"""

import base64
import binascii
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select, text, tuple_
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.models import MERGED, OPEN, Case, CaseMessage
from minsheng.cases.numbers import CHINA
from minsheng.cases.search import search_cases
from minsheng.cases.sight import PLAIN, Sight, in_sight
from minsheng.intake.models import Channel, Message
from minsheng.runtime.crypto import normal_phone
from minsheng_tenants import tenant_of

CLOSED = "closed"
VIEWS = ("mine", "unclaimed", "today", "overdue", "review", "all", "joined")
"""我的待办, 待签收, 今日到期, 逾期, 待查重, 全部, 已并案."""
COUNTED = VIEWS[:6]
"""The views that bear a count beside them."""
STATES = (OPEN, CLOSED, MERGED)
SORTS = ("-last_at", "last_at", "due")
DUES = ("overdue", "today", "week", "paused", "none")
STAGES = ("received", "assigned", "handling", "reviewing", "replied", "callback", "closed")
MAX_PAGE = 200
_FEW = 500
"""Messages of a channel up to which its cases are named by their ids."""
COUNT_UP_TO = 1000
"""Counts beside the views stop here, so that no page counts a million rows."""
_FOR_THESE = text("set local plan_cache_mode = force_custom_plan")
"""Plans for the values asked for: what serves a view of ten cases does not serve one of a million,
and a prepared statement would keep one plan for both."""
_BY_DUE = ("mine", "today", "overdue")
_LEAST_PHONE, _MOST_PHONE = 7, 15
_NO_DAY = "none"
Conditions = list[ColumnElement[bool]]


class QueueWishInvalid(Exception):
    """The queue cannot be shown like this; ``field`` names the parameter."""

    def __init__(self, field: str, message: str) -> None:
        """``message`` says what to use instead."""
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """Which part of the queue to show.

    ``me`` is the user name that the view ``mine`` is of; ``handler`` narrows to one user's cases.
    ``sort`` is ``-last_at``, ``last_at`` or ``due``; empty is the view's own order. ``cursor`` is
    the ``next_cursor`` of the page before.
    """

    view: str = "all"
    state: str = OPEN
    channel: str = ""
    q: str = ""
    sort: str = ""
    cursor: str = ""
    limit: int = 50
    stage: str = ""
    grade: str = ""
    handler: str = ""
    due: str = ""
    me: str = ""

    @property
    def order(self) -> str:
        """The order in force: what is due first where the view is about deadlines."""
        return self.sort or ("due" if self.view in _BY_DUE else "-last_at")


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One case in the queue; ``origins`` counts its messages by plugin, most first.

    ``state`` is ``closed`` for an open case that is done. ``due_at`` is None before a deadline was
    set; ``handler`` is the user who has claimed it, ``unit`` the unit it is assigned to.
    """

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
    stage: str = "received"
    grade: str = "ordinary"
    due_at: datetime | None = None
    due_estimated: bool = False
    paused: bool = False
    unit: str = ""
    handler: str = ""
    reply_state: str = "none"
    closed_at: datetime | None = None


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
    session.execute(_FOR_THESE)
    now = tools.clock.now()
    wanted = [
        *in_sight(sight),
        *_state(query.state),
        *_view(query.view, query, now),
        *_filters(session, tools, query, sight),
    ]
    read = _by_due if query.order == "due" else _by_time
    cases = read(session, query, select(Case).where(*wanted))
    shown = cases[: query.limit]
    more = len(cases) > query.limit
    cursor = _cursor(shown[-1], query.order) if more else None
    return QueuePage([_row(case) for case in shown], cursor)


def view_counts(
    session: Session, tools: Tools, query: QueueQuery, sight: Sight = PLAIN
) -> dict[str, int]:
    """How many cases in sight each view holds, counted up to COUNT_UP_TO, in one statement.

    ``query`` says whose the view ``mine`` is.
    """
    session.execute(_FOR_THESE)
    now = tools.clock.now()
    counts = [_count(view, query, now, sight).scalar_subquery().label(view) for view in COUNTED]
    row = session.execute(select(*counts)).one()
    return {view: int(count or 0) for view, count in zip(COUNTED, row, strict=True)}


def day_end(now: datetime) -> datetime:
    """The midnight in China that ends the day of ``now``."""
    there = now.astimezone(CHINA)
    return datetime.combine(there.date() + timedelta(days=1), time.min, CHINA)


def _by_time(session: Session, query: QueueQuery, chosen: Select[Case]) -> Sequence[Case]:
    falling = query.order == "-last_at"
    order = (Case.last_at.desc(), Case.id.desc()) if falling else (Case.last_at, Case.id)
    if query.cursor:
        at, case_id = _read_cursor(query.cursor)
        if at is None:
            message = "this is a cursor of another order: begin without one"
            raise QueueWishInvalid("cursor", message)
        place, edge = tuple_(Case.last_at, Case.id), tuple_(at, case_id)
        chosen = chosen.where(place < edge if falling else place > edge)
    return session.scalars(chosen.order_by(*order).limit(query.limit + 1)).all()


def _by_due(session: Session, query: QueueQuery, chosen: Select[Case]) -> Sequence[Case]:
    """The earliest deadline first, what has none last: two ranges of one index, one after another.

    One condition for both would be an OR that no index range can serve.
    """
    at, case_id = _read_cursor(query.cursor) if query.cursor else (None, None)
    found: list[Case] = []
    if not query.cursor or at is not None:
        dated = chosen.where(Case.due_at.is_not(None))
        if at is not None:
            dated = dated.where(tuple_(Case.due_at, Case.id) > tuple_(at, case_id))
        order = dated.order_by(Case.due_at, Case.id)
        found += session.scalars(order.limit(query.limit + 1))
    if len(found) <= query.limit:
        undated = chosen.where(Case.due_at.is_(None))
        if case_id is not None and at is None:
            undated = undated.where(Case.id > case_id)
        found += session.scalars(undated.order_by(Case.id).limit(query.limit + 1 - len(found)))
    return found


def _state(state: str) -> Conditions:
    if state == MERGED:
        return [Case.state == MERGED]
    done = Case.closed_at.is_not(None) if state == CLOSED else Case.closed_at.is_(None)
    return [Case.state == OPEN, done]


def _view(view: str, query: QueueQuery, now: datetime) -> Conditions:
    conditions: dict[str, Conditions] = {
        "mine": [Case.handler == query.me],
        "unclaimed": [not_(Case.claimed)],
        "today": _due("today", now),
        "overdue": _due("overdue", now),
        "review": [Case.reviews > 0],
        "all": [],
        "joined": [Case.message_count > 1],
    }
    return conditions[view]


def _due(due: str, now: datetime) -> Conditions:
    end = day_end(now)
    running = Case.paused.is_(False)
    conditions: dict[str, Conditions] = {
        "": [],
        "overdue": [Case.due_at < now, running],
        "today": [Case.due_at >= now, Case.due_at < end, running],
        "week": [Case.due_at >= now, Case.due_at < end + timedelta(days=6), running],
        "paused": [and_(Case.paused)],
        _NO_DAY: [Case.due_at.is_(None)],
    }
    return conditions[due]


def _filters(session: Session, tools: Tools, query: QueueQuery, sight: Sight) -> Conditions:
    filters = _due(query.due, tools.clock.now())
    for column, wanted in (
        (Case.stage, query.stage),
        (Case.grade, query.grade),
        (Case.handler, query.handler),
    ):
        if wanted:
            filters.append(column == wanted)
    if query.channel:
        filters += _of_channel(session, query.channel)
    if query.q.strip():
        filters.append(_wish(session, tools, query, sight))
    return filters


def _of_channel(session: Session, code: str) -> Conditions:
    """The cases of a channel; of one with few messages by their ids.

    No index can say which channels a case came by, and a scan in the queue's order finds a page
    soon where a channel is busy, and reads the whole queue where it never brought anything.
    """
    by = and_(Channel.tenant_id == Message.tenant_id, Channel.id == Message.channel_id)
    chosen = select(Message.id).join(Channel, by).where(Channel.code == code).limit(_FEW + 1)
    few = session.scalars(chosen).all()
    conditions: Conditions = [Case.channels[code].is_not(None)]
    if len(few) <= _FEW:
        named = select(CaseMessage.case_id).where(CaseMessage.message_id.in_(few))
        conditions.append(Case.id.in_(named))
    return conditions


def _wish(session: Session, tools: Tools, query: QueueQuery, sight: Sight) -> ColumnElement[bool]:
    """Words, a case number, or a telephone number through its blind index."""
    wish = query.q.strip()
    falling = bool(query.cursor) and query.order == "-last_at"
    before = _read_cursor(query.cursor)[0] if falling else None
    found = search_cases(session, wish, before, MAX_PAGE, sight)
    ways: Conditions = [Case.id.in_(found), Case.number == wish.upper()]
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


def _count(view: str, query: QueueQuery, now: datetime, sight: Sight) -> Select[int]:
    wanted = [*_state(OPEN), *in_sight(sight), *_view(view, query, now)]
    some = select(Case.id).where(*wanted).limit(COUNT_UP_TO).subquery()
    return select(func.count()).select_from(some)


def _check(query: QueueQuery) -> None:
    for field, value, known in (
        ("view", query.view, VIEWS),
        ("state", query.state, STATES),
        ("sort", query.sort, ("", *SORTS)),
        ("due", query.due, ("", *DUES)),
        ("stage", query.stage, ("", *STAGES)),
    ):
        if value not in known:
            message = f"unknown {field} {value!r}: use one of {', '.join(filter(None, known))}"
            raise QueueWishInvalid(field, message)
    if query.view == "mine" and not query.me:
        message = "a person's own cases need a person: use handler with a user name"
        raise QueueWishInvalid("view", message)
    if not 1 <= query.limit <= MAX_PAGE:
        message = f"a page holds 1 to {MAX_PAGE} cases"
        raise QueueWishInvalid("limit", message)


def _row(case: Case) -> QueueRow:
    return QueueRow(
        number=case.number,
        subject=case.subject,
        state=shown_state(case),
        region=case.region,
        message_count=case.message_count,
        origins=tuple(sorted(case.origins.items(), key=lambda pair: (-pair[1], pair[0]))),
        channels=case.channels,
        review_count=case.reviews,
        opened_at=case.opened_at,
        last_at=case.last_at,
        secret=case.secret,
        stage=case.stage,
        grade=case.grade,
        due_at=case.due_at,
        due_estimated=case.due_estimated,
        paused=case.paused,
        unit=case.unit,
        handler=case.handler,
        reply_state=case.reply_state,
        closed_at=case.closed_at,
    )


def shown_state(case: Case) -> str:
    """``open``, ``merged``, or ``closed`` for a case that is done and stands in no other."""
    return CLOSED if case.state == OPEN and case.closed_at is not None else case.state


def _cursor(case: Case, order: str) -> str:
    at = case.due_at if order == "due" else case.last_at
    place: list[Any] = [at.isoformat() if at else None, str(case.id)]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime | None, uuid.UUID]:
    try:
        at, case_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = None if at is None else datetime.fromisoformat(at)
        return moment, uuid.UUID(case_id)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        message = "this is no cursor of ours: begin without one"
        raise QueueWishInvalid("cursor", message) from error
