"""Every open case has an office, a unit and a person (D11: 责任到人): who has not is named."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from minsheng_tenants import tenant_of


@dataclass(frozen=True, slots=True)
class Orphan:
    """An open case that nobody answers for; the number is empty for one kept from the office."""

    number: str
    lacks: str


# A case that was opened just now is not one yet: its row of the kind settle was never tried.
_ORPHANS = text("""
    select case when k.secret then '' else k.number end as number,
           case when h.case_id is null then 'flow' when k.handler = '' then 'person'
                when k.unit = '' then 'unit' when k.due_at is null then 'deadline'
                else 'account' end as lacks
    from cases k
    left join case_handling h on h.tenant_id = k.tenant_id and h.case_id = k.id
    left join work w on w.tenant_id = k.tenant_id and w.kind = 'settle' and w.row_id = k.id
    left join users u on u.tenant_id = k.tenant_id and u.username = k.handler
        and u.status = 'active'
    where k.tenant_id = :tenant and k.state = 'open' and k.closed_at is null
      and (h.case_id is null or k.handler = '' or k.unit = '' or k.due_at is null
        or u.username is null)
      and (w.row_id is null or w.attempt > 0)
    order by k.number limit :most
""")


def orphans(session: Session, most: int = 100) -> Sequence[Orphan]:
    """The open cases of the session's office without flow, unit, person or deadline.

    ``lacks`` is flow, person, unit, deadline, or account where the person's account is off.
    """
    rows = session.execute(_ORPHANS, {"tenant": tenant_of(session), "most": most})
    return [Orphan(row.number, row.lacks) for row in rows]
