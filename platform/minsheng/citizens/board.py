"""What everybody may read: matters that an officer chose to show, with their public answers.

A citizen's own subject may name people, so nothing is shown under it: an officer words the public
one. A complaint about the office, and a matter whose citizen asked for secrecy, is never shown, be
it marked so afterwards.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Exists, Select, and_, delete, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.ledger import case_event, lock_case
from minsheng.cases.models import OPEN, Case, CaseMessage
from minsheng.cases.search import pair_codes, searchable
from minsheng.cases.service import Wish, find_case
from minsheng.citizens.errors import MatterNotFound, PublicationRefused
from minsheng.citizens.forms import check_text, plain_line
from minsheng.citizens.models import COSIGN, LinkedMessage, PublicMatter, PublicPair
from minsheng.intake.models import Message
from minsheng.intake.text import mask_text
from minsheng.replies.models import Reply
from minsheng.replies.service import public_reply_of
from minsheng.runtime.database import insert_rows
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

MOST_SIMILAR = 3
LEAST_SHARE = 0.34
"""Of the pairs of characters in what was typed, how many a matter's subject must share. A third:
two subjects of one place and one thing share as much, two of one thing only mostly do not."""
PAGE = 20


@dataclass(frozen=True, slots=True)
class Matter:
    """A public matter; ``met`` counts the citizens who said 我也遇到, each once."""

    id: uuid.UUID
    subject: str
    published_at: datetime
    met: int
    answer: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class MatterPage:
    """Some of them, newest first; ``next_cursor`` is empty on the last page."""

    items: Sequence[Matter]
    next_cursor: str


def publish(session: Session, tools: Tools, wish: Wish, number: str, subject: str) -> Matter:
    """Show a case to everybody under a subject that names nobody; again with another subject.

    Raises CaseNotFound, CaseConflict, SubmissionInvalid, or PublicationRefused for a complaint
    about the office, a citizen who asked for secrecy, and a subject with personal numbers.
    """
    subject = plain_line(subject)
    check_text("subject", subject, least=4)
    if mask_text(subject) != subject:
        message = "the public subject holds a telephone, plate or other personal number: reword it"
        raise PublicationRefused(message)
    case = lock_case(session, number, wish.sight)
    _demand_harmless(session, case)
    _store(session, tools, wish, case, subject)
    data = {"subject": subject, "reason": wish.reason}
    session.add(case_event(tools.clock.now(), wish.actor, case.id, "published", data))
    tools.auditor.record(session, wish.actor, "case.publish", "case", number)
    session.flush()
    return _matter(session, session.scalars(_matters().where(Case.id == case.id)).one())


def unpublish(session: Session, tools: Tools, wish: Wish, number: str) -> None:
    """Show a case to nobody any more; raises CaseNotFound or MatterNotFound."""
    case = find_case(session, number, wish.sight)
    gone = session.execute(delete(PublicMatter).where(PublicMatter.case_id == case.id))
    if getattr(gone, "rowcount", 0) == 0:
        raise MatterNotFound
    data = {"reason": wish.reason}
    session.add(case_event(tools.clock.now(), wish.actor, case.id, "unpublished", data))
    tools.auditor.record(session, wish.actor, "case.unpublish", "case", number)


def find_matter(session: Session, matter_id: uuid.UUID) -> tuple[Matter, uuid.UUID]:
    """A public matter and the message that co-signers follow; raises MatterNotFound."""
    row = session.scalar(_matters().where(PublicMatter.id == matter_id))
    if row is None:
        raise MatterNotFound
    return _matter(session, row), row.anchor_id


def list_matters(
    session: Session, cursor: str = "", limit: int = PAGE, *, answered: bool = False
) -> MatterPage:
    """Public matters, newest first; ``answered``: those with an official answer only."""
    chosen = _matters()
    if answered:
        official = exists().where(
            Reply.tenant_id == PublicMatter.tenant_id,
            Reply.case_id == PublicMatter.case_id,
            Reply.official.is_(True),
        )
        chosen = chosen.where(official)
    behind = _read_cursor(cursor)
    if behind is not None:
        chosen = chosen.where(tuple_(PublicMatter.published_at, PublicMatter.case_id) < behind)
    order = PublicMatter.published_at.desc(), PublicMatter.case_id.desc()
    rows = session.scalars(chosen.order_by(*order).limit(limit + 1)).all()
    shown = rows[:limit]
    following = _cursor(shown[-1]) if len(rows) > limit else ""
    return MatterPage([_matter(session, row) for row in shown], following)


def similar_matters(session: Session, typed: str) -> list[Matter]:
    """Public matters whose subject shares enough with what is being typed, the likest first."""
    codes = pair_codes(tenant_of(session), searchable(plain_line(typed)[:100]))
    if not codes:
        return []
    shared = func.count().label("shared")
    counted = (
        select(PublicPair.case_id, shared)
        .where(PublicPair.code.in_(codes))
        .group_by(PublicPair.case_id)
        .having(shared >= LEAST_SHARE * len(codes))
        .order_by(shared.desc(), PublicPair.case_id)
        .limit(4 * MOST_SIMILAR)
    )
    likest = [row.case_id for row in session.execute(counted)]
    found = {row.case_id: row for row in session.scalars(_matters().where(Case.id.in_(likest)))}
    rows = [found[case_id] for case_id in likest if case_id in found]
    return [_matter(session, row) for row in rows[:MOST_SIMILAR]]


def _matters() -> Select[PublicMatter]:
    """What may be shown now: the case stands by itself, and nothing in it asks for secrecy."""
    here = and_(Case.tenant_id == PublicMatter.tenant_id, Case.id == PublicMatter.case_id)
    return (
        select(PublicMatter)
        .join(Case, here)
        .where(Case.state == OPEN, Case.secret.is_(False), ~_quiet())
    )


def _quiet() -> Exists:
    """Whether somebody whose message stands in the case asked not to be named."""
    told = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    asked = select(1).select_from(CaseMessage).join(Message, told)
    ours = CaseMessage.tenant_id == Case.tenant_id, CaseMessage.case_id == Case.id
    return asked.where(*ours, Message.confidential.is_(True)).correlate(Case).exists()


def _matter(session: Session, row: PublicMatter) -> Matter:
    answer = public_reply_of(session, row.case_id)
    return Matter(
        row.id, row.subject, row.published_at, _met(session, row.case_id),
        answer.text if answer else "", answer.approved_at if answer else None,
    )  # fmt: skip


def _met(session: Session, case_id: uuid.UUID) -> int:
    """How many citizens co-signed, by their telephones."""
    linked = and_(
        LinkedMessage.tenant_id == CaseMessage.tenant_id,
        LinkedMessage.message_id == CaseMessage.message_id,
    )
    told = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    counted = (
        select(func.count(Message.phone_ix.distinct()))
        .select_from(CaseMessage)
        .join(LinkedMessage, linked)
        .join(Message, told)
        .where(CaseMessage.case_id == case_id, LinkedMessage.kind == COSIGN)
    )
    return session.scalar(counted) or 0


def _demand_harmless(session: Session, case: Case) -> None:
    if case.secret:
        message = f"{case.number} complains of this office: it is shown to nobody"
        raise PublicationRefused(message)
    told = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    asked = select(Message.id).join(CaseMessage, told)
    wanted = CaseMessage.case_id == case.id, Message.confidential.is_(True)
    if session.scalar(asked.where(*wanted).limit(1)) is not None:
        message = f"a citizen of {case.number} asked for secrecy: it is shown to nobody"
        raise PublicationRefused(message)


def _store(session: Session, tools: Tools, wish: Wish, case: Case, subject: str) -> None:
    first = select(CaseMessage.message_id).where(CaseMessage.case_id == case.id)
    tenant_id, now = tenant_of(session), tools.clock.now()
    row = {
        "tenant_id": tenant_id,
        "case_id": case.id,
        "id": new_id(),
        "anchor_id": session.scalars(first.order_by(CaseMessage.message_id).limit(1)).one(),
        "subject": subject,
        "published_by": wish.actor.name,
        "published_at": now,
    }
    session.execute(
        insert(PublicMatter)
        .values(row)
        .on_conflict_do_update(
            index_elements=["tenant_id", "case_id"],
            set_={"subject": subject, "published_by": wish.actor.name},
            where=PublicMatter.tenant_id == tenant_id,
        )
    )
    session.execute(delete(PublicPair).where(PublicPair.case_id == case.id))
    codes = pair_codes(tenant_id, searchable(subject))
    pairs = [{"tenant_id": tenant_id, "code": code, "case_id": case.id} for code in codes]
    insert_rows(session, PublicPair, pairs)


def _cursor(row: PublicMatter) -> str:
    return f"{row.published_at.isoformat()}|{row.case_id}"


def _read_cursor(cursor: str) -> tuple[datetime, uuid.UUID] | None:
    """Where a page goes on; what is no cursor of ours is the beginning."""
    at, _, case_id = cursor.partition("|")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, uuid.UUID(case_id)) if moment.tzinfo else None
    except ValueError:
        return None
