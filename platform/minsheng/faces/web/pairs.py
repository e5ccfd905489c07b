"""Possible duplicates: two texts side by side, the reasons between them, and a person's answer."""

import uuid
from collections.abc import Iterator
from functools import partial
from itertools import islice

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from minsheng.cases.service import (
    CaseConflict,
    CaseNotFound,
    CaseView,
    FindingNotFound,
    MessageView,
    QueueQuery,
    SaidNotSame,
    Similar,
    answer_finding,
    case_view,
    find_case,
    merge,
    queue_page,
    similar_to,
    view_counts,
)
from minsheng.faces.web.aligned import align
from minsheng.faces.web.case import message_id, wish
from minsheng.faces.web.consequences import consequences, due_of
from minsheng.faces.web.deadlines import deadline_chip
from minsheng.faces.web.desk import may, needs, office_session, tools
from minsheng.faces.web.models import PairLine, PairScreen, PairSide
from minsheng.faces.web.places import place_names
from minsheng.faces.web.present import Around, message_column, reason_lines
from minsheng.faces.web.rail import render_desk
from minsheng.faces.web.sight import sight
from minsheng.handling.office import calendar_of

pair_pages = Blueprint("pair_pages", __name__)

MOST_CASES = 50
MOST_PAIRS = 20
_EXCERPT = 160
_DONE = {"same": "merged", "related": "related", "different": "not_same"}


@pair_pages.get("/review")
@needs("cases.read")
def next_pair() -> ResponseReturnValue:
    """On to the first open pair, or to the one after ``case`` and ``finding`` when one is left."""
    done, about = request.args.get("done"), request.args.get("about")
    after = request.args.get("case", ""), request.args.get("finding", "")
    with office_session() as session:
        found = next(_pairs_after(session, *after), None)
    if found is None:
        queue = url_for("queue_pages.show_queue", view="review", done=done, about=about)
        return redirect(queue, 303)
    number, similar = found
    finding = str(similar.finding_id)
    return redirect(
        url_for("pair_pages.show_pair", number=number, finding=finding, done=done, about=about), 303
    )


@pair_pages.get("/review/list")
@needs("cases.read")
def list_pairs() -> ResponseReturnValue:
    """Open pairs one below the other, to be answered together."""
    with office_session() as session:
        found = list(islice(_pairs_after(session, "", ""), MOST_PAIRS))
        lines = [_line(session, number, similar) for number, similar in found]
        return render_desk(
            session, "desk/pair_list.html", "review", pairs=lines, may_merge=may("cases.merge")
        )


@pair_pages.post("/review/list")
@needs("cases.merge")
def answer_list() -> ResponseReturnValue:
    """Close several pairs, each in a transaction of its own; what was answered meanwhile stays."""
    done = 0
    for given in request.form.getlist("answer")[:MOST_PAIRS]:
        finding, _blank, outcome = given.partition(" ")
        wanted = message_id(finding)
        if wanted is None or outcome not in _DONE:
            continue
        try:
            with office_session() as session:
                answer_finding(session, tools(), wish(), wanted, outcome)
            done += 1
        except (FindingNotFound, CaseConflict):
            continue
    return redirect(url_for(".list_pairs", done="answered" if done else "already"), 303)


@pair_pages.get("/cases/<number>/pairs/<uuid:finding>")
@needs("cases.read")
def show_pair(number: str, finding: uuid.UUID) -> ResponseReturnValue:
    """One pair that the matcher asks about; answered ones lead back to the case."""
    with office_session() as session:
        view = case_view(session, tools(), number, sight())
        found = next((each for each in view.similar if each.finding_id == finding), None)
        if found is None:
            return redirect(url_for("case_pages.show_case", number=number, done="already"), 303)
        other = case_view(session, tools(), found.case, sight())
        screen = _screen(session, view, other, found)
        return render_desk(
            session, "desk/pair.html", "review", screen=screen, may_merge=may("cases.merge")
        )


@pair_pages.get("/cases/<number>/with")
@needs("cases.read")
def compare_cases(number: str) -> ResponseReturnValue:
    """This case beside another that a person names; a wrong number is said on the case's page."""
    other_number = request.args.get("other", "").strip().upper()
    with office_session() as session:
        view = case_view(session, tools(), number, sight())
        try:
            other = case_view(session, tools(), other_number, sight())
        except CaseNotFound:
            other = view
        if other.number == view.number:
            back = url_for("case_pages.show_case", number=number, done="no_such_case")
            return redirect(back, 303)
        found = next((each for each in view.similar if each.case == other.number), None)
        screen = _screen(session, view, other, found)
        return render_desk(
            session, "desk/pair.html", "", screen=screen, may_merge=may("cases.merge"),
            asked_again=request.args.get("done") == "said_not_same",
        )  # fmt: skip


@pair_pages.post("/findings/<uuid:finding>")
@needs("cases.merge")
def answer(finding: uuid.UUID) -> ResponseReturnValue:
    """Close a pair with a person's answer, and on to the next."""
    outcome = request.form.get("outcome", "")
    try:
        with office_session() as session:
            answered = answer_finding(session, tools(), wish(), finding, outcome)
    except (FindingNotFound, CaseConflict):
        return redirect(url_for("pair_pages.next_pair", done="already"), 303)
    done = _DONE[answered.outcome]
    return redirect(url_for("pair_pages.next_pair", done=done, about=answered.case), 303)


@pair_pages.post("/cases/<number>/merge")
@needs("cases.merge")
def merge_cases(number: str) -> ResponseReturnValue:
    """Join another case into this one: the person has looked at both."""
    other = request.form.get("other", "")
    despite = request.form.get("despite_not_same") == "yes"
    case_page = partial(url_for, "case_pages.show_case", number=number)
    try:
        with office_session() as session:
            merge(session, tools(), wish(), number, other, despite_not_same=despite)
    except SaidNotSame:
        back = url_for("pair_pages.compare_cases", number=number, other=other, done="said_not_same")
        return redirect(back, 303)
    except CaseConflict:
        return redirect(case_page(done="already"), 303)
    return redirect(case_page(done="merged", about=number), 303)


def _pairs_after(session: Session, number: str, finding: str) -> Iterator[tuple[str, Similar]]:
    """Every open pair once, from the one after ``finding`` of case ``number`` on.

    A pair shows at both of its cases; it counts at the one that stands first in the queue. A case
    that has left the queue meanwhile lets it begin anew.
    """
    query = QueueQuery(view="review", limit=MOST_CASES)
    numbers = [row.number for row in queue_page(session, tools(), query, sight()).rows]
    start = numbers.index(number) if number in numbers else 0
    passed = message_id(finding) if number in numbers else None
    before = set(numbers[:start])
    for each in numbers[start:]:
        case = find_case(session, each, sight())
        pairs = [s for s in similar_to(session, case, sight()) if s.state == "open"]
        skip = next((at + 1 for at, s in enumerate(pairs) if s.finding_id == passed), 0)
        yield from ((each, s) for s in pairs[skip:] if s.case not in before)
        before.add(each)


def _screen(
    session: Session, view: CaseView, other: CaseView, similar: Similar | None
) -> PairScreen:
    ours = _message(view, similar.our_message if similar else None)
    theirs = _message(other, similar.their_message if similar else None)
    places = place_names(session, (ours.region, theirs.region))
    around = Around(places, {}, tools().clock.now(), calendar_of(session))
    finding = str(similar.finding_id) if similar and similar.state == "open" else ""
    skip = url_for("pair_pages.next_pair", case=view.number, finding=finding)
    return PairScreen(
        left=_side(view, ours, around),
        right=_side(other, theirs, around),
        rows=align(ours.body, theirs.body),
        then=consequences((view, ours), (other, theirs), asked=bool(finding)),
        next_href=_following(session, view.number, finding) if finding else "",
        finding=finding,
        score=similar.score if similar else None,
        reasons=reason_lines(similar.reasons) if similar else (),
        algorithm=similar.algorithm if similar else "",
        waiting=view_counts(session, tools(), QueueQuery(), sight())["review"],
        skip_href=skip if finding else url_for("case_pages.show_case", number=view.number),
    )


def _side(view: CaseView, message: MessageView, around: Around) -> PairSide:
    due = deadline_chip(due_of(view), around.now, around.calendar)
    column = message_column(message, (), around.places)
    return PairSide(view.number, view.message_count, column, due)


def _line(session: Session, number: str, similar: Similar) -> PairLine:
    """A pair as one line of the list; our own side as it may be shown."""
    view = case_view(session, tools(), number, sight())
    ours = _message(view, similar.our_message)
    return PairLine(
        finding=str(similar.finding_id),
        score=similar.score,
        reasons=reason_lines(similar.reasons),
        left=number,
        left_plugin=ours.plugin,
        left_subject=ours.subject,
        left_text=ours.body[:_EXCERPT],
        right=similar.case,
        right_plugin=similar.plugin,
        right_subject=similar.subject,
        right_text=similar.body[:_EXCERPT],
    )


def _following(session: Session, number: str, finding: str) -> str:
    """The address of the pair that comes next, so that a browser can have it ready."""
    found = next(_pairs_after(session, number, finding), None)
    if found is None:
        return ""
    return url_for("pair_pages.show_pair", number=found[0], finding=str(found[1].finding_id))


def _message(view: CaseView, wanted: uuid.UUID | None) -> MessageView:
    """The message that the pair is about; a case that is not empty has a first one."""
    found = next((message for message in view.messages if message.id == wanted), None)
    if found is None and not view.messages:
        message = f"{view.number} holds no message: open the case it was joined to"
        raise CaseNotFound(message)
    return found or view.messages[0]
