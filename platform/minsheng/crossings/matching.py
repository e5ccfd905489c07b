"""Which messages of other offices are likely of one matter, by codes alone."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text

from minsheng.audit import Tools
from minsheng.crossings.coding import Codes
from minsheng.crossings.contributing import REMEMBERED, Coded
from minsheng.crossings.keyring import Epoch
from minsheng.crossings.scoring import THRESHOLD, score, without_contact
from minsheng.crossings.sides import Side

CANDIDATES = 40
"""How many messages of other offices are compared in full."""

MOST_HINTS = 5
"""How many a message may bring about; a petition that went everywhere is no news after that."""

_ASK = text("""
    select * from crossing_candidates(
        :asker, :zone, :epoch, :wanted, :phone, :email, :since, :most)
""")


@dataclass(frozen=True, slots=True)
class Likeness:
    """A message of another office, how likely it is of the same matter, with its contact and
    without."""

    tenant_id: int
    message_id: uuid.UUID
    score: float
    quiet_score: float


def likenesses(tools: Tools, side: Side, coded: Coded) -> list[Likeness]:
    """What is likely of one matter with a side's message, the likeliest first.

    Asked by the worker's login, in a transaction that sees what was committed; nothing below the
    threshold is given back.
    """
    best: dict[tuple[int, uuid.UUID], Likeness] = {}
    for epoch, codes in coded.items():
        for found in _asked(tools, side, epoch, codes):
            key = found.tenant_id, found.message_id
            if key not in best or found.score > best[key].score:
                best[key] = found
    ordered = sorted(best.values(), key=lambda each: (-each.score, str(each.message_id)))
    return [each for each in ordered if each.score >= THRESHOLD]


def _asked(tools: Tools, side: Side, epoch: Epoch, codes: Codes) -> Iterator[Likeness]:
    asked = {
        "asker": side.place.id,
        "zone": side.place.zone,
        "epoch": epoch.number,
        "wanted": sorted(codes.asked | codes.keys),
        "phone": codes.phone or None,
        "email": codes.email or None,
        "since": codes.day - timedelta(days=REMEMBERED.days),
        "most": CANDIDATES,
    }
    with tools.database.work_session() as session:
        rows = session.execute(_ASK, asked).all()
    for row in rows:
        theirs = _codes(row)
        quiet = score(without_contact(codes), without_contact(theirs))
        yield Likeness(row.tenant_id, row.message_id, score(codes, theirs), quiet)


def _codes(row: Row[Any]) -> Codes:
    return Codes(
        phone=bytes(row.phone or b""),
        email=bytes(row.email or b""),
        body=tuple(row.body),
        subject=tuple(row.subject),
        keys=frozenset(row.keys),
        region=row.region,
        day=row.day,
    )
