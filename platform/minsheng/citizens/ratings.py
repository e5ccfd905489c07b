"""How citizens rate what was done: once a round, changeable for a while, by portal or channel.

The marks are 解决程度, 办理态度 and 办理速度, 1 to 5, as 领导留言板 asks them. A mark at or below
the office's bound opens one low-rating review (差评倒查), whoever brought it.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.ledger import case_event
from minsheng.cases.models import Case, CaseEvent, CaseMessage
from minsheng.cases.service import PLAIN, Sight, find_case
from minsheng.citizens.errors import CitizenError, OriginNotFound, RatingRefused, SubmissionInvalid
from minsheng.citizens.forms import plain_text
from minsheng.citizens.models import LowRatingReview, Rating
from minsheng.citizens.portals import PORTAL, PortalView, citizen_actor, portal_of
from minsheng.citizens.visits import Visit
from minsheng.intake.confidential import hide_person
from minsheng.intake.models import Channel, Message
from minsheng.intake.service import find_channel
from minsheng.intake.text import mask_text
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

MARKS = ("solved", "manner", "speed")
LEAST, MOST = 1, 5
MOST_WORDS = 500
REOPENED = "reopen"
"""The ledger's word for a new round (see ``handling.service.reopen``)."""
_ANSWERED = ("replied", "callback", "closed")
_SAID = ("approved", "delivered", "uncertain")
"""The portal shows an answer from its approval on, whatever way the other origins get it."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The three marks, 1 to 5; None = not given. ``words`` are the citizen's own."""

    solved: int | None = None
    manner: int | None = None
    speed: int | None = None
    words: str = ""

    @property
    def lowest(self) -> int:
        """The lowest mark that was given."""
        return min(mark for mark in (self.solved, self.manner, self.speed) if mark is not None)


@dataclass(frozen=True, slots=True)
class RatingView:
    """A rating as it is shown; ``low`` by the office's bound of today."""

    message_id: uuid.UUID
    round: int
    solved: int | None
    manner: int | None
    speed: int | None
    words: str
    source: str
    rated_at: datetime
    changed_at: datetime
    until: datetime
    low: bool


def rate(session: Session, tools: Tools, origin: str, visit: Visit, scores: Scores) -> RatingView:
    """Rate the present round, or change the rating while that is allowed.

    All three marks are asked for. Raises SubmissionInvalid naming the mark, or RatingRefused when
    nothing has been answered yet or the time is over.
    """
    with _refusals_kept(session, tools, citizen_actor(origin), visit.message_id):
        return _rate(session, tools, origin, visit, scores)


def _rate(session: Session, tools: Tools, origin: str, visit: Visit, scores: Scores) -> RatingView:
    _check(scores, every=True)
    case = case_of(session, visit.message_id)
    if case is None or not is_answered(case):
        message = "there is no answer yet that could be rated: come back when it is there"
        raise RatingRefused(message)
    now, portal = tools.clock.now(), portal_of(session)
    known = _known(session, visit.message_id, case.round)
    if known is not None and known.until <= now:
        message = "the time to change this rating is over"
        raise RatingRefused(message)
    until = known.until if known else now + timedelta(days=portal.rate_days)
    told = _Told(visit.message_id, case, case.round, scores, PORTAL, now, until)
    return _store(session, tools, citizen_actor(origin), portal, told)


def take_rating(
    session: Session,
    tools: Tools,
    actor: Actor,
    channel: str,
    external_id: str,
    scores: Scores,
    rated_at: datetime,
) -> RatingView:
    """Take in a rating that a channel writes back for one of its messages; idempotent.

    ``channel`` is a code, ``external_id`` the message's name in it; ``rated_at`` (aware) says which
    round is meant, and an older word never replaces a newer one. Raises ChannelNotFound,
    OriginNotFound, or SubmissionInvalid for a mark that is none or no mark at all.
    """
    found = find_channel(session, channel)
    with _refusals_kept(session, tools, actor, found.id):
        _check(scores, every=False)
        message_id, case = _origin(session, found, external_id)
    portal = portal_of(session)
    told = _Told(message_id, case, _round_at(session, case, rated_at), scores, found.plugin,
                 rated_at, rated_at)  # fmt: skip
    known = _known(session, message_id, told.round)
    if known is not None and known.changed_at >= rated_at:
        return _view(known, portal)
    return _store(session, tools, actor, portal, told)


def _origin(session: Session, channel: Channel, external_id: str) -> tuple[uuid.UUID, Case]:
    message_id = session.scalar(
        select(Message.id)
        .where(Message.channel_id == channel.id, Message.external_id == external_id)
        .order_by(Message.received_at, Message.id)
        .limit(1)
    )
    case = case_of(session, message_id) if message_id else None
    if message_id is None or case is None:
        message = f"channel {channel.code} has brought no such message that has a case: send it"
        raise OriginNotFound(message)
    return message_id, case


@contextmanager
def _refusals_kept(
    session: Session, tools: Tools, actor: Actor, object_id: uuid.UUID
) -> Iterator[None]:
    """Leave one audit entry when a rating is refused, though its transaction is rolled back."""
    try:
        yield
    except CitizenError as error:
        result = f"refused: {type(error).__name__}"
        with tools.database.session(tenant_of(session)) as own:
            tools.auditor.record(own, actor, "rating.give", "message", object_id, result=result)
        raise


def ratings_of(session: Session, number: str, sight: Sight = PLAIN) -> list[RatingView]:
    """The ratings of a case in sight, by round and time; raises CaseNotFound."""
    case, portal = find_case(session, number, sight), portal_of(session)
    here = and_(
        CaseMessage.tenant_id == Rating.tenant_id, CaseMessage.message_id == Rating.message_id
    )
    chosen = select(Rating).join(CaseMessage, here).where(CaseMessage.case_id == case.id)
    rows = session.scalars(chosen.order_by(Rating.round, Rating.rated_at, Rating.message_id))
    return [_view(row, portal) for row in rows]


def own_ratings(session: Session, visit: Visit) -> list[RatingView]:
    """What this citizen has said of their own message, by round."""
    chosen = select(Rating).where(Rating.message_id == visit.message_id).order_by(Rating.round)
    portal = portal_of(session)
    return [_view(row, portal) for row in session.scalars(chosen)]


def case_of(session: Session, message_id: uuid.UUID) -> Case | None:
    """The case in which a message stands now, or nothing while it is not matched."""
    here = and_(Case.tenant_id == CaseMessage.tenant_id, Case.id == CaseMessage.case_id)
    chosen = select(Case).join(CaseMessage, here).where(CaseMessage.message_id == message_id)
    return session.scalar(chosen)


def is_answered(case: Case) -> bool:
    """Whether the present round has an answer that a citizen can have read."""
    return case.stage in _ANSWERED or case.reply_state in _SAID


@dataclass(frozen=True, slots=True)
class _Told:
    message_id: uuid.UUID
    case: Case
    round: int
    scores: Scores
    source: str
    at: datetime
    until: datetime


def _known(session: Session, message_id: uuid.UUID, turn: int) -> Rating | None:
    chosen = select(Rating).where(Rating.message_id == message_id, Rating.round == turn)
    return session.scalar(chosen.with_for_update())


def _store(
    session: Session, tools: Tools, actor: Actor, portal: PortalView, told: _Told
) -> RatingView:
    scores = told.scores
    values = {
        "solved": scores.solved,
        "manner": scores.manner,
        "speed": scores.speed,
        "words": _quiet_words(session, told),
        "changed_at": told.at,
    }
    key = {"tenant_id": tenant_of(session), "message_id": told.message_id, "round": told.round}
    given = key | values | {"source": told.source, "rated_at": told.at, "until": told.until}
    session.execute(
        insert(Rating)
        .values(given)
        .on_conflict_do_update(
            index_elements=["tenant_id", "message_id", "round"],
            set_=values,
            where=Rating.tenant_id == key["tenant_id"],
        )
    )
    marks = {name: values[name] for name in MARKS}
    data = {"message": str(told.message_id), "round": told.round, "by": told.source, **marks}
    session.add(case_event(tools.clock.now(), actor, told.case.id, "rated", data))
    tools.auditor.record(session, actor, "rating.give", "message", told.message_id)
    if scores.lowest <= portal.low_at:
        _open_review(session, tools, actor, told)
    session.flush()
    session.expire_all()
    row = session.scalars(_one(told.message_id, told.round)).one()
    return _view(row, portal)


def _quiet_words(session: Session, told: _Told) -> str:
    """The words as officers read them: no personal numbers, no name that was to be kept."""
    words = mask_text(plain_text(told.scores.words))
    asked = select(Message.confidential).where(Message.id == told.message_id)
    return hide_person(words) if session.scalar(asked) else words


def _one(message_id: uuid.UUID, turn: int) -> Select[Rating]:
    return select(Rating).where(Rating.message_id == message_id, Rating.round == turn)


def _open_review(session: Session, tools: Tools, actor: Actor, told: _Told) -> None:
    """One review a rating, whatever becomes of the rating: the unique key lets no second in."""
    row = {
        "tenant_id": tenant_of(session),
        "id": new_id(),
        "message_id": told.message_id,
        "round": told.round,
        "opened_at": tools.clock.now(),
    }
    statement = insert(LowRatingReview).values(row).on_conflict_do_nothing()
    opened = session.scalar(statement.returning(LowRatingReview.id))
    if opened is not None:
        data = {"message": str(told.message_id), "round": told.round, "review": str(opened)}
        session.add(case_event(tools.clock.now(), actor, told.case.id, "review_opened", data))
        tools.auditor.record(session, actor, "review.open", "review", opened)


def _round_at(session: Session, case: Case, moment: datetime) -> int:
    """The round that was under way at a moment: the present one less what was reopened since."""
    later = select(func.count()).select_from(CaseEvent)
    later = later.where(
        CaseEvent.case_id == case.id, CaseEvent.kind == REOPENED, CaseEvent.at > moment
    )
    return max(case.round - (session.scalar(later) or 0), 1)


def _view(row: Rating, portal: PortalView) -> RatingView:
    marks = [mark for mark in (row.solved, row.manner, row.speed) if mark is not None]
    return RatingView(
        row.message_id, row.round, row.solved, row.manner, row.speed, row.words, row.source,
        row.rated_at, row.changed_at, row.until, bool(marks) and min(marks) <= portal.low_at,
    )  # fmt: skip


def _check(scores: Scores, *, every: bool) -> None:
    for name in MARKS:
        mark = getattr(scores, name)
        if mark is None and every:
            message = f"choose a mark from {LEAST} to {MOST}"
            raise SubmissionInvalid(name, message)
        if mark is not None and not LEAST <= mark <= MOST:
            message = f"a mark goes from {LEAST} to {MOST}"
            raise SubmissionInvalid(name, message)
    if all(getattr(scores, name) is None for name in MARKS):
        message = f"give one mark at least: {', '.join(MARKS)}"
        raise SubmissionInvalid("solved", message)
    if len(scores.words) > MOST_WORDS:
        message = f"the words have {len(scores.words)} characters: {MOST_WORDS} are taken"
        raise SubmissionInvalid("words", message)


def take_marks(
    session: Session, tools: Tools, message: Message, said: Mapping[str, str]
) -> RatingView | None:
    """Take in the marks that a plugin brought with a message that has its case, if there are any.

    They stand in ``ParsedMessage.extra``: ``rated_solved``, ``rated_manner``, ``rated_speed``
    (digits 1 to 5) and ``rated_words``.
    """
    scores, case = _marks_in(said), case_of(session, message.id)
    if scores is None or case is None:
        return None
    told = _Told(message.id, case, case.round, scores, message.plugin,
                 message.received_at, message.received_at)  # fmt: skip
    return _store(session, tools, Actor("channel", message.plugin), portal_of(session), told)


def _marks_in(said: Mapping[str, str]) -> Scores | None:
    marks = {name: said.get(f"rated_{name}", "") for name in MARKS}
    given = {name: int(mark) for name, mark in marks.items() if mark in {"1", "2", "3", "4", "5"}}
    return Scores(**given, words=said.get("rated_words", "")[:MOST_WORDS]) if given else None
