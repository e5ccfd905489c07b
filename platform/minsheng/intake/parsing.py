"""Parsing: inbox rows become messages, or go to quarantine with their bytes."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.intake.channels import channel_settings
from minsheng.intake.host import ParseFailure, PluginHost
from minsheng.intake.inbox import RAW, REPORT, WAITING
from minsheng.intake.messages import Arrival, mark_parsed, store_messages
from minsheng.intake.models import Channel, InboxItem
from minsheng.intake.quarantine import put_aside, resolve
from minsheng.runtime.failpoints import failpoint
from minsheng.runtime.work import Claim, finish_work, hold_work
from minsheng_sdk import ParsedMessage, RawItem

Outcome = ParsedMessage | ParseFailure
TakeReport = Callable[[Session, Tools, Channel, ParsedMessage], bool]
# PostgreSQL keeps moments that Python cannot read back; one such row would stop whoever reads it.
_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)


class Parser:
    """Answers work of the kind "parse": one row is one arrival that waits in the inbox."""

    def __init__(
        self, tools: Tools, host: PluginHost, lease: timedelta, report: TakeReport | None = None
    ) -> None:
        """``lease`` is renewed whenever a part of the claims is committed.

        ``report`` takes what is no message but tells of one of ours, and says whether it did.
        """
        self._report = report
        self._tools = tools
        self._host = host
        self._lease = lease

    def work(self, claims: Sequence[Claim]) -> None:
        """Parse the arrivals of the claims, channel by channel."""
        with self._tools.database.session(claims[0].tenant_id) as session:
            items = {item.id: item for item in self._waiting(session, claims)}
            channels = {channel.id: channel for channel in session.scalars(select(Channel))}
            finish_work(session, [claim for claim in claims if claim.row_id not in items])
        mine = sorted(
            (claim for claim in claims if claim.row_id in items),
            key=lambda claim: (items[claim.row_id].channel_id, claim.row_id),
        )
        for channel_id, group in groupby(mine, lambda claim: items[claim.row_id].channel_id):
            held = list(group)
            later = mine[mine.index(held[-1]) + 1 :]
            waiting = [items[claim.row_id] for claim in held]
            self._parse(channels[channel_id], held, waiting, later)

    def _waiting(self, session: Session, claims: Sequence[Claim]) -> Sequence[InboxItem]:
        ids = [claim.row_id for claim in claims]
        chosen = select(InboxItem).where(InboxItem.id.in_(ids), InboxItem.state == WAITING)
        return session.scalars(chosen).all()

    def _parse(
        self,
        channel: Channel,
        claims: Sequence[Claim],
        items: Sequence[InboxItem],
        later: Sequence[Claim],
    ) -> None:
        """Commit in parts: behind each failure, which may have cost its whole limit, and whenever
        a third of the lease is over, so that slow arrivals do not outlast it. Every part holds
        what is still to do, that of the channels behind (``later``) too.
        """
        settings = channel_settings(self._tools, channel)
        raw = [self._open(item) for item in items]
        ready: list[tuple[Claim, Outcome]] = []
        done, due = 0, self._tools.clock.now() + self._lease / 3
        for outcome in self._host.parse(channel.plugin, settings, raw):
            ready.append((claims[done], _sound(outcome, items[done])))
            done += 1
            if isinstance(outcome, ParseFailure) or self._tools.clock.now() >= due:
                self._commit(channel, ready, [*claims[done:], *later])
                ready, due = [], self._tools.clock.now() + self._lease / 3
        self._commit(channel, ready, [*claims[done:], *later])

    def _open(self, item: InboxItem) -> RawItem:
        cipher = self._tools.keyring.cipher(item.tenant_id)
        raw = cipher.open(RAW, item.id, item.raw or b"")
        return RawItem(item.source_key, raw, item.epoch)

    def _commit(
        self, channel: Channel, ready: Sequence[tuple[Claim, Outcome]], left: Sequence[Claim]
    ) -> None:
        if not ready:
            return
        with self._tools.database.session(channel.tenant_id) as session:
            finish_work(session, [claim for claim, _ in ready])
            hold_work(session, left, self._tools.clock.now() + self._lease)
            arrivals = self._arrivals(session, channel, ready)
            ids = store_messages(session, self._tools, channel, arrivals)
            mark_parsed(session, arrivals)
            self._tools.auditor.record(session, SYSTEM, "message.read", "message", *ids)
            resolve(session, self._tools, [arrival.inbox_id for arrival in arrivals])
            for claim, outcome in ready:
                if isinstance(outcome, ParseFailure):
                    put_aside(session, self._tools, claim.row_id, outcome.reason, outcome.detail)
            failpoint("parse.before_commit")
        failpoint("parse.after_commit")

    def _arrivals(
        self, session: Session, channel: Channel, ready: Sequence[tuple[Claim, Outcome]]
    ) -> list[Arrival]:
        """What becomes a message; reports about our own mails are taken and marked here."""
        read = [(claim.row_id, each) for claim, each in ready if isinstance(each, ParsedMessage)]
        taken = [
            row_id
            for row_id, parsed in read
            if self._report is not None and self._report(session, self._tools, channel, parsed)
        ]
        if taken:
            done = update(InboxItem).where(InboxItem.id.in_(taken)).values(state=REPORT)
            session.execute(done)
            resolve(session, self._tools, taken)
            self._tools.auditor.record(session, SYSTEM, "message.read", "inbox", *taken)
        return [Arrival(row_id, parsed) for row_id, parsed in read if row_id not in taken]


def _sound(outcome: Outcome, item: InboxItem) -> Outcome:
    """The outcome, or a failure when its time of arrival is none that can be stored and read."""
    if isinstance(outcome, ParseFailure) or _EARLIEST <= outcome.received_at <= _LATEST:
        return outcome
    detail = f"it says it was received at {outcome.received_at.isoformat()}: see its plugin's dates"
    return ParseFailure(item.source_key, "lied", detail)
