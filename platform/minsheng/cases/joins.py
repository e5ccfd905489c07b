"""Joins by the matcher, listed for sampling, and a person's verdict on each.

A sample is drawn by a hash of each message and the seed: the same span and seed give the same
sample to whoever may see the same cases.
"""

import base64
import binascii
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.errors import CaseConflict, MatchingInvalid, MessageNotFound
from minsheng.cases.events import without_person
from minsheng.cases.ledger import Wish, split
from minsheng.cases.match_figures import Counts, add_figures
from minsheng.cases.match_models import JoinVerdict
from minsheng.cases.sight import PLAIN, Sight
from minsheng_tenants import tenant_of

MAX_PAGE, MAX_SAMPLE = 200, 500
RIGHT, WRONG = "right", "wrong"
VERDICTS = (RIGHT, WRONG)


@dataclass(frozen=True, slots=True)
class Joined:
    """One join by the matcher: the message, the one it joined through, and why.

    ``case`` is where the message stands now; ``verdict`` is empty until a person gives one.
    """

    message: uuid.UUID
    via: uuid.UUID
    case: str
    score: float
    reasons: Sequence[Mapping[str, Any]]
    algorithm: str
    at: datetime
    verdict: str


@dataclass(frozen=True, slots=True)
class Span:
    """Joins from ``since`` (included) to ``until`` (excluded)."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class JoinPage:
    """A page of joins; ``next_cursor`` is None on the last one."""

    rows: Sequence[Joined]
    next_cursor: str | None


_COLUMNS = """
    select j.message_id as message, j.via_id as via, k.number as case, j.score, j.reasons,
           j.algorithm, j.joined_at as at, coalesce(v.verdict, '') as verdict,
           exists (select from case_messages c join messages m
               on m.tenant_id = c.tenant_id and m.id = c.message_id
               where c.tenant_id = :tenant and c.case_id = j.case_id and m.confidential) as quiet
"""
_FROM = """
    from case_messages j
    join cases k on k.tenant_id = j.tenant_id and k.id = j.case_id
    left join join_verdicts v on v.tenant_id = j.tenant_id and v.message_id = j.message_id
    where j.tenant_id = :tenant and j.via_id is not null and j.algorithm like 'levels:%'
      and (:hidden_too or not k.secret)
"""
_SPAN = " and j.joined_at >= :since and j.joined_at < :until"
_PAGE = text(
    _COLUMNS + _FROM + _SPAN + " and (j.joined_at, j.message_id) > (:at, cast(:last as uuid))"
    " order by j.joined_at, j.message_id limit :most"
)
_SAMPLE = text(
    _COLUMNS
    + _FROM
    + _SPAN
    + " order by md5(:seed || j.message_id::text), j.message_id limit :most"
)
_ONE = text(_COLUMNS + _FROM + " and j.message_id = :message")


def joins_page(
    session: Session, span: Span, sight: Sight = PLAIN, *, cursor: str = "", limit: int = 50
) -> JoinPage:
    """Joins of a span in sight, oldest first. Raises MatchingInvalid for a cursor of no page."""
    at, last = _read_cursor(cursor) if cursor else (span.since, uuid.UUID(int=0))
    asked = _asked(session, span, sight) | {"at": at, "last": last, "most": limit + 1}
    rows = [_joined(row, sight) for row in session.execute(_PAGE, asked)]
    shown = rows[:limit]
    return JoinPage(shown, _cursor(shown[-1]) if len(rows) > limit else None)


def sample_joins(
    session: Session, span: Span, many: int, seed: int, sight: Sight = PLAIN
) -> list[Joined]:
    """``many`` joins of a span drawn at random, each as likely as any other."""
    asked = _asked(session, span, sight) | {"seed": f"{seed}:", "most": many}
    return [_joined(row, sight) for row in session.execute(_SAMPLE, asked)]


def judge_join(
    session: Session,
    tools: Tools,
    wish: Wish,
    message_id: uuid.UUID,
    verdict: str,
    *,
    sampled: bool = False,
) -> Joined:
    """Keep a person's verdict on a join; a wrong one is undone and remembered as "not the same".

    ``sampled`` says that the join was drawn at random: only such verdicts measure the precision.
    The same verdict again changes nothing. Raises MessageNotFound, or CaseConflict for another
    verdict than the one given, and for a wrong join in a case that is joined to another.
    """
    found = _one(session, message_id, wish.sight)
    if found.verdict:
        return _same_again(found, verdict)
    row = {
        "tenant_id": tenant_of(session),
        "message_id": message_id,
        "via_id": found.via,
        "verdict": verdict,
        "sampled": sampled,
        "reason": wish.reason,
        "said_by": str(wish.actor),
        "said_at": tools.clock.now(),
    }
    said = insert(JoinVerdict).values(row).on_conflict_do_nothing()
    if session.scalar(said.returning(JoinVerdict.message_id)) is None:
        return _same_again(_one(session, message_id, wish.sight), verdict)
    if verdict == WRONG and _stand_together(session, found):
        split(session, tools, wish, found.case, [message_id])
    kind = f"{'sample' if sampled else 'found'}_{verdict}"
    add_figures(session, tools.clock.now(), found.algorithm, Counts(**{kind: 1}))
    tools.auditor.record(session, wish.actor, f"join.{verdict}", "message", message_id)
    return _one(session, message_id, wish.sight)


_TOGETHER = text("""
    select count(distinct case_id) = 1 from case_messages
    where tenant_id = :tenant and message_id in (:one, :other)
""")


def _stand_together(session: Session, join: Joined) -> bool:
    """Whether the join still holds: somebody may have undone it without a verdict."""
    asked = {"tenant": tenant_of(session), "one": join.message, "other": join.via}
    return bool(session.scalar(_TOGETHER, asked))


def _same_again(found: Joined, verdict: str) -> Joined:
    if found.verdict != verdict:
        message = f"this join was found {found.verdict} before: join or split the cases by hand"
        raise CaseConflict(message)
    return found


def _one(session: Session, message_id: uuid.UUID, sight: Sight) -> Joined:
    asked = {"tenant": tenant_of(session), "message": message_id}
    row = session.execute(_ONE, asked | {"hidden_too": sight.confidential}).one_or_none()
    if row is None:
        message = "the matcher joined no such message here: look at the list of joins again"
        raise MessageNotFound(message)
    return _joined(row, sight)


def _asked(session: Session, span: Span, sight: Sight) -> dict[str, Any]:
    return {
        "tenant": tenant_of(session),
        "since": span.since,
        "until": span.until,
        "hidden_too": sight.confidential,
    }


def _joined(row: Row[Any], sight: Sight) -> Joined:
    """Where one of the case asked for secrecy, no reason says that two are of one citizen."""
    values = dict(row._mapping)
    if values.pop("quiet") and not sight.confidential:
        values["reasons"] = without_person(values["reasons"])
    return Joined(**values)


def _cursor(row: Joined) -> str:
    place = json.dumps([row.at.isoformat(), str(row.message)])
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, uuid.UUID]:
    try:
        at, last = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return datetime.fromisoformat(at), uuid.UUID(last)
    except (ValueError, TypeError, binascii.Error) as error:
        message = "this is no cursor of ours: begin without one"
        raise MatchingInvalid("cursor", message) from error
