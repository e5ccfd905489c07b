"""How a case stands: what the rooms above say of it, kept on the case itself.

Handling, replies and citizens' side write these columns through :func:`place_case` and nothing
else does; the ledger and the queue read them. ``state`` is the ledger's own (open or merged): a
case that is done has ``stage`` closed and a ``closed_at``, and can still be joined and parted.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict, Unpack

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from minsheng.cases.errors import CaseNotFound
from minsheng.cases.models import Case

Stage = Literal["received", "assigned", "handling", "reviewing", "replied", "callback", "closed"]
"""The phases every flow is made of: 受理 转办/交办 办理 审核 回复 回访 办结."""
ReplyState = Literal["none", "draft", "reviewing", "approved", "delivered", "uncertain"]


class Changes(TypedDict, total=False):
    """What may be said anew; what is left out stays."""

    stage: Stage
    grade: str
    due_at: datetime | None
    due_estimated: bool
    paused: bool
    unit: str
    handler: str
    claimed: bool
    round: int
    reply_state: ReplyState
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The columns as they are: stage, class (``grade``) and deadline, whose it is, its reply.

    ``claimed``: the handler has signed for it (签收认领).
    """

    stage: str
    grade: str
    due_at: datetime | None
    due_estimated: bool
    paused: bool
    unit: str
    handler: str
    claimed: bool
    round: int
    reply_state: str
    closed_at: datetime | None


NAMES = tuple(Standing.__dataclass_fields__)


def standing_of(session: Session, case_id: uuid.UUID) -> Standing:
    """How the case stands now; raises CaseNotFound."""
    columns = [getattr(Case, name) for name in NAMES]
    row = session.execute(select(*columns).where(Case.id == case_id)).one_or_none()
    if row is None:
        message = "this office has no such case: open the queue again"
        raise CaseNotFound(message)
    return Standing(*row)


def place_case(session: Session, case_id: uuid.UUID, **changes: Unpack[Changes]) -> None:
    """Write what changed, in the caller's transaction; the event and the audit are the caller's."""
    said = update(Case).where(Case.id == case_id).values(**changes, version=Case.version + 1)
    session.execute(said, execution_options={"synchronize_session": "fetch"})


def place_cases(
    session: Session, case_ids: Collection[uuid.UUID], **changes: Unpack[Changes]
) -> None:
    """Write the same changes to many cases in one statement."""
    if case_ids:
        said = update(Case).where(Case.id.in_(case_ids))
        said = said.values(**changes, version=Case.version + 1)
        session.execute(said, execution_options={"synchronize_session": "fetch"})
