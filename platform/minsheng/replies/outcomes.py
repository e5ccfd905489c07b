"""What became of tries to send, and how it is written: all of a part in a few statements."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.models import CaseEvent
from minsheng.intake.host import HostError
from minsheng.replies.models import FAILED, REPLY, SENT, UNCERTAIN, Outgoing
from minsheng.replies.parcels import Parcel
from minsheng.runtime.database import insert_rows
from minsheng.runtime.ids import new_id
from minsheng_sdk import ChannelError, DeliveryReceipt, DeliveryRefused, DeliveryUncertain
from minsheng_tenants import tenant_of

_WORDS = 300
_ENDED = {SENT: "reply_sent", FAILED: "reply_failed", UNCERTAIN: "reply_uncertain"}
"""The states in which a delivery has come to an end, and what the case's history calls it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try; ``error`` is None for a receipt."""

    parcel: Parcel
    receipt: DeliveryReceipt | None = None
    error: Exception | None = None

    @property
    def unknown(self) -> bool:
        """Whether the reply may have arrived."""
        return isinstance(self.error, DeliveryUncertain | Unasked)

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to change something first: settings, account, plugin."""
        ended = isinstance(self.error, DeliveryRefused | DeliveryUncertain | None)
        return not ended and not getattr(self.error, "retryable", False)

    @property
    def trouble(self) -> str:
        """What went wrong, for operators, as it is kept with the row."""
        return f"{self.name}: {self.error}"[:_WORDS]

    @property
    def name(self) -> str:
        """The type of what went wrong."""
        return type(self.error).__name__.lstrip("_")


class Unasked(Exception):
    """The source could not be asked whether a reply arrived; it is asked again later."""

    def __init__(self, cause: ChannelError | HostError) -> None:
        """``cause`` says why, and whether asking again may help."""
        super().__init__(str(cause))
        self.retryable = cause.retryable


def write_state(
    session: Session, parcels: Sequence[Parcel], now: datetime, **values: object
) -> None:
    """Write the same values to the rows of these parcels, in one statement."""
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
        asked = false, remote_id = mine.remote, detail = mine.detail
    from unnest(cast(:ids as uuid[]), cast(:remotes as text[]), cast(:details as text[]))
        as mine(id, remote, detail)
    where outbox.tenant_id = :tenant and outbox.id = mine.id
""")


def write_sent(session: Session, outcomes: Collection[Outcome], now: datetime) -> None:
    """Write all that arrived, in one statement."""
    ids, remotes, details = [], [], []
    for outcome in outcomes:
        receipt, row = outcome.receipt, outcome.parcel.row
        if receipt is None:
            continue
        row.state, row.asked = SENT, False
        ids.append(row.id)
        remotes.append(receipt.remote_id[:_WORDS])
        details.append(receipt.detail[:_WORDS])
    if ids:
        said = {"ids": ids, "remotes": remotes, "details": details}
        session.execute(_SENT, said | {"tenant": tenant_of(session), "now": now})


def tell_ended(session: Session, tools: Tools, channel: str, rows: Sequence[Outgoing]) -> None:
    """One ledger entry and one audit entry for each row that came to an end; the code of its
    ``channel`` goes along."""
    now, tenant_id = tools.clock.now(), tenant_of(session)
    ended = [row for row in rows if row.state in _ENDED]
    for state, same in groupby(sorted(ended, key=_state), key=_state):
        ids = [row.id for row in same]
        tools.auditor.record(session, SYSTEM, f"delivery.{state}", "delivery", *ids)
    events = [
        {
            "tenant_id": tenant_id, "id": new_id(), "case_id": row.case_id,
            "kind": _ENDED[row.state], "at": now, "actor": str(SYSTEM),
            "data": {"delivery": str(row.id), "reply": str(row.reply_id), "channel": channel,
                     "message": str(row.message_id)},
        }
        for row in ended
        if row.kind == REPLY
    ]  # fmt: skip
    insert_rows(session, CaseEvent, events)


def _state(row: Outgoing) -> str:
    return row.state
