"""The leader's inbox (阅批): what is addressed to a leader stays there, whatever becomes of it.

Dispatch, joining and closing take nothing out of it: the list asks where the messages stand, not
how their cases do. A message whose addressee names nobody in particular (县长信箱) is every
leader's; one that names a leader, by name or by the post in their account (``unit``), is theirs.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, and_, any_, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.accounts.models import User
from minsheng.audit import Tools
from minsheng.cases.ledger import case_event, lock_case
from minsheng.cases.models import OPEN, Case, CaseMessage
from minsheng.cases.service import PLAIN, Sight, Wish
from minsheng.cases.sight import in_sight
from minsheng.handling.handover_models import Instruction, LeaderMark
from minsheng.handling.handovers_errors import OrderInvalid
from minsheng.handling.handovers_places import outgoing_of
from minsheng.handling.instructions import first_message
from minsheng.intake.models import Message
from minsheng_tenants import tenant_of

MOST_LISTED = 100
Show = Literal["waiting", "instructed", "all"]


@dataclass(frozen=True, slots=True)
class LeaderWish:
    """What a leader wants to see: ``waiting`` is what is not closed or has an open instruction."""

    show: Show = "waiting"
    cursor: str = ""
    limit: int = 50
    sight: Sight = PLAIN


@dataclass(frozen=True, slots=True)
class LeaderRow:
    """A case in a leader's view; ``bodies`` have it or had it, by name."""

    number: str
    subject: str
    stage: str
    last_at: datetime
    due_at: datetime | None
    closed: bool
    addressee: str
    bodies: Sequence[str]
    open_instructions: int
    done_instructions: int


@dataclass(frozen=True, slots=True)
class LeaderPage:
    """A part of the list, most recently heard of first; ``next_cursor`` is empty at its end."""

    rows: Sequence[LeaderRow]
    next_cursor: str


def leader_inbox(session: Session, wish: LeaderWish, user: str) -> LeaderPage:
    """The cases of the leader ``user`` (an account name): addressed, marked or instructed.

    A fixed number of queries. Raises OrderInvalid.
    """
    if not 1 <= wish.limit <= MOST_LISTED:
        message = f"a page holds 1 to {MOST_LISTED} cases"
        raise OrderInvalid("limit", message)
    wanted = [Case.state == OPEN, *in_sight(wish.sight), _is_theirs(session, user, wish.show)]
    if wish.show == "waiting":
        wanted.append(or_(Case.closed_at.is_(None), _instructed(user, "open")))
    if wish.cursor:
        wanted.append(_behind(wish.cursor))
    chosen = select(Case).where(*wanted).order_by(Case.last_at.desc(), Case.id.desc())
    found = session.scalars(chosen.limit(wish.limit + 1)).all()
    shown = found[: wish.limit]
    last = shown[-1] if len(found) > wish.limit else None
    return LeaderPage(
        _rows(session, shown), f"{last.last_at.isoformat()}_{last.id}" if last else ""
    )


def mark_for_leader(session: Session, tools: Tools, wish: Wish, number: str, leader: str) -> None:
    """Put a case in a leader's view for good (送阅); twice is once.

    Raises OrderInvalid for somebody who is no leader here, CaseNotFound or CaseConflict.
    """
    if leader not in _leaders(session):
        message = f"{leader!r} is no leader of this office: name an account with that role"
        raise OrderInvalid("leader", message)
    case = lock_case(session, number, wish.sight)
    row = {
        "tenant_id": tenant_of(session),
        "message_id": first_message(session, case),
        "leader": leader,
        "marked_by": str(wish.actor),
        "marked_at": tools.clock.now(),
    }
    made = insert(LeaderMark).values(row).on_conflict_do_nothing().returning(LeaderMark.leader)
    if session.scalar(made) is None:
        return
    now = tools.clock.now()
    session.add(case_event(now, wish.actor, case.id, "shown_to_leader", {"leader": leader}))
    tools.auditor.record(session, wish.actor, "case.show_leader", "case", case.number)


def _leaders(session: Session) -> dict[str, set[str]]:
    """The words by which letters address each leader: name and post, by account name."""
    chosen = select(User.username, User.name, User.unit).where(any_(User.roles) == "leader")
    return {
        row.username: {word.strip() for word in (row.name, row.unit) if len(word.strip()) > 1}
        for row in session.execute(chosen)
    }


def _is_theirs(session: Session, user: str, show: Show) -> ColumnElement[bool]:
    if show == "instructed":
        return _instructed(user)
    place = CaseMessage.tenant_id == Case.tenant_id, CaseMessage.case_id == Case.id
    read = Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id
    addressed = exists().where(*place, *read, Message.addressee != "", _names(session, user))
    mark = LeaderMark.tenant_id == CaseMessage.tenant_id, LeaderMark.leader == user
    marked = exists().where(*place, *mark, LeaderMark.message_id == CaseMessage.message_id)
    return or_(addressed, marked, _instructed(user))


def _names(session: Session, user: str) -> ColumnElement[bool]:
    """The addressee names this leader, or none of the leaders."""
    leaders = _leaders(session)
    own = [Message.addressee.contains(word, autoescape=True) for word in leaders.get(user, ())]
    others = set[str]().union(*(words for name, words in leaders.items() if name != user))
    named = [Message.addressee.contains(word, autoescape=True) for word in sorted(others)]
    return or_(*own, ~or_(*named)) if named else Message.addressee != ""


def _instructed(user: str, state: str = "") -> ColumnElement[bool]:
    wanted = [
        CaseMessage.tenant_id == Case.tenant_id,
        CaseMessage.case_id == Case.id,
        Instruction.tenant_id == CaseMessage.tenant_id,
        Instruction.message_id == CaseMessage.message_id,
        Instruction.leader == user,
    ]
    if state:
        wanted.append(Instruction.state == state)
    return exists().where(*wanted)


def _behind(cursor: str) -> ColumnElement[bool]:
    try:
        at, _, case_id = cursor.partition("_")
        last, behind = datetime.fromisoformat(at), uuid.UUID(case_id)
    except ValueError as error:
        message = "this is no cursor of the list: begin again without one"
        raise OrderInvalid("cursor", message) from error
    return or_(Case.last_at < last, and_(Case.last_at == last, Case.id < behind))


def _rows(session: Session, cases: Sequence[Case]) -> list[LeaderRow]:
    ids = [case.id for case in cases]
    told, bodies = _told(session, ids), outgoing_of(session, ids)
    counts = _counts(session, ids)
    return [
        LeaderRow(
            number=case.number,
            subject=case.subject,
            stage=case.stage,
            last_at=case.last_at,
            due_at=case.due_at,
            closed=case.closed_at is not None,
            addressee=told.get(case.id, ""),
            bodies=list(dict.fromkeys(each.to_name for each in bodies.get(case.id, []))),
            open_instructions=counts[case.id]["open"],
            done_instructions=counts[case.id]["done"],
        )
        for case in cases
    ]


def _told(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """To whom the earliest addressed message of each case is addressed."""
    told = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    chosen = select(CaseMessage.case_id, Message.addressee).join(Message, told)
    wanted = CaseMessage.case_id.in_(ids), Message.addressee != ""
    rows = session.execute(chosen.where(*wanted).order_by(Message.received_at.desc()))
    return {row.case_id: row.addressee for row in rows}


def _counts(
    session: Session, ids: Sequence[uuid.UUID]
) -> defaultdict[uuid.UUID, defaultdict[str, int]]:
    place = and_(
        CaseMessage.tenant_id == Instruction.tenant_id,
        CaseMessage.message_id == Instruction.message_id,
    )
    chosen = select(CaseMessage.case_id, Instruction.state, func.count().label("many"))
    chosen = chosen.select_from(Instruction).join(CaseMessage, place)
    grouped = chosen.where(CaseMessage.case_id.in_(ids))
    found: defaultdict[uuid.UUID, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in session.execute(grouped.group_by(CaseMessage.case_id, Instruction.state)):
        found[row.case_id][row.state] = row.many
    return found
