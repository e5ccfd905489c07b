"""A case with everything it is joined with, locked as one before its answers are compared."""

import uuid

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from minsheng.cases.models import Case
from minsheng.replies.errors import ReplyConflict
from minsheng_tenants import tenant_of

_FAMILY = """
    with recursive up(id, merged_into) as (
        select id, merged_into from cases where tenant_id = :tenant and id = :case
        union
        select k.id, k.merged_into from up
        join cases k on k.tenant_id = :tenant and k.id = up.merged_into
    ), family(id) as (
        select id from up where merged_into is null
        union
        select k.id from family f
        join cases k on k.tenant_id = :tenant and k.merged_into = f.id
    )
    select id from family
"""
_IDS = text(f"{_FAMILY} order by id")
_LOCKED = text(
    f"select * from cases where tenant_id = :tenant and id in ({_FAMILY}) order by id for update"  # noqa: S608  # both parts are constants
)


def family_ids(session: Session, case_id: uuid.UUID) -> list[uuid.UUID]:
    """The case with everything it is joined with, in the order of their ids."""
    return list(session.scalars(_IDS, {"tenant": tenant_of(session), "case": case_id}))


def lock_family(session: Session, case: Case) -> list[uuid.UUID]:
    """Lock the case with everything it is joined with, in the order of ids, and read it anew.

    Raises ReplyConflict when it was joined or parted while the locks were waited for.
    """
    session.flush()
    anew = select(Case).from_statement(_LOCKED).execution_options(populate_existing=True)
    locked = session.scalars(anew, {"tenant": tenant_of(session), "case": case.id})
    family = [each.id for each in locked]
    if family != family_ids(session, case.id):
        message = f"{case.number} was joined or parted meanwhile: look at it and try again"
        raise ReplyConflict(message)
    return family
