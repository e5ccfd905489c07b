"""The quarantine: what could not be read, its bytes as safe text, and reading it once more."""

import uuid
from collections.abc import Sequence

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from minsheng.faces.web import labels
from minsheng.faces.web.case import message_id
from minsheng.faces.web.desk import actor, may, needs, office_session, tools
from minsheng.faces.web.models import QuarantineLine, RawScreen
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.raw import SHOWN, safe_text
from minsheng.intake.service import (
    Aside,
    QuarantineNotFound,
    list_aside,
    raw_bytes,
    replay,
)

quarantine_pages = Blueprint("quarantine_pages", __name__, url_prefix="/quarantine")

LINES = 50


@quarantine_pages.get("")
@needs("quarantine.read")
def show_quarantine() -> ResponseReturnValue:
    """A page of the quarantine, newest first."""
    after = message_id(request.args.get("after", ""))
    with office_session() as session:
        found = list_aside(session, after, LINES + 1)
        lines = [aside_line(aside) for aside in found[:LINES]]
        more = url_for(".show_quarantine", after=lines[-1].id) if len(found) > LINES else None
        return render_desk(
            session, "desk/quarantine.html", "quarantine",
            lines=lines, next_href=more, may_replay=may("quarantine.replay"),
        )  # fmt: skip


@quarantine_pages.get("/<uuid:item>")
@needs("quarantine.read")
def show_raw(item: uuid.UUID) -> ResponseReturnValue:
    """The bytes of one arrival as text; looking at them is audited."""
    with office_session() as session:
        line = aside_line(_find(list_aside(session, _just_after(item), 1), item))
        raw = raw_bytes(session, tools(), actor(), item)
        screen = RawScreen(line, safe_text(raw), len(raw) > SHOWN)
        return render_desk(
            session, "desk/raw.html", "quarantine",
            screen=screen, may_replay=may("quarantine.replay"),
        )  # fmt: skip


@quarantine_pages.post("/<uuid:item>/replay")
@needs("quarantine.replay")
def replay_item(item: uuid.UUID) -> ResponseReturnValue:
    """Have an arrival read once more."""
    try:
        with office_session() as session:
            replay(session, tools(), actor(), item)
    except QuarantineNotFound:
        return redirect(url_for(".show_quarantine", done="already"), 303)
    return redirect(url_for(".show_quarantine", done="replayed"), 303)


def aside_line(aside: Aside) -> QuarantineLine:
    """An arrival in quarantine as it is drawn."""
    return QuarantineLine(
        id=str(aside.id),
        reason=labels.quarantine_reason(aside.reason),
        detail=aside.detail,
        at=aside.at,
        size=aside.size,
        channel=aside.channel_name,
        plugin=aside.plugin,
    )


def _just_after(item: uuid.UUID) -> uuid.UUID | None:
    """The next id, so that the page that begins below it begins with ``item``."""
    return uuid.UUID(int=item.int + 1) if item.int < (1 << 128) - 1 else None


def _find(found: Sequence[Aside], item: uuid.UUID) -> Aside:
    if not found or found[0].id != item:
        message = "nothing of this number is in quarantine: it may have been read since"
        raise QuarantineNotFound(message)
    return found[0]
