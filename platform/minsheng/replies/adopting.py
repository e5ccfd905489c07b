"""The lead's answer to a handover becomes the sender's own reply: at once, or as a draft.

Which of the two is the office's setting. An answer that cannot go out at once (another one is in
force, it names a citizen, the topic was answered otherwise) becomes a draft as well, and the
timeline says why: nothing of it is lost.
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.errors import CaseError
from minsheng.cases.ledger import case_event
from minsheng.cases.models import OPEN, Case
from minsheng.cases.service import PLAIN, place_case
from minsheng.handling.custody import answer_of
from minsheng.handling.handover_models import LEAD, Handover
from minsheng.handling.handover_work import ADOPT
from minsheng.handling.handovers_places import cases_of_handover
from minsheng.replies.approval import Gate, demand_first, in_force, make_official
from minsheng.replies.conflicts import demand_acknowledged, note_warnings
from minsheng.replies.drafts import demand_answerable, demand_sound, new_reply
from minsheng.replies.errors import ReplyError
from minsheng.replies.family import lock_family
from minsheng.replies.handed import passed_of
from minsheng.replies.models import CORRECTION, HANDOVER, REVIEWING, Reply
from minsheng.replies.records import Words
from minsheng.replies.settings import DIRECT, rules_of
from minsheng.runtime.work import Claim, finish_work, hold_work


class Adopter:
    """Answers work of the kind "adopt": one row is one handover that was answered."""

    def __init__(self, tools: Tools, lease: timedelta) -> None:
        """``lease`` is counted anew for each handover."""
        self._tools = tools
        self._lease = lease

    def work(self, claims: Sequence[Claim]) -> None:
        """Adopt the answers one by one, each in a transaction of its own."""
        for claim in claims:
            with self._tools.database.session(claim.tenant_id) as session:
                hold_work(session, [claim], self._tools.clock.now() + self._lease)
                adopt_answer(session, self._tools, claim.row_id)
                finish_work(session, [claim])


def adopt_answer(session: Session, tools: Tools, handover_id: uuid.UUID) -> list[Reply]:
    """Make the answer of a handover this office's own, in each case that it is for.

    The same answer twice makes one reply; a co-handler's answer becomes a draft for the lead.
    """
    answer = answer_of(session, tools, handover_id)
    handover = session.scalar(select(Handover).where(Handover.id == handover_id))
    if answer is None or handover is None:
        return []
    words = Words(answer.public_text, answer.private_text)
    actor = Actor("office", handover.to_code)
    made = []
    for case in cases_of_handover(session, handover_id):
        if _known(session, case.id, answer.reply_id) or case.state != OPEN:
            continue
        made.append(_adopt(session, tools, actor, handover, case, words, answer.reply_id))
    return made


def _adopt(
    session: Session,
    tools: Tools,
    actor: Actor,
    handover: Handover,
    case: Case,
    words: Words,
    source_id: uuid.UUID,
) -> Reply:
    lock_family(session, case)
    standing = in_force(session, case)
    more: dict[str, Any] = {"source": HANDOVER, "source_id": source_id}
    earlier = [each for each in standing if each.source == HANDOVER]
    if earlier and handover.role == LEAD:
        # The lead has corrected itself: what stands here from its first answer is replaced.
        more |= {"kind": CORRECTION, "corrects": earlier[-1].id}
    reply = new_reply(session, tools, actor, case, words, **more)
    tools.auditor.record(session, actor, "reply.adopt", "reply", reply.id)
    why = "review"
    if handover.role == LEAD and rules_of(session).adopt == DIRECT:
        why = _publish(session, tools, actor, reply, case, standing)
    if why:
        if case.reply_state in ("none", "draft"):
            place_case(session, case.id, reply_state="draft")
        data = {"reply": str(reply.id), "office": handover.to_code, "why": why}
        session.add(case_event(tools.clock.now(), actor, case.id, "answer_to_review", data))
    return reply


def _publish(
    session: Session,
    tools: Tools,
    actor: Actor,
    reply: Reply,
    case: Case,
    standing: Sequence[Reply],
) -> str:
    """Let the answer go out at once; why it may not, empty when it went."""
    try:
        with session.begin_nested():
            demand_answerable(case)
            gate = Gate(reply.version, standing, passed_of(session, case))
            demand_first(session, tools, reply, case, standing, gate.passed)
            flags = demand_sound(session, tools, reply, case, ())
            if note_warnings(session, tools, reply, case):
                demand_acknowledged(session, reply, PLAIN)
            reply.state = REVIEWING
            session.flush()
            make_official(session, tools, actor, reply, case, gate, flags=flags)
    except (ReplyError, CaseError) as error:
        session.refresh(reply)
        return type(error).__name__
    return ""


def _known(session: Session, case_id: uuid.UUID, source_id: uuid.UUID) -> bool:
    wanted = Reply.case_id == case_id, Reply.source_id == source_id
    return session.scalar(select(Reply.id).where(*wanted).limit(1)) is not None


__all__ = ["ADOPT", "Adopter", "adopt_answer"]
