"""History: an office's stored messages are made known to the matcher anew, and find their cases.

The matcher's records hold its version, so a new version finds nothing of what an older one stored,
and migration 0020 emptied them. A rebuild walks all messages in the order they came, a batch a
transaction; its place is kept with each batch, so that a run that was broken off goes on there.
Matching goes on meanwhile: it waits for one batch at a time.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.match_models import MatchRebuild
from minsheng.cases.match_records import record_of
from minsheng.cases.matching import Place, caseless, lock_matching, match_messages, store_of
from minsheng.cases.models import CaseMessage, by_matcher
from minsheng.intake.models import Message
from minsheng.runtime.failpoints import failpoint
from minsheng_dedupe import Matcher
from minsheng_tenants import tenant_of

BATCH = 200
"""Messages of one transaction: some seconds during which matching waits; our figure."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuild is: messages walked of ``total``, records rewritten, cases found for."""

    done: int
    total: int
    rewritten: int
    matched: int
    finished: bool


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A rebuild of one office; ``place`` gives messages without a case theirs."""

    tools: Tools
    tenant_id: int
    place: Place = match_messages
    batch: int = BATCH

    def run(self, *, afresh: bool = False) -> Iterator[Progress]:
        """Go on where the last run of this version stopped, or begin; one step a batch.

        ``afresh`` begins anew whatever was done. A run that finished before begins anew too.
        """
        with self.tools.database.session(self.tenant_id) as session:
            state = self._begin(session, afresh=afresh)
            total = session.scalar(select(func.count()).select_from(Message)) or 0
            done = _walked(session, state.after_id)
        yield Progress(done, total, state.rewritten, state.matched, finished=False)
        while not state.finished_at:
            with self.tools.database.session(self.tenant_id) as session:
                state, walked = self._step(session)
            done += walked
            finished = state.finished_at is not None
            yield Progress(done, max(done, total), state.rewritten, state.matched, finished)

    def _begin(self, session: Session, *, afresh: bool) -> MatchRebuild:
        state = session.scalar(select(MatchRebuild).with_for_update())
        same = state is not None and state.algorithm == Matcher.version
        if state is not None and same and not state.finished_at and not afresh:
            return state
        fresh = {
            "algorithm": Matcher.version,
            "after_id": None,
            "rewritten": 0,
            "matched": 0,
            "begun_at": self.tools.clock.now(),
            "finished_at": None,
        }
        tenant_id = tenant_of(session)
        session.execute(
            insert(MatchRebuild)
            .values(tenant_id=tenant_id, **fresh)
            .on_conflict_do_update(
                index_elements=["tenant_id"], set_=fresh, where=MatchRebuild.tenant_id == tenant_id
            )
        )
        self.tools.auditor.record(session, SYSTEM, "matching.rebuild", "matching", Matcher.version)
        session.expire_all()
        return session.scalars(select(MatchRebuild)).one()

    def _step(self, session: Session) -> tuple[MatchRebuild, int]:
        """Walk one batch; its messages and how far it went are committed together."""
        lock_matching(session)
        state = session.scalars(select(MatchRebuild).with_for_update()).one()
        messages = _after(session, state.after_id, self.batch)
        homeless = caseless(session, [message.id for message in messages])
        matcher = Matcher(None, store_of(session))
        matcher.forget([str(message.id) for message in messages])
        cipher = self.tools.keyring.cipher(tenant_of(session))
        for message in matched_among(session, messages):
            matcher.add(record_of(cipher, message))
        if homeless:
            self.place(session, self.tools, homeless)
        state.rewritten += len(messages)
        state.matched += len(homeless)
        state.after_id = messages[-1].id if messages else state.after_id
        if len(messages) < self.batch:
            state.finished_at = self.tools.clock.now()
        session.flush()
        failpoint("match.before_commit")
        return state, len(messages)


def matched_among(session: Session, messages: Sequence[Message]) -> list[Message]:
    """Those that the matcher placed; what a room above placed beside another one is not taught."""
    ids = [message.id for message in messages]
    chosen = select(CaseMessage.message_id).where(CaseMessage.message_id.in_(ids))
    known = set(session.scalars(chosen.where(by_matcher())))
    return [message for message in messages if message.id in known]


def match_now(
    tools: Tools,
    tenant_id: int,
    ids: Sequence[uuid.UUID],
    place: Place = match_messages,
    batch: int = BATCH,
) -> Iterator[tuple[int, int]]:
    """Give those of some messages that have no case theirs, in the order given, here and now.

    A step a batch: how many were looked at, and how many of them had no case. What a worker took
    meanwhile is passed over; the work rows of the others find nothing to do.
    """
    for start in range(0, len(ids), batch):
        part = ids[start : start + batch]
        with tools.database.session(tenant_id) as session:
            lock_matching(session)
            homeless = caseless(session, part)
            if homeless:
                place(session, tools, homeless)
            failpoint("match.before_commit")
        yield len(part), len(homeless)


def _after(session: Session, after_id: uuid.UUID | None, most: int) -> list[Message]:
    chosen = select(Message).order_by(Message.id).limit(most)
    if after_id is not None:
        chosen = chosen.where(Message.id > after_id)
    return list(session.scalars(chosen))


def _walked(session: Session, after_id: uuid.UUID | None) -> int:
    if after_id is None:
        return 0
    before = select(func.count()).select_from(Message).where(Message.id <= after_id)
    return session.scalar(before) or 0
