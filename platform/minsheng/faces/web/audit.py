"""The office's audit trail: shown, narrowed and exported; each of that is recorded as well."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.accounts.models import User
from minsheng.audit import AuditEntry
from minsheng.audit.trail import TrailPage, TrailQuery, TrailWishInvalid, read_trail, whole_trail
from minsheng.faces.cells import csv_text
from minsheng.faces.web.audit_words import (
    action_name,
    action_names,
    actor_kind,
    object_name,
    result_words,
)
from minsheng.faces.web.desk import actor, needs, office_session, tools
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.times import BEIJING, day, exact
from minsheng.faces.web.words import _

audit_pages = Blueprint("audit_pages", __name__, url_prefix="/admin/audit")

ROWS = 50
MOST = 50_000
"""Entries in one file; who needs more narrows the days."""
_PARAMETERS = ("who", "action", "object", "since", "until", "refused")
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One entry in words; ``who_name`` is a person's name where the actor is one of the office."""

    at: datetime
    who: str
    who_name: str
    who_kind: str
    action: str
    object: str
    object_id: str
    object_name: str
    result: str
    result_words: str
    refused: bool
    origin: str


@audit_pages.get("")
@needs("audit.read")
def show_trail() -> ResponseReturnValue:
    """A page of the trail; looking leaves an entry itself."""
    wish = _wish()
    with office_session() as session:
        query = _query(session, wish, request.args.get("cursor", ""))
        page = _read(session, query)
        tools().auditor.record(session, actor(), "audit.look", "trail", _said(wish))
        lines = _lines(session, page.entries)
        following = page.next_cursor
        return render_desk(
            session, "admin/audit.html", "audit",
            lines=lines, wish=wish, actions=action_names(), filtered=any(wish.values()),
            first_href=_href(wish) if query.cursor else None,
            next_href=_href(wish, cursor=following) if following else None,
            export_href=url_for("audit_pages.export", **_kept(wish)),  # type: ignore[arg-type]
        )  # fmt: skip


@audit_pages.get("/export.csv")
@needs("audit.read")
def export() -> ResponseReturnValue:
    """What the filter shows, as a CSV file; 413 where it is more than a file holds."""
    wish = _wish()
    with office_session() as session:
        entries = list(whole_trail(session, _query(session, wish, ""), MOST + 1))
        if len(entries) > MOST:
            abort(413)
        rows = [_cells(line) for line in _lines(session, entries)]
        said = f"{len(rows)} entries"
        tools().auditor.record(session, actor(), "audit.export", "trail", _said(wish), result=said)
    head = [
        _("时间"),
        _("谁"),
        _("姓名"),
        _("做了什么"),
        _("对象"),
        _("编号"),
        _("结果"),
        _("来自"),
    ]
    response = Response(csv_text(head, rows), content_type="text/csv; charset=utf-8")
    name = f"audit-{day(tools().clock.now())}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _wish() -> dict[str, str]:
    return {name: request.args.get(name, "").strip()[:_LONGEST] for name in _PARAMETERS}


def _query(session: Session, wish: Mapping[str, str], cursor: str) -> TrailQuery:
    return TrailQuery(
        actor=wish["who"],
        action=wish["action"],
        objects=_objects(session, wish["object"]),
        since=_start(wish["since"]),
        until=_start(wish["until"], days=1),
        refused=wish["refused"] == "yes",
        cursor=cursor,
        limit=ROWS,
    )


def _read(session: Session, query: TrailQuery) -> TrailPage:
    try:
        return read_trail(session, query)
    except TrailWishInvalid:
        abort(422)


def _objects(session: Session, typed: str) -> tuple[str, ...]:
    """The ids that a typed object may mean: itself, and a user's id when it is a user name."""
    if not typed:
        return ()
    user = session.scalar(select(User.id).where(User.username == typed.lower()))
    return (typed, typed.upper(), *((str(user),) if user else ()))


def _start(typed: str, days: int = 0) -> datetime | None:
    """The beginning of a typed day on an office's clock, or of a later one; None for nothing."""
    if not typed:
        return None
    try:
        return datetime.combine(date.fromisoformat(typed), time(), BEIJING) + timedelta(days=days)
    except (ValueError, OverflowError):
        abort(422)


def _said(wish: Mapping[str, str]) -> str:
    """The filter as it stands in the entry about the look: ``who=li.si action=user.login``."""
    return " ".join(f"{name}={value}" for name, value in wish.items() if value) or "all"


def _lines(session: Session, entries: Iterable[AuditEntry]) -> list[TrailLine]:
    listed = list(entries)
    by_name, by_id = _people(session)
    return [_line(entry, by_name, by_id) for entry in listed]


def _people(session: Session) -> tuple[dict[str, str], dict[str, str]]:
    """The office's people by user name and by id; an office has some thousands at most."""
    rows = session.execute(select(User.id, User.username, User.name)).all()
    return {row.username: row.name for row in rows}, {
        str(row.id): f"{row.name} {row.username}" for row in rows
    }


def _line(entry: AuditEntry, by_name: Mapping[str, str], by_id: Mapping[str, str]) -> TrailLine:
    kind, _colon, name = entry.actor.partition(":")
    return TrailLine(
        at=entry.at,
        who=name,
        who_name=by_name.get(name, "") if kind == "user" else "",
        who_kind=actor_kind(kind),
        action=action_name(entry.action),
        object=object_name(entry.object_kind),
        object_id=entry.object_id,
        object_name=by_id.get(entry.object_id, "") if entry.object_kind == "user" else "",
        result=entry.result,
        result_words=result_words(entry.result),
        refused=entry.result.startswith("refused"),
        origin=entry.origin,
    )


def _cells(line: TrailLine) -> list[str]:
    return [
        exact(line.at),
        f"{line.who_kind} {line.who}".strip(),
        line.who_name,
        line.action,
        line.object,
        line.object_name or line.object_id,
        line.result,
        line.origin,
    ]


def _kept(wish: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in wish.items() if value}


def _href(wish: Mapping[str, str], **more: str) -> str:
    return url_for("audit_pages.show_trail", **_kept(wish), **more)  # type: ignore[arg-type]
