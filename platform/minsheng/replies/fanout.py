"""From an approved reply to the outbox: one row an origin, in the approving transaction."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.models import Case
from minsheng.cases.service import place_case
from minsheng.cases.standing import ReplyState
from minsheng.intake.channels import PUSHED
from minsheng.intake.models import Channel
from minsheng.replies.models import (
    FAILED,
    OFFERED,
    READY,
    REPLY,
    SENT,
    SUPERSEDED,
    UNCERTAIN,
    Outgoing,
    Reply,
)
from minsheng.replies.origins import Origin, origins_of
from minsheng.replies.ownmails import mark_own_in_case
from minsheng.runtime.database import insert_rows
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import add_work
from minsheng_tenants import tenant_of

DELIVER = "deliver"


def fan_out(
    session: Session,
    tools: Tools,
    reply: Reply,
    *,
    replaced: Collection[uuid.UUID] = (),
    covered: Collection[uuid.UUID] = (),
) -> list[uuid.UUID]:
    """Write the outbox rows of a reply; the ids of those written.

    ``replaced`` are replies that it corrects: whoever got one of them gets it too, and what of
    them has not gone out yet never will. ``covered`` are replies of the same words: who got one of
    them needs it no more.
    """
    before = _answered(session, replaced)
    already = {each for origin in _answered(session, covered) for each in origin.messages}
    stopped = update(Outgoing).where(
        Outgoing.reply_id.in_(replaced), Outgoing.state.in_((READY, OFFERED))
    )
    if replaced:
        session.execute(
            stopped.values(state=SUPERSEDED, changed_at=tools.clock.now()),
            execution_options={"synchronize_session": False},
        )
    mark_own_in_case(session, tools, reply.case_id)
    known = {each for origin in before for each in origin.messages} | already
    fresh = [one for one in origins_of(session, reply.case_id) if not one.messages & known]
    return _write(session, tools, reply, [*before, *fresh])


def messages_answered(session: Session, reply_id: uuid.UUID) -> set[uuid.UUID]:
    """The messages that a reply was written out for."""
    return {each for origin in _answered(session, (reply_id,)) for each in origin.messages}


def refresh_states(session: Session, reply_ids: Iterable[uuid.UUID]) -> None:
    """Show on each case how far the delivery of its official reply has come."""
    wanted = set(reply_ids)
    if not wanted:
        return
    chosen = select(Reply.id, Reply.case_id).where(Reply.id.in_(wanted), Reply.official.is_(True))
    case_of = {row.id: row.case_id for row in session.execute(chosen)}
    states: dict[uuid.UUID, set[str]] = {reply_id: set() for reply_id in case_of}
    rows = select(Outgoing.reply_id, Outgoing.state).where(Outgoing.reply_id.in_(case_of))
    for row in session.execute(rows.distinct()):
        states[row.reply_id].add(row.state)
    shown = select(Case.id, Case.reply_state).where(Case.id.in_(set(case_of.values())))
    before = {row.id: row.reply_state for row in session.execute(shown)}
    for reply_id, case_id in sorted(case_of.items(), key=lambda each: each[1]):
        state = _shown(states[reply_id])
        if before[case_id] != state:
            place_case(session, case_id, reply_state=state)


def _shown(states: set[str]) -> ReplyState:
    if states & {UNCERTAIN, FAILED}:
        return "uncertain"
    return "delivered" if states <= {SENT, SUPERSEDED} else "approved"


def _answered(session: Session, reply_ids: Collection[uuid.UUID]) -> list[Origin]:
    """Who got, or was to get, one of these replies; each message once."""
    if not reply_ids:
        return []
    chosen = select(Outgoing.message_id, Outgoing.channel_id, Channel.state, Outgoing.also).join(
        Channel, (Channel.tenant_id == Outgoing.tenant_id) & (Channel.id == Outgoing.channel_id)
    )
    rows = session.execute(chosen.where(Outgoing.reply_id.in_(reply_ids)).order_by(Outgoing.id))
    found: dict[uuid.UUID, Origin] = {}
    for row in rows:
        also = tuple(uuid.UUID(each) for each in row.also)
        found[row.message_id] = Origin(row.message_id, row.channel_id, row.state, also)
    return list(found.values())


def _write(
    session: Session, tools: Tools, reply: Reply, origins: Sequence[Origin]
) -> list[uuid.UUID]:
    rows = [_row(session, tools, reply, origin) for origin in origins]
    insert_rows(session, Outgoing, rows)
    due = [row["id"] for row in rows if row["state"] == READY]
    add_work(session, DELIVER, due, tools.clock.now())
    return [row["id"] for row in rows]


def _row(session: Session, tools: Tools, reply: Reply, origin: Origin) -> dict[str, Any]:
    row_id, now = new_id(), tools.clock.now()
    return {
        "tenant_id": tenant_of(session),
        "id": row_id,
        "kind": REPLY,
        "reply_id": reply.id,
        "case_id": reply.case_id,
        "channel_id": origin.channel_id,
        "message_id": origin.message_id,
        "also": [str(each) for each in origin.also],
        "delivery_key": f"reply-{row_id.hex}",
        "state": OFFERED if origin.channel_state == PUSHED else READY,
        "created_at": now,
        "changed_at": now,
    }
