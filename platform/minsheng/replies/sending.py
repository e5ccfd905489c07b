"""Sending: from the outbox through the channel's plugin, each state committed around the send.

``ready`` → ``sending`` is committed right before a reply can arrive, ``sent``, ``failed`` or
``uncertain`` right after. Who finds a row ``sending`` knows that a worker died between the two:
the source is asked, and where it cannot prove anything the row becomes uncertain (待核实) and is
never sent again unasked. A plugin that announces the moment of sending is sent one by one, so that
a worker's death leaves one such row at most; the others in small parts, each looked up afterwards.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.intake.channels import channel_settings
from minsheng.intake.host import HostError, PluginHost
from minsheng.intake.host.sendings import Sending
from minsheng.intake.models import Channel
from minsheng.replies.fanout import lock_answered, refresh_states
from minsheng.replies.models import (
    FAILED,
    READY,
    SENDING,
    UNCERTAIN,
    Outgoing,
)
from minsheng.replies.outcomes import Outcome, Unasked, tell_ended, write_sent, write_state
from minsheng.replies.outlets import (
    MOST_FAILED,
    Lease,
    keep_outlet,
    leave_outlet,
    note_down,
    note_up,
)
from minsheng.replies.parcels import Parcel, pack
from minsheng.runtime.failpoints import failpoint
from minsheng.runtime.work import finish_work, hold_work, put_off
from minsheng_sdk import (
    ChannelError,
    ChannelInfo,
    DeliveryReceipt,
    DeliveryRefused,
    DeliveryUncertain,
    OutgoingReply,
    RateLimited,
    Settings,
)

PART = 50
"""How many replies are marked "sending" at once where the source can be asked about each."""
ORDER_SECONDS = 5
_ROW_MINUTES = (1, 5, 15, 30, 60, 120, 240)
"""Minutes to the next try of one reply that failed alone, by attempts; the last one repeats."""


@dataclass(frozen=True, slots=True)
class Office:
    """By what an office sends: its tools, the plugin host, and days until a reply is given up."""

    tools: Tools
    host: PluginHost
    tenant_id: int
    lease: timedelta
    give_up: timedelta


@dataclass
class Turn:
    """One batch of one channel: the lease, what is still to do, and how it went so far."""

    office: Office
    channel: Channel
    info: ChannelInfo
    lease: Lease
    left: list[Parcel]
    failed: list[Outcome] = field(default_factory=list)
    sent: int = 0

    def run(self) -> None:
        """Do what can be done; what is left over is put off, in order."""
        settings = channel_settings(self.office.tools, self.channel)
        self._settle_broken(settings)
        size = PART if self.info.can_look_up and not self.info.announces else 1
        opened = self.office.host.sending(
            self.channel.plugin, settings, announces=self.info.announces
        )
        with opened as sending:
            while self.left and not self._is_down():
                self._send(sending, self.left[:size])
        self._close()

    def _is_down(self) -> bool:
        """Whether nothing has gone out and enough has failed to leave the rest alone."""
        if any(each.needs_person for each in self.failed):
            return True
        return self.sent == 0 and len(self.failed) >= MOST_FAILED

    def _settle_broken(self, settings: Settings) -> None:
        """Rows that another worker left while sending, and those that must be asked about."""
        for parcel in [e for e in self.left if e.row.state == SENDING or e.row.asked]:
            if self._is_down():
                return
            if not self.info.can_look_up:
                unknown = "the sender ended while sending, and the channel cannot be asked"
                self._conclude([Outcome(parcel, error=DeliveryUncertain(unknown))])
                continue
            try:
                found = self._look_up(settings, parcel)
            except (ChannelError, HostError) as error:
                self._conclude([Outcome(parcel, error=Unasked(error))])
                continue
            if found is not None:
                self._conclude([Outcome(parcel, receipt=found)])
            else:
                self._ready_again(parcel)

    def _look_up(self, settings: Settings, parcel: Parcel) -> DeliveryReceipt | None:
        return self.office.host.look_up(self.channel.plugin, settings, parcel.row.delivery_key)

    def _ready_again(self, parcel: Parcel) -> None:
        """The source has proved that nothing arrived."""
        with self._session() as session:
            self._hold(session)
            write_state(session, [parcel], self._now(), state=READY, asked=False)

    def _send(self, sending: Sending, part: Sequence[Parcel]) -> None:
        with self._session() as session:
            packed = pack(session, self.office.tools, part, public=self.info.public)
        if not self.info.announces:
            part = self._begin(part)
        until, outcomes = self._now() + self.office.lease, list[Outcome]()
        for parcel in part:
            failpoint("deliver.before_send")
            outcome = self._try(sending, parcel, packed[parcel.row.id])
            failpoint("deliver.after_send")
            outcomes += [outcome] if outcome else []
            # A slow source must not make a part outlast its lease: the next worker would send too.
            if self._now() >= until or _failures(outcomes) >= MOST_FAILED:
                break
        tried = {each.parcel.row.id for each in outcomes}
        self._conclude(outcomes, [each for each in part if each.row.id not in tried])
        failpoint("deliver.after_commit")

    def _try(self, sending: Sending, parcel: Parcel, reply: OutgoingReply) -> Outcome | None:
        """Send one reply; None when its row was changed before it went out."""

        def announced() -> None:
            if not self._begin([parcel]):
                message = "the delivery was changed before it was sent"
                raise _Changed(message)

        try:
            return Outcome(parcel, receipt=sending.deliver(reply, announced))
        except _Changed:
            return None
        except (ChannelError, HostError) as error:
            return Outcome(parcel, error=error)

    def _begin(self, part: Sequence[Parcel]) -> list[Parcel]:
        """Commit that these are being sent; those that were changed meanwhile are left out.

        Raises StaleClaim when another worker has taken over: nothing is sent then.
        """
        tools, now = self.office.tools, self._now()
        with self._session() as session:
            self._hold(session)
            still = Outgoing.id.in_([each.row.id for each in part]), Outgoing.state == READY
            values = {"state": SENDING, "attempts": Outgoing.attempts + 1, "changed_at": now}
            said = update(Outgoing).where(*still).values(values).returning(Outgoing.id)
            mine = set(session.scalars(said, execution_options={"synchronize_session": False}))
            finish_work(session, [each.claim for each in part if each.row.id not in mine])
            tools.auditor.record(session, SYSTEM, "delivery.sending", "delivery", *sorted(mine))
        for each in part:
            if each.row.id in mine:
                each.row.state, each.row.attempts = SENDING, each.row.attempts + 1
            else:
                self.left.remove(each)
        return [each for each in part if each.row.id in mine]

    def _conclude(self, outcomes: Sequence[Outcome], untried: Sequence[Parcel] = ()) -> None:
        """Commit what became of a part; what was not tried is ready as before."""
        now, rows = self._now(), [each.parcel.row for each in outcomes]
        replies = {row.reply_id for row in rows if row.reply_id is not None}
        with self._session() as session:
            self._hold(session)
            lock_answered(session, replies)
            write_sent(session, outcomes, now)
            ended = [bool(each.receipt) or self._finish(session, each, now) for each in outcomes]
            done = zip(outcomes, ended, strict=True)
            finish_work(session, [each.parcel.claim for each, end in done if end])
            back = [each for each in untried if each.row.state == SENDING]
            write_state(session, back, now, state=READY)
            if self.lease.down and not self.sent and any(each.receipt for each in outcomes):
                note_up(session, self.lease)
            tell_ended(session, self.office.tools, self.channel.code, rows)
            refresh_states(session, replies)
        for outcome, end in zip(outcomes, ended, strict=True):
            self.left.remove(outcome.parcel)
            self.sent += outcome.receipt is not None
            self.failed += [] if end else [outcome]

    def _finish(self, session: Session, outcome: Outcome, now: datetime) -> bool:
        """Write how one try failed; says whether the row is done, else it comes again."""
        parcel, error = outcome.parcel, outcome.error
        if isinstance(error, DeliveryUncertain) and not self.info.can_look_up:
            write_state(session, [parcel], now, state=UNCERTAIN, trouble=outcome.trouble)
        elif isinstance(error, DeliveryRefused):
            write_state(session, [parcel], now, state=FAILED, trouble=outcome.trouble)
        elif now - parcel.row.created_at >= self.office.give_up:
            # Given up is a state that is seen, and never a guess: what may be there is asked about.
            state = UNCERTAIN if outcome.unknown else FAILED
            trouble = f"given up after {self.office.give_up.days} days: {outcome.trouble}"
            write_state(session, [parcel], now, state=state, trouble=trouble)
        else:
            state = parcel.row.state if outcome.unknown else READY
            write_state(session, [parcel], now, state=state, trouble=outcome.trouble)
            return False
        return True

    def _close(self) -> None:
        """Put off what failed and what was left alone, and give the channel back."""
        now = self._now()
        with self._session() as session:
            if self.failed and (self.sent == 0 or self._is_down()):
                due = self._note_down(session)
                for parcel in [*(each.parcel for each in self.failed), *self.left]:
                    put_off(session, parcel.claim, due, "channel down")
            else:
                for each in self.failed:
                    wait = max(_row_wait(each.parcel.row.attempts), _asked_wait(each.error))
                    put_off(session, each.parcel.claim, now + wait, each.name)
            leave_outlet(session, self.lease)

    def _note_down(self, session: Session) -> datetime:
        worst = next((each for each in self.failed if each.needs_person), self.failed[0])
        return note_down(
            session,
            self.office.tools,
            self.lease,
            worst.trouble,
            person=worst.needs_person,
            wait=_asked_wait(worst.error),
        )

    def _hold(self, session: Session) -> None:
        """Keep what is ours; raises StaleClaim when another worker took any of it."""
        seconds = self.office.host.limits.call_seconds
        until = self._now() + self.office.lease + timedelta(seconds=seconds)
        failed = [each.parcel.claim for each in self.failed]
        hold_work(session, [*failed, *(each.claim for each in self.left)], until)
        keep_outlet(session, self.lease, until)

    def _now(self) -> datetime:
        return self.office.tools.clock.now()

    def _session(self) -> AbstractContextManager[Session]:
        return self.office.tools.database.session(self.office.tenant_id)


class _Changed(Exception):
    """The row was superseded or settled between being read and being sent."""


def _failures(outcomes: Sequence[Outcome]) -> int:
    return sum(each.error is not None for each in outcomes)


def _row_wait(attempts: int) -> timedelta:
    place = min(max(attempts, 1), len(_ROW_MINUTES)) - 1
    return timedelta(minutes=_ROW_MINUTES[place])


def _asked_wait(error: Exception | None) -> timedelta:
    return timedelta(seconds=error.retry_after if isinstance(error, RateLimited) else 0.0)
