"""A leader's page: what is addressed to them, what they signed and what became of it, overdue."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from minsheng.cases.service import QueuePage, QueueQuery, queue_page
from minsheng.faces.web.deadlines import Chip, Due, deadline_chip
from minsheng.faces.web.desk import needs, office_session, tools, visitor
from minsheng.faces.web.models import Choice
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.sight import sight
from minsheng.faces.web.words import _, listed
from minsheng.handling.calendar import Calendar
from minsheng.handling.handovers_errors import OrderInvalid
from minsheng.handling.instructions import InstructionView, instructions_of
from minsheng.handling.instructions_inbox import LeaderRow, LeaderWish, Show, leader_inbox
from minsheng.handling.service import calendar_of

leader_pages = Blueprint("leader_pages", __name__, url_prefix="/leader")

ROWS = 30
OVERDUE_ROWS = 10
SHOWS: tuple[Show, ...] = ("waiting", "instructed", "all")


@dataclass(frozen=True, slots=True)
class LeaderLine:
    """A case in the leader's list, with the deadline as people say it and what was signed on it."""

    number: str
    subject: str
    stage: str
    closed: bool
    addressee: str
    bodies: str
    last_at: datetime
    due: Chip | None
    instructions: tuple[InstructionView, ...]


@dataclass(frozen=True, slots=True)
class LeaderScreen:
    """The leader's list with its tabs, and the office's most overdue cases beside it."""

    tabs: tuple[Choice, ...]
    lines: tuple[LeaderLine, ...]
    next_href: str
    overdue: tuple[tuple[str, str, Chip | None], ...]
    overdue_href: str


@leader_pages.get("")
@needs("instructions.sign")
def show_leader() -> ResponseReturnValue:
    """The page of the leader who is logged in."""
    show: Show = next((each for each in SHOWS if each == request.args.get("show")), "waiting")
    with office_session() as session:
        screen = _screen(session, show, request.args.get("cursor", "")[:100])
        return render_desk(session, "desk/leader.html", "leader", screen=screen)


def _screen(session: Session, show: Show, cursor: str) -> LeaderScreen:
    calendar, me = calendar_of(session), visitor().user.username
    try:
        page = leader_inbox(session, LeaderWish(show, cursor, ROWS, sight()), me)
    except OrderInvalid as error:
        abort(422, str(error))
    late = QueueQuery(view="overdue", limit=OVERDUE_ROWS)
    more = page.next_cursor
    return LeaderScreen(
        tabs=tuple(_tabs(show)),
        lines=tuple(_line(session, row, calendar) for row in page.rows),
        next_href=url_for(".show_leader", show=show, cursor=more) if more else "",
        overdue=tuple(_overdue(queue_page(session, tools(), late, sight()), calendar)),
        overdue_href=url_for("queue_pages.show_queue", view="overdue"),
    )


def _tabs(current: str) -> Iterable[Choice]:
    names = {"waiting": _("待阅批"), "instructed": _("我的批示"), "all": _("全部")}
    for show, name in names.items():
        href = url_for(".show_leader", show=None if show == "waiting" else show)
        yield Choice(name, href, show == current)


def _line(session: Session, row: LeaderRow, calendar: Calendar) -> LeaderLine:
    due = None if row.closed else row.due_at
    signed = row.open_instructions + row.done_instructions
    notes = instructions_of(session, tools(), row.number, sight()) if signed else ()
    return LeaderLine(
        number=row.number,
        subject=row.subject,
        stage=row.stage,
        closed=row.closed,
        addressee=row.addressee,
        bodies=listed(row.bodies),
        last_at=row.last_at,
        due=deadline_chip(Due(due), tools().clock.now(), calendar),
        instructions=tuple(notes),
    )


def _overdue(page: QueuePage, calendar: Calendar) -> Iterable[tuple[str, str, Chip | None]]:
    now = tools().clock.now()
    for row in page.rows:
        due = Due(row.due_at, row.due_estimated, row.paused)
        yield row.number, row.subject, deadline_chip(due, now, calendar)
