"""Matching: a message that arrives joins a case or opens one, and says why.

Joining by itself is for one citizen's messages only (decision "same"); what looks like one matter
of different citizens becomes a finding for a person to review; what is related is noted. Messages
of an office are matched one batch after another under a lock, because two that arrive at once must
see each other.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.match_records import record_of
from minsheng.cases.match_settings import matching_of
from minsheng.cases.models import CaseMessage
from minsheng.cases.placing import Placing
from minsheng.cases.secrecy import note_complaints
from minsheng.intake.models import Message
from minsheng.runtime.failpoints import failpoint
from minsheng.runtime.work import Claim, finish_work, hold_work
from minsheng_dedupe import Matcher, PostgresStore
from minsheng_tenants import tenant_of

_LOCK = text("select pg_advisory_xact_lock(:room, :tenant)")
_ROOM = 7364101


Place = Callable[[Session, Tools, Sequence[Message]], None]
"""Gives each of some messages its case, in the caller's transaction and under the office's lock."""


class MatchMaker:
    """Answers work of the kind "match": one row is one message without a case."""

    def __init__(self, tools: Tools, lease: timedelta, place: Place | None = None) -> None:
        """``lease`` is counted anew once the office's lock is held.

        ``place`` gives messages their cases, :func:`match_messages` unless a room above knows more.
        """
        self._tools = tools
        self._lease = lease
        self._place = place or match_messages

    def work(self, claims: Sequence[Claim]) -> None:
        """Give each message of the claims its case, in one transaction."""
        with self._tools.database.session(claims[0].tenant_id) as session:
            lock_matching(session)
            hold_work(session, claims, self._tools.clock.now() + self._lease)
            messages = caseless(session, [claim.row_id for claim in claims])
            if messages:
                self._place(session, self._tools, messages)
            finish_work(session, claims)
            failpoint("match.before_commit")
        failpoint("match.after_commit")


def match_messages(session: Session, tools: Tools, messages: Sequence[Message]) -> None:
    """Place messages, oldest first, and write down what the matcher said."""
    matching = matching_of(session)
    matcher = Matcher(matching.config(), store_of(session))
    cipher = tools.keyring.cipher(tenant_of(session))
    answers = matcher.arrive([record_of(cipher, message) for message in messages])
    table = Placing.begin(session, tools, matcher.version, matching, messages, answers)
    table.cut = matcher.cut
    for message, matches in zip(messages, answers, strict=True):
        table.place(message, matches)
    table.write(session)
    note_complaints(session, tools, messages)


def store_of(session: Session) -> PostgresStore:
    """The matcher's store of the session's office, inside the session's transaction."""
    connection = session.connection().connection.driver_connection
    if connection is None:
        trouble = "the matcher needs a live connection: run it inside a transaction"
        raise RuntimeError(trouble)
    return PostgresStore(connection, tenant_of(session))


def lock_matching(session: Session) -> None:
    """Wait for whoever matches in the office now; until the transaction ends nobody else does."""
    session.execute(_LOCK, {"room": _ROOM, "tenant": tenant_of(session)})


def caseless(session: Session, ids: Sequence[uuid.UUID]) -> list[Message]:
    """Those of these messages that stand in no case yet, oldest first."""
    placed = set(
        session.scalars(select(CaseMessage.message_id).where(CaseMessage.message_id.in_(ids)))
    )
    left = [each for each in ids if each not in placed]
    chosen = select(Message).where(Message.id.in_(left)).order_by(Message.received_at, Message.id)
    return list(session.scalars(chosen))
