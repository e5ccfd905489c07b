"""What the queue shows of a case, kept in step with the messages that stand in it."""

import json
import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from minsheng.cases.search import index_cases
from minsheng_tenants import tenant_of

_COUNTS = text("""
    select cm.case_id, m.plugin, c.code, count(*) as messages, max(m.received_at) as last_at
    from case_messages cm
    join messages m on m.tenant_id = cm.tenant_id and m.id = cm.message_id
    join channels c on c.tenant_id = m.tenant_id and c.id = m.channel_id
    where cm.tenant_id = :tenant and cm.case_id = any(:ids)
    group by cm.case_id, m.plugin, c.code
""")
_REVIEWS = text("""
    select side.case_id, count(*) as open from (
        select a.case_id from findings f
        join case_messages a on a.tenant_id = f.tenant_id and a.message_id = f.message_id
        join case_messages b on b.tenant_id = f.tenant_id and b.message_id = f.other_id
        where f.tenant_id = :tenant and f.state = 'open' and f.decision = 'review'
          and a.case_id <> b.case_id and f.message_id = any(:messages)
        union all
        select b.case_id from findings f
        join case_messages a on a.tenant_id = f.tenant_id and a.message_id = f.message_id
        join case_messages b on b.tenant_id = f.tenant_id and b.message_id = f.other_id
        where f.tenant_id = :tenant and f.state = 'open' and f.decision = 'review'
          and a.case_id <> b.case_id and f.other_id = any(:messages)
    ) side group by side.case_id
""")
_MESSAGES = text("""
    select message_id from case_messages where tenant_id = :tenant and case_id = any(:ids)
""")
_WRITE = text("""
    update cases set message_count = :messages, origins = cast(:origins as jsonb),
        channels = cast(:channels as jsonb), reviews = :reviews,
        last_at = coalesce(:last_at, last_at), version = version + 1
    where tenant_id = :tenant and id = :id
""")


def refresh_cases(session: Session, case_ids: Iterable[uuid.UUID]) -> None:
    """Count anew for these cases: messages by origin and channel, last arrival, open reviews."""
    session.flush()
    ids = sorted(set(case_ids))
    if not ids:
        return
    tenant_id = tenant_of(session)
    tallies = _tallies(session, tenant_id, ids)
    reviews = _reviews(session, tenant_id, ids)
    rows = [
        {"tenant": tenant_id, "id": case_id, "reviews": reviews.get(case_id, 0)}
        | tallies[case_id].columns()
        for case_id in ids
    ]
    session.execute(_WRITE, rows)
    session.expire_all()
    index_cases(session, ids)


class _Tally:
    """The messages of one case, by plugin and by channel."""

    def __init__(self) -> None:
        self.origins: defaultdict[str, int] = defaultdict(int)
        self.channels: defaultdict[str, int] = defaultdict(int)
        self.last_at: datetime | None = None

    def add(self, plugin: str, channel: str, messages: int, last_at: datetime) -> None:
        self.origins[plugin] += messages
        self.channels[channel] += messages
        self.last_at = max(self.last_at or last_at, last_at)

    def columns(self) -> dict[str, Any]:
        return {
            "messages": sum(self.origins.values()),
            "origins": json.dumps(self.origins),
            "channels": json.dumps(self.channels),
            "last_at": self.last_at,
        }


def _tallies(
    session: Session, tenant_id: int, ids: list[uuid.UUID]
) -> defaultdict[uuid.UUID, _Tally]:
    tallies: defaultdict[uuid.UUID, _Tally] = defaultdict(_Tally)
    for row in session.execute(_COUNTS, {"tenant": tenant_id, "ids": ids}):
        tallies[row.case_id].add(row.plugin, row.code, row.messages, row.last_at)
    return tallies


def _reviews(session: Session, tenant_id: int, ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    messages = list(session.scalars(_MESSAGES, {"tenant": tenant_id, "ids": ids}))
    found = session.execute(_REVIEWS, {"tenant": tenant_id, "messages": messages})
    return {row.case_id: row.open for row in found}
