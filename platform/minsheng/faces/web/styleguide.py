"""The components of the pages on one page, drawn by the macros that all pages use."""

from datetime import datetime, timedelta

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from minsheng.faces.web.deadlines import Chip, Due, deadline_chip
from minsheng.faces.web.desk import needs_login, tools
from minsheng.faces.web.models import OriginBadge, Piece, ReasonLine
from minsheng.faces.web.words import _
from minsheng.handling.calendar import Calendar

styleguide_pages = Blueprint("styleguide_pages", __name__)

TONES = ("", "ok", "warn", "danger", "info", "accent", "quiet")
COLOURS = (
    "paper", "raised", "sunken", "line", "line-strong", "ink", "ink-2", "ink-3", "accent",
    "accent-soft", "danger", "danger-soft", "warn", "warn-soft", "ok", "ok-soft", "info",
    "info-soft",
)  # fmt: skip


@styleguide_pages.get("/styleguide")
@needs_login
def show_styleguide() -> ResponseReturnValue:
    """Every component in every state, in the language and brightness of whoever looks."""
    now = tools().clock.now()
    return render_template(
        "styleguide.html",
        tones=TONES,
        colours=COLOURS,
        now=now,
        dues=_dues(now),
        origins=[OriginBadge("hotline_12345", 2), OriginBadge("mailbox"), OriginBadge("api")],
        reasons_shown=_reasons(),
        pieces=_pieces(),
    )


def _dues(now: datetime) -> list[Chip]:
    moments = (timedelta(days=9), timedelta(hours=2), timedelta(days=-6))
    found = [deadline_chip(Due(now + each), now, Calendar()) for each in moments]
    found.append(deadline_chip(Due(now + timedelta(days=60), estimated=True), now, Calendar()))
    found.append(deadline_chip(Due(now, paused=True), now, Calendar()))
    return [chip for chip in found if chip]


def _reasons() -> list[ReasonLine]:
    return [
        ReasonLine(_("楼号不同，不合并"), 0.0, veto=True),
        ReasonLine(_("小区相同"), 6.2, veto=False),
        ReasonLine(_("标题不同"), -1.4, veto=False),
    ]


def _pieces() -> list[Piece]:
    return [
        Piece(_("两边都这样说，"), "same"),
        Piece(_("只有这里说，"), "own"),
        Piece("13", "fact"),
        Piece(_("度，"), "own"),
        Piece(_("6号楼"), "clash"),
    ]
