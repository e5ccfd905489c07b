"""Low-rating reviews (差评倒查): a list to work off, each closed by a person with words."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, select, update
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.ledger import case_event
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.service import PLAIN, Sight, Wish
from minsheng.cases.sight import in_sight
from minsheng.citizens.errors import ReviewClosed, ReviewNotFound, SubmissionInvalid
from minsheng.citizens.models import LowRatingReview, Rating

OPEN, CLOSED = "open", "closed"
LEAST_WORDS, MOST_WORDS = 4, 1000


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review with the rating that opened it and the case in which its message stands now."""

    id: uuid.UUID
    case: str
    subject: str
    round: int
    state: str
    solved: int | None
    manner: int | None
    speed: int | None
    words: str
    source: str
    cause: str
    responsible: str
    action: str
    opened_at: datetime
    closed_by: str
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a review found: why the citizen was not content, who answers for it, what is done."""

    cause: str
    responsible: str
    action: str


def list_reviews(
    session: Session,
    sight: Sight = PLAIN,
    state: str = OPEN,
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> Sequence[ReviewView]:
    """Reviews in sight of a state (empty: all), oldest first, those behind ``after``."""
    chosen = _reviews(sight)
    if state:
        chosen = chosen.where(LowRatingReview.state == state)
    if after is not None:
        chosen = chosen.where(LowRatingReview.id > after)
    chosen = chosen.order_by(LowRatingReview.id).limit(limit)
    return [ReviewView(*row) for row in session.execute(chosen)]


def find_review(session: Session, review_id: uuid.UUID, sight: Sight = PLAIN) -> ReviewView:
    """One review in sight; raises ReviewNotFound."""
    row = session.execute(_reviews(sight).where(LowRatingReview.id == review_id)).one_or_none()
    if row is None:
        raise ReviewNotFound
    return ReviewView(*row)


def close_review(
    session: Session, tools: Tools, wish: Wish, review_id: uuid.UUID, found: Findings
) -> ReviewView:
    """Close a review with what it found; raises SubmissionInvalid, ReviewNotFound, ReviewClosed."""
    for name in ("cause", "responsible", "action"):
        _check(name, getattr(found, name).strip())
    shown = find_review(session, review_id, wish.sight)
    now = tools.clock.now()
    closed = session.execute(
        update(LowRatingReview)
        .where(LowRatingReview.id == review_id, LowRatingReview.state == OPEN)
        .values(
            state=CLOSED,
            cause=found.cause.strip(),
            responsible=found.responsible.strip(),
            action=found.action.strip(),
            closed_by=wish.actor.name,
            closed_at=now,
        )
        .returning(LowRatingReview.message_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if closed is None:
        message = f"the review of {shown.case} was closed by {shown.closed_by}: read it"
        raise ReviewClosed(message)
    case_id = session.scalars(
        select(CaseMessage.case_id).where(CaseMessage.message_id == closed.message_id)
    ).one()
    data = {"review": str(review_id), "message": str(closed.message_id), "cause": found.cause}
    session.add(case_event(now, wish.actor, case_id, "review_closed", data))
    tools.auditor.record(session, wish.actor, "review.close", "review", review_id)
    session.flush()
    return find_review(session, review_id, wish.sight)


def _reviews(sight: Sight) -> Select[*tuple[Any, ...]]:
    rated = and_(
        Rating.tenant_id == LowRatingReview.tenant_id,
        Rating.message_id == LowRatingReview.message_id,
        Rating.round == LowRatingReview.round,
    )
    place = and_(
        CaseMessage.tenant_id == LowRatingReview.tenant_id,
        CaseMessage.message_id == LowRatingReview.message_id,
    )
    here = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    review = LowRatingReview
    return (
        select(
            review.id, Case.number, Case.subject, review.round, review.state,
            Rating.solved, Rating.manner, Rating.speed, Rating.words, Rating.source,
            review.cause, review.responsible, review.action, review.opened_at,
            review.closed_by, review.closed_at,
        )
        .join(Rating, rated)
        .join(CaseMessage, place)
        .join(Case, here)
        .where(*in_sight(sight))
    )  # fmt: skip


def _check(name: str, words: str) -> None:
    least = 2 if name == "responsible" else LEAST_WORDS
    if not least <= len(words) <= MOST_WORDS:
        message = f"say the {name} in {least} to {MOST_WORDS} characters"
        raise SubmissionInvalid(name, message)
