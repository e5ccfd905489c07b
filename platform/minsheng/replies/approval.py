"""Approval: the gate that lets one official reply a case and round pass, and its correction.

Who approves holds the locks of the case and of all it is joined with, in the order of their ids,
before anything is compared; the unique index ``uq_replies_official`` holds where locks would not.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Text, and_, cast, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from minsheng.accounts.models import User
from minsheng.accounts.roles import GRANTS
from minsheng.audit import Actor, Tools
from minsheng.cases.ledger import case_event
from minsheng.cases.models import Case
from minsheng.cases.service import Wish, place_case
from minsheng.replies.conflicts import demand_acknowledged, note_warnings
from minsheng.replies.drafts import (
    change,
    demand_answerable,
    demand_sound,
    new_reply,
    writable_case,
)
from minsheng.replies.errors import AnsweredAlready, ReplyConflict, TwoPeople
from minsheng.replies.family import family_ids, lock_family
from minsheng.replies.fanout import fan_out, refresh_states
from minsheng.replies.finding import find_reply, official_reply_of, refusals_kept, shown
from minsheng.replies.handed import (
    Passed,
    answer_senders,
    demand_unanswered_elsewhere,
    passed_of,
)
from minsheng.replies.models import APPROVED, CORRECTION, OFFICIAL, REVIEWING, Reply
from minsheng.replies.policy import cited_by
from minsheng.replies.records import ReplyView, Words
from minsheng.replies.wording import same
from minsheng.runtime.failpoints import failpoint

APPROVERS = sorted(role for role, grants in GRANTS.items() if "replies.approve" in grants)


@dataclass(frozen=True, slots=True)
class Gate:
    """What was seen under the locks: the reply's version, the answers in force, the handovers."""

    version: int
    standing: Sequence[Reply]
    passed: Passed


def approve(
    session: Session, tools: Tools, wish: Wish, reply_id: uuid.UUID, version: int
) -> ReplyView:
    """Make a reviewed reply the official one and put it into the outbox of every origin.

    Raises AnsweredAlready (both texts, the winner), AnsweredOtherwise (both texts), TwoPeople,
    VersionStale, ReplyConflict, ReplyInvalid, ReplyNotFound or CaseConflict; nothing is changed
    then, and the refusal is kept in the audit trail.
    """
    with refusals_kept(session, tools, wish.actor, "reply.approve", reply_id):
        reply, case = find_reply(session, reply_id, wish.sight)
        family = lock_family(session, case)
        standing = _in_force(session, family, reply)
        demand_answerable(case)
        demand_two_people(session, tools, reply, wish.actor)
        passed = passed_of(session, case)
        demand_first(session, tools, reply, case, standing, passed)
        known: dict[str, Any] = {"cites": cited_by(session, reply.id)}
        flags = demand_sound(session, tools, reply, case, known["cites"])
        if note_warnings(session, tools, reply, case):
            demand_acknowledged(session, reply, wish.sight)
        else:
            known["warnings"] = []
        gate = Gate(version, standing, passed)
        make_official(session, tools, wish.actor, reply, case, gate, flags=flags)
        return shown(session, tools, reply, case.number, wish.sight, **known)


def correct(session: Session, tools: Tools, wish: Wish, number: str, words: Words) -> ReplyView:
    """Begin a correction (更正) of a case's official reply; it is reviewed and approved like one.

    Raises ReplyConflict when nothing was answered yet, and what start_draft raises.
    """
    with refusals_kept(session, tools, wish.actor, "reply.correct", number):
        case = writable_case(session, wish, number)
        standing = in_force(session, case)
        if not standing:
            message = f"{number} has no official answer yet: write one in place of a correction"
            raise ReplyConflict(message)
        last = max(standing, key=lambda each: (each.approved_at, each.id))
        more = {"kind": CORRECTION, "corrects": last.id}
        reply = new_reply(session, tools, wish.actor, case, words, **more)
        tools.auditor.record(session, wish.actor, "reply.correct", "reply", reply.id)
        return shown(session, tools, reply, case.number, wish.sight)


def send_to_joined(
    session: Session, tools: Tools, wish: Wish, reply_id: uuid.UUID
) -> list[uuid.UUID]:
    """Send the official reply to those whose messages joined the case after it was approved.

    The ids of the new deliveries, none when everybody had it. Raises ReplyNotFound or
    ReplyConflict.
    """
    with refusals_kept(session, tools, wish.actor, "reply.extend", reply_id):
        reply, case = find_reply(session, reply_id, wish.sight)
        standing = _in_force(session, lock_family(session, case))
        if reply.id not in {each.id for each in standing}:
            message = "this reply is not the one in force: open the case again"
            raise ReplyConflict(message)
        demand_answerable(case)
        same = [each.id for each in standing if same_words(each, reply)]
        sent = fan_out(session, tools, reply, covered=same)
        refresh_states(session, [reply.id])
        _tell(session, tools, wish.actor, reply, "reply_extended", sent)
        tools.auditor.record(session, wish.actor, "reply.extend", "reply", reply.id)
        return sent


def make_official(
    session: Session,
    tools: Tools,
    actor: Actor,
    reply: Reply,
    case: Case,
    gate: Gate,
    **more: Any,  # noqa: ANN401
) -> None:
    """Approve what has passed the gate: in force, in the outbox, on the case, in the ledger."""
    standing = [each.id for each in gate.standing]
    replaced = standing if reply.kind == CORRECTION else []
    covered = [each for each in standing if each not in replaced]
    if replaced:
        session.execute(update(Reply).where(Reply.id.in_(replaced)).values(official=False))
    values = {
        "state": APPROVED, "official": True, "round": case.round,
        "approved_by": str(actor), "approved_at": tools.clock.now(),
    }  # fmt: skip
    _approve_once(session, tools, reply, gate.version, values | more)
    answer_senders(session, tools, actor, reply, gate.passed)
    sent = fan_out(session, tools, reply, replaced=replaced, covered=covered)
    place_case(session, case.id, reply_state="approved" if sent else "delivered")
    kind = "reply_corrected" if replaced else "reply_approved"
    _tell(session, tools, actor, reply, kind, sent)
    tools.auditor.record(session, actor, kind.replace("_", "."), "reply", reply.id)
    failpoint("approve.before_commit")


def demand_two_people(session: Session, tools: Tools, reply: Reply, actor: Actor) -> None:
    """Raise TwoPeople when the approver wrote the reply and the office has another approver."""
    if str(actor) not in (reply.drafted_by, reply.changed_by):
        return
    valid = or_(User.expires_at.is_(None), User.expires_at > tools.clock.now())
    wanted = User.status == "active", User.roles.op("&&")(cast(APPROVERS, ARRAY(Text))), valid
    if (session.scalar(select(func.count()).select_from(User).where(*wanted)) or 0) >= 2:
        message = "who wrote the reply may not approve it: ask another person with the right"
        raise TwoPeople(message)


def demand_first(
    session: Session,
    tools: Tools,
    reply: Reply,
    case: Case,
    standing: Sequence[Reply],
    passed: Passed,
) -> None:
    """Raise AnsweredAlready when another answer is in force and this is no correction of it."""
    if reply.kind == CORRECTION:
        if reply.corrects not in {each.id for each in standing}:
            _refuse(session, reply, standing)
        return
    demand_unanswered_elsewhere(session, tools, reply, case, passed)
    others = [e for e in standing if e.case_id == case.id or not same_words(e, reply)]
    if others:
        _refuse(session, reply, others)


def same_words(one: Reply, other: Reply) -> bool:
    """Whether two replies say the same, spaces aside."""
    return same(one.public_text, other.public_text)


def in_force(session: Session, case: Case) -> list[Reply]:
    """The official replies of a case and of all it is joined with, each of its own round."""
    return _in_force(session, family_ids(session, case.id))


def _in_force(
    session: Session, family: Sequence[uuid.UUID], reply: Reply | None = None
) -> list[Reply]:
    """The official replies of these cases; ``reply`` is read anew by the way."""
    here = and_(Case.tenant_id == Reply.tenant_id, Case.id == Reply.case_id)
    official = and_(Reply.case_id.in_(family), Reply.official.is_(True), Case.round == Reply.round)
    mine = reply.id if reply is not None else None
    wanted = official if mine is None else or_(official, Reply.id == mine)
    chosen = select(Reply, official).join(Case, here).where(wanted).order_by(Reply.id)
    rows = session.execute(chosen, execution_options={"populate_existing": True})
    return [row[0] for row in rows if row[1]]


def _refuse(session: Session, reply: Reply, standing: Sequence[Reply]) -> None:
    winner = official_reply_of(session, reply.case_id) or (standing[-1] if standing else None)
    yours = {"reply": str(reply.id), "text": reply.public_text}
    if winner is None:
        raise AnsweredAlready("what this corrects is in force no more", {"yours": yours})
    number = session.scalar(select(Case.number).where(Case.id == winner.case_id)) or ""
    members = {
        "winner": {
            "reply": str(winner.id), "case": number, "by": winner.approved_by,
            "at": winner.approved_at.isoformat() if winner.approved_at else "",
            "text": winner.public_text,
        },
        "yours": yours,
    }  # fmt: skip
    message = f"{winner.approved_by} has answered {number}: issue a correction in place of another"
    raise AnsweredAlready(message, members)


def _approve_once(
    session: Session,
    tools: Tools,
    reply: Reply,
    version: int,
    values: dict[str, Any],
) -> None:
    try:
        change(session, tools, reply, version, (REVIEWING,), None, **values)
    except IntegrityError:
        # This transaction is lost, so the winner is read in another one.
        with tools.database.session(reply.tenant_id) as own:
            _refuse(own, reply, ())


def _tell(
    session: Session,
    tools: Tools,
    actor: Actor,
    reply: Reply,
    kind: str,
    sent: Sequence[uuid.UUID],
) -> None:
    data: dict[str, Any] = {"reply": str(reply.id), "round": reply.round, "deliveries": len(sent)}
    session.add(case_event(tools.clock.now(), actor, reply.case_id, kind, data))


__all__ = [
    "APPROVERS",
    "OFFICIAL",
    "approve",
    "correct",
    "demand_first",
    "demand_two_people",
    "in_force",
    "make_official",
    "same_words",
    "send_to_joined",
]
