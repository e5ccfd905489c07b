"""The office complained of (被反映单位), and the one door that every route of a case goes through.

信访工作条例 第四十六条（五）: passing a complaint or its facts to the person or office it is about
is punishable. The rule here: the office complained of and every body below it are refused, the
bodies above it are allowed. Dispatch, transfer, copies, hints across offices and statistics ask
:func:`demand_route`, lists of offices to choose from :func:`routes_allowed`, and nothing else
decides it.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Actor, Tools
from minsheng.cases.complaints import NameBook, find_complaints, has_complaint
from minsheng.cases.errors import CaseConflict, ReasonMissing, RouteRefused
from minsheng.cases.ledger import Wish, case_event, find_case
from minsheng.cases.marks import complained_of, family_of, refresh_secret
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.offices import Line, bodies_in_sight, lines_of
from minsheng.cases.secrecy_models import ComplainedOffice, MessageComplaint
from minsheng.intake.models import Message
from minsheng.runtime.database import insert_rows
from minsheng_tenants import Tenant, find_body, tenant_of


def mark_complained(
    session: Session, tools: Tools, wish: Wish, case_number: str, office_code: str
) -> Case:
    """Say that a case complains of an office that this office can see (permission secrecy.mark).

    Marking twice changes nothing. Raises CaseNotFound or BodyNotFound.
    """
    case = _lock_root(session, wish, case_number)
    office = find_body(session, office_code)
    if office.id in complained_of(session, case):
        return case
    event_id = _tell(session, tools, wish, case, "complained", office)
    row = {
        "tenant_id": tenant_of(session),
        "case_id": case.id,
        "office_id": office.id,
        "source": "person",
        "event_id": event_id,
        "marked_by": str(wish.actor),
        "marked_at": tools.clock.now(),
    }
    session.execute(insert(ComplainedOffice).values(row).on_conflict_do_nothing())
    refresh_secret(session, [case.id])
    return case


_FORGET = text("""
    delete from message_complaints m using case_messages s
    where m.tenant_id = :tenant and m.office_id = :office
      and s.tenant_id = m.tenant_id and s.message_id = m.message_id and s.case_id = any(:ids)
""")


def unmark_complained(
    session: Session, tools: Tools, wish: Wish, case_number: str, office_code: str
) -> Case:
    """Say, with a reason, that a case does not complain of an office after all.

    What the rule found in its messages is forgotten with it. Raises ReasonMissing, CaseNotFound,
    BodyNotFound, or CaseConflict when it is not marked.
    """
    if not wish.reason.strip():
        message = "say why the case does not complain of this office: it could then be sent there"
        raise ReasonMissing(message)
    case = _lock_root(session, wish, case_number)
    office = find_body(session, office_code)
    if office.id not in complained_of(session, case):
        message = f"{case_number} is not marked as complaining of {office_code}: open it again"
        raise CaseConflict(message)
    family = family_of(session, case.id)
    marked = ComplainedOffice.case_id.in_(family), ComplainedOffice.office_id == office.id
    session.execute(delete(ComplainedOffice).where(*marked))
    asked = {"tenant": tenant_of(session), "office": office.id, "ids": family}
    session.execute(_FORGET, asked)
    _tell(session, tools, wish, case, "not_complained", office)
    refresh_secret(session, [case.id])
    return case


def note_complaints(session: Session, tools: Tools, messages: Sequence[Message]) -> None:
    """Have the rule read messages that have just got their cases (see ``cases.complaints``)."""
    texts: dict[object, tuple[str, ...]] = {
        message.id: (message.subject, message.body)
        for message in messages
        if has_complaint(message.subject, message.body)
    }
    if not texts:
        return
    book = NameBook.of(tenant_of(session), bodies_in_sight(session))
    found = find_complaints(book, texts)
    if found:
        _note(session, tools, {uuid.UUID(str(key)): ids for key, ids in found.items()})


def demand_route(
    session: Session, tools: Tools, actor: Actor, case: Case, to_office_id: int
) -> None:
    """Raise RouteRefused unless the case may go to that office, and keep that it was asked.

    The refusal stands in the audit trail even when the caller's transaction is rolled back.
    """
    if may_see_case(session, case, to_office_id):
        return
    with tools.database.session(tenant_of(session)) as own:
        tools.auditor.record(own, actor, "case.route", "case", case.number, result="refused")
    message = (
        f"{case.number} complains of this office or of a body above it: by article 46 (5) of the"
        " regulations on petition work it goes to a superior of the office complained of instead"
    )
    raise RouteRefused(message)


def may_see_case(session: Session, case: Case, office_id: int) -> bool:
    """Whether an office may be given the case, or learn of it by a hint, a copy or a figure."""
    return bool(routes_allowed(session, case, (office_id,)))


def routes_allowed(session: Session, case: Case, offices: Collection[int]) -> set[int]:
    """Those of ``offices`` (ids) that may be given the case.

    Refused are the offices complained of and what stands below them. A body whose place this
    office cannot see is refused when it might stand below one complained of.
    """
    complained = complained_of(session, case)
    if not complained:
        return set(offices)
    lines = lines_of(session, {*offices, *complained})
    own = tenant_of(session)
    return {each for each in offices if _is_open(each, complained, lines, own)}


def _is_open(office: int, complained: frozenset[int], lines: Mapping[int, Line], own: int) -> bool:
    line = lines.get(office)
    if line is not None:
        return not complained & set(line)
    # Everything below a body that stands below this office can be seen from here, so what cannot
    # be seen stands below none of those.
    return all(each != office and own in lines.get(each, ()) for each in complained)


def _lock_root(session: Session, wish: Wish, number: str) -> Case:
    """The case in sight, its family's root locked, so that two who mark wait for each other."""
    case = find_case(session, number, wish.sight)
    family = family_of(session, case.id)
    session.scalars(select(Case).where(Case.id.in_(family)).order_by(Case.id).with_for_update())
    return case


def _tell(
    session: Session, tools: Tools, wish: Wish, case: Case, kind: str, office: Tenant
) -> uuid.UUID:
    data = {"office": office.code, "name": office.name, "reason": wish.reason}
    event = case_event(tools.clock.now(), wish.actor, case.id, kind, data)
    session.add(event)
    session.flush()
    tools.auditor.record(session, wish.actor, f"case.{kind}", "case", case.number)
    return event.id


def _note(session: Session, tools: Tools, found: Mapping[uuid.UUID, set[int]]) -> None:
    standing = select(CaseMessage.message_id, CaseMessage.case_id)
    places = session.execute(standing.where(CaseMessage.message_id.in_(found))).all()
    named = select(Tenant).where(Tenant.id.in_(set[int]().union(*found.values())))
    offices = {office.id: office for office in session.scalars(named)}
    now, tenant_id = tools.clock.now(), tenant_of(session)
    for place in places:
        for office_id in sorted(found[place.message_id]):
            office = offices[office_id]
            row = {"message_id": place.message_id, "office_id": office_id, "found_at": now}
            insert_rows(session, MessageComplaint, [row | {"tenant_id": tenant_id}])
            data = {
                "office": office.code,
                "name": office.name,
                "message": str(place.message_id),
            }
            session.add(case_event(now, SYSTEM, place.case_id, "complained", data))
    tools.auditor.record(session, SYSTEM, "message.complains", "message", *found)
    refresh_secret(session, {place.case_id for place in places})
