"""The queue: its filters live in the address, its first page is asked again every 15 seconds."""

from collections.abc import Iterable, Sequence
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from minsheng.cases.service import (
    DUES,
    STAGES,
    STATES,
    CaseConflict,
    QueuePage,
    QueueQuery,
    drop_view,
    queue_page,
    save_view,
)
from minsheng.faces.web import labels
from minsheng.faces.web.bulk import bulk_actions, undo_offer
from minsheng.faces.web.case import message_id
from minsheng.faces.web.desk import actor, is_live, needs, office_session, tools, visitor
from minsheng.faces.web.live import with_tag
from minsheng.faces.web.models import Choice, Filter, QueueScreen
from minsheng.faces.web.places import place_names
from minsheng.faces.web.present import Around, queue_row
from minsheng.faces.web.queue_address import PARAMETERS, lean_query
from minsheng.faces.web.rail import Rail, count_all, make_rail, render_desk, view_name
from minsheng.faces.web.sight import sight
from minsheng.faces.web.staff import people_names
from minsheng.faces.web.words import _
from minsheng.handling.office import calendar_of, grades_of
from minsheng.handling.people import staff
from minsheng.intake.models import Channel

queue_pages = Blueprint("queue_pages", __name__)

ROWS = 30
_LONGEST_WISH = 100


@queue_pages.get("/queue")
@needs("cases.read")
def show_queue() -> ResponseReturnValue:
    """A page of the queue, or its rows alone where it asks for news; raises QueueWishInvalid."""
    query = _query()
    with office_session() as session:
        if is_live():
            return _news(session, query)
        screen = _screen(session, query)
        return render_desk(
            session, "desk/queue.html", query.view,
            screen=screen, actions=bulk_actions(session), undo=undo_offer(),
        )  # fmt: skip


@queue_pages.post("/queue/views")
@needs("cases.read")
def keep_view() -> ResponseReturnValue:
    """Keep this part of the queue under a name of one's own."""
    kept = lean_query(request.form.get("query", ""))
    try:
        with office_session() as session:
            save_view(session, tools(), actor(), request.form.get("name", ""), kept)
    except CaseConflict:
        return redirect(f"{url_for('.show_queue')}?{_said(kept, 'view_refused')}", 303)
    return redirect(f"{url_for('.show_queue')}?{_said(kept, 'view_kept')}", 303)


@queue_pages.post("/queue/views/<uuid:view>/drop")
@needs("cases.read")
def forget_view(view: object) -> ResponseReturnValue:
    """Drop one of one's own views."""
    wanted = message_id(str(view))
    try:
        with office_session() as session:
            if wanted:
                drop_view(session, tools(), actor(), wanted)
    except CaseConflict:
        return redirect(url_for(".show_queue", done="already"), 303)
    return redirect(url_for(".show_queue", done="view_dropped"), 303)


def _said(kept: str, done: str) -> str:
    return "&".join(filter(None, (kept, f"done={done}")))


def _query() -> QueueQuery:
    given = {name: request.args.get(name, "").strip() for name in PARAMETERS}
    given["q"] = given["q"][:_LONGEST_WISH]
    kept = {name: value for name, value in given.items() if value}
    return QueueQuery(limit=ROWS, me=visitor().user.username, **kept)


def _news(session: Session, query: QueueQuery) -> Response:
    """The rows and the rail, or 304 when the browser has them as they are."""
    rail: Rail = make_rail(count_all(session), query.view)
    page = render_template(
        "desk/news.html", desk=rail, screen=_screen(session, query), actions=bulk_actions(session)
    )
    return with_tag(page)


def _screen(session: Session, query: QueueQuery) -> QueueScreen:
    page = queue_page(session, tools(), query, sight())
    around = Around(
        places=place_names(session, (row.region for row in page.rows)),
        people=people_names(session, (row.handler for row in page.rows)),
        now=tools().clock.now(),
        calendar=calendar_of(session),
    )
    kept = lean_query(urlencode(_set(query)))
    return QueueScreen(
        title=view_name(query.view),
        rows=tuple(queue_row(row, around) for row in page.rows),
        filters=tuple(_selects(session, query)),
        states=_states(query),
        sorts=_sorts(query),
        search=query.q,
        hidden=_hidden(query),
        filtered=bool(set(_set(query)) - {"sort"}),
        all_href=url_for("queue_pages.show_queue"),
        first_href=_href(query) if query.cursor else None,
        next_href=_next(query, page),
        live_href=None if query.cursor else _href(query),
        query=kept,
    )


def _next(query: QueueQuery, page: QueuePage) -> str | None:
    return _href(query, cursor=page.next_cursor) if page.next_cursor else None


def _selects(session: Session, query: QueueQuery) -> Iterable[Filter]:
    """The filters beside the search, each with the one choice that is in force."""
    yield _select("channel", _("渠道"), _channels(session), query.channel)
    stages = [(stage, labels.stage_name(stage)) for stage in STAGES]
    yield _select("stage", _("环节"), stages, query.stage)
    yield _select("due", _("期限"), [(due, labels.due_name(due)) for due in DUES], query.due)
    grades = [(grade.code, grade.name) for grade in grades_of(session).values()]
    yield _select("grade", _("类别"), grades, query.grade)
    if query.view not in ("mine", "unclaimed"):
        people = [(user.username, user.name) for user in staff(session, tools().clock.now())]
        yield _select("handler", _("经办人"), people, query.handler)


def _channels(session: Session) -> Sequence[tuple[str, str]]:
    found = session.execute(select(Channel.code, Channel.name).order_by(Channel.code))
    return [(row.code, row.name) for row in found]


def _select(name: str, label: str, known: Iterable[tuple[str, str]], current: str) -> Filter:
    every = [Choice(label, "", not current)]
    every += [Choice(words, value, value == current) for value, words in known]
    if current and not any(choice.current for choice in every):
        every.append(Choice(current, current, current=True))
    return Filter(name, label, tuple(every))


def _states(query: QueueQuery) -> tuple[Choice, ...]:
    return tuple(
        Choice(labels.state_name(state), _href(query, state=state), query.state == state)
        for state in STATES
    )


def _sorts(query: QueueQuery) -> tuple[Choice, ...]:
    names = {"due": _("先到期的"), "-last_at": _("新来的"), "last_at": _("最早的")}
    return tuple(
        Choice(name, _href(query, sort=sort), query.order == sort) for sort, name in names.items()
    )


def _hidden(query: QueueQuery) -> tuple[tuple[str, str], ...]:
    shown = {"q", "channel", "stage", "due", "grade", "handler"}
    return tuple((name, value) for name, value in _set(query).items() if name not in shown)


def _set(query: QueueQuery) -> dict[str, str]:
    """The parameters that differ from the plain queue; the page's place in it is left out."""
    plain = QueueQuery()
    given = {name: str(getattr(query, name)) for name in PARAMETERS if name != "cursor"}
    return {name: value for name, value in given.items() if value != getattr(plain, name)}


def _href(query: QueueQuery, **change: str) -> str:
    wanted = {name: value for name, value in (_set(query) | change).items() if value}
    plain = QueueQuery()
    kept = {name: value for name, value in wanted.items() if value != getattr(plain, name)}
    return url_for("queue_pages.show_queue", **kept)  # type: ignore[arg-type]
