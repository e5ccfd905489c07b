"""From an approved reply to the outbox: one row an origin, in the approving transaction."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.models import Case
from minsheng.intake.channels import PUSHED
from minsheng.intake.models import Channel
from minsheng.replies.models import (
    OFFERED,
    READY,
    REPLY,
    SUPERSEDED,
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


_OFFICIAL = text("""
    select k.id from cases k
    where k.tenant_id = :tenant and k.id in (
        select case_id from replies
        where tenant_id = :tenant and id = any(:ids) and official)
    order by k.id for no key update
""")
_STATES = text("""
    with said as (
        select r.case_id, r.round, case
            when bool_or(o.state in ('uncertain', 'failed')) then 'uncertain'
            when bool_and(o.state in ('sent', 'superseded')) is not false then 'delivered'
            else 'approved' end as state
        from replies r
        left join outbox o on o.tenant_id = :tenant and o.reply_id = r.id
        where r.tenant_id = :tenant and r.id = any(:ids) and r.official
        group by r.id, r.case_id, r.round
    )
    update cases k set reply_state = said.state, version = k.version + 1
    from said where k.tenant_id = :tenant and k.id = said.case_id and k.round = said.round
      and k.reply_state <> said.state
""")


def lock_answered(session: Session, reply_ids: Collection[uuid.UUID]) -> None:
    """Lock the cases whose official replies these are, in the order of their ids.

    Before their deliveries are written: who approves a correction locks in the same order, and of
    two channels that finish one reply at once the second sees what the first has written.
    """
    if reply_ids:
        session.execute(_OFFICIAL, {"tenant": tenant_of(session), "ids": sorted(reply_ids)})


def refresh_states(session: Session, reply_ids: Iterable[uuid.UUID]) -> None:
    """Show on each case how far the delivery of its official reply has come.

    Two statements for any number of replies; cases that the session holds are read anew.
    """
    wanted = set(reply_ids)
    if not wanted:
        return
    session.flush()
    lock_answered(session, wanted)
    session.execute(_STATES, {"tenant": tenant_of(session), "ids": sorted(wanted)})
    for held in list(session.identity_map.values()):
        if isinstance(held, Case):
            session.expire(held)


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
