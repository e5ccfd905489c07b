"""From what the verbs give to what the templates draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from minsheng.cases.service import CaseView, EventView, MessageView, QueueRow, Similar
from minsheng.cases.service import Join as JoinFact
from minsheng.faces.web import models
from minsheng.faces.web.compare import compare
from minsheng.faces.web.deadlines import Due, deadline_chip
from minsheng.faces.web.event_words import event_icon, event_words
from minsheng.faces.web.locale import language
from minsheng.faces.web.words import _
from minsheng.handling.calendar import Calendar

Names = Mapping[str, str]
ORIGINS, EVENTS = 20, 100
"""How many origins and events of a case one page shows: what a person can look through."""
_EVENT_ICONS = {
    "opened": "inbox",
    "joined": "merge",
    "merged": "merge",
    "unmerged": "unmerge",
    "split": "unmerge",
    "not_same": "veto",
    "related": "review",
    "complained": "alert",
    "not_complained": "check",
    "confidential": "veto",
    "not_confidential": "check",
}


@dataclass(frozen=True, slots=True)
class Around:
    """What rows of the queue need besides themselves: names, the moment and the calendar."""

    places: Names
    people: Names
    now: datetime
    calendar: Calendar


def queue_row(row: QueueRow, around: Around) -> models.QueueRow:
    """One case of the queue; one that is done or joined has no deadline any more."""
    places = around.places
    due = Due(row.due_at if row.state == "open" else None, row.due_estimated, row.paused)
    return models.QueueRow(
        number=row.number,
        subject=row.subject,
        state=row.state,
        region=places.get(row.region, row.region),
        message_count=row.message_count,
        channel_count=len(row.channels),
        origins=tuple(models.OriginBadge(plugin, count) for plugin, count in row.origins),
        opened_at=row.opened_at,
        last_at=row.last_at,
        review_count=row.review_count,
        secret=row.secret,
        stage=row.stage,
        handler=around.people.get(row.handler, row.handler),
        due=deadline_chip(due, around.now, around.calendar),
    )


def reason_lines(reasons: Sequence[Mapping[str, Any]]) -> tuple[models.ReasonLine, ...]:
    """Vetoes first, then what weighs most."""
    words = "zh" if language() == "zh" else "en"
    lines = [
        models.ReasonLine(str(r[words]), float(r["weight"]), bool(r.get("veto"))) for r in reasons
    ]
    return tuple(sorted(lines, key=lambda line: (not line.veto, -abs(line.weight))))


def person_name(actor: str) -> str:
    """``user:wang`` as ``wang``, the service itself as what it did."""
    kind, _colon, name = actor.partition(":")
    return {"system": _("系统自动"), "channel": _("渠道"), "client": _("接口")}.get(kind, name)


@dataclass(frozen=True, slots=True)
class Part:
    """Which of many origins and events the page begins with, from 0."""

    column: int = 0
    event: int = 0


USUAL = Part(event=1_000_000)
"""The first origins and the last events."""


def case_screen(
    view: CaseView,
    places: Names,
    *,
    may_merge: bool,
    compared: bool = True,
    people: Names | None = None,
    part: Part = USUAL,
) -> models.CaseScreen:
    """One case with its messages as columns, oldest first; ``people`` are names by user name."""
    events = _events(view, people or {}, may_merge=may_merge)
    first = _within(part.column, len(view.messages), ORIGINS)
    begun = _within(part.event, len(events), EVENTS)
    return models.CaseScreen(
        number=view.number,
        subject=view.subject,
        state=view.state,
        merged_into=view.merged_into,
        region=places.get(view.region, view.region),
        opened_at=view.opened_at,
        last_at=view.last_at,
        message_count=view.message_count,
        channel_count=len({message.channel for message in view.messages}),
        secret=view.secret,
        complained=tuple(models.OfficeMark(each.code, each.name) for each in view.complained),
        columns=_columns(view, places, first, may_merge=may_merge, compared=compared),
        similar=_similar(view),
        events=tuple(events[begun : begun + EVENTS]),
        first_column=first,
        first_event=begun,
        event_count=len(events),
    )


def _within(wish: int, count: int, size: int) -> int:
    """The beginning of the part that holds what is wished for, of ``count`` things."""
    return max(0, min(wish, count - 1)) // size * size


def _columns(
    view: CaseView, places: Names, first: int, *, may_merge: bool, compared: bool
) -> tuple[models.OriginColumn, ...]:
    shown = view.messages[first : first + ORIGINS]
    bodies = [message.body for message in shown]
    pieces = compare(bodies) if compared else [(models.Piece(body, "own"),) for body in bodies]
    can_split = may_merge and view.state == "open" and view.message_count > 1
    merges = _merges(view)
    joins = [_join(message, merges.get(str(message.id))) for message in shown]
    return tuple(
        message_column(message, body, places, join=join, can_split=can_split)
        for message, body, join in zip(shown, pieces, joins, strict=True)
    )


def message_column(
    message: MessageView,
    body: tuple[models.Piece, ...],
    places: Names,
    *,
    join: models.Join | None = None,
    can_split: bool = False,
) -> models.OriginColumn:
    """One message, with contact data as the service masked it."""
    who = [part for part in (message.citizen_name, message.citizen_phone) if part]
    return models.OriginColumn(
        message_id=str(message.id),
        plugin=message.plugin,
        channel=message.channel_name,
        received_at=message.received_at,
        citizen=" ".join(who),
        confidential=message.confidential,
        external_id=message.external_id,
        region=places.get(message.region, message.region),
        subject=message.subject,
        body=body,
        attachments=message.attachments,
        join=join,
        can_split=can_split,
    )


def _merges(view: CaseView) -> dict[str, EventView]:
    """For each message that a person's merge brought here: the last such event."""
    return {
        str(message): event
        for event in view.events
        if event.kind == "merged" and event.data.get("into") == view.number
        for message in event.data.get("messages", ())
    }


def _join(message: MessageView, merge: EventView | None) -> models.Join | None:
    fact: JoinFact = message.join
    if merge is not None:
        words = str(merge.data.get("reason", ""))
        reasons = reason_lines(merge.data.get("reasons") or fact.reasons)
        score = merge.data.get("score", fact.score)
        algorithm = merge.data.get("algorithm", fact.algorithm) if score is not None else ""
        return models.Join(score, reasons, person_name(merge.actor), merge.at, algorithm, words)
    if fact.score is None:
        return None
    reasons = reason_lines(fact.reasons)
    return models.Join(fact.score, reasons, person_name(fact.by), fact.at, fact.algorithm)


def _similar(view: CaseView) -> tuple[models.SimilarCase, ...]:
    """The strongest finding of each other case; what waits for an answer comes first."""
    first = {other.case: other for other in reversed(view.similar)}
    return tuple(similar_case(other) for other in view.similar if first[other.case] is other)


def similar_case(other: Similar) -> models.SimilarCase:
    """What may be the same matter, or is related."""
    return models.SimilarCase(
        finding=str(other.finding_id),
        open=other.state == "open",
        number=other.case,
        subject=other.subject,
        excerpt=other.body,
        score=other.score,
        plugin=other.plugin,
        received_at=other.received_at,
        reasons=reason_lines(other.reasons),
    )


def _events(view: CaseView, people: Names, *, may_merge: bool) -> list[models.TimelineEvent]:
    undoable = _undoable(view) if may_merge and view.state == "open" else set()
    return [
        models.TimelineEvent(
            icon=_EVENT_ICONS.get(event.kind) or event_icon(event.kind),
            words=_event_words(event, view, people),
            by=people.get(person_name(event.actor), person_name(event.actor)),
            at=event.at,
            said=str(event.data.get("reason") or event.data.get("words") or ""),
            undo=str(event.data["from"]) if event.id in undoable else "",
            group=_group(event.kind),
        )
        for event in view.events
    ]


def _group(kind: str) -> str:
    if kind in _EVENT_ICONS:
        return "ledger"
    return "reply" if kind.startswith(("reply", "delivery")) else "handling"


def _undoable(view: CaseView) -> set[object]:
    """The last merge of each case into this one, unless it was taken apart since."""
    last: dict[str, EventView] = {}
    for event in view.events:
        if event.kind in ("merged", "unmerged", "split"):
            into_here = event.kind == "merged" and event.data.get("into") == view.number
            last[str(event.data["from"] if into_here else event.data.get("into"))] = event
    return {event.id for event in last.values() if event.kind == "merged"}


def _event_words(event: EventView, view: CaseView, people: Names) -> str:
    data, count = event.data, len(event.data.get("messages", ()))
    here = data.get("into") == view.number
    if event.kind == "opened":
        return _("立案")
    if event.kind == "joined":
        channel = next((m.channel_name for m in view.messages if str(m.id) == data["message"]), "")
        score = f"{min(data['score'] * 100, 99):.0f}%"
        return _("并入来件 %(channel)s，相似 %(score)s", channel=channel, score=score)
    if event.kind == "merged" and here:
        return _("并入诉求 %(number)s（%(count)s 来件）", number=data["from"], count=count)
    if event.kind == "merged":
        return _("已并入诉求 %(number)s", number=data["into"])
    if event.kind in ("unmerged", "split") and here:
        return _("从诉求 %(number)s 拆回 %(count)s 来件", number=data["from"], count=count)
    if event.kind in ("unmerged", "split"):
        return _("拆出 %(count)s 来件到诉求 %(number)s", number=data["into"], count=count)
    other = next((number for number in data.get("cases", ()) if number != view.number), "")
    known = {
        "not_same": _("与诉求 %(number)s 不是同一件", number=other),
        "related": _("与诉求 %(number)s 相关", number=other),
        "complained": _("标记被反映单位 %(name)s", name=data.get("name", "")),
        "not_complained": _("撤销被反映单位 %(name)s", name=data.get("name", "")),
        "confidential": _("留言人要求保密"),
        "not_confidential": _("解除保密"),
    }
    return known.get(event.kind) or event_words(event, people)
