"""The marks of secrecy as the ledger needs them: read, carried along, and the flag kept in step.

Cases that are joined are one family: its root and what was merged into it. A family complains of
every office that a person named for one of its cases or that the rule found in one of its
messages, as they stand now; parted, each has its own again.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.cases.models import Case
from minsheng.cases.search import index_cases
from minsheng.cases.secrecy_models import ComplainedOffice
from minsheng.cases.summary import neighbours_of, refresh_reviews
from minsheng_tenants import Tenant, tenant_of

_FAMILIES = text("""
    with recursive up(id, merged_into) as (
        select id, merged_into from cases where tenant_id = :tenant and id = any(:ids)
        union
        select k.id, k.merged_into from up
        join cases k on k.tenant_id = :tenant and k.id = up.merged_into
    ), family(root, id) as (
        select id, id from up where merged_into is null
        union
        select f.root, k.id from family f
        join cases k on k.tenant_id = :tenant and k.merged_into = f.id
    )
    select root, id as case_id, null as office_id from family
    union
    select f.root, null, c.office_id from family f
    join complained_offices c on c.tenant_id = :tenant and c.case_id = f.id
    union
    select f.root, null, m.office_id from family f
    join case_messages s on s.tenant_id = :tenant and s.case_id = f.id
    join message_complaints m on m.tenant_id = :tenant and m.message_id = s.message_id
""")


@dataclass(slots=True)
class _Family:
    """Cases that are joined, and the offices that they complain of together."""

    cases: set[uuid.UUID] = field(default_factory=set)
    offices: set[int] = field(default_factory=set)


def _families(session: Session, case_ids: Collection[uuid.UUID]) -> list[_Family]:
    session.flush()
    found: defaultdict[uuid.UUID, _Family] = defaultdict(_Family)
    asked = {"tenant": tenant_of(session), "ids": sorted(case_ids)}
    for row in session.execute(_FAMILIES, asked):
        if row.case_id is not None:
            found[row.root].cases.add(row.case_id)
        else:
            found[row.root].offices.add(row.office_id)
    return list(found.values())


def complained_of(session: Session, case: Case) -> frozenset[int]:
    """The offices that the case and what is joined with it complain of now."""
    families = _families(session, [case.id])
    return frozenset().union(*(family.offices for family in families))


def family_of(session: Session, case_id: uuid.UUID) -> list[uuid.UUID]:
    """The case with everything it is joined with, in the order of their ids."""
    return sorted(set[uuid.UUID]().union(*(f.cases for f in _families(session, [case_id]))))


def own_line(session: Session) -> tuple[int, ...]:
    """The session's office and every body above it."""
    own = tenant_of(session)
    above = session.scalar(select(Tenant.ancestors).where(Tenant.id == own))
    return (*(above or ()), own)


def refresh_secret(session: Session, case_ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Keep ``cases.secret`` in step with the marks of these families; the ids that changed.

    A case is secret when it complains of the office itself or of a body above it: the office is
    then one that may not be given the case (see :mod:`minsheng.cases.secrecy`).
    """
    if not case_ids:
        return []
    own, changed = {*own_line(session)}, list[uuid.UUID]()
    for family in _families(session, case_ids):
        secret = bool(own & family.offices)
        chosen = Case.id.in_(family.cases), Case.secret != secret
        values = {"secret": secret, "version": Case.version + 1}
        statement = update(Case).where(*chosen).values(values).returning(Case.id)
        changed += session.scalars(statement.execution_options(synchronize_session=False))
    if changed:
        session.expire_all()
        index_cases(session, changed)
        refresh_reviews(session, {*changed, *neighbours_of(session, changed)})
    return changed


def carry_marks(
    session: Session, case: Case, home: Case, now: datetime, since: uuid.UUID | None
) -> None:
    """Give ``home``, about to be parted from ``case``, the marks that were made for both.

    Of a person's mark nobody knows which of the messages it was about. So a case of its own gets
    every mark (``since`` is None), a case that stands again those made after the ledger entry
    ``since``, by which it was joined.
    """
    family = ComplainedOffice.case_id.in_(family_of(session, case.id))
    marks = select(ComplainedOffice).where(family, ComplainedOffice.case_id != home.id)
    if since is not None:
        marks = marks.where(ComplainedOffice.event_id > since)
    copies = [
        {
            "tenant_id": tenant_of(session),
            "case_id": home.id,
            "office_id": mark.office_id,
            "source": "parting",
            "event_id": mark.event_id,
            "marked_by": mark.marked_by,
            "marked_at": now,
        }
        for mark in session.scalars(marks)
    ]
    if copies:
        session.flush()
        session.execute(insert(ComplainedOffice).on_conflict_do_nothing(), copies)
