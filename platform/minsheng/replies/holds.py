"""Everything on hold: after a restore nothing goes out by itself until a person says so.

What lay in the outbox when the backup was made may have been sent since. So the hold is released
by a person; what a source can be asked about is asked first, what cannot be proved becomes
uncertain (待核实) unless the person says that nothing was sent since the backup.
"""

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.service import Wish
from minsheng.replies.errors import ReplyConflict, ReplyInvalid
from minsheng.replies.fanout import DELIVER
from minsheng.replies.models import READY, SENDING, DeliveryHold, Outgoing
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import hasten_work
from minsheng_tenants import tenant_of

_BODIES = text("select id from tenants order by id")
_AS_BODY = text("select set_config('app.tenant', :tenant, true)")
_HOLD = text("""
    insert into delivery_holds (tenant_id, id, reason, held_by, held_at)
    values (:tenant, :id, :reason, :by, :now)
""")


RESTORER = Actor("operator", "restore")


def hold_all(session: Session, tools: Tools, reason: str, by: Actor = RESTORER) -> int:
    """Put every office's deliveries on hold, with an audit entry each; how many offices there are.

    For a session of the owner's login without an office, as after ``minsheng db restore``; each
    office's row is written as that office, since row security binds the owner too.
    """
    bodies = list(session.scalars(_BODIES))
    for tenant_id in bodies:
        session.execute(_AS_BODY, {"tenant": str(tenant_id)})
        row_id = new_id()
        row = {"tenant": tenant_id, "id": row_id, "reason": reason[:300], "by": str(by)}
        session.execute(_HOLD, row | {"now": tools.clock.now()})
        said = (by, "delivery.hold", "hold", row_id)
        tools.auditor.record(session, *said, tenant_id=tenant_id)
    session.execute(_AS_BODY, {"tenant": ""})
    return len(bodies)


def hold(session: Session, tools: Tools, wish: Wish) -> DeliveryHold:
    """Put this office's deliveries on hold, with a reason; raises ReplyInvalid without one."""
    if not wish.reason.strip():
        raise ReplyInvalid("reason", "say why nothing may go out")
    row = DeliveryHold(
        id=new_id(), reason=wish.reason[:300], held_by=str(wish.actor), held_at=tools.clock.now()
    )
    session.add(row)
    session.flush()
    tools.auditor.record(session, wish.actor, "delivery.hold", "hold", row.id)
    return row


def on_hold(session: Session) -> DeliveryHold | None:
    """The oldest hold of the office that nobody has released, or none."""
    chosen = select(DeliveryHold).where(DeliveryHold.released_at.is_(None))
    return session.scalars(chosen.order_by(DeliveryHold.held_at).limit(1)).one_or_none()


def release_holds(session: Session, tools: Tools, wish: Wish, *, unsent: bool = False) -> int:
    """Let the office's deliveries go out again; how many wait.

    ``unsent``: the person answers for it that nothing was sent since the backup. Otherwise what was
    written before the hold is asked about at its source, or becomes uncertain where it cannot be.
    Raises ReplyInvalid without a reason, ReplyConflict when nothing is on hold.
    """
    if not wish.reason.strip():
        raise ReplyInvalid("reason", "say how it was made sure that nothing goes out twice")
    held = on_hold(session)
    if held is None:
        message = "nothing is on hold: deliveries go out by themselves"
        raise ReplyConflict(message)
    now = tools.clock.now()
    freed = {"released_by": str(wish.actor), "released_at": now}
    session.execute(update(DeliveryHold).where(DeliveryHold.released_at.is_(None)).values(freed))
    waiting = Outgoing.state.in_((READY, SENDING))
    if not unsent:
        old = update(Outgoing).where(waiting, Outgoing.created_at <= held.held_at)
        session.execute(old.values(asked=True), execution_options={"synchronize_session": False})
    ids = list(session.scalars(select(Outgoing.id).where(waiting).order_by(Outgoing.id)))
    for row_id in ids:
        hasten_work(session, DELIVER, row_id, now)
    tools.auditor.record(session, wish.actor, "delivery.release", "hold", held.id)
    return len(ids)


def count_waiting(session: Session) -> int:
    """How many deliveries of the office have not gone out yet."""
    waiting = Outgoing.state.in_((READY, SENDING))
    return session.scalar(select(func.count()).select_from(Outgoing).where(waiting)) or 0


def holds_of_office(session: Session) -> dict[str, object]:
    """Whether the office is on hold, why and since when, for the command line."""
    held = on_hold(session)
    return {
        "tenant": tenant_of(session),
        "held": held is not None,
        "reason": held.reason if held else "",
        "since": held.held_at if held else None,
        "waiting": count_waiting(session),
    }
