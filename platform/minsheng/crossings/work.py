"""Handlers of the kinds of work: contribute, code anew, settle.

``contribute`` one row a message, written in the transaction that gives it its case;
``recode``     one row an office, standing as long as it has codes: turns to the present key in the
               background, and takes away what must not be there any more, once a day;
``settle_crossing`` one row a crossing that both sides agreed to, or whose lead was chosen.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.settling import CONTRIBUTE
from minsheng.crossings.answers import SETTLE
from minsheng.crossings.contributing import (
    Coder,
    contribute,
    has_codes,
    quieted,
    store_codes,
    tidy_codes,
    uncoded,
    withdraw_codes,
)
from minsheng.crossings.hints import HintGiver, HintsSpent
from minsheng.crossings.keyring import ProvincialKeys
from minsheng.crossings.matching import MOST_HINTS, likenesses
from minsheng.crossings.settling import settle
from minsheng.crossings.sides import place_of, side_of
from minsheng.runtime.work import (
    Claim,
    add_work,
    finish_work,
    hasten_work,
    hold_work,
    put_off,
)

RECODE = "recode"
KINDS = (CONTRIBUTE, RECODE, SETTLE)
EVERY = timedelta(days=1)
ROW = uuid.UUID(int=0)
"""The one row of an office: the work is about the office itself."""

_BATCH = 100
_SOON = timedelta(seconds=5)
_CHINA = timezone(timedelta(hours=8))


class Contributor:
    """Answers work of the kind ``contribute``: a message's codes, then hints to both sides."""

    def __init__(self, tools: Tools, coder: Coder, giver: HintGiver, lease: timedelta) -> None:
        """``lease`` is counted anew for each message."""
        self._tools = tools
        self._coder = coder
        self._giver = giver
        self._lease = lease

    def work(self, claims: Sequence[Claim]) -> None:
        """One message after another; each its own transactions, each safe to repeat."""
        for claim in claims:
            self._one(claim)

    def _one(self, claim: Claim) -> None:
        tools = self._tools
        with tools.database.session(claim.tenant_id) as session:
            hold_work(session, [claim], tools.clock.now() + self._lease)
            made = contribute(session, tools, self._coder, claim.row_id)
            if made is None:
                finish_work(session, [claim])
                return
            add_work(session, RECODE, [ROW], tools.clock.now() + EVERY, ring=False)
        # Asked once the codes are committed: of two messages that arrive at once at least one
        # sees the other.
        spent = False
        for found in likenesses(tools, *made)[:MOST_HINTS]:
            try:
                self._giver.give(made[0], found)
            except HintsSpent:
                spent = True
        with tools.database.session(claim.tenant_id) as session:
            if spent:
                put_off(session, claim, _tomorrow(tools.clock.now()), "hints spent", attempt=0)
            else:
                finish_work(session, [claim])


class Recoder:
    """Answers work of the kind ``recode``: an office turns to the present key, and tidies."""

    def __init__(self, tools: Tools, coder: Coder, lease: timedelta) -> None:
        """``lease`` is counted anew when the codes are made."""
        self._tools = tools
        self._coder = coder
        self._lease = lease

    def work(self, claims: Sequence[Claim]) -> None:
        """Up to a hundred messages of each office; more in a moment."""
        for claim in claims:
            self._office(claim)

    def _office(self, claim: Claim) -> None:
        tools, now = self._tools, self._tools.clock.now()
        with tools.database.session(claim.tenant_id) as session:
            hold_work(session, [claim], now + self._lease)
            zone = place_of(session).zone
            if zone is None or not has_codes(session):
                finish_work(session, [claim])
                return
            epochs = self._coder.epochs(zone)
            tidy_codes(session, tools, epochs)
            left = uncoded(session, tools, epochs[0].number, _BATCH)
            for message_id in {*left, *quieted(session)}:
                self._anew(session, message_id)
            if left:
                tools.auditor.record(session, SYSTEM, "crossing.recode", "tenant", claim.tenant_id)
            due = now + (_SOON if len(left) == _BATCH else EVERY)
            put_off(session, claim, due, attempt=0)

    def _anew(self, session: Session, message_id: uuid.UUID) -> None:
        side = side_of(session, message_id)
        if side is None or side.place.zone is None:
            withdraw_codes(session, [message_id])
            return
        epochs = self._coder.epochs(side.place.zone)
        store_codes(session, side, self._coder.code(session, side, epochs))


class Settler:
    """Answers work of the kind ``settle_crossing``."""

    def __init__(self, tools: Tools) -> None:
        """It needs no key."""
        self._tools = tools

    def work(self, claims: Sequence[Claim]) -> None:
        """One crossing after another."""
        for claim in claims:
            settle(self._tools, claim.tenant_id, claim.row_id)
            with self._tools.database.session(claim.tenant_id) as session:
                finish_work(session, [claim])


def rotate_keys(tools: Tools, keys: ProvincialKeys, zone: int, offices: Sequence[int]) -> int:
    """Replace a zone's key at once and have its ``offices`` code anew; the new key's number."""
    epoch = keys.rotate(zone)
    for office in offices:
        with tools.database.session(office) as session:
            if has_codes(session):
                hasten_work(session, RECODE, ROW, tools.clock.now())
            tools.auditor.record(session, SYSTEM, "crossing.rotate", "tenant", office)
    return epoch.number


def _tomorrow(now: datetime) -> datetime:
    """Midnight of China, when the count of hints begins anew."""
    local = now.astimezone(_CHINA) + timedelta(days=1)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)
