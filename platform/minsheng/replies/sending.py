"""Sending: from the outbox through the channel's plugin, each state committed around the send.

``ready`` → ``sending`` is committed right before a reply can arrive, ``sent``, ``failed`` or
``uncertain`` right after. Who finds a row ``sending`` knows that a worker died between the two:
the source is asked, and where it cannot prove anything the row becomes uncertain (待核实) and is
never sent again unasked. A plugin that announces the moment of sending is sent one by one, so that
a worker's death leaves one such row at most; the others in small parts, each looked up afterwards.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.models import CaseEvent
from minsheng.intake.channels import channel_settings
from minsheng.intake.host import HostError, PluginHost
from minsheng.intake.host.sendings import Sending
from minsheng.intake.models import Channel
from minsheng.replies.fanout import refresh_states
from minsheng.replies.models import (
    FAILED,
    READY,
    REPLY,
    SENDING,
    SENT,
    UNCERTAIN,
    Outgoing,
)
from minsheng.replies.outlets import (
    MOST_FAILED,
    Lease,
    keep_outlet,
    leave_outlet,
    note_down,
    note_up,
)
from minsheng.replies.parcels import Parcel, pack
from minsheng.runtime.database import insert_rows
from minsheng.runtime.failpoints import failpoint
from minsheng.runtime.ids import new_id
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
from minsheng_tenants import tenant_of

PART = 25
"""How many replies are marked "sending" at once where the source can be asked about each."""
ORDER_SECONDS = 5
_ROW_MINUTES = (1, 5, 15, 30, 60, 120, 240)
"""Minutes to the next try of one reply that failed alone, by attempts; the last one repeats."""
_WORDS = 300


@dataclass(frozen=True, slots=True)
class Office:
    """By what an office sends: its tools, the plugin host, and days until a reply is given up."""

    tools: Tools
    host: PluginHost
    tenant_id: int
    lease: timedelta
    give_up: timedelta


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try; ``error`` is None for a receipt."""

    parcel: Parcel
    receipt: DeliveryReceipt | None = None
    error: Exception | None = None

    @property
    def unknown(self) -> bool:
        """Whether the reply may have arrived."""
        return isinstance(self.error, DeliveryUncertain | _Unasked)

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to change something first: settings, account, plugin."""
        ended = isinstance(self.error, DeliveryRefused | DeliveryUncertain | None)
        return not ended and not getattr(self.error, "retryable", False)


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
        size = 1 if self.info.announces else PART
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
                self._conclude([Outcome(parcel, error=_Unasked(error))])
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
            _write(session, [parcel], self._now(), state=READY, asked=False)

    def _send(self, sending: Sending, part: Sequence[Parcel]) -> None:
        with self._session() as session:
            packed = pack(session, self.office.tools, part, public=self.info.public)
        if not self.info.announces:
            part = self._begin(part)
        outcomes: list[Outcome] = []
        for parcel in part:
            failpoint("deliver.before_send")
            outcome = self._try(sending, parcel, packed[parcel.row.id])
            failpoint("deliver.after_send")
            outcomes += [outcome] if outcome else []
            if len([each for each in outcomes if each.error]) >= MOST_FAILED:
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
        now = self._now()
        with self._session() as session:
            self._hold(session)
            _write_sent(session, [each for each in outcomes if each.receipt], now)
            ended = [bool(each.receipt) or self._finish(session, each, now) for each in outcomes]
            done = zip(outcomes, ended, strict=True)
            finish_work(session, [each.parcel.claim for each, end in done if end])
            back = [each for each in untried if each.row.state == SENDING]
            _write(session, back, now, state=READY)
            if any(each.receipt for each in outcomes):
                note_up(session, self.lease)
            self._tell(session, outcomes, now)
            replies = {each.parcel.row.reply_id for each in outcomes if each.parcel.row.reply_id}
            refresh_states(session, replies)
        for outcome, end in zip(outcomes, ended, strict=True):
            self.left.remove(outcome.parcel)
            self.sent += outcome.receipt is not None
            self.failed += [] if end else [outcome]

    def _finish(self, session: Session, outcome: Outcome, now: datetime) -> bool:
        """Write how one try failed; says whether the row is done, else it comes again."""
        parcel, error = outcome.parcel, outcome.error
        if isinstance(error, DeliveryUncertain) and not self.info.can_look_up:
            _write(session, [parcel], now, state=UNCERTAIN, trouble=_trouble(error))
        elif isinstance(error, DeliveryRefused):
            _write(session, [parcel], now, state=FAILED, trouble=_trouble(error))
        elif now - parcel.row.created_at >= self.office.give_up:
            # Given up is a state that is seen, and never a guess: what may be there is asked about.
            state = UNCERTAIN if outcome.unknown else FAILED
            trouble = f"given up after {self.office.give_up.days} days: {_trouble(error)}"
            _write(session, [parcel], now, state=state, trouble=trouble)
        else:
            state = parcel.row.state if outcome.unknown else READY
            _write(session, [parcel], now, state=state, trouble=_trouble(error))
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
                    put_off(session, each.parcel.claim, now + wait, _name(each.error))
            leave_outlet(session, self.lease)

    def _note_down(self, session: Session) -> datetime:
        worst = next((each for each in self.failed if each.needs_person), self.failed[0])
        return note_down(
            session,
            self.office.tools,
            self.lease,
            _trouble(worst.error),
            person=worst.needs_person,
            wait=_asked_wait(worst.error),
        )

    def _tell(self, session: Session, outcomes: Iterable[Outcome], now: datetime) -> None:
        """One ledger entry and one audit entry for each row that came to an end."""
        kinds = {SENT: "reply_sent", FAILED: "reply_failed", UNCERTAIN: "reply_uncertain"}
        rows, tools = [], self.office.tools
        for row in [each.parcel.row for each in outcomes if each.parcel.row.state in kinds]:
            tools.auditor.record(session, SYSTEM, f"delivery.{row.state}", "delivery", row.id)
            if row.kind != REPLY:
                continue
            data = {
                "delivery": str(row.id), "reply": str(row.reply_id),
                "channel": self.channel.code, "message": str(row.message_id),
            }  # fmt: skip
            entry = {"tenant_id": tenant_of(session), "id": new_id(), "case_id": row.case_id}
            told = {"kind": kinds[row.state], "at": now, "actor": str(SYSTEM), "data": data}
            rows.append(entry | told)
        insert_rows(session, CaseEvent, rows)

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


class _Unasked(Exception):
    """The source could not be asked whether a reply arrived; it is asked again later."""

    def __init__(self, cause: ChannelError | HostError) -> None:
        super().__init__(str(cause))
        self.retryable = cause.retryable


def _write(session: Session, parcels: Sequence[Parcel], now: datetime, **values: object) -> None:
    ids = [each.row.id for each in parcels]
    if not ids:
        return
    session.execute(
        update(Outgoing).where(Outgoing.id.in_(ids)).values(**values, changed_at=now),
        execution_options={"synchronize_session": False},
    )
    for each in parcels:
        for name, value in values.items():
            setattr(each.row, name, value)


_SENT = text("""
    update outbox set state = 'sent', sent_at = :now, changed_at = :now, trouble = '',
        asked = false, remote_id = :remote, detail = :detail
    where tenant_id = :tenant and id = :id
""")


def _write_sent(session: Session, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write all that arrived in one round trip."""
    rows = []
    for outcome in outcomes:
        receipt, row = outcome.receipt, outcome.parcel.row
        assert receipt is not None
        row.state, row.asked = SENT, False
        words = {"remote": receipt.remote_id[:_WORDS], "detail": receipt.detail[:_WORDS]}
        rows.append({"tenant": row.tenant_id, "id": row.id, "now": now, **words})
    if rows:
        session.connection().execute(_SENT, rows)


def _trouble(error: Exception | None) -> str:
    return f"{type(error).__name__.lstrip('_')}: {error}"[:_WORDS]


def _name(error: Exception | None) -> str:
    return type(error).__name__.lstrip("_")


def _row_wait(attempts: int) -> timedelta:
    place = min(max(attempts, 1), len(_ROW_MINUTES)) - 1
    return timedelta(minutes=_ROW_MINUTES[place])


def _asked_wait(error: Exception | None) -> timedelta:
    return timedelta(seconds=error.retry_after if isinstance(error, RateLimited) else 0.0)
