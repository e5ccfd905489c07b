"""Names of regions: a code of one of the office's own bodies becomes its name."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng_tenants import Tenant


def place_names(session: Session, regions: Iterable[str]) -> Mapping[str, str]:
    """The names of the regions that are codes of the office or of bodies below it."""
    codes = {region for region in regions if region}
    if not codes:
        return {}
    found = session.execute(select(Tenant.code, Tenant.name).where(Tenant.code.in_(codes)))
    return {row.code: row.name for row in found}
