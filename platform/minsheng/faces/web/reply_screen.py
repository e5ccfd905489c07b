"""Replies of a case as its page draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy.orm import Session

from minsheng.cases.service import CaseView
from minsheng.faces.web.desk import may, tools, visitor
from minsheng.faces.web.locale import language
from minsheng.faces.web.present import person_name
from minsheng.faces.web.sight import sight
from minsheng.faces.web.staff import people_names
from minsheng.faces.web.words import _, listed
from minsheng.replies.models import ReplyTemplate
from minsheng.replies.service import (
    DeliveryView,
    ReplyView,
    VersionStale,
    deliveries_of,
    list_templates,
    official_reply_of,
    replies_of,
    writers_of,
)

_BEING_WRITTEN = ("draft", "reviewing")


@dataclass(frozen=True, slots=True)
class ReplyScreen:
    """The replies of a case: the one in force, the one being written, and where each went."""

    official: ReplyView | None
    current: ReplyView | None
    state: "Saved | None"
    templates: Sequence[ReplyTemplate]
    deliveries: Sequence[DeliveryView]
    writes: bool
    mine: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """A draft as it was kept: what others said otherwise, and who else writes here."""

    version: int
    warnings: Sequence[Any]
    flags: Sequence[str]
    writers: str
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Stale:
    """Somebody changed the draft meanwhile: their words, to be compared with one's own."""

    version: int
    by: str
    public_text: str
    private_text: str
    stale: bool = True

    @classmethod
    def of(cls, error: VersionStale) -> Self:
        """What the refusal says of the other version."""
        theirs: Mapping[str, Any] = error.members.get("theirs", {})
        return cls(
            int(theirs.get("version", 0)),
            person_name(str(theirs.get("changed_by", ""))),
            str(theirs.get("public_text", "")),
            str(theirs.get("private_text", "")),
        )


def reply_screen(session: Session, case: CaseView) -> ReplyScreen:
    """Read what the page shows of the replies of a case in sight."""
    every = replies_of(session, tools(), case.number, sight())
    current = next((each for each in reversed(every) if each.state in _BEING_WRITTEN), None)
    force = official_reply_of(session, case.id, case.standing.round)
    official = next((each for each in every if force and each.id == force.id), None)
    me = f"user:{visitor().user.username}"
    others = [each for each in writers_of(session, tools(), case.id) if each != me]
    return ReplyScreen(
        official=official,
        current=current,
        state=saved_state(session, current, others) if current else None,
        templates=list_templates(session) if may("replies.write") else (),
        deliveries=deliveries_of(session, case.number, sight()),
        writes=may("replies.write") and case.state == "open",
        mine=current is not None and me in (current.drafted_by, current.changed_by),
    )


def saved_state(session: Session, view: ReplyView, others: Sequence[str]) -> Saved:
    """The state of a draft under its editor."""
    zh = language() == "zh"
    names = [each.partition(":")[2] for each in others]
    known = people_names(session, names)
    flags = [str(flag["zh" if zh else "en"]) for flag in view.flags]
    warnings = [each for each in view.warnings if each.differs and not each.acknowledged_by]
    return Saved(view.version, warnings, flags, listed(known.get(n, n) for n in names))


def reply_state_words(state: str) -> str:
    """How far a reply has come."""
    return {
        "draft": _("草稿"),
        "reviewing": _("待审批"),
        "approved": _("已批准"),
        "dropped": _("已作废"),
    }.get(state, state)


def delivery_words(state: str) -> str:
    """How far a reply is on its way."""
    return {
        "ready": _("待送"),
        "sending": _("正在送"),
        "sent": _("已送达"),
        "failed": _("没有送到"),
        "uncertain": _("待核实"),
        "offered": _("等对方来取"),
        "superseded": _("已由更正取代"),
    }.get(state, state)
