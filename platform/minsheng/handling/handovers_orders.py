"""Who may be handed a case: the office's own tree, never back along the chain of custody.

Everything that a batch of orders needs is read in a fixed number of queries; each refusal leaves
one audit entry that outlives the caller's rollback.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, select, text
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.errors import CaseError
from minsheng.cases.models import OPEN, Case, CaseMessage
from minsheng.cases.service import CaseConflict, CaseNotFound, RouteRefused, Wish, demand_route
from minsheng.cases.sight import in_sight
from minsheng.handling.errors import HandlingError
from minsheng.handling.handover_models import CO, LEAD, WAITING, Handover
from minsheng.handling.handovers_errors import BodyOutOfReach, HandoverConflict, OrderInvalid
from minsheng.handling.handovers_places import incoming_of, outgoing_of
from minsheng.intake.models import Message
from minsheng_tenants import Tenant, tenant_of

MOST_ORDERS = 500
LONGEST_NOTE = 1000
MOST_DEMANDS = 20
_ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Order:
    """One dispatch: the case ``number`` to the body ``to_code`` (转办、交办).

    ``role`` is lead (主办) or co (协办), ``due_at`` (aware) the deadline of the order, ``note`` the
    words with it, ``demands`` what is asked of the receiver. ``with_contact`` hands over a citizen
    who asked for secrecy too, which needs the right to know them and a reason.
    """

    number: str
    to_code: str
    role: str = LEAD
    due_at: datetime | None = None
    note: str = ""
    demands: Sequence[str] = ()
    with_contact: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """A body that a case may go to; ``line`` its id and those above it, as far as known."""

    id: int
    code: str
    name: str
    line: frozenset[int]


@dataclass(slots=True)
class Desk:
    """What is known of the cases of a batch before the first of them is handed over."""

    own: Tenant
    cases: dict[str, Case]
    bodies: dict[str, Body]
    messages: dict[uuid.UUID, list[Message]]
    incoming: dict[uuid.UUID, list[Handover]]
    waiting: dict[uuid.UUID, list[tuple[int, str, str]]]
    marked: frozenset[uuid.UUID]
    fresh_marks: dict[uuid.UUID, frozenset[int]] = field(default_factory=dict)

    def chain(self, case: Case) -> list[int]:
        """The bodies that had the matter before, and this office last."""
        before = [each for handover in self.incoming[case.id] for each in handover.chain]
        return [*dict.fromkeys(before), self.own.id]


@contextmanager
def refusals_kept(
    session: Session, tools: Tools, actor: Actor, action: str, number: str
) -> Iterator[None]:
    """Leave one audit entry when the block is refused, though its transaction is rolled back."""
    try:
        yield
    except (HandlingError, CaseError) as error:
        result = f"refused: {type(error).__name__}"
        with tools.database.session(tenant_of(session)) as own:
            tools.auditor.record(own, actor, action, "case", number[:40], result=result)
        raise


def lay_out(session: Session, wish: Wish, orders: Sequence[Order], now: datetime) -> Desk:
    """Read what the orders are about, their cases locked in the order of ids.

    Raises OrderInvalid, CaseNotFound or CaseConflict.
    """
    for order in orders:
        check_order(order, now)
    cases = _lock_cases(session, wish, {order.number for order in orders})
    ids = [case.id for case in cases.values()]
    own = session.scalars(select(Tenant).where(Tenant.id == tenant_of(session))).one()
    desk = Desk(
        own=own,
        cases=cases,
        bodies=_bodies(session, {order.to_code for order in orders}),
        messages=_messages(session, ids),
        incoming=incoming_of(session, ids),
        waiting=_waiting(session, ids),
        marked=_marked(session, ids),
    )
    _read_fresh_marks(session, desk)
    return desk


def check_order(order: Order, now: datetime) -> None:
    """Look at the form of an order given ``now``; raises OrderInvalid naming the field."""
    due = order.due_at
    demands = [demand.strip() for demand in order.demands]
    wrong = {
        "role": order.role not in (LEAD, CO),
        "note": len(order.note) > LONGEST_NOTE,
        "demands": len(demands) > MOST_DEMANDS or any(not 0 < len(d) <= 200 for d in demands),
        "due_at": due is not None and (due.tzinfo is None or due <= now),
    }
    use = {
        "role": "a body is handed a case as lead or as co",
        "note": f"the words of an order have at most {LONGEST_NOTE} characters",
        "demands": f"give at most {MOST_DEMANDS} demands of 1 to 200 characters",
        "due_at": "a deadline lies ahead and names its offset from UTC",
    }
    for name, bad in wrong.items():
        if bad:
            raise OrderInvalid(name, use[name])


def admit(session: Session, tools: Tools, wish: Wish, desk: Desk, order: Order) -> Body:
    """The body of an order that may go there, noted on the desk as waiting.

    Raises BodyOutOfReach, RouteRefused or HandoverConflict, each kept in the audit trail.
    """
    case = desk.cases[order.number]
    with refusals_kept(session, tools, wish.actor, "case.dispatch", case.number):
        body = _reach(session, desk, case, order.to_code)
        _demand_free(desk, case, body, order)
    if case.id in desk.marked:
        demand_route(session, tools, wish.actor, case, body.id)
    if desk.fresh_marks.get(case.id, frozenset()) & body.line:
        _refuse_route(session, tools, wish, case)
    desk.waiting[case.id].append((body.id, body.code, order.role))
    return body


def _reach(session: Session, desk: Desk, case: Case, code: str) -> Body:
    if code == desk.own.code:
        message = "the case is here already: name another body"
        raise BodyOutOfReach(message)
    body = desk.bodies.get(code) or _above(session, desk, case, code)
    if body is not None and body.id in desk.chain(case):
        message = f"{body.name} has handed this matter down: return it there, with a reason"
        raise BodyOutOfReach(message)
    if body is None or not _may_go_up(desk, case, body):
        message = f"{code} does not stand below this office: name a body that does"
        raise BodyOutOfReach(message)
    return body


_RESOLVE = text("select id, name from resolve_tenant(:code)")


def _above(session: Session, desk: Desk, case: Case, code: str) -> Body | None:
    """A body that the office cannot see, when it stands above it or had the matter before."""
    row = session.execute(_RESOLVE, {"code": code}).one_or_none()
    if row is None or row.id not in {*desk.own.ancestors, *desk.chain(case)}:
        return None
    return Body(row.id, code, row.name, frozenset({row.id}))


def _may_go_up(desk: Desk, case: Case, body: Body) -> bool:
    """Down the tree always; up it goes only what complains of this office itself."""
    return desk.own.id in body.line or (case.secret and body.id in desk.own.ancestors)


def _demand_free(desk: Desk, case: Case, body: Body, order: Order) -> None:
    waiting = desk.waiting[case.id]
    if any(other == body.id for other, _code, _role in waiting):
        message = f"{body.name} has {case.number} already: wait for its answer, or recall it"
        raise HandoverConflict(message)
    lead = next((code for _id, code, role in waiting if role == LEAD), None)
    if order.role == LEAD and lead is not None:
        message = f"{lead} leads on {case.number}: hand it over as co, or recall it first"
        raise HandoverConflict(message)


def _refuse_route(session: Session, tools: Tools, wish: Wish, case: Case) -> None:
    with tools.database.session(tenant_of(session)) as own:
        tools.auditor.record(own, wish.actor, "case.route", "case", case.number, result="refused")
    message = f"{case.number} complains of this body or of one above it: it cannot go there"
    raise RouteRefused(message)


def _lock_cases(session: Session, wish: Wish, numbers: Collection[str]) -> dict[str, Case]:
    chosen = select(Case).where(Case.number.in_(numbers), *in_sight(wish.sight)).order_by(Case.id)
    cases = {case.number: case for case in session.scalars(chosen.with_for_update())}
    for number in sorted(numbers):
        if number not in cases:
            message = f"this office has no case {number!r}"
            raise CaseNotFound(message)
        case = cases[number]
        if case.state != OPEN or case.closed_at is not None:
            how = "closed" if case.state == OPEN else case.state
            message = f"{number} is {how}: only an open case is handed over"
            raise CaseConflict(message)
    return cases


def _bodies(session: Session, codes: Collection[str]) -> dict[str, Body]:
    chosen = select(Tenant).where(Tenant.code.in_(codes), Tenant.status == _ACTIVE)
    return {
        row.code: Body(row.id, row.code, row.name, frozenset({*row.ancestors, row.id}))
        for row in session.scalars(chosen)
    }


def _messages(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Message]]:
    told = and_(Message.tenant_id == CaseMessage.tenant_id, Message.id == CaseMessage.message_id)
    chosen = select(CaseMessage.case_id, Message).join(Message, told)
    rows = session.execute(
        chosen.where(CaseMessage.case_id.in_(ids)).order_by(Message.received_at, Message.id)
    )
    found: dict[uuid.UUID, list[Message]] = defaultdict(list)
    for case_id, message in rows:
        found[case_id].append(message)
    return found


def _waiting(
    session: Session, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[tuple[int, str, str]]]:
    found: dict[uuid.UUID, list[tuple[int, str, str]]] = defaultdict(list)
    for case_id, handovers in outgoing_of(session, ids, WAITING).items():
        found[case_id] = [(each.to_tenant, each.to_code, each.role) for each in handovers]
    return found


_MARKED = text("""
    select c.id from cases c where c.tenant_id = :tenant and c.id = any(:ids) and (
        c.secret
        or exists (select from complained_offices o where o.tenant_id = :tenant
            and o.case_id = c.id)
        or exists (select from case_messages s join message_complaints m
            on m.tenant_id = :tenant and m.message_id = s.message_id
            where s.tenant_id = :tenant and s.case_id = c.id)
        or exists (select from cases k where k.tenant_id = :tenant and k.merged_into = c.id))
""")
"""Cases that may complain of somebody: the others need not be asked about one by one."""


def _marked(session: Session, ids: Sequence[uuid.UUID]) -> frozenset[uuid.UUID]:
    return frozenset(session.scalars(_MARKED, {"tenant": tenant_of(session), "ids": list(ids)}))


def _read_fresh_marks(session: Session, desk: Desk) -> None:
    """What a sender said of complaints before this office's own marks were made from it."""
    codes = {
        case_id: {code for each in handovers if each.to_case is None for code in each.complained}
        for case_id, handovers in desk.incoming.items()
    }
    wanted = set[str]().union(*codes.values())
    if not wanted:
        return
    chosen = select(Tenant.code, Tenant.id).where(Tenant.code.in_(wanted))
    ids: Mapping[str, int] = {row.code: row.id for row in session.execute(chosen)}
    desk.fresh_marks = {
        case_id: frozenset(ids[code] for code in said if code in ids)
        for case_id, said in codes.items()
    }
