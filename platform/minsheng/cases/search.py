"""Search over cases through the one definer function that may read the index.

Under row security the service's login cannot use GIN, so ``search_cases`` (migration 0006) reads
it as a role of its own and filters on the current office. The index holds hashes of character
pairs mixed with the office's number: one office's words are another's noise.
"""

import re
import uuid
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, select, text
from sqlalchemy.orm import Session

from minsheng.cases.models import OPEN, Case, CaseMessage, CaseSearch
from minsheng.cases.sight import PLAIN, Sight
from minsheng.intake.confidential import hide_person
from minsheng.intake.models import Message
from minsheng_dedupe.normalise import fold
from minsheng_tenants import tenant_of

MAX_WORDS = 20_000
"""Characters of a case that can be found by search; the first ones of each message come first."""
_GAP = re.compile(r"\s+")
_MOST_NEEDLES = 8


def index_cases(session: Session, case_ids: Iterable[uuid.UUID]) -> None:
    """Write anew what search knows of these cases; a case that is not open is forgotten."""
    ids = list(case_ids)
    words = _words(session, ids)
    session.execute(delete(CaseSearch).where(CaseSearch.case_id.in_(set(ids) - set(words))))
    if not words:
        return
    tenant_id = tenant_of(session)
    rows = [
        {
            "tenant": tenant_id,
            "case": case_id,
            "at": last_at,
            "words": said,
            "codes": _array(pair_codes(tenant_id, said)),
            "secret": secret,
        }
        for case_id, (last_at, secret, said) in words.items()
    ]
    session.execute(_INDEX, rows)


_INDEX = text("""
    insert into case_search (tenant_id, case_id, last_at, words, codes, secret)
    values (:tenant, :case, :at, :words, cast(:codes as integer[]), :secret)
    on conflict (tenant_id, case_id) do update set last_at = excluded.last_at,
        words = excluded.words, codes = excluded.codes, secret = excluded.secret
    where case_search.tenant_id = :tenant
""")


_SEARCH = text(
    "select case_id, last_at from search_cases(:codes, :needles, :before, :most, :hidden_too)"
)


def search_cases(
    session: Session,
    wish: str,
    before: datetime | None = None,
    most: int = 50,
    sight: Sight = PLAIN,
) -> list[uuid.UUID]:
    """Open cases in sight that hold every word of ``wish``, most recent first, at most 200.

    Only those last heard of at ``before`` or earlier; of several at that very moment the caller
    picks those behind its cursor.

    A wish needs one word of two characters at least, since the index holds pairs.
    """
    needles = [searchable(part) for part in wish.split()[:_MOST_NEEDLES]]
    codes = set[int]()
    for needle in needles:
        codes |= pair_codes(tenant_of(session), needle)
    if not codes:
        return []
    asked = {
        "codes": sorted(codes),
        "needles": [f"%{_escape(needle)}%" for needle in needles],
        "before": before,
        "most": most,
        "hidden_too": sight.confidential,
    }
    return [row.case_id for row in session.execute(_SEARCH, asked)]


def searchable(words: str) -> str:
    """Words as the index holds them: simplified, narrow, small letters, without white space."""
    return _GAP.sub("", fold(words)).lower()


def pair_codes(tenant_id: int, said: str) -> set[int]:
    """The signed 32-bit hashes of every pair of neighbouring characters, mixed with the office."""
    salt = zlib.crc32(tenant_id.to_bytes(4, "big"))
    hashes = {zlib.crc32(said[at : at + 2].encode(), salt) for at in range(len(said) - 1)}
    return {code - (1 << 32) if code >= 1 << 31 else code for code in hashes}


def _array(codes: set[int]) -> str:
    """Codes as PostgreSQL writes an array, which costs less than a list of parameters."""
    return "{" + ",".join(map(str, sorted(codes))) + "}"


def _escape(needle: str) -> str:
    return needle.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")


def _words(
    session: Session, case_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, tuple[datetime, bool, str]]:
    said: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    known: dict[uuid.UUID, tuple[datetime, bool]] = {}
    standing = and_(CaseMessage.tenant_id == Case.tenant_id, CaseMessage.case_id == Case.id)
    told = and_(Message.tenant_id == Case.tenant_id, Message.id == CaseMessage.message_id)
    chosen = (
        select(
            Case.id, Case.last_at, Case.secret,
            Message.subject, Message.body, Message.confidential,
        )
        .join(CaseMessage, standing)
        .join(Message, told)
        .where(Case.id.in_(case_ids), Case.state == OPEN)
        .order_by(Message.received_at, Message.id)
    )  # fmt: skip
    for row in session.execute(chosen):
        known[row.id] = row.last_at, row.secret
        words = [row.subject, row.body[:MAX_WORDS]]
        # What a citizen who asked for secrecy says of himself is found by nobody.
        said[row.id] += map(hide_person, words) if row.confidential else words
    return {
        case_id: (*known[case_id], searchable("\n".join(parts))[:MAX_WORDS])
        for case_id, parts in said.items()
    }
