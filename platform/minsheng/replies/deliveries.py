"""Deliveries as people see and settle them: listed, sent again, settled, fetched."""

import base64
import binascii
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, select, update
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.ledger import case_event
from minsheng.cases.models import Case
from minsheng.cases.service import PLAIN, Sight, Wish, find_case
from minsheng.cases.sight import in_sight
from minsheng.intake.models import Channel
from minsheng.intake.text import clean_text
from minsheng.replies.errors import ReplyConflict, ReplyInvalid, ReplyNotFound
from minsheng.replies.fanout import DELIVER, refresh_states
from minsheng.replies.finding import refusals_kept
from minsheng.replies.holds import on_hold
from minsheng.replies.models import (
    FAILED,
    OFFERED,
    READY,
    SENDING,
    SENT,
    SUPERSEDED,
    UNCERTAIN,
    Outgoing,
)
from minsheng.replies.records import DeliveryView
from minsheng.runtime.work import hasten_work

STATES = (READY, SENDING, SENT, FAILED, UNCERTAIN, OFFERED, SUPERSEDED)


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """Which deliveries to list, oldest first: by state and channel code, a page at a time."""

    state: str = ""
    channel: str = ""
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries; ``next_cursor`` is None on the last page."""

    rows: Sequence[DeliveryView]
    next_cursor: str | None


def deliveries_of(session: Session, number: str, sight: Sight = PLAIN) -> list[DeliveryView]:
    """The deliveries of a case's replies, oldest first; raises CaseNotFound."""
    case = find_case(session, number, sight)
    return _views(session, _chosen(sight).where(Outgoing.case_id == case.id))


def list_deliveries(session: Session, query: DeliveryQuery, sight: Sight = PLAIN) -> DeliveryPage:
    """A page of the office's deliveries; raises ReplyInvalid for a wish that is none."""
    chosen = _chosen(sight)
    if query.state:
        if query.state not in STATES:
            raise ReplyInvalid("state", f"use one of {', '.join(STATES)}")
        chosen = chosen.where(Outgoing.state == query.state)
    if query.channel:
        chosen = chosen.where(Channel.code == query.channel)
    if query.cursor:
        chosen = chosen.where(Outgoing.id > _read_cursor(query.cursor))
    rows = _views(session, chosen.limit(query.limit + 1))
    more = len(rows) > query.limit
    shown = rows[: query.limit]
    return DeliveryPage(shown, _cursor(shown[-1].id) if more else None)


def resend(session: Session, tools: Tools, wish: Wish, delivery_id: uuid.UUID) -> DeliveryView:
    """Send what was refused or given up once more; nothing of it had gone out.

    Raises ReplyNotFound, or ReplyConflict for what arrived, may have arrived, or waits.
    """
    with refusals_kept(session, tools, wish.actor, "delivery.resend", delivery_id):
        row = _locked(session, delivery_id, wish.sight)
        if row.state == UNCERTAIN:
            message = "it may have arrived: find out, then settle it"
            raise ReplyConflict(message)
        if row.state != FAILED:
            message = f"it is {row.state}: only what failed is sent again"
            raise ReplyConflict(message)
        _change(session, tools, wish, row, READY, "resend", created_at=tools.clock.now())
        hasten_work(session, DELIVER, row.id, tools.clock.now())
        return _view(session, row.id, wish.sight)


def settle_uncertain(
    session: Session, tools: Tools, wish: Wish, delivery_id: uuid.UUID, *, arrived: bool
) -> DeliveryView:
    """A person says what became of an uncertain delivery; if it did not arrive it is sent again.

    ``wish.reason`` says how it was found out. Raises ReplyInvalid without it, ReplyNotFound, or
    ReplyConflict when it is not uncertain (any more).
    """
    with refusals_kept(session, tools, wish.actor, "delivery.settle", delivery_id):
        words = clean_text(wish.reason)[:1000]
        if not words:
            raise ReplyInvalid("reason", "say how you found out whether it arrived")
        row = _locked(session, delivery_id, wish.sight)
        if row.state != UNCERTAIN:
            message = f"it is {row.state}: nothing is to be settled"
            raise ReplyConflict(message)
        now = tools.clock.now()
        settled: dict[str, Any] = {"settled_by": str(wish.actor), "settled_words": words}
        settled |= {"sent_at": now} if arrived else {"asked": False, "created_at": now}
        _change(session, tools, wish, row, SENT if arrived else READY, "settle", **settled)
        if not arrived:
            hasten_work(session, DELIVER, row.id, now)
        return _view(session, row.id, wish.sight)


def take_offered(
    session: Session, tools: Tools, wish: Wish, delivery_id: uuid.UUID
) -> DeliveryView:
    """The poster of a pushed channel says that it has fetched the reply; twice changes nothing.

    Raises ReplyNotFound or ReplyConflict.
    """
    with refusals_kept(session, tools, wish.actor, "delivery.taken", delivery_id):
        row = _locked(session, delivery_id, wish.sight)
        if row.state not in (OFFERED, SENT):
            message = f"it is {row.state}: only what is offered can be fetched"
            raise ReplyConflict(message)
        if row.state == OFFERED:
            _change(session, tools, wish, row, SENT, "taken", sent_at=tools.clock.now())
        return _view(session, row.id, wish.sight)


def count_states(session: Session) -> dict[str, int]:
    """How many deliveries of the office stand in each state that needs somebody's eye."""
    eye = (FAILED, UNCERTAIN, OFFERED)
    chosen = select(Outgoing.state).where(Outgoing.state.in_(eye))
    found = list(session.scalars(chosen))
    return {state: found.count(state) for state in eye}


def _change(
    session: Session,
    tools: Tools,
    wish: Wish,
    row: Outgoing,
    state: str,
    verb: str,
    **values: Any,  # noqa: ANN401
) -> None:
    now = tools.clock.now()
    said = {"state": state, "changed_at": now, **values}
    session.execute(update(Outgoing).where(Outgoing.id == row.id).values(said))
    data = {"delivery": str(row.id), "reply": str(row.reply_id), "reason": wish.reason}
    session.add(case_event(now, wish.actor, row.case_id, f"delivery_{verb}", data))
    tools.auditor.record(session, wish.actor, f"delivery.{verb}", "delivery", row.id)
    session.flush()
    if row.reply_id:
        refresh_states(session, [row.reply_id])


def _locked(session: Session, delivery_id: uuid.UUID, sight: Sight) -> Outgoing:
    here = and_(Case.tenant_id == Outgoing.tenant_id, Case.id == Outgoing.case_id)
    chosen = select(Outgoing).join(Case, here).where(Outgoing.id == delivery_id, *in_sight(sight))
    row = session.scalar(chosen.with_for_update(of=Outgoing))
    if row is None:
        message = "this office has no such delivery: look at its case again"
        raise ReplyNotFound(message)
    return row


def _chosen(sight: Sight) -> Select[Outgoing, str, str, str, str]:
    here = and_(Case.tenant_id == Outgoing.tenant_id, Case.id == Outgoing.case_id)
    source = and_(Channel.tenant_id == Outgoing.tenant_id, Channel.id == Outgoing.channel_id)
    chosen = select(Outgoing, Case.number, Channel.code, Channel.name, Channel.plugin)
    joined = chosen.join(Case, here).join(Channel, source).where(*in_sight(sight))
    return joined.order_by(Outgoing.id)


def _view(session: Session, row_id: uuid.UUID, sight: Sight) -> DeliveryView:
    session.expire_all()
    return _views(session, _chosen(sight).where(Outgoing.id == row_id))[0]


def _views(session: Session, chosen: Select[Outgoing, str, str, str, str]) -> list[DeliveryView]:
    held = on_hold(session) is not None
    return [_shown(row, number, code, name, plugin, held=held)
            for row, number, code, name, plugin in session.execute(chosen)]  # fmt: skip


def _shown(
    row: Outgoing, number: str, code: str, name: str, plugin: str, *, held: bool
) -> DeliveryView:
    return DeliveryView(
        id=row.id,
        kind=row.kind,
        reply=row.reply_id,
        case=number,
        channel=code,
        channel_name=name,
        plugin=plugin,
        message=row.message_id,
        state=row.state,
        held=held and row.state in (READY, SENDING),
        attempts=row.attempts,
        trouble=row.trouble,
        # A mail's Message-ID is ours and names nobody, what a source answers may.
        remote_id=row.remote_id,
        detail=row.detail,
        created_at=row.created_at,
        changed_at=row.changed_at,
        sent_at=row.sent_at,
        settled_by=row.settled_by,
        settled_words=row.settled_words,
    )


def _cursor(row_id: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(row_id.bytes).decode().rstrip("=")


def _read_cursor(cursor: str) -> uuid.UUID:
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error) as error:
        message = "this cursor is not one of ours: begin again without it"
        raise ReplyInvalid("cursor", message) from error
