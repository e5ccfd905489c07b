"""Looking back (回头看): draw closed cases, list the draws, and write down what each look found."""

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from minsheng.cases.service import Wish
from minsheng.citizens.service import (
    RESULTS,
    Draw,
    OwnInspection,
    SampleInvalid,
    draw_sample,
    list_samples,
    record_inspection,
    sample_view,
)
from minsheng.faces.web.case import message_id
from minsheng.faces.web.desk import actor, may, needs, office_session, tools
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.sight import sight
from minsheng.faces.web.staff import people_names
from minsheng.faces.web.times import BEIJING, local
from minsheng.faces.web.words import _

sample_pages = Blueprint("sample_pages", __name__, url_prefix="/samples")

LINES = 50
_DAYS, _PERCENT = 30, "5"


@sample_pages.get("")
@needs("cases.read")
def show_samples() -> ResponseReturnValue:
    """The draws of the office, newest first, and the form for another."""
    with office_session() as session:
        return _list(session, _suggested())


@sample_pages.post("")
@needs("callbacks.write")
def draw() -> ResponseReturnValue:
    """Draw; the same days, share and seed draw the same cases."""
    said = {name: request.form.get(name, "").strip() for name in ("since", "until", "share")}
    said["seed"] = request.form.get("seed", "").strip()
    try:
        with office_session() as session:
            made = draw_sample(session, tools(), Wish(actor(), sight=sight()), _draw(said))
    except SampleInvalid as error:
        with office_session() as session:
            return _list(session, said, error.field), 422
    return redirect(url_for(".show_sample", sample=made.id, done="drawn"), 303)


@sample_pages.get("/<uuid:sample>")
@needs("cases.read")
def show_sample(sample: uuid.UUID) -> ResponseReturnValue:
    """The cases of a draw in their order, and the form of each that nobody looked at yet."""
    with office_session() as session:
        return _one(session, sample)


@sample_pages.post("/<uuid:sample>/cases/<number>")
@needs("callbacks.write")
def record(sample: uuid.UUID, number: str) -> ResponseReturnValue:
    """Write down what the look at one case found; what cannot be taken comes back."""
    result, words = request.form.get("result", ""), request.form.get("words", "")
    done = "looked_back"
    try:
        with office_session() as session:
            wish = Wish(actor(), sight=sight())
            record_inspection(session, tools(), wish, sample, number, result, words)
    except OwnInspection:
        done = "same_person"
    except SampleInvalid:
        with office_session() as session:
            return _one(session, sample, {"number": number, "result": result, "words": words}), 422
    return redirect(url_for(".show_sample", sample=sample, done=done, about=number), 303)


def result_names() -> dict[str, str]:
    """What each result is called."""
    names = (_("办结属实"), _("办结有瑕疵"), _("重新办理"))
    return dict(zip(RESULTS, names, strict=True))


def _list(session: Session, said: Mapping[str, str], wrong: str = "") -> str:
    rows = list_samples(session, message_id(request.args.get("cursor", "")), LINES)
    more = rows[-1].id if len(rows) == LINES else None
    return render_desk(
        session, "desk/samples.html", "samples", lines=rows, said=said, wrong=wrong,
        next_href=url_for(".show_samples", cursor=more) if more else "",
        names=people_names(session, [row.drawn_by for row in rows]),
        may_draw=may("callbacks.write"),
    )  # fmt: skip


def _one(session: Session, sample: uuid.UUID, said: Mapping[str, str] | None = None) -> str:
    found = sample_view(session, sample, sight())
    people = [found.drawn_by, *(each.looked_by for each in found.cases)]
    return render_desk(
        session, "desk/sample.html", "samples", found=found, said=said or {},
        results=result_names(), names=people_names(session, people),
        may_record=may("callbacks.write"),
    )  # fmt: skip


def _suggested() -> dict[str, str]:
    """The last thirty days, one case in twenty, and the day as the seed said beforehand."""
    today = local(tools().clock.now()).date()
    since = today - timedelta(days=_DAYS)
    return {
        "since": since.isoformat(), "until": today.isoformat(), "share": _PERCENT,
        "seed": today.isoformat(),
    }  # fmt: skip


def _draw(said: Mapping[str, str]) -> Draw:
    """What was asked for: ``until`` is the last day, ``share`` percent. Raises SampleInvalid."""
    since, until = _midnight(said["since"], "since"), _midnight(said["until"], "until")
    share = float(said["share"]) / 100 if said["share"].isdecimal() else 0.0
    return Draw(since, until + timedelta(days=1), said["seed"], share=share)


def _midnight(given: str, field: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(given), time(), BEIJING).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"{given!r} is no day: write it as 2026-11-22"
        raise SampleInvalid(field, message) from error
