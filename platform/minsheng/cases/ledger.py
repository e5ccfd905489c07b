"""The merge ledger: messages never move or vanish, what stands where is told by events.

``case_messages`` is the present state, ``case_events`` the history it came from. Every verb locks
the cases it touches in the order of their ids, writes an event on each side with who, when and
why, and counts the queue's figures anew. What a person has said to be "not the same matter" is kept
as pairs of messages that no matcher may join again (DESIGN invariant 4).
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.carried import found_case, give_back, take_deadline
from minsheng.cases.errors import CaseConflict, CaseNotFound, MessageNotInCase, SaidNotSame
from minsheng.cases.marks import carry_marks, refresh_secret
from minsheng.cases.memory import any_not_same, remember_not_same
from minsheng.cases.models import MERGED, OPEN, Case, CaseEvent, CaseMessage
from minsheng.cases.numbers import next_number
from minsheng.cases.settling import plan_settling
from minsheng.cases.sight import PLAIN, Sight, in_sight
from minsheng.cases.summary import neighbours_of, refresh_cases, refresh_reviews
from minsheng.intake.confidential import hide_person
from minsheng.intake.models import Message
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

_SUBJECT_FROM_BODY = 40


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants a change of the ledger, and why in the person's own words.

    ``evidence`` is what the matcher had said (score, reasons, algorithm), kept with the event;
    ``sight`` what the person may see, since nobody changes a case that is none to them.
    """

    actor: Actor
    reason: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    sight: Sight = PLAIN


def find_case(session: Session, number: str, sight: Sight = PLAIN) -> Case:
    """The office's case of a number; raises CaseNotFound, for one out of sight too."""
    case = session.scalar(select(Case).where(Case.number == number, *in_sight(sight)))
    if case is None:
        message = f"this office has no case {number!r}"
        raise CaseNotFound(message)
    return case


def merge(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    other: str,
    *,
    despite_not_same: bool = False,
) -> Case:
    """Join case ``other`` into case ``number``: its messages stand there from now on.

    Raises CaseNotFound, CaseConflict when one of them is not open, or SaidNotSame when a person
    had said so and ``despite_not_same`` is not given.
    """
    survivor, joined = _lock_two(session, wish.sight, number, other)
    ours, theirs = messages_in(session, survivor.id), messages_in(session, joined.id)
    if not despite_not_same and any_not_same(session, ours, theirs):
        message = f"{number} and {other} were said not to be the same: confirm to join them anyway"
        raise SaidNotSame(message)
    data = {"from": joined.number, "into": survivor.number, "messages": _texts(theirs)}
    data |= take_deadline(session, survivor, joined)
    event = _tell_both(session, tools, wish, "merged", (survivor, joined), data)
    _move(session, theirs, survivor.id, event)
    joined.state, joined.merged_into = MERGED, survivor.id
    close_findings(session, ours, theirs, "same")
    _count_anew(session, tools, survivor.id, joined.id)
    tools.auditor.record(session, wish.actor, "case.merge", "case", number, other)
    return survivor


def unmerge(session: Session, tools: Tools, wish: Wish, number: str, other: str) -> Case:
    """Undo the joining of case ``other`` into ``number``: it stands again as it was.

    What came with it, and what was joined since because of it, goes back with it. Raises
    CaseConflict when ``other`` is not joined to ``number``, or ``number`` itself to another.
    """
    survivor, joined = _lock_two(session, wish.sight, number, other, open_only=False)
    if joined.merged_into != survivor.id:
        message = f"{other} is not joined to {number}: nothing to take apart"
        raise CaseConflict(message)
    if survivor.state != OPEN:
        message = f"{number} is {survivor.state}: take it out of the case it was joined to first"
        raise CaseConflict(message)
    brought = _brought(session, survivor.id, joined)
    moved = _with_followers(session, survivor.id, brought)
    if not moved or len(moved) == survivor.message_count:
        message = f"{number} or {other} would be left without any message: join what was split off"
        raise CaseConflict(message)
    _part(session, tools, wish, "unmerged", survivor, joined, moved)
    return joined


def split(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    message_ids: Collection[uuid.UUID],
) -> Case:
    """Take messages out of a case: into the case they came from, or one of their own.

    A single message that came by a merge goes back to the case it came from when that one was
    left empty by the merge; otherwise a new case is opened for what is taken out. Raises
    MessageNotInCase, or CaseConflict when nothing would be left.
    """
    case = lock_case(session, number, wish.sight)
    standing = set(messages_in(session, case.id))
    chosen = set(message_ids)
    if not chosen or not chosen <= standing:
        message = f"not every message stands in {number}: look at the case again"
        raise MessageNotInCase(message)
    if chosen == standing:
        message = f"{number} would be left without any message: merge it instead"
        raise CaseConflict(message)
    home = _home_of(session, case, chosen) or _new_case(session, tools, chosen)
    _part(session, tools, wish, "split", case, home, sorted(chosen))
    return home


def lock_case(session: Session, number: str, sight: Sight = PLAIN) -> Case:
    """Lock an open case for a change; raises CaseNotFound or CaseConflict."""
    chosen = select(Case).where(Case.number == number, *in_sight(sight))
    case = session.scalar(chosen.with_for_update())
    if case is None:
        message = f"this office has no case {number!r}"
        raise CaseNotFound(message)
    if case.state != OPEN:
        message = f"{number} is {case.state}: open the case it was joined to"
        raise CaseConflict(message)
    return case


def messages_in(session: Session, case_id: uuid.UUID) -> list[uuid.UUID]:
    """The messages that stand in a case now."""
    chosen = select(CaseMessage.message_id).where(CaseMessage.case_id == case_id)
    return list(session.scalars(chosen.order_by(CaseMessage.message_id)))


def case_event(
    now: datetime, actor: Actor, case_id: uuid.UUID, kind: str, data: dict[str, Any]
) -> CaseEvent:
    """One entry of the ledger, still to be written."""
    return CaseEvent(id=new_id(), case_id=case_id, kind=kind, at=now, actor=str(actor), data=data)


_CLOSE = text("""
    update findings set state = 'closed', outcome = :outcome
    where tenant_id = :tenant
      and (state = 'open' or (:outcome = 'different' and state = 'closed' and outcome = 'same'))
      and ((message_id = any(:ours) and other_id = any(:theirs))
        or (message_id = any(:theirs) and other_id = any(:ours)))
""")


def close_findings(
    session: Session, ours: Sequence[uuid.UUID], theirs: Sequence[uuid.UUID], outcome: str
) -> None:
    """Close what the matcher asked about two groups of messages with a person's answer.

    Said to be different, what was said to be the same before is different from now on.
    """
    asked = {"tenant": tenant_of(session), "ours": list(ours), "theirs": list(theirs)}
    session.execute(_CLOSE, asked | {"outcome": outcome})


def _part(
    session: Session,
    tools: Tools,
    wish: Wish,
    kind: str,
    case: Case,
    home: Case,
    moved: Sequence[uuid.UUID],
) -> None:
    left = sorted(set(messages_in(session, case.id)) - set(moved))
    data = {"from": case.number, "into": home.number, "messages": _texts(moved)}
    merge = _last_merge(session, home) if home.merged_into else None
    if home.merged_into:
        data |= give_back(session, case, home, merge)
    else:
        data |= found_case(session, case, home, moved)
    event = _tell_both(session, tools, wish, kind, (case, home), data)
    _move(session, moved, home.id, event, settle=True)
    carry_marks(session, case, home, tools.clock.now(), merge.id if merge else None)
    home.state, home.merged_into = OPEN, None
    remember_not_same(session, tools, wish.actor, moved, left)
    close_findings(session, moved, left, "different")
    _count_anew(session, tools, case.id, home.id)
    tools.auditor.record(session, wish.actor, f"case.{kind}", "case", case.number, home.number)


def _lock_two(
    session: Session, sight: Sight, number: str, other: str, *, open_only: bool = True
) -> tuple[Case, Case]:
    if number == other:
        message = f"{number} is one case: name two"
        raise CaseConflict(message)
    chosen = select(Case).where(Case.number.in_([number, other]), *in_sight(sight))
    chosen = chosen.order_by(Case.id)
    found = {case.number: case for case in session.scalars(chosen.with_for_update())}
    for wanted in (number, other):
        if wanted not in found:
            message = f"this office has no case {wanted!r}"
            raise CaseNotFound(message)
        if open_only and found[wanted].state != OPEN:
            message = f"{wanted} is {found[wanted].state}: open the case it was joined to"
            raise CaseConflict(message)
    return found[number], found[other]


def _tell_both(
    session: Session,
    tools: Tools,
    wish: Wish,
    kind: str,
    cases: Iterable[Case],
    data: dict[str, Any],
) -> uuid.UUID:
    said = data | {"reason": wish.reason} | dict(wish.evidence)
    now = tools.clock.now()
    events = [case_event(now, wish.actor, case.id, kind, said) for case in cases]
    session.add_all(events)
    return events[0].id


def _move(
    session: Session,
    message_ids: Sequence[uuid.UUID],
    case_id: uuid.UUID,
    event_id: uuid.UUID,
    *,
    settle: bool = False,
) -> None:
    values: dict[str, Any] = {"case_id": case_id, "event_id": event_id}
    if settle:
        values["home_id"] = case_id
    session.execute(
        update(CaseMessage).where(CaseMessage.message_id.in_(message_ids)).values(**values)
    )


def _brought(session: Session, case_id: uuid.UUID, joined: Case) -> list[uuid.UUID]:
    """What the last merge of ``joined`` brought, as far as it still stands in the case."""
    last = _last_merge(session, joined)
    named = set(last.data["messages"]) if last else set()
    return [each for each in messages_in(session, case_id) if str(each) in named]


def _last_merge(session: Session, joined: Case) -> CaseEvent | None:
    return session.scalar(
        select(CaseEvent)
        .where(CaseEvent.case_id == joined.id, CaseEvent.kind == "merged")
        .order_by(CaseEvent.id.desc())
        .limit(1)
    )


def _count_anew(session: Session, tools: Tools, case_id: uuid.UUID, other_id: uuid.UUID) -> None:
    """Keep both cases and their neighbours in step after messages went between them."""
    both = case_id, other_id
    plan_settling(session, both, tools.clock.now())
    refresh_cases(session, both)
    refresh_secret(session, both)
    refresh_reviews(session, {*both, *neighbours_of(session, both)})


def _with_followers(
    session: Session, case_id: uuid.UUID, brought: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """The messages and those joined through them since, which stay with their sender."""
    rows = session.execute(
        select(CaseMessage.message_id, CaseMessage.via_id).where(CaseMessage.case_id == case_id)
    ).all()
    going = set(brought)
    for _ in rows:
        more = {row.message_id for row in rows if row.via_id in going} - going
        if not more:
            break
        going |= more
    return sorted(going)


def _home_of(session: Session, case: Case, chosen: Collection[uuid.UUID]) -> Case | None:
    """The merged case that these messages, and no others, came from."""
    homes = session.scalars(
        select(CaseMessage.home_id).where(CaseMessage.message_id.in_(chosen)).distinct()
    ).all()
    if len(homes) != 1 or homes[0] == case.id:
        return None
    home = session.scalar(select(Case).where(Case.id == homes[0]).with_for_update())
    others = session.scalars(
        select(CaseMessage.message_id).where(
            CaseMessage.home_id == homes[0], CaseMessage.message_id.not_in(chosen)
        )
    ).first()
    return home if home and home.merged_into == case.id and others is None else None


def _new_case(session: Session, tools: Tools, chosen: Collection[uuid.UUID]) -> Case:
    earliest = select(Message).where(Message.id.in_(chosen)).order_by(Message.received_at)
    first = session.scalars(earliest.order_by(Message.id).limit(1)).one()
    case = open_case(first, tools.clock.now())
    case.number = next_number(session, tools.clock.now())
    session.add(case)
    session.flush()
    return case


def open_case(first: Message, now: datetime) -> Case:
    """A case for its first message; its number and counts are still to be given."""
    subject = first.subject or first.body[:_SUBJECT_FROM_BODY]
    return Case(
        id=new_id(),
        number="",
        subject=hide_person(subject) if first.confidential else subject,
        state=OPEN,
        region=first.region,
        message_count=0,
        origins={},
        channels={},
        opened_at=now,
        last_at=first.received_at,
    )


def _texts(ids: Iterable[uuid.UUID]) -> list[str]:
    return [str(each) for each in ids]
