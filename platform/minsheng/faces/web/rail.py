"""The rail beside every page of the desk: the views with their counts, and the sources."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import render_template, request, url_for
from sqlalchemy.orm import Session

from minsheng.cases.service import COUNT_UP_TO, COUNTED, QueueQuery, saved_views, view_counts
from minsheng.faces.web.admin_rail import administration
from minsheng.faces.web.desk import may, tools, visitor
from minsheng.faces.web.models import Choice
from minsheng.faces.web.notices import Notice, notices
from minsheng.faces.web.sight import sight
from minsheng.faces.web.words import _
from minsheng.intake.service import list_aside

MOST_ASIDE = 100
_ICONS = {
    "mine": "mine",
    "unclaimed": "claim",
    "today": "timer",
    "overdue": "alert",
    "review": "review",
    "all": "inbox",
    "joined": "joined",
}


@dataclass(frozen=True, slots=True)
class Saved:
    """One of the person's own views; ``id`` is what dropping it names."""

    id: str
    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Rail:
    """What stands beside and on top of a page."""

    office: str
    person: str
    roles: tuple[str, ...]
    views: tuple[Choice, ...]
    saved: tuple[Saved, ...]
    oversight: tuple[Choice, ...]
    sources: tuple[Choice, ...]
    administration: tuple[Choice, ...]
    notices: tuple[Notice, ...]


def view_name(view: str) -> str:
    """What the desk calls a view of the queue."""
    return {
        "mine": _("我的待办"),
        "unclaimed": _("待签收"),
        "today": _("今日到期"),
        "overdue": _("逾期"),
        "review": _("待查重"),
        "all": _("全部"),
        "joined": _("已并案"),
    }[view]


def count_words(count: int, most: int) -> str:
    """A count, or ``1000+`` where counting stopped."""
    return f"{count}+" if count >= most else str(count)


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is: open cases by view, arrivals in quarantine; and the person's own views."""

    views: Mapping[str, int]
    aside: int
    saved: tuple[Saved, ...] = ()


def count_all(session: Session) -> Counts:
    """Count what the person may see; nothing else is asked for."""
    reads, me = may("cases.read"), visitor().user.username
    asked = QueueQuery(me=me)
    views = view_counts(session, tools(), asked, sight()) if reads else {}
    aside = len(list_aside(session, limit=MOST_ASIDE)) if may("quarantine.read") else 0
    return Counts(views, aside, tuple(_saved(session, me)) if reads else ())


def _saved(session: Session, me: str) -> Iterator[Saved]:
    here = request.query_string.decode(errors="replace")
    for view in saved_views(session, me):
        href = f"{url_for('queue_pages.show_queue')}?{view.query}"
        current = request.endpoint == "queue_pages.show_queue" and here == view.query
        yield Saved(str(view.id), view.name, href, current)


def make_rail(counts: Counts, current: str) -> Rail:
    """The rail with ``current`` (a view, ``channels``, ``quarantine``, ``users`` …) marked."""
    found = visitor()
    return Rail(
        office=found.office,
        person=found.user.name,
        roles=tuple(found.user.roles),
        views=tuple(_views(counts, current)),
        saved=counts.saved,
        oversight=tuple(_oversight(current)),
        sources=tuple(_sources(counts, current)),
        administration=tuple(administration(current)),
        notices=tuple(notices()),
    )


def render_desk(session: Session, template: str, current: str, **values: object) -> str:
    """A page of the desk with its rail."""
    rail = make_rail(count_all(session), current)
    return render_template(template, desk=rail, **values)


def _views(counts: Counts, current: str) -> list[Choice]:
    if not may("cases.read"):
        return []
    return [
        Choice(
            view_name(view),
            url_for("queue_pages.show_queue", view=None if view == "all" else view),
            view == current,
            count_words(counts.views[view], COUNT_UP_TO) if counts.views[view] else "0",
            _ICONS[view],
        )
        for view in COUNTED
        if view != "mine" or may("cases.handle")
    ]


def _oversight(current: str) -> list[Choice]:
    """What looks over many cases at once: the leader's page, the figures, checks on done work."""
    reads = may("cases.read")
    places = (
        (may("instructions.sign"), "leader", _("领导阅批"), "leader_pages.show_leader", "stamp"),
        (may("facts.read"), "figures", _("总览"), "central_pages.show_figures", "figures"),
        (reads, "crossings", _("跨单位线索"), "crossing_pages.show_crossings", "route"),
        (reads, "low-ratings", _("差评倒查"), "low_rating_pages.show_reviews", "flag"),
        (reads, "samples", _("回头看"), "sample_pages.show_samples", "history"),
    )
    return [
        Choice(label, url_for(endpoint), key == current, icon=icon)
        for allowed, key, label, endpoint, icon in places
        if allowed
    ]


def _sources(counts: Counts, current: str) -> list[Choice]:
    sources = []
    if may("channels.read"):
        href = url_for("channel_pages.show_channels")
        sources.append(Choice(_("渠道"), href, current == "channels", icon="channels"))
    if may("deliveries.write"):
        href = url_for("delivery_pages.show_deliveries")
        sources.append(Choice(_("发送"), href, current == "deliveries", icon="send"))
    if may("quarantine.read"):
        href = url_for("quarantine_pages.show_quarantine")
        count = count_words(counts.aside, MOST_ASIDE) if counts.aside else ""
        sources.append(Choice(_("隔离区"), href, current == "quarantine", count, "quarantine"))
    return sources
