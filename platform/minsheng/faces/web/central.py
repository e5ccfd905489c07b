"""The central page: figures of the office and of the bodies below it, each with its window."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from minsheng.faces.web.desk import needs, office_session, tools
from minsheng.faces.web.labels import plugin_name
from minsheng.faces.web.locale import language
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.times import named_day
from minsheng.faces.web.words import _
from minsheng.supervision.service import (
    LATE_AGES,
    OPEN_AGES,
    Figures,
    FiguresWish,
    OfficeFigures,
    figures_of,
)

central_pages = Blueprint("central_pages", __name__, url_prefix="/figures")

MOST_LINES = 200
_SORTS = ("messages", "cases", "joined", "closed", "late", "open", "overdue")


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled count with its length in percent of the longest; ``count`` None is not said."""

    label: str
    count: int | None
    share: float


@central_pages.get("")
@needs("facts.read")
def show_figures() -> ResponseReturnValue:
    """The figures of the office, or of a body below it that the address names."""
    sort = request.args.get("sort", "overdue")
    if sort not in _SORTS:
        abort(422)
    wish = FiguresWish(
        office=request.args.get("office", "").strip()[:40],
        since=_day("since"),
        until=_day("until"),
    )
    with office_session() as session:
        figures = figures_of(session, tools(), wish)
        return render_desk(
            session, "central/figures.html", "figures",
            figures=figures, lines=_sorted(figures.lines, sort)[:MOST_LINES],
            left_out=max(0, len(figures.lines) - MOST_LINES), sort=sort, wish=wish,
            columns=column_names(), ages=open_bars(figures), late=late_bars(figures),
            channels=channel_bars(figures), days=day_bars(figures), kept=_kept(wish),
        )  # fmt: skip


def column_names() -> dict[str, str]:
    """What the page calls each figure, in the order of the table."""
    return {
        "messages": _("来件"),
        "cases": _("案件"),
        "joined": _("并入重复"),
        "closed": _("办结"),
        "late": _("逾期办结"),
        "open": _("在办"),
        "overdue": _("逾期未结"),
    }


def open_bars(figures: Figures) -> list[Bar]:
    """Open cases by how long they have been open."""
    first, second, third = OPEN_AGES
    labels = (
        _("%(days)s 天以内", days=first),
        _("%(low)s–%(high)s 天", low=first + 1, high=second),
        _("%(low)s–%(high)s 天", low=second + 1, high=third),
        _("%(days)s 天以上", days=third),
    )
    return _bars(labels, figures.open_ages)


def late_bars(figures: Figures) -> list[Bar]:
    """Open cases beyond their deadline by how long."""
    first, second = LATE_AGES
    labels = (
        _("%(days)s 天以内", days=first),
        _("%(low)s–%(high)s 天", low=first + 1, high=second),
        _("%(days)s 天以上", days=second),
    )
    return _bars(labels, figures.late_ages)


def channel_bars(figures: Figures) -> list[Bar]:
    """Messages by kind of channel, most first."""
    names = [plugin_name(plugin) for plugin in figures.channels]
    return _bars(names, list(figures.channels.values()))


def day_bars(figures: Figures) -> list[Bar]:
    """Messages by the day their case was opened."""
    labels = [named_day(day, figures.today, language()) for day, _count in figures.days]
    return _bars(labels, [count for _day, count in figures.days])


def _bars(labels: Sequence[str], counts: Sequence[int | None]) -> list[Bar]:
    most = max((count or 0 for count in counts), default=0) or 1
    pairs = zip(labels, counts, strict=True)
    return [Bar(label, count, round(100 * (count or 0) / most, 1)) for label, count in pairs]


def _sorted(lines: Sequence[OfficeFigures], sort: str) -> list[OfficeFigures]:
    """Most first; what is not said stands below what is, the office's own part last."""
    return sorted(lines, key=lambda line: (line.itself, -(line.counts[sort] or 0), line.code))


def _day(name: str) -> date | None:
    typed = request.args.get(name, "").strip()
    if not typed:
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        abort(422)


def _kept(wish: FiguresWish) -> dict[str, str | None]:
    """What an address keeps of the wish; ``office`` is given anew by each link."""
    since, until = wish.since, wish.until
    return {
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
    }
