"""Case numbers: the office's code, the day in China, and a count within the day."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from minsheng_tenants import tenant_of

CHINA = ZoneInfo("Asia/Shanghai")

_NEXT = text("""
    insert into case_numbers as n (tenant_id, day, last) values (:tenant, :day, :many)
    on conflict (tenant_id, day) do update set last = n.last + :many where n.tenant_id = :tenant
    returning last, (select code from tenants where id = :tenant)
""")


def next_numbers(session: Session, now: datetime, many: int) -> list[str]:
    """``many`` fresh numbers such as 130129-20261122-00017, in order.

    The day's counter is one row an office, locked until the transaction ends, so numbers have no
    gaps and no doubles.
    """
    if many == 0:
        return []
    day = now.astimezone(CHINA).date()
    last, code = session.execute(
        _NEXT, {"tenant": tenant_of(session), "day": day, "many": many}
    ).one()
    return [f"{code}-{day:%Y%m%d}-{count:05d}" for count in range(last - many + 1, last + 1)]


def next_number(session: Session, now: datetime) -> str:
    """One fresh number."""
    return next_numbers(session, now, 1)[0]
