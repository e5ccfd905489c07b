"""Dispatch (转办、交办): handing cases to other bodies, one or hundreds at once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.marks import complained_of
from minsheng.cases.models import Case, CaseEvent
from minsheng.cases.service import RevealRefused, Wish
from minsheng.cases.standing import place_cases
from minsheng.handling.handover_models import LEAD, SENT, Handover, HandoverMessage
from minsheng.handling.handovers_content import Packed, pack_case, seal_content
from minsheng.handling.handovers_errors import OrderInvalid
from minsheng.handling.handovers_files import files_of
from minsheng.handling.handovers_orders import (
    MOST_ORDERS,
    Body,
    Desk,
    Order,
    admit,
    lay_out,
    refusals_kept,
)
from minsheng.handling.handovers_steps import step_of
from minsheng.handling.handovers_words import CARRY, demand_reason, named
from minsheng.runtime.database import insert_rows
from minsheng.runtime.failpoints import failpoint
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import add_work
from minsheng_tenants import Tenant, tenant_of


def dispatch(
    session: Session,
    tools: Tools,
    wish: Wish,
    number: str,
    to_code: str,
    *,
    role: str = LEAD,
    due_at: datetime | None = None,
    note: str = "",
    demands: Sequence[str] = (),
    with_contact: bool = False,
) -> Handover:
    """Hand a case to another body (转办、交办); see :func:`dispatch_many` for what is raised."""
    order = Order(number, to_code, role, due_at, note, demands, with_contact)
    return dispatch_many(session, tools, wish, [order])[0]


def dispatch_many(
    session: Session, tools: Tools, wish: Wish, orders: Sequence[Order]
) -> list[Handover]:
    """Hand over up to MOST_ORDERS cases at once, all of them or none; in a fixed number of queries.

    Only a case that complains of somebody, or has files, is asked about by itself. Raises
    OrderInvalid, CaseNotFound, CaseConflict, BodyOutOfReach, HandoverConflict, RouteRefused,
    RevealRefused or ReasonNeeded; on an error roll the session back, and nothing was changed.
    """
    if not 1 <= len(orders) <= MOST_ORDERS:
        message = f"hand over 1 to {MOST_ORDERS} cases at once"
        raise OrderInvalid("items", message)
    with refusals_kept(session, tools, wish.actor, "case.dispatch", orders[0].number):
        desk = lay_out(session, wish, orders, tools.clock.now())
    bodies = [admit(session, tools, wish, desk, order) for order in orders]
    made = [
        _make(session, tools, wish, desk, order, body)
        for order, body in zip(orders, bodies, strict=True)
    ]
    _write(session, tools, wish, desk, orders, made)
    failpoint("dispatch.before_commit")
    return made


def _make(
    session: Session, tools: Tools, wish: Wish, desk: Desk, order: Order, body: Body
) -> Handover:
    case, now, own = desk.cases[order.number], tools.clock.now(), desk.own
    packed = _pack(session, tools, wish, desk, order)
    handover_id = new_id()
    handover = Handover(
        from_tenant=own.id,
        id=handover_id,
        to_tenant=body.id,
        role=order.role,
        state=SENT,
        from_code=own.code,
        from_name=own.name,
        to_code=body.code,
        to_name=body.name,
        from_case=case.id,
        content=seal_content(tools.keyring.cipher(body.id), handover_id, packed),
        contact=packed.contact,
        note=order.note.strip(),
        demands=[demand.strip() for demand in order.demands],
        complained=_complained(session, desk, case, body),
        chain=desk.chain(case),
        due_at=order.due_at,
        sent_at=now,
    )
    before = [step for each in desk.incoming[case.id] for step in each.steps]
    handover.steps = [*before, step_of(handover, SENT, now)]
    return handover


def _pack(session: Session, tools: Tools, wish: Wish, desk: Desk, order: Order) -> Packed:
    case = desk.cases[order.number]
    cipher = tools.keyring.cipher(desk.own.id)
    messages = desk.messages[case.id]
    files = files_of(session, cipher, messages)
    packed = pack_case(cipher, case, messages, with_contact=order.with_contact, files=files)
    if not order.with_contact or not packed.said["confidential"]:
        return packed
    if not wish.sight.confidential:
        message = "who may not know the citizen cannot hand the name on: leave the contact out"
        raise RevealRefused(message)
    demand_reason(wish, "say why the receiver has to know who asked for secrecy")
    tools.auditor.record(session, wish.actor, "citizen.hand_over", "case", case.number)
    return packed


def _complained(session: Session, desk: Desk, case: Case, body: Body) -> list[str]:
    """The codes of those complained of that stand below the receiver: it must not reach them."""
    if case.id not in desk.marked:
        return []
    offices = select(Tenant).where(Tenant.id.in_(complained_of(session, case)))
    found = [row.code for row in session.scalars(offices) if body.id in row.ancestors]
    return sorted(found)


def _write(
    session: Session,
    tools: Tools,
    wish: Wish,
    desk: Desk,
    orders: Sequence[Order],
    made: Sequence[Handover],
) -> None:
    session.add_all(made)
    session.flush()
    tenant_id, now = tenant_of(session), tools.clock.now()
    parts, events = list[dict[str, Any]](), list[dict[str, Any]]()
    for order, handover in zip(orders, made, strict=True):
        case = desk.cases[order.number]
        row = {"tenant_id": tenant_id, "handover_id": handover.id}
        parts += [row | {"message_id": message.id} for message in desk.messages[case.id]]
        said = named(handover, sender=True) | {"role": order.role, "note": handover.note}
        said |= {"reason": wish.reason, "contact": handover.contact}
        row = {"tenant_id": tenant_id, "id": new_id(), "case_id": case.id, "at": now}
        events.append(row | {"kind": "handed_over", "actor": str(wish.actor), "data": said})
    waiting = {case.id for case in desk.cases.values() if case.stage == "received"}
    place_cases(session, waiting, stage="assigned")
    insert_rows(session, HandoverMessage, parts)
    insert_rows(session, CaseEvent, events)
    ids = [handover.id for handover in made]
    tools.auditor.record(session, wish.actor, "case.dispatch", "handover", *ids)
    add_work(session, CARRY, ids, now)
