"""How a case is handled, as its page draws it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from minsheng.cases.service import CaseView, EventView, find_case, routes_allowed
from minsheng.faces.web import labels
from minsheng.faces.web.consequences import due_of
from minsheng.faces.web.deadlines import Chip, deadline_chip
from minsheng.faces.web.desk import may, tools, visitor
from minsheng.faces.web.locale import language
from minsheng.faces.web.reasons import reason_words
from minsheng.faces.web.sight import sight
from minsheng.faces.web.staff import people_names
from minsheng.faces.web.times import local, named_day
from minsheng.faces.web.words import _
from minsheng.handling.custody import Custody, HandoverView, custody_of
from minsheng.handling.deadlines import CountedDay, Deadline
from minsheng.handling.instructions import InstructionView, instructions_of
from minsheng.handling.people import staff
from minsheng.handling.service import (
    HandlingView,
    calendar_of,
    grades_of,
    handling_view,
    propose_for,
)
from minsheng_tenants import Tenant, list_bodies

MOST_BODIES = 300
CLOSE_OUTCOMES = ("resolved", "explained", "promised", "refused", "invalid")
CALL_RESULTS = ("satisfied", "basically", "dissatisfied", "unreached")


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of the case's flow: ``state`` is done, now or next; ``at`` when it was begun."""

    name: str
    state: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day of a deadline's arithmetic; ``number`` is empty where the day does not count."""

    day: str
    number: str
    words: str
    estimated: bool


@dataclass(frozen=True, slots=True)
class HandlingScreen:
    """What the page shows of handling, and what the person may do about it now."""

    view: HandlingView
    path: tuple[PathStep, ...]
    due: Chip | None
    grade: str
    handler: str
    mine: bool
    claimed: bool
    open: bool
    last: bool
    reviewing: bool
    against: tuple[str, ...]
    people: tuple[tuple[str, str], ...]
    names: Mapping[str, str]
    custody: Custody
    owner: str
    bodies: tuple[Tenant, ...]
    handed: Sequence[HandoverView]
    instructions: Sequence[InstructionView]
    proposed: Sequence[str]


def handling_screen(session: Session, case: CaseView) -> HandlingScreen:
    """Read everything about the handling of a case in sight."""
    view = handling_view(session, case.number, sight())
    now = tools().clock.now()
    people = tuple((user.username, user.name) for user in staff(session, now))
    custody = custody_of(session, case.number, sight())
    grade = grades_of(session).get(view.grade)
    working = case.state == "open"
    steps = view.flow.steps if view.flow else ()
    at = next((step for step in steps if step.code == view.step), None)
    return HandlingScreen(
        view=view,
        path=tuple(_path(view, case.events)),
        due=deadline_chip(due_of(case), now, calendar_of(session)),
        grade=grade.name if grade else view.grade,
        handler=people_names(session, [view.handler]).get(view.handler, view.handler),
        mine=view.handler == visitor().user.username,
        claimed=view.claimed_at is not None,
        open=working,
        last=bool(steps) and steps[-1] is at,
        reviewing=at is not None and at.stage == "reviewing",
        against=tuple(reason_words(each) for each in view.against),
        people=people if may("cases.dispatch") else (),
        names=dict(people),
        custody=custody,
        owner=custody.owner_name,
        bodies=_bodies(session, case.number) if working and may("cases.dispatch") else (),
        handed=custody.handovers,
        instructions=instructions_of(session, tools(), case.number, sight()),
        proposed=_proposed(session, view) if working and may("cases.handle") else (),
    )


def deadline_days(found: Deadline) -> tuple[DayLine, ...]:
    """Every day from the filing to the deadline, with why it counts or not."""
    return tuple(_day(each) for each in found.days)


def _path(view: HandlingView, events: Sequence[EventView]) -> Iterable[PathStep]:
    steps = view.flow.steps if view.flow else ()
    begun = {}
    for event in events:
        to = event.data.get("to") if "to" in event.data else event.data.get("step")
        if event.kind in ("settled", "advance", "review", "send_back") and to:
            begun[str(to)] = event.at
    codes = [step.code for step in steps]
    at = codes.index(view.step) if view.step in codes else -1
    for place, step in enumerate(steps):
        over = place < at or view.closed_at is not None
        state = "done" if over else "now" if place == at else "next"
        yield PathStep(step.name, state, begun.get(step.code) if state != "next" else None)
    if steps:
        state = "done" if view.closed_at else "next"
        yield PathStep(labels.stage_name("closed"), state, view.closed_at)


def _bodies(session: Session, number: str) -> tuple[Tenant, ...]:
    """The bodies that this case may be handed to: never one that it complains of."""
    case = find_case(session, number, sight())
    own = visitor().tenant_id
    known = [body for body in list_bodies(session, limit=MOST_BODIES) if body.id != own]
    open_to = routes_allowed(session, case, [body.id for body in known])
    return tuple(body for body in known if body.id in open_to)


def _proposed(session: Session, view: HandlingView) -> Sequence[str]:
    return () if view.demands else propose_for(session, view.number, sight())


def _day(counted: CountedDay) -> DayLine:
    words = {
        "filed": _("提交当日，不计入"),
        "weekday": _("工作日"),
        "weekend": _("周末"),
        "holiday": _("放假"),
        "makeup": _("调休上班"),
        "closed": _("本单位不办公"),
        "opened": _("本单位办公"),
        "paused": _("等留言人，不计"),
        "late": _("下班后提交，顺延"),
        "fixed": _("指定的日子"),
    }[counted.why]
    if counted.name:
        words = f"{words} · {counted.name}"
    number = "" if counted.number is None else _("第 %(count)s 日", count=counted.number)
    today = local(tools().clock.now()).date()
    day = named_day(counted.day, today, language(), week=True)
    return DayLine(day, number, words, counted.estimated)
