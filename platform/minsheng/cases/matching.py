"""Matching: a message that arrives joins a case or opens one, and says why.

Joining by itself is for one citizen's messages only (decision "same"); what looks like one matter
of different citizens becomes a finding for a person to review; what is related is noted. Messages
of an office are matched one batch after another under a lock, because two that arrive at once must
see each other.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.ledger import open_case
from minsheng.cases.match_records import record_of
from minsheng.cases.memory import forbidden_partners
from minsheng.cases.models import Case, CaseEvent, CaseMessage, Finding
from minsheng.cases.numbers import next_numbers
from minsheng.cases.secrecy import note_complaints
from minsheng.cases.summary import refresh_cases
from minsheng.intake.models import Message
from minsheng.runtime.database import insert_rows
from minsheng.runtime.failpoints import failpoint
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import Claim, finish_work, hold_work
from minsheng_dedupe import Match, Matcher, PostgresStore
from minsheng_tenants import tenant_of

_LOCK = text("select pg_advisory_xact_lock(:room, :tenant)")
_ROOM = 7364101
_MOST_FINDINGS = 5


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
            session.execute(_LOCK, {"room": _ROOM, "tenant": claims[0].tenant_id})
            hold_work(session, claims, self._tools.clock.now() + self._lease)
            messages = _caseless(session, [claim.row_id for claim in claims])
            if messages:
                self._place(session, self._tools, messages)
            finish_work(session, claims)
            failpoint("match.before_commit")
        failpoint("match.after_commit")


def match_messages(session: Session, tools: Tools, messages: Sequence[Message]) -> None:
    """Place messages, oldest first, and write down what the matcher said."""
    connection = session.connection().connection.driver_connection
    if connection is None:
        trouble = "the matcher needs a live connection: run it inside a transaction"
        raise RuntimeError(trouble)
    matcher = Matcher(None, PostgresStore(connection, tenant_of(session)))
    cipher = tools.keyring.cipher(tenant_of(session))
    answers = matcher.arrive([record_of(cipher, message) for message in messages])
    table = _Placing.begin(session, tools, matcher.version, messages, answers)
    for message, matches in zip(messages, answers, strict=True):
        table.place(message, matches)
    table.write(session)
    note_complaints(session, tools, messages)


@dataclass
class _Placing:
    """What is decided for a batch before any of it is written."""

    tools: Tools
    version: str
    now: datetime
    case_of: dict[uuid.UUID, uuid.UUID]
    members: dict[uuid.UUID, set[uuid.UUID]]
    forbidden: Mapping[uuid.UUID, set[uuid.UUID]]
    opened: list[tuple[Case, Message]] = field(default_factory=list)
    joined: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        session: Session,
        tools: Tools,
        version: str,
        messages: Sequence[Message],
        answers: Sequence[Sequence[Match]],
    ) -> "_Placing":
        named = {uuid.UUID(match.message_id) for matches in answers for match in matches}
        case_of = _cases_of(session, named)
        forbidden = forbidden_partners(session, [message.id for message in messages])
        members = _members_of(session, set(case_of.values())) if forbidden else {}
        return cls(tools, version, tools.clock.now(), case_of, members, forbidden)

    def place(self, message: Message, matches: Sequence[Match]) -> None:
        """Join the message to the best case it may join, or open one for it."""
        best = next((match for match in matches if self._may_join(message, match)), None)
        case_id = self._join(message, best) if best else self._open(message)
        self.case_of[message.id] = case_id
        self.members.setdefault(case_id, set()).add(message.id)
        self._note_findings(message, case_id, matches)

    def write(self, session: Session) -> None:
        """Write cases, places, events and findings, and count the queue's figures anew."""
        numbers = next_numbers(session, self.now, len(self.opened))
        for number, (case, _) in zip(numbers, self.opened, strict=True):
            case.number = number
        session.add_all([case for case, _ in self.opened])
        session.flush()
        tenant_id = tenant_of(session)
        for table, rows in (
            (CaseEvent, self.events),
            (CaseMessage, self.joined),
            (Finding, self.findings),
        ):
            insert_rows(session, table, [row | {"tenant_id": tenant_id} for row in rows])
        ids = [row["message_id"] for row in self.joined]
        self.tools.auditor.record(session, SYSTEM, "message.match", "message", *ids)
        changed = {row["case_id"] for row in self.joined}
        refresh_cases(session, changed, {self.case_of[row["other_id"]] for row in self.findings})

    def _may_join(self, message: Message, match: Match) -> bool:
        other = uuid.UUID(match.message_id)
        if match.decision != "same" or other not in self.case_of:
            return False
        never = self.forbidden.get(message.id, set())
        return not never & self.members.get(self.case_of[other], {other})

    def _join(self, message: Message, match: Match) -> uuid.UUID:
        via = uuid.UUID(match.message_id)
        case_id = self.case_of[via]
        data = {"message": str(message.id), "via": str(via), "score": match.score}
        said = {"reasons": _reasons(match), "algorithm": self.version}
        self._tell(case_id, "joined", data | said)
        self._stand(message, case_id, via, match)
        return case_id

    def _open(self, message: Message) -> uuid.UUID:
        case = open_case(message, self.now)
        self.opened.append((case, message))
        self._tell(case.id, "opened", {"message": str(message.id)})
        self._stand(message, case.id, None, None)
        return case.id

    def _tell(self, case_id: uuid.UUID, kind: str, data: dict[str, Any]) -> None:
        event = {"id": new_id(), "case_id": case_id, "kind": kind, "at": self.now}
        self.events.append(event | {"actor": str(SYSTEM), "data": data})

    def _stand(
        self, message: Message, case_id: uuid.UUID, via: uuid.UUID | None, match: Match | None
    ) -> None:
        self.joined.append(
            {
                "message_id": message.id,
                "case_id": case_id,
                "home_id": case_id,
                "via_id": via,
                "event_id": self.events[-1]["id"],
                "score": match.score if match else None,
                "reasons": _reasons(match) if match else [],
                "algorithm": self.version,
                "joined_by": str(SYSTEM),
                "joined_at": self.now,
            }
        )

    def _note_findings(
        self, message: Message, case_id: uuid.UUID, matches: Sequence[Match]
    ) -> None:
        """One finding for each other case at most, the strongest first."""
        seen = {case_id}
        for match in matches:
            other = uuid.UUID(match.message_id)
            other_case = self.case_of.get(other)
            if match.decision == "different" or other_case is None or other_case in seen:
                continue
            seen.add(other_case)
            self.findings.append(self._finding(message, other, match))
            if len(seen) > _MOST_FINDINGS:
                return

    def _finding(self, message: Message, other: uuid.UUID, match: Match) -> dict[str, Any]:
        related = match.decision == "related"
        return {
            "id": new_id(),
            "message_id": message.id,
            "other_id": other,
            "decision": "related" if related else "review",
            "score": match.score,
            "reasons": _reasons(match),
            "algorithm": self.version,
            "state": "noted" if related else "open",
            "outcome": "",
            "found_at": self.now,
        }


def _caseless(session: Session, ids: Sequence[uuid.UUID]) -> list[Message]:
    placed = set(
        session.scalars(select(CaseMessage.message_id).where(CaseMessage.message_id.in_(ids)))
    )
    left = [each for each in ids if each not in placed]
    chosen = select(Message).where(Message.id.in_(left)).order_by(Message.received_at, Message.id)
    return list(session.scalars(chosen))


def _cases_of(session: Session, ids: set[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    chosen = select(CaseMessage.message_id, CaseMessage.case_id)
    found = session.execute(chosen.where(CaseMessage.message_id.in_(ids)))
    return {row.message_id: row.case_id for row in found}


def _members_of(session: Session, case_ids: set[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    members: dict[uuid.UUID, set[uuid.UUID]] = {}
    chosen = select(CaseMessage.case_id, CaseMessage.message_id)
    for row in session.execute(chosen.where(CaseMessage.case_id.in_(case_ids))):
        members.setdefault(row.case_id, set()).add(row.message_id)
    return members


def _reasons(match: Match) -> list[dict[str, Any]]:
    return [asdict(reason) for reason in match.reasons]
