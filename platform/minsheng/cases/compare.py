"""A version of the algorithm beside the decisions that stand: what would it have said?

The messages of the last ``pool`` are told to the shipped matcher once more in the order they came,
in a store in memory, under the office's settings of now; of a random sample of the later half its
decisions are held against those that were stored on arrival. The database is only read. What was
decided through a message older than the pool cannot be judged and is counted apart.
"""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import and_, func, select, text
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.match_records import record_of
from minsheng.cases.match_settings import Matching, matching_of
from minsheng.cases.models import Case, CaseMessage, Finding, by_matcher
from minsheng.cases.sight import PLAIN, in_sight
from minsheng.cases.verdict import JOINED, OPENED, RELATED, REVIEW, joins_across
from minsheng.intake.models import Message
from minsheng_dedupe import Match, Matcher, MemoryStore
from minsheng_tenants import tenant_of

ELSEWHERE = "elsewhere"
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Sampling:
    """``many`` messages drawn by ``seed``; ``pool`` how far back their candidates reach."""

    many: int = 200
    seed: int = 0
    pool: int = 5000


@dataclass(frozen=True, slots=True)
class Difference:
    """A message that would be decided otherwise; ``would_join`` the number of a case, or empty."""

    message: uuid.UUID
    case: str
    was: str
    now: str
    would_join: str


@dataclass(slots=True)
class Comparison:
    """The decisions of the shipped matcher beside the stored ones.

    ``stored`` counts the sample by the version that decided, ``by_kind`` the differences such as
    "joined>review", ``beyond`` what cannot be judged.
    """

    algorithm: str
    pool: int = 0
    sampled: int = 0
    agree: int = 0
    beyond: int = 0
    stored: dict[str, int] = field(default_factory=dict)
    by_kind: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What was decided of a message on arrival, and through which messages."""

    case_id: uuid.UUID
    number: str
    algorithm: str
    kind: str
    through: frozenset[uuid.UUID]


def compare(
    session: Session, tools: Tools, wish: Sampling, tell: Callable[[int, int], None]
) -> Comparison:
    """Compare a sample; ``tell`` hears how many of how many messages were read.

    The transaction can write nothing from here on. Complaints about the office itself are left out.
    """
    session.execute(text("set transaction read only"))
    ids = _pool(session, wish.pool)
    stored = _stored(session, _drawn(session, ids[len(ids) // 2 :], wish))
    matching = matching_of(session)
    matcher = Matcher(matching.config(), MemoryStore())
    found = Comparison(matcher.version, pool=len(ids))
    cipher, places = tools.keyring.cipher(tenant_of(session)), _places(session, ids)
    for start in range(0, len(ids), _CHUNK):
        for message in _messages(session, ids[start : start + _CHUNK]):
            record = record_of(cipher, message)
            if message.id in stored:
                said = _decision(matcher.match(record), matching)
                _judge(found, message.id, stored[message.id], said, places)
            matcher.add(record)
        tell(min(start + _CHUNK, len(ids)), len(ids))
        session.expunge_all()
    return found


def _decision(matches: Sequence[Match], matching: Matching) -> tuple[str, uuid.UUID | None]:
    """The strongest of what would become of a message, and through which one."""
    own = next((match for match in matches if match.decision == "same"), None)
    across = [match for match in matches if joins_across(match, matching)]
    joined = own or max(across, key=lambda match: match.link, default=None)
    if joined:
        return JOINED, uuid.UUID(joined.message_id)
    said = {match.decision for match in matches}
    return (REVIEW if "review" in said else RELATED if "related" in said else OPENED), None


def _judge(
    found: Comparison,
    message_id: uuid.UUID,
    was: _Stored,
    said: tuple[str, uuid.UUID | None],
    places: Mapping[uuid.UUID, tuple[uuid.UUID, str]],
) -> None:
    now, via = said
    found.sampled += 1
    found.stored[was.algorithm] = found.stored.get(was.algorithm, 0) + 1
    if was.through and not was.through & places.keys():
        found.beyond += 1
        return
    case_id, number = places.get(via, (None, "")) if via else (None, "")
    if now == was.kind == JOINED and via not in was.through and case_id != was.case_id:
        now = ELSEWHERE
    if now == was.kind:
        found.agree += 1
        return
    kind = f"{was.kind}>{now}"
    found.by_kind[kind] = found.by_kind.get(kind, 0) + 1
    found.differences.append(Difference(message_id, was.number, was.kind, now, number))


_STANDING = and_(CaseMessage.tenant_id == Case.tenant_id, CaseMessage.case_id == Case.id)


def _pool(session: Session, most: int) -> list[uuid.UUID]:
    """The last messages that the matcher placed, oldest first."""
    placed = select(CaseMessage.message_id).where(by_matcher())
    chosen = placed.order_by(CaseMessage.message_id.desc()).limit(most)
    return list(session.scalars(chosen))[::-1]


def _drawn(session: Session, ids: Collection[uuid.UUID], wish: Sampling) -> list[uuid.UUID]:
    """The sample: the same for one seed and one pool."""
    rank = func.md5(func.concat(f"{wish.seed}:", CaseMessage.message_id))
    chosen = select(CaseMessage.message_id).join(Case, _STANDING)
    wanted = CaseMessage.message_id.in_(ids), *in_sight(PLAIN)
    return list(session.scalars(chosen.where(*wanted).order_by(rank).limit(wish.many)))


def _stored(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, _Stored]:
    columns = CaseMessage.message_id, CaseMessage.via_id, CaseMessage.algorithm, Case.id
    chosen = select(*columns, Case.number).join(Case, _STANDING)
    rows = session.execute(chosen.where(CaseMessage.message_id.in_(ids))).all()
    asked: dict[uuid.UUID, dict[str, set[uuid.UUID]]] = {}
    told = select(Finding.message_id, Finding.decision, Finding.other_id)
    for message_id, decision, other in session.execute(told.where(Finding.message_id.in_(ids))):
        asked.setdefault(message_id, {}).setdefault(decision, set()).add(other)
    stored = {}
    for message_id, via, algorithm, case_id, number in rows:
        kind, through = _kind(via, asked.get(message_id, {}))
        stored[message_id] = _Stored(case_id, number, algorithm, kind, frozenset(through))
    return stored


def _kind(via: uuid.UUID | None, asked: Mapping[str, set[uuid.UUID]]) -> tuple[str, set[uuid.UUID]]:
    if via is not None:
        return JOINED, {via}
    for kind in (REVIEW, RELATED):
        if kind in asked:
            return kind, asked[kind]
    return OPENED, set()


def _places(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[uuid.UUID, str]]:
    """Where the messages of the pool stand; of a secret case no number."""
    chosen = select(CaseMessage.message_id, Case.id, Case.number, Case.secret)
    rows = session.execute(chosen.join(Case, _STANDING).where(CaseMessage.message_id.in_(ids)))
    return {row[0]: (row.id, "" if row.secret else row.number) for row in rows}


def _messages(session: Session, ids: Sequence[uuid.UUID]) -> list[Message]:
    chosen = select(Message).where(Message.id.in_(ids)).order_by(Message.id)
    return list(session.scalars(chosen))
