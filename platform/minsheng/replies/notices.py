"""A promise has landed (承诺落地): everybody who got the answer with the promise is told, once."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.marks import family_of
from minsheng.cases.models import OPEN, Case
from minsheng.handling.service import PROMISE_KEPT, promise_of
from minsheng.intake.channels import PUSHED
from minsheng.replies.fanout import DELIVER
from minsheng.replies.models import NOTICE, OFFERED, READY, Outgoing
from minsheng.replies.origins import Origin, origins_of
from minsheng.runtime.database import insert_rows
from minsheng.runtime.ids import new_id
from minsheng.runtime.work import Claim, add_work, finish_work
from minsheng_tenants import tenant_of

__all__ = ["PROMISE_KEPT", "Teller", "tell_kept"]


class Teller:
    """Answers work of the kind "promise_kept": one row is one promise that was kept."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def work(self, claims: Sequence[Claim]) -> None:
        """Write the notices into the outbox, each promise in a transaction of its own."""
        for claim in claims:
            with self._tools.database.session(claim.tenant_id) as session:
                tell_kept(session, self._tools, claim.row_id)
                finish_work(session, [claim])


def tell_kept(session: Session, tools: Tools, promise_id: uuid.UUID) -> int:
    """Write a notice for every citizen of the promise's case; none the second time."""
    known = select(Outgoing.id).where(Outgoing.notice_id == promise_id).limit(1)
    if session.scalar(known) is not None:
        return 0
    _promise, case = promise_of(session, promise_id)
    root = _root(session, case)
    rows = [_row(session, tools, promise_id, root, each) for each in origins_of(session, root.id)]
    insert_rows(session, Outgoing, rows)
    due = [row["id"] for row in rows if row["state"] == READY]
    add_work(session, DELIVER, due, tools.clock.now())
    tools.auditor.record(session, SYSTEM, "promise.tell", "promise", promise_id)
    return len(rows)


def _root(session: Session, case: Case) -> Case:
    """The case in which the messages of a joined one stand now."""
    family = family_of(session, case.id)
    standing = select(Case).where(Case.id.in_(family), Case.state == OPEN)
    return session.scalars(standing.order_by(Case.id).limit(1)).one_or_none() or case


def _row(
    session: Session, tools: Tools, promise_id: uuid.UUID, case: Case, origin: Origin
) -> dict[str, Any]:
    row_id, now = new_id(), tools.clock.now()
    return {
        "tenant_id": tenant_of(session),
        "id": row_id,
        "kind": NOTICE,
        "notice_id": promise_id,
        "case_id": case.id,
        "channel_id": origin.channel_id,
        "message_id": origin.message_id,
        "also": [str(each) for each in origin.also],
        "delivery_key": f"notice-{row_id.hex}",
        "state": OFFERED if origin.channel_state == PUSHED else READY,
        "created_at": now,
        "changed_at": now,
    }
