"""The queue: its filters live in the address, its first page is asked again every 15 seconds."""

from collections.abc import Sequence

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from minsheng.cases.service import (
    QueuePage,
    QueueQuery,
    queue_page,
)
from minsheng.faces.web import labels
from minsheng.faces.web.desk import is_live, needs, office_session, tools
from minsheng.faces.web.live import with_tag
from minsheng.faces.web.models import Choice, QueueScreen
from minsheng.faces.web.places import place_names
from minsheng.faces.web.present import queue_row
from minsheng.faces.web.rail import count_all, make_rail, render_desk, view_name
from minsheng.faces.web.sight import sight
from minsheng.faces.web.words import _
from minsheng.intake.service import ChannelStatus, list_channels

queue_pages = Blueprint("queue_pages", __name__)

ROWS = 30
_LONGEST_WISH = 100
_PARAMETERS = ("view", "state", "channel", "q", "sort", "cursor")


@queue_pages.get("/queue")
@needs("cases.read")
def show_queue() -> ResponseReturnValue:
    """A page of the queue, or its rows alone where it asks for news; raises QueueWishInvalid."""
    query = _query()
    with office_session() as session:
        if is_live():
            return _news(session, query)
        screen = _screen(session, query)
        return render_desk(session, "desk/queue.html", query.view, screen=screen)


def _query() -> QueueQuery:
    given = {name: request.args.get(name, "").strip() for name in _PARAMETERS}
    given["q"] = given["q"][:_LONGEST_WISH]
    return QueueQuery(limit=ROWS, **{name: value for name, value in given.items() if value})


def _news(session: Session, query: QueueQuery) -> Response:
    """The rows and the rail, or 304 when the browser has them as they are."""
    rail = make_rail(count_all(session), query.view)
    page = render_template("desk/news.html", desk=rail, screen=_screen(session, query))
    return with_tag(page)


def _screen(session: Session, query: QueueQuery) -> QueueScreen:
    page = queue_page(session, tools(), query, sight())
    places = place_names(session, (row.region for row in page.rows))
    return QueueScreen(
        title=view_name(query.view),
        rows=tuple(queue_row(row, places) for row in page.rows),
        channels=_channels(query, list_channels(session, runs=0)),
        states=_states(query),
        sorts=_sorts(query),
        search=query.q,
        hidden=_hidden(query),
        filtered=bool(query.q or query.channel or query.state != "open" or query.view != "all"),
        all_href=url_for("queue_pages.show_queue"),
        first_href=_href(query) if query.cursor else None,
        next_href=_next(query, page),
        live_href=None if query.cursor else _href(query),
    )


def _next(query: QueueQuery, page: QueuePage) -> str | None:
    return _href(query, cursor=page.next_cursor) if page.next_cursor else None


def _channels(query: QueueQuery, found: Sequence[ChannelStatus]) -> tuple[Choice, ...]:
    every = Choice(_("全部渠道"), _href(query, channel=""), not query.channel)
    rest = (
        Choice(
            status.channel.name,
            _href(query, channel=status.channel.code),
            query.channel == status.channel.code,
            icon=labels.plugin_icon(status.channel.plugin),
        )
        for status in found
    )
    return (every, *rest)


def _states(query: QueueQuery) -> tuple[Choice, ...]:
    return tuple(
        Choice(labels.state_name(state), _href(query, state=state), query.state == state)
        for state in ("open", "merged")
    )


def _sorts(query: QueueQuery) -> tuple[Choice, ...]:
    names = {"-last_at": _("新的在前"), "last_at": _("旧的在前")}
    return tuple(
        Choice(name, _href(query, sort=sort), query.sort == sort) for sort, name in names.items()
    )


def _hidden(query: QueueQuery) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in _set(query).items() if name != "q")


def _set(query: QueueQuery) -> dict[str, str]:
    """The parameters that differ from the plain queue; the page's place in it is left out."""
    plain = QueueQuery()
    given = {name: str(getattr(query, name)) for name in _PARAMETERS if name != "cursor"}
    return {name: value for name, value in given.items() if value != getattr(plain, name)}


def _href(query: QueueQuery, **change: str) -> str:
    wanted = {name: value for name, value in (_set(query) | change).items() if value}
    plain = QueueQuery()
    kept = {name: value for name, value in wanted.items() if value != getattr(plain, name)}
    return url_for("queue_pages.show_queue", **kept)  # type: ignore[arg-type]
