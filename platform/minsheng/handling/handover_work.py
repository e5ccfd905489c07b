"""The carriers between two offices: each step of a handover reaches the other side exactly once.

A work row stands in the office that acted. Its handler opens the other office's session, locks the
handover, does what is not done there yet, counts the steps it knows and commits; then it does the
same on its own side and strikes the row off. Stopped anywhere, the next one finds by those counts,
and by the key of the inbox, what is done already.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.models import Case, CaseEvent
from minsheng.cases.service import Wish, mark_complained, place_case
from minsheng.cases.sight import Sight
from minsheng.handling.dating import redate_and_tell
from minsheng.handling.handover_models import (
    ACCEPTED,
    ANSWERED,
    RECALLED,
    RETURNED,
    SENT,
    WAITING,
    Handover,
)
from minsheng.handling.handovers import recall_locked
from minsheng.handling.handovers_channel import receive
from minsheng.handling.handovers_joins import note_join
from minsheng.handling.handovers_leave import leave_case
from minsheng.handling.handovers_places import (
    case_of_message,
    cases_of_handovers,
    free_case,
    incoming_of,
    lock_places,
    outgoing_of,
)
from minsheng.handling.handovers_steps import CORRECTED, missing_steps, own_step
from minsheng.handling.handovers_words import CARRY, ONWARD, PLACED, named
from minsheng.handling.settling import handling_of
from minsheng.runtime.database import insert_rows
from minsheng.runtime.failpoints import failpoint
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import Claim, add_work, finish_work, hold_work, put_off
from minsheng_tenants import BodyNotFound, tenant_of

ADOPT = "adopt"
"""The kind of work that makes an answer the sender's reply; its handler lives in replies."""
_SOON = timedelta(seconds=5)


class Carrier:
    """Answers work of the kind "handover": one row is one handover this office did a step of."""

    def __init__(self, tools: Tools, lease: timedelta) -> None:
        """``lease`` is counted anew for each office that is told."""
        self._tools = tools
        self._lease = lease

    def work(self, claims: Sequence[Claim]) -> None:
        """Tell the other offices one after another, then this one, then strike the rows off."""
        own = claims[0].tenant_id
        for other, ids in self._others(own, claims).items():
            with self._tools.database.session(own) as session:
                hold_work(session, claims, self._tools.clock.now() + self._lease)
            with self._tools.database.session(other) as session:
                self._tell(session, ids)
                failpoint("handover.before_told")
            failpoint("handover.after_told")
        with self._tools.database.session(own) as session:
            ids = [claim.row_id for claim in claims]
            untold = self._tell(session, ids)
            finish_work(session, [claim for claim in claims if claim.row_id not in untold])
            for claim in claims:
                if claim.row_id in untold:
                    put_off(session, claim, self._tools.clock.now() + _SOON, "waits", attempt=0)
            failpoint("handover.before_commit")
        failpoint("handover.after_commit")

    def _others(self, own: int, claims: Sequence[Claim]) -> dict[int, list[uuid.UUID]]:
        found: dict[int, list[uuid.UUID]] = defaultdict(list)
        ids = [claim.row_id for claim in claims]
        with self._tools.database.session(own) as session:
            chosen = select(Handover.id, Handover.from_tenant, Handover.to_tenant)
            for row in session.execute(chosen.where(Handover.id.in_(ids)).order_by(Handover.id)):
                found[row.to_tenant if row.from_tenant == own else row.from_tenant].append(row.id)
        return found

    def _tell(self, session: Session, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
        """Do on the session's side what is not done yet; those that have to wait."""
        own, tools = tenant_of(session), self._tools
        lock_places(session, ids)
        chosen = select(Handover).where(Handover.id.in_(ids)).order_by(Handover.id)
        handovers = session.scalars(chosen.with_for_update()).all()
        here = [each for each in handovers if each.to_tenant == own]
        sent = [each for each in handovers if each.from_tenant == own]
        arriving = [each for each in here if each.state == SENT]
        receive(session, tools, arriving)
        add_work(session, PLACED, [each.id for each in arriving], tools.clock.now())
        done = {each.id for each in here if _told_receiver(session, tools, each)}
        _tell_sender(session, tools, sent)
        session.flush()
        return {each.id for each in here if each.id not in done} | {
            each.id for each in handovers if min(each.told_from, each.told_to) < len(each.steps)
        }


def _told_receiver(session: Session, tools: Tools, handover: Handover) -> bool:
    """What the sender did since: the receiver's case goes when it was recalled."""
    fresh = [step for step in handover.steps[handover.told_to :] if own_step(step, handover.id)]
    recalled = any(step["kind"] == RECALLED for step in fresh)
    if recalled and handover.to_message is not None:
        actor = Actor("office", handover.from_code)
        case = case_of_message(session, handover.to_message)
        if case is None:
            return False
        _recall_below(session, tools, actor, handover, case)
        leave_case(session, tools, actor, handover, handover.reason)
        event = _event(tools, case.id, actor, "handover_recalled", handover, sender=False)
        insert_rows(session, CaseEvent, [event | {"tenant_id": tenant_of(session)}])
        tools.auditor.record(session, actor, "handover.recalled", "handover", handover.id)
    handover.told_to = len(handover.steps)
    return True


def _recall_below(
    session: Session, tools: Tools, actor: Actor, handover: Handover, case: Case
) -> None:
    """What was handed further down of nothing but this message goes back too."""
    for below in outgoing_of(session, [case.id], WAITING).get(case.id, []):
        locked = session.scalar(select(Handover).where(Handover.id == below.id).with_for_update())
        alone = [each.id for each in cases_of_handovers(session, [below.id]).get(below.id, [])]
        waits = locked is not None and locked.state in WAITING
        if locked is not None and waits and alone == [case.id] and case.message_count == 1:
            recall_locked(session, tools, actor, locked, handover.reason)


def _tell_sender(session: Session, tools: Tools, handovers: Sequence[Handover]) -> None:
    """What the receivers did since: timeline, audit trail, stage, and the answer's work row."""
    fresh = {
        each.id: [step for step in each.steps[each.told_from :] if step["kind"] != SENT]
        for each in handovers
    }
    news = [each for each in handovers if each.told_from < len(each.steps)]
    if not news:
        return
    cases = cases_of_handovers(session, [each.id for each in news])
    events, answered = list[dict[str, Any]](), list[uuid.UUID]()
    for handover in news:
        standing = cases.get(handover.id, [])
        for step in fresh[handover.id]:
            events += _events_of(session, tools, handover, step, standing)
            own = own_step(step, handover.id)
            if own and step["kind"] in (ANSWERED, CORRECTED):
                answered.append(handover.id)
        handover.told_from = len(handover.steps)
    insert_rows(session, CaseEvent, events)
    now = tools.clock.now()
    add_work(session, ADOPT, list(dict.fromkeys(answered)), now)
    above = incoming_of(session, {case.id for each in cases.values() for case in each})
    if above:
        add_work(session, ONWARD, [each.id for each in news if cases.get(each.id)], now)


def _events_of(
    session: Session,
    tools: Tools,
    handover: Handover,
    step: dict[str, Any],
    cases: Iterable[Case],
) -> list[dict[str, Any]]:
    """The entries of one step for the sender's cases; a step of the sender itself has its own."""
    own = own_step(step, handover.id)
    if own and step["kind"] == RECALLED:
        return []
    actor = Actor("office", step["office"])
    kind = f"handover_{step['kind']}" if own else "handover_onward"
    said = {"reason": handover.reason} if own and step["kind"] == RETURNED else {}
    if not own:
        said = {"step": step["kind"], "to": step["to"], "to_name": step["to_name"]}
    events = []
    for case in cases:
        event = _event(tools, case.id, actor, kind, handover, sender=True)
        event["data"] |= {"office": step["office"], "name": step["name"]} | said
        events.append(event | {"tenant_id": tenant_of(session)})
        if own and step["kind"] == RETURNED:
            free_case(session, case)
        elif own and step["kind"] == ACCEPTED and case.stage in ("received", "assigned"):
            place_case(session, case.id, stage="handling")
    if own:
        verb = f"handover.{step['kind']}"
        tools.auditor.record(session, actor, verb, "handover", handover.id)
    return events


def _event(
    tools: Tools,
    case_id: uuid.UUID,
    actor: Actor,
    kind: str,
    handover: Handover,
    *,
    sender: bool,
) -> dict[str, Any]:
    row = {"id": new_id(), "case_id": case_id, "kind": kind, "at": tools.clock.now()}
    return row | {"actor": str(actor), "data": named(handover, sender=sender)}


class Placer:
    """Answers work of the kind "handover_placed": where what was handed over was matched to.

    The sender learns that it was joined, and nothing of what it was joined with.
    """

    def __init__(self, tools: Tools) -> None:
        """Needs the tools of the process."""
        self._tools = tools

    def work(self, claims: Sequence[Claim]) -> None:
        """Look at each handover; one whose message is not matched yet is looked at again."""
        with self._tools.database.session(claims[0].tenant_id) as session:
            ids = [claim.row_id for claim in claims]
            lock_places(session, ids)
            chosen = select(Handover).where(Handover.id.in_(ids))
            chosen = chosen.order_by(Handover.id).with_for_update()
            late = {each.id for each in session.scalars(chosen) if not self._place(session, each)}
            finish_work(session, [claim for claim in claims if claim.row_id not in late])
            for claim in claims:
                if claim.row_id in late:
                    due = self._tools.clock.now() + _SOON
                    put_off(session, claim, due, "not matched yet", attempt=0)
            failpoint("handover.before_placed")
        failpoint("handover.after_placed")

    def _place(self, session: Session, handover: Handover) -> bool:
        tools, case = self._tools, case_of_message(session, handover.to_message)
        if case is None:
            return False
        if handover.state not in WAITING or case.closed_at is not None:
            return True
        if handover.to_case is None:
            handover.to_case = case.id
            _carry_order(session, tools, handover, case)
        note_join(session, tools, handover, case)
        return True


class Reporter:
    """Answers work of the kind "handover_onward": what went further down is told to those above."""

    def __init__(self, tools: Tools) -> None:
        """Needs the tools of the process."""
        self._tools = tools

    def work(self, claims: Sequence[Claim]) -> None:
        """Append the steps of each handover to the handovers by which its case came here."""
        with self._tools.database.session(claims[0].tenant_id) as session:
            ids = [claim.row_id for claim in claims]
            chosen = select(Handover).where(Handover.id.in_(ids)).order_by(Handover.id)
            below = session.scalars(chosen).all()
            cases = cases_of_handovers(session, ids)
            above = incoming_of(session, {c.id for each in cases.values() for c in each})
            changed = set[uuid.UUID]()
            for handover in below:
                for case in cases.get(handover.id, []):
                    changed |= _report(session, handover, above.get(case.id, []))
            add_work(session, CARRY, sorted(changed), self._tools.clock.now())
            finish_work(session, claims)
            failpoint("handover.before_onward")
        failpoint("handover.after_onward")


def _report(session: Session, below: Handover, above: Iterable[Handover]) -> set[uuid.UUID]:
    changed = set()
    for each in sorted(above, key=lambda handover: handover.id):
        session.refresh(each, with_for_update=True)
        news = missing_steps(below, each.steps)
        if news:
            each.steps = [*each.steps, *news]
            each.version += 1
            changed.add(each.id)
            session.flush()
    return changed


def _carry_order(session: Session, tools: Tools, handover: Handover, case: Case) -> None:
    """The order's deadline where it is the earlier one, and whom the matter complains of."""
    row = handling_of(session, tools, case)
    if handover.due_at is not None and (case.due_at is None or handover.due_at < case.due_at):
        row.fixed_at, row.fixed_on = handover.due_at, tools.clock.now()
        redate_and_tell(session, tools, case, "ordered")
    wish = Wish(Actor("office", handover.from_code), sight=Sight(confidential=True))
    for code in handover.complained:
        try:
            mark_complained(session, tools, wish, case.number, code)
        except BodyNotFound:
            # A body that this office cannot see is none that it could hand the case to.
            continue
