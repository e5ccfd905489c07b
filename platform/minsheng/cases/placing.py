"""Placing: what is decided for a batch of messages before any of it is written."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.ledger import open_case
from minsheng.cases.match_figures import Counts, add_figures
from minsheng.cases.match_settings import Matching
from minsheng.cases.memory import Memory, forbidden_partners
from minsheng.cases.models import Case, CaseEvent, CaseMessage, Finding
from minsheng.cases.numbers import next_numbers
from minsheng.cases.settling import plan_contribution, plan_settling
from minsheng.cases.summary import refresh_cases
from minsheng.cases.verdict import ACROSS, ASKED_AGAIN, join_score, joins_across, told
from minsheng.intake.models import Message
from minsheng.runtime.database import insert_rows
from minsheng.runtime.ids import new_id
from minsheng_dedupe import Match, MatcherConfig
from minsheng_tenants import tenant_of

MOST_FINDINGS = 5
"""Findings noted of a message at most, one for each other case, the strongest first."""
_MOST_ANSWERS = MatcherConfig().results


@dataclass(frozen=True, slots=True)
class Chosen:
    """The earlier message that a new one joins, and whether their citizens differ."""

    match: Match
    across: bool

    @property
    def via(self) -> uuid.UUID:
        """The message it joins through."""
        return uuid.UUID(self.match.message_id)


@dataclass
class Placing:
    """Where the messages of a batch go, and what is told and asked of them.

    ``cut``: those that the matcher did not compare with all that was worth it (`Matcher.cut`).
    """

    tools: Tools
    version: str
    matching: Matching
    now: datetime
    case_of: dict[uuid.UUID, uuid.UUID]
    members: dict[uuid.UUID, set[uuid.UUID]]
    forbidden: Mapping[uuid.UUID, set[uuid.UUID]]
    memory: Memory
    cut: Collection[str] = ()
    counts: Counts = field(default_factory=Counts)
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
        matching: Matching,
        messages: Sequence[Message],
        answers: Sequence[Sequence[Match]],
    ) -> "Placing":
        """Read what stands already of the messages that the matcher named."""
        named = {
            uuid.UUID(match.message_id)
            for matches in answers
            for match in matches
            if match.decision != "different"
        }
        case_of = _cases_of(session, named)
        forbidden = forbidden_partners(session, [message.id for message in messages])
        members = _members_of(session, set(case_of.values())) if forbidden else {}
        memory = Memory.of(session, set(case_of.values()))
        now = tools.clock.now()
        return cls(tools, version, matching, now, case_of, members, forbidden, memory)

    def place(self, message: Message, matches: Sequence[Match]) -> None:
        """Join the message to the best case it may join, or open one for it."""
        chosen = self._choose(message, matches)
        case_id = self._join(message, chosen) if chosen else self._open(message)
        self.case_of[message.id] = case_id
        self.members.setdefault(case_id, set()).add(message.id)
        shown = self._note_findings(message, case_id, matches)
        self.counts.messages += 1
        self.counts.capped += not shown or _is_cut(matches) or str(message.id) in self.cut

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
        add_figures(session, self.now, self.version, self.counts)
        ids = [row["message_id"] for row in self.joined]
        self.tools.auditor.record(session, SYSTEM, "message.match", "message", *ids)
        changed = {row["case_id"] for row in self.joined}
        refresh_cases(session, changed, {self.case_of[row["other_id"]] for row in self.findings})
        plan_settling(session, [case.id for case, _ in self.opened], self.now)
        plan_contribution(session, ids, self.now)

    def _choose(self, message: Message, matches: Sequence[Match]) -> Chosen | None:
        """One citizen's likeliest; else, where the office wants it, the likeliest of anyone."""
        free = [match for match in matches if self._may_join(message, match)]
        own = next((match for match in free if match.decision == "same"), None)
        if own:
            return Chosen(own, across=False)
        others = [match for match in free if joins_across(match, self.matching)]
        best = max(others, key=lambda match: match.link, default=None)
        return Chosen(best, across=True) if best else None

    def _may_join(self, message: Message, match: Match) -> bool:
        """Whether the pair may be joined as far as persons have spoken."""
        other = self.case_of.get(uuid.UUID(match.message_id))
        if other is None or match.decision == "different":
            return False
        if self.forbidden.get(message.id, set()) & self.members.get(other, set()):
            return False
        memory = self.memory
        return not (memory.holds(message, other) or memory.is_doubted(message, other))

    def _join(self, message: Message, chosen: Chosen) -> uuid.UUID:
        case_id = self.case_of[chosen.via]
        score = join_score(chosen.match, across=chosen.across)
        data = {"message": str(message.id), "via": str(chosen.via), "score": score}
        reasons = told(chosen.match, ACROSS) if chosen.across else told(chosen.match)
        self._tell(case_id, "joined", data | {"reasons": reasons, "algorithm": self.version})
        self._stand(message, case_id, chosen.via, score, reasons)
        self.counts.joined += 1
        self.counts.joined_across += chosen.across
        return case_id

    def _open(self, message: Message) -> uuid.UUID:
        case = open_case(message, self.now)
        self.opened.append((case, message))
        self._tell(case.id, "opened", {"message": str(message.id)})
        self._stand(message, case.id, None, None, [])
        return case.id

    def _tell(self, case_id: uuid.UUID, kind: str, data: dict[str, Any]) -> None:
        event = {"id": new_id(), "case_id": case_id, "kind": kind, "at": self.now}
        self.events.append(event | {"actor": str(SYSTEM), "data": data})

    def _stand(
        self,
        message: Message,
        case_id: uuid.UUID,
        via: uuid.UUID | None,
        score: float | None,
        reasons: list[dict[str, Any]],
    ) -> None:
        self.joined.append(
            {
                "message_id": message.id,
                "case_id": case_id,
                "home_id": case_id,
                "via_id": via,
                "event_id": self.events[-1]["id"],
                "score": score,
                "reasons": reasons,
                "algorithm": self.version,
                "joined_by": str(SYSTEM),
                "joined_at": self.now,
            }
        )

    def _note_findings(
        self, message: Message, case_id: uuid.UUID, matches: Sequence[Match]
    ) -> bool:
        """One finding for each other case at most, the strongest first; whether all were noted."""
        seen, kinds, whole = {case_id}, set[str](), True
        for match in matches:
            other = self.case_of.get(uuid.UUID(match.message_id))
            if match.decision == "different" or other is None or other in seen:
                continue
            if self.memory.holds(message, other, case_id):
                continue
            if len(seen) > MOST_FINDINGS:
                whole = False
                break
            seen.add(other)
            doubted = self.memory.is_doubted(message, other, case_id)
            self.findings.append(self._finding(message, match, doubted=doubted))
            kinds.add(self.findings[-1]["decision"])
        self.counts.to_review += "review" in kinds
        self.counts.related += "related" in kinds
        return whole

    def _finding(self, message: Message, match: Match, *, doubted: bool) -> dict[str, Any]:
        related = match.decision == "related"
        again = doubted and not related
        return {
            "id": new_id(),
            "message_id": message.id,
            "other_id": uuid.UUID(match.message_id),
            "decision": "related" if related else "review",
            "score": match.score,
            "reasons": told(match, ASKED_AGAIN) if again else told(match),
            "algorithm": self.version,
            "state": "noted" if related else "open",
            "outcome": "",
            "found_at": self.now,
        }


def _is_cut(matches: Sequence[Match]) -> bool:
    """Whether the answer is as long as it may be and tells something to its end."""
    return len(matches) >= _MOST_ANSWERS and matches[-1].decision != "different"


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
