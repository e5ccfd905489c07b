"""Channels with their last runs; pulling now and pausing."""

from datetime import datetime, time, timedelta
from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from minsheng.faces.web import labels
from minsheng.faces.web.desk import actor, is_live, may, needs, office_session, tools
from minsheng.faces.web.live import with_tag
from minsheng.faces.web.models import ChannelCard, RunLine
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.times import BEIJING, local
from minsheng.intake.models import ChannelRun
from minsheng.intake.service import (
    ChannelInvalid,
    ChannelStatus,
    list_channels,
    pull_now,
    set_paused,
)

channel_pages = Blueprint("channel_pages", __name__, url_prefix="/channels")


@channel_pages.get("")
@needs("channels.read")
def show_channels() -> ResponseReturnValue:
    """Every channel of the office; where the page asks by itself, the list alone or 304."""
    with office_session() as session:
        volumes = volumes_of(session)
        cards = [
            channel_card(status, volumes.get(status.channel.id, ()))
            for status in list_channels(session)
        ]
        may_manage = may("channels.write")
        if is_live():
            page = "desk/channel_list.html"
            return with_tag(render_template(page, channels=cards, may_manage=may_manage))
        return render_desk(
            session, "desk/channels.html", "channels", channels=cards, may_manage=may_manage
        )


@channel_pages.post("/<code>/pull")
@needs("channels.write")
def pull(code: str) -> ResponseReturnValue:
    """Have a channel pulled without waiting for its turn."""
    try:
        with office_session() as session:
            pull_now(session, tools(), actor(), code)
    except ChannelInvalid:
        return _back("already")
    return _back("pulled")


@channel_pages.post("/<code>/pause")
@needs("channels.write")
def pause(code: str) -> ResponseReturnValue:
    """Stop pulling a channel until somebody resumes it."""
    return _set_paused(code, paused=True)


@channel_pages.post("/<code>/resume")
@needs("channels.write")
def resume(code: str) -> ResponseReturnValue:
    """Pull a channel again, at once."""
    return _set_paused(code, paused=False)


def _set_paused(code: str, *, paused: bool) -> ResponseReturnValue:
    try:
        with office_session() as session:
            set_paused(session, tools(), actor(), code, paused=paused)
    except ChannelInvalid:
        return _back("already")
    return _back("paused" if paused else "resumed")


def _back(done: str) -> ResponseReturnValue:
    return redirect(url_for("channel_pages.show_channels", done=done), 303)


DAYS = 14
"""Days of the little chart beside a channel (our figure)."""


def volumes_of(session: Session) -> dict[UUID, tuple[int, ...]]:
    """By channel, what its pulls stored on each of the last DAYS days, today last."""
    today = local(tools().clock.now()).date()
    begun = datetime.combine(today - timedelta(days=DAYS - 1), time.min, BEIJING)
    # Ids of runs are UUIDs of version 7: they begin with the milliseconds of their moment.
    first = UUID(int=int(begun.timestamp() * 1000) << 80)
    day = func.date(func.timezone("Asia/Shanghai", ChannelRun.started_at)).label("day")
    chosen = select(ChannelRun.channel_id, day, func.sum(ChannelRun.stored).label("many"))
    rows = session.execute(
        chosen.where(ChannelRun.id >= first).group_by(ChannelRun.channel_id, day)
    )
    found: dict[UUID, list[int]] = {}
    for row in rows:
        days = found.setdefault(row.channel_id, [0] * DAYS)
        at = DAYS - 1 - (today - row.day).days
        if 0 <= at < DAYS:
            days[at] = int(row.many or 0)
    return {channel: tuple(days) for channel, days in found.items()}


def channel_card(status: ChannelStatus, volume: tuple[int, ...] = ()) -> ChannelCard:
    """A channel as it is drawn."""
    channel = status.channel
    return ChannelCard(
        code=channel.code,
        name=channel.name,
        plugin=channel.plugin,
        state=channel.state,
        interval_seconds=channel.interval_seconds,
        failures=channel.failures,
        runs=tuple(_run_line(run) for run in status.runs),
        volume=volume,
    )


def _run_line(run: ChannelRun) -> RunLine:
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
    kind, _colon, detail = run.trouble.partition(": ")
    return RunLine(
        outcome=run.outcome,
        started_at=run.started_at,
        seconds=seconds,
        fetched=run.fetched,
        stored=run.stored,
        trouble=labels.trouble_name(kind) if kind else "",
        detail=detail,
    )
