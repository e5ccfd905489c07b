"""What a merge does to how cases stand, and how parting gives it back.

The survivor takes the earliest open deadline; every other column stays each case's own, and a
joined case keeps all of its own until it stands again. Each merge and each parting notes in its
event what the survivor's deadline was before and after and what the other case brought. From these
notes the survivor's own deadline is known again, whatever the order in which joins are undone: a
deadline that somebody set in between, as by an extension, is one of its own from then on, and what
was brought before counts no more.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from minsheng.cases.models import Case, CaseEvent
from minsheng.cases.standing import Changes, Standing, place_case, standing_of
from minsheng_tenants import tenant_of

_MOMENTS = ("due_at", "closed_at")
_PARTING = ("unmerged", "split")


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline, and whether it was reckoned from an estimated calendar; ``at`` None = none."""

    at: datetime | None = None
    estimated: bool = False

    @classmethod
    def of(cls, case: Case) -> "Due":
        """The deadline that runs for a case; none while it is paused or when it is closed."""
        runs = case.closed_at is None and not case.paused
        return cls.shown(case) if runs else cls()

    @classmethod
    def shown(cls, case: Case) -> "Due":
        """The deadline that stands on a case, running or not."""
        return cls(case.due_at, case.due_estimated) if case.due_at else cls()

    def earliest(self, *others: "Due") -> "Due":
        """The earliest of them; at one moment a certain one before an estimated one."""
        dated = [due for due in (self, *others) if due.at is not None]
        return min(dated, key=lambda due: (due.at, due.estimated), default=self)

    def told(self) -> list[Any]:
        """As an event keeps it."""
        return [self.at.isoformat() if self.at else None, self.estimated]

    @classmethod
    def read(cls, told: list[Any]) -> "Due":
        """As an event kept it."""
        return cls(datetime.fromisoformat(told[0]) if told[0] else None, bool(told[1]))


def take_deadline(session: Session, survivor: Case, joined: Case) -> dict[str, Any]:
    """Give the survivor the earliest open deadline; what the event keeps of both sides."""
    before, brought = Due.shown(survivor), Due.of(joined)
    kept = {
        "survivor": _told(standing_of(session, survivor.id)),
        "joined": _told(standing_of(session, joined.id)),
    }
    after = before.earliest(brought) if survivor.closed_at is None else before
    _set_due(session, survivor, after)
    return {"standing": kept, "due": _note(joined, before, after, brought)}


def give_back(
    session: Session, survivor: Case, joined: Case, merge: CaseEvent | None
) -> dict[str, Any]:
    """Undo :func:`take_deadline` when ``joined`` stands again; what the event keeps."""
    before = Due.shown(survivor)
    after = _own_due(session, survivor, without=joined.id)
    _set_due(session, survivor, after)
    kept = merge.data.get("standing", {}).get("joined") if merge else None
    if kept:
        place_case(session, joined.id, **_read(kept))
    return {"due": _note(joined, before, after, Due())}


def found_case(
    session: Session, case: Case, home: Case, chosen: Collection[uuid.UUID]
) -> dict[str, Any]:
    """Give a case that was split off the class and the deadline of where its messages came from."""
    asked = {"tenant": tenant_of(session), "ids": list(chosen)}
    came = set(session.scalars(_ORIGINS, asked))
    dues = [_own_due(session, each) for each in session.scalars(_cases(came))]
    due = Due().earliest(*dues)
    place_case(session, home.id, grade=case.grade, due_at=due.at, due_estimated=due.estimated)
    shown = Due.shown(case)
    return {"due": _note(home, shown, shown, Due())}


_ORIGINS = text("""
    with recursive up(via_id, home_id) as (
        select via_id, home_id from case_messages
        where tenant_id = :tenant and message_id = any(:ids)
        union
        select c.via_id, c.home_id from up
        join case_messages c on c.tenant_id = :tenant and c.message_id = up.via_id
    )
    select distinct home_id from up where via_id is null
""")
"""The cases that messages came from; a follow-up came with what it joined through."""


def _cases(ids: Collection[uuid.UUID]) -> Select[Case]:
    return select(Case).where(Case.id.in_(ids))


def _note(other: Case, before: Due, after: Due, brought: Due) -> dict[str, Any]:
    told = {"before": before.told(), "after": after.told(), "brought": brought.told()}
    return {"other": str(other.id)} | told


def _set_due(session: Session, case: Case, due: Due) -> None:
    if Due.shown(case) != due:
        place_case(session, case.id, due_at=due.at, due_estimated=due.estimated)


def _own_due(session: Session, case: Case, without: uuid.UUID | None = None) -> Due:
    """The deadline of a case itself and of what stays joined to it, by the notes of its ledger.

    A case with nothing in its notes has the deadline that it shows.
    """
    now, last, own = Due.shown(case), None, Due.shown(case)
    brought: dict[str, Due] = {}
    for kind, note in _notes(session, case):
        before = Due.read(note["before"])
        if last is None or before != last:
            own, brought = before, {}
        brought.pop(note["other"], None)
        if kind == "merged":
            brought[note["other"]] = Due.read(note["brought"])
        last = Due.read(note["after"])
    if last is not None and now != last:
        return now
    if without is None:
        return own
    brought.pop(str(without), None)
    return own.earliest(*brought.values()) if case.closed_at is None else own


def _notes(session: Session, case: Case) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What the ledger noted of a case's deadline as the one that others were joined to."""
    chosen = select(CaseEvent.kind, CaseEvent.data).where(
        CaseEvent.case_id == case.id, CaseEvent.kind.in_(("merged", *_PARTING))
    )
    for kind, data in session.execute(chosen.order_by(CaseEvent.id)):
        side = data.get("into") if kind == "merged" else data.get("from")
        if side == case.number and "due" in data:
            yield kind, data["due"]


def _told(standing: Standing) -> dict[str, Any]:
    said = asdict(standing)
    return said | {name: said[name].isoformat() for name in _MOMENTS if said[name]}


def _read(kept: Mapping[str, Any]) -> Changes:
    """Columns as an event kept them; a name that is no column any more is passed over.

    How far a reply has come is not among them: what was delivered meanwhile stays delivered.
    """
    known = {name: kept[name] for name in Changes.__annotations__ if name in kept}
    known.pop("reply_state", None)
    moments = {name: datetime.fromisoformat(known[name]) for name in _MOMENTS if known.get(name)}
    return Changes(**{**known, **moments})  # type: ignore[typeddict-item]  # as they were written
