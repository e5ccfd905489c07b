"""A hint to both sides: likely one matter, at that body, at that stage. Nothing else is told.

Before anything is written each side is looked at by its own office: its case must be in sight of
everybody, the other office must be one that may learn of it (``cases.secrecy``), the two must not
have met before, and neither may have had its number of hints today. The other side's part is
written first and seen by nobody until the shared row stands; a process that ends between the two
leaves nothing to be seen.
"""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta, timezone

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.crossings.matching import Likeness
from minsheng.crossings.models import Crossing, CrossingDay, CrossingSide
from minsheng.crossings.scoring import band
from minsheng.crossings.sides import (
    Passed,
    Side,
    crossings_of,
    may_learn,
    nothing_passed,
    side_of,
)
from minsheng_tenants import tenant_of

PER_DAY = 50
"""Hints an office gets on a day at most: an office that fishes for others' matters is slow."""

_CHINA = timezone(timedelta(hours=8))
_NAMESPACE = uuid.UUID("6a1f2f0e-5d0f-5e0b-9c58-3a1f6f6b2c11")


class HintsSpent(Exception):
    """One of the two offices has had its hints of the day; tomorrow is another one."""


@dataclass(frozen=True, slots=True)
class HintGiver:
    """Gives hints within the limits; ``passed`` knows what is joined by a handover already."""

    tools: Tools
    per_day: int = PER_DAY
    passed: Passed = nothing_passed

    def give(self, ours: Side, found: Likeness) -> uuid.UUID | None:
        """Write the crossing of both sides; its id, or None where there must be none.

        Raises HintsSpent, before which nothing was written.
        """
        theirs = self._look(found.tenant_id, found.message_id, ours.place.id)
        mine = self._look(ours.place.id, ours.message.id, found.tenant_id)
        if theirs is None or mine is None or theirs[1] & mine[1]:
            return None
        quiet = theirs[0].message.confidential or mine[0].message.confidential
        told = band(found.quiet_score if quiet else found.score)
        if not told:
            return None
        crossing_id = _id(mine[0], theirs[0])
        self._write_side(theirs[0], crossing_id)
        row = _row(mine[0], theirs[0], crossing_id, told)
        with self.tools.database.session(ours.place.id) as session:
            if session.scalar(select(Crossing.id).where(Crossing.id == crossing_id)) is None:
                row["hinted_at"] = self.tools.clock.now()
                session.execute(insert(Crossing).values(row).on_conflict_do_nothing())
            self._note(session, mine[0], crossing_id)
        return crossing_id

    def _look(
        self, tenant_id: int, message_id: uuid.UUID, other: int
    ) -> tuple[Side, set[uuid.UUID]] | None:
        """A side at its own office and the crossings it has had; None where it takes no part."""
        with self.tools.database.session(tenant_id) as session:
            side = side_of(session, message_id)
            if side is None or not may_learn(session, side, other):
                return None
            if self.passed(session, side.case.id, other):
                return None
            if _spent(session, self._today()) >= self.per_day:
                message = f"office {tenant_id} has had its {self.per_day} hints today"
                raise HintsSpent(message)
            return side, crossings_of(session, side.case.id)

    def _write_side(self, side: Side, crossing_id: uuid.UUID) -> None:
        with self.tools.database.session(side.place.id) as session:
            self._note(session, side, crossing_id)

    def _note(self, session: Session, side: Side, crossing_id: uuid.UUID) -> None:
        """A side's own part, its count and its audit entry, once."""
        row = {
            "tenant_id": tenant_of(session),
            "crossing_id": crossing_id,
            "message_id": side.message.id,
        }
        added = insert(CrossingSide).values(row).on_conflict_do_nothing()
        if session.scalar(added.returning(CrossingSide.crossing_id)) is None:
            return
        count = insert(CrossingDay).values(tenant_id=tenant_of(session), day=self._today(), hints=1)
        more = {"hints": CrossingDay.hints + 1}
        session.execute(count.on_conflict_do_update(index_elements=["tenant_id", "day"], set_=more))
        self.tools.auditor.record(session, SYSTEM, "crossing.hint", "crossing", crossing_id)

    def _today(self) -> date:
        return self.tools.clock.now().astimezone(_CHINA).date()


def _spent(session: Session, day: date) -> int:
    return session.scalar(select(CrossingDay.hints).where(CrossingDay.day == day)) or 0


def _id(one: Side, other: Side) -> uuid.UUID:
    """The same for both orders, so that two workers who find a pair at once make one crossing."""
    names = sorted(f"{each.place.id}:{each.message.id}" for each in (one, other))
    return uuid.uuid5(_NAMESPACE, "|".join(names))


def _row(one: Side, other: Side, crossing_id: uuid.UUID, told: str) -> dict[str, object]:
    lower, higher = sorted((one, other), key=lambda side: side.place.id)
    return {
        "id": crossing_id,
        "from_tenant": lower.place.id,
        "from_code": lower.place.code,
        "from_name": lower.place.name,
        "from_stage": lower.case.stage,
        "to_tenant": higher.place.id,
        "to_code": higher.place.code,
        "to_name": higher.place.name,
        "to_stage": higher.case.stage,
        "band": told,
    }
