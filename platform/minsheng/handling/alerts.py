"""What the desk has to look at: told once, seen by somebody."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Actor, Tools
from minsheng.cases.models import Case
from minsheng.cases.sight import PLAIN, Sight, in_sight
from minsheng.handling.errors import HandlingNotFound
from minsheng.handling.models import Alert
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

KINDS = ("unclaimed", "nobody", "due_soon", "overdue", "promise_due", "extension_asked")
MOST = 200


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert with the number of its case."""

    id: uuid.UUID
    kind: str
    case: str
    subject: str
    for_user: str
    data: Mapping[str, Any]
    raised_at: datetime
    seen_by: str


def raise_alert(
    session: Session,
    tools: Tools,
    case: Case,
    kind: str,
    mark: str,
    *,
    for_user: str = "",
    data: Mapping[str, Any] | None = None,
) -> bool:
    """Tell the desk once: the same ``mark`` again is nothing new. Whether it was new."""
    row = insert(Alert).values(
        tenant_id=tenant_of(session),
        id=new_id(),
        case_id=case.id,
        kind=kind,
        mark=f"{kind}:{case.id}:{mark}",
        for_user=for_user,
        data=dict(data or {}),
        raised_at=tools.clock.now(),
    )
    done = session.execute(row.on_conflict_do_nothing().returning(Alert.id))
    if done.first() is None:
        return False
    action = f"alert.{kind}"
    tools.auditor.record(session, SYSTEM, action, "case", case.number)
    return True


def list_alerts(
    session: Session, sight: Sight = PLAIN, *, for_user: str = "", unseen: bool = True
) -> list[AlertView]:
    """Alerts in sight, newest first, at most 200; for one person and the desk, or everybody's."""
    here = and_(Case.tenant_id == Alert.tenant_id, Case.id == Alert.case_id)
    chosen = select(Alert, Case.number, Case.subject).join(Case, here).where(*in_sight(sight))
    if unseen:
        chosen = chosen.where(Alert.seen_at.is_(None))
    if for_user:
        chosen = chosen.where(or_(Alert.for_user == for_user, Alert.for_user == ""))
    rows: Sequence[Any] = session.execute(chosen.order_by(Alert.id.desc()).limit(MOST)).all()
    return [
        AlertView(
            row.id, row.kind, number, subject, row.for_user, row.data, row.raised_at, row.seen_by
        )
        for row, number, subject in rows
    ]


def see_alert(
    session: Session, tools: Tools, actor: Actor, alert_id: uuid.UUID, sight: Sight = PLAIN
) -> None:
    """Note that somebody has seen to it; again changes nothing. Raises HandlingNotFound."""
    here = and_(Case.tenant_id == Alert.tenant_id, Case.id == Alert.case_id)
    chosen = select(Alert).join(Case, here).where(Alert.id == alert_id, *in_sight(sight))
    alert = session.scalar(chosen.with_for_update(of=Alert))
    if alert is None:
        message = "this office has no such alert: open the list again"
        raise HandlingNotFound(message)
    if alert.seen_at is None:
        alert.seen_at, alert.seen_by = tools.clock.now(), str(actor)
        tools.auditor.record(session, actor, "alert.see", "alert", alert_id)
