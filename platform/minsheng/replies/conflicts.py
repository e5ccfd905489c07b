"""Was the same topic answered otherwise? Warnings with both texts, each acknowledged once.

Asked are the cases that the matcher holds for the same or a related matter, their official answers
of the last 180 days, and only what a machine can compare: promised dates, amounts, yes and no
(:mod:`minsheng.replies.said`).
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Tools
from minsheng.cases.models import Case
from minsheng.cases.service import Sight, Wish
from minsheng.replies.errors import AnsweredOtherwise
from minsheng.replies.finding import find_reply, refusals_kept, shown, warnings_of
from minsheng.replies.models import Reply, ReplyWarning
from minsheng.replies.records import ReplyView
from minsheng.replies.said import differences, read_said
from minsheng_tenants import tenant_of

LOOK_BACK = timedelta(days=180)
_RELATED = text("""
    select distinct other.case_id as related, cast(null as uuid) as warned from case_messages mine
    join findings f on f.tenant_id = mine.tenant_id
        and (f.message_id = mine.message_id or f.other_id = mine.message_id)
    join case_messages other on other.tenant_id = f.tenant_id and other.message_id =
        case when f.message_id = mine.message_id then f.other_id else f.message_id end
    join cases k on k.tenant_id = other.tenant_id and k.id = other.case_id
    where mine.tenant_id = :tenant and mine.case_id = :case and other.case_id <> mine.case_id
      and f.state <> 'closed' and (:hidden_too or not k.secret)
    union all
    select cast(null as uuid), other_id from reply_warnings
    where tenant_id = :tenant and reply_id = :reply
""")
"""The cases that ``cases.similar`` shows, without its words, and the answers warned of before."""


def note_warnings(session: Session, tools: Tools, reply: Reply, case: Case) -> bool:
    """Write down which earlier answers say something else than ``reply`` does now.

    A warning that was acknowledged stays so while the difference is the same. Says whether there
    is any warning about the reply, acknowledged or not.
    """
    asked = {"tenant": tenant_of(session), "case": case.id, "reply": reply.id}
    rows = session.execute(_RELATED, asked | {"hidden_too": case.secret}).all()
    related = [row.related for row in rows if row.related is not None]
    found: dict[uuid.UUID, list[dict[str, Any]]]
    found = {row.warned: [] for row in rows if row.warned is not None}
    said = read_said(reply.public_text)
    for other_id, words in _earlier(session, tools, reply, related):
        differs = differences(said, read_said(words))
        if differs:
            found[other_id] = differs
    for other_id, differs in found.items():
        _write(session, tools, reply.id, other_id, differs)
    return bool(found)


def demand_acknowledged(session: Session, reply: Reply, sight: Sight) -> None:
    """Raise AnsweredOtherwise with both texts unless every warning in sight was acknowledged."""
    told = [each for each in warnings_of(session, reply.id, sight) if not each.acknowledged_by]
    if not told:
        return
    members = {
        "yours": {"reply": str(reply.id), "text": reply.public_text},
        "theirs": [
            {"reply": str(each.reply), "case": each.case, "text": each.text,
             "differs": list(each.differs)}
            for each in told
        ],
    }  # fmt: skip
    message = f"{told[0].case} was answered otherwise: compare, then acknowledge or change yours"
    raise AnsweredOtherwise(message, members)


def acknowledge(
    session: Session, tools: Tools, wish: Wish, reply_id: uuid.UUID, version: int
) -> ReplyView:
    """Say that the differences of this version were read and are meant.

    Raises ReplyNotFound, or AnsweredOtherwise when the reply was changed meanwhile.
    """
    with refusals_kept(session, tools, wish.actor, "reply.acknowledge", reply_id):
        reply, case = find_reply(session, reply_id, wish.sight)
        if reply.version != version:
            message = f"{reply.changed_by} changed the reply meanwhile: compare it again"
            raise AnsweredOtherwise(message, {"version": reply.version})
        seen = [each.reply for each in warnings_of(session, reply_id, wish.sight)]
        still = (
            ReplyWarning.reply_id == reply_id,
            ReplyWarning.other_id.in_(seen),
            ReplyWarning.acknowledged_at.is_(None),
        )
        said = {"acknowledged_by": str(wish.actor), "acknowledged_at": tools.clock.now()}
        session.execute(update(ReplyWarning).where(*still).values(said))
        tools.auditor.record(session, wish.actor, "reply.acknowledge", "reply", reply_id)
        return shown(session, tools, reply, case.number, wish.sight)


def count_warnings(session: Session) -> dict[str, int]:
    """How often the office was warned that a topic had been answered otherwise, and went on."""
    every, gone_on = func.count(), func.count(ReplyWarning.acknowledged_at)
    row = session.execute(select(every, gone_on).select_from(ReplyWarning)).one()
    return {"raised": row[0], "acknowledged": row[1]}


def _earlier(
    session: Session, tools: Tools, reply: Reply, related: Sequence[uuid.UUID]
) -> Sequence[tuple[uuid.UUID, str]]:
    """The official answers to the same or a related matter; of secret cases for a secret one."""
    if not related:
        return ()
    wanted = (
        Reply.case_id.in_(related),
        Reply.official.is_(True),
        Reply.id != reply.id,
        Reply.approved_at >= tools.clock.now() - LOOK_BACK,
    )
    chosen = select(Reply.id, Reply.public_text).where(*wanted)
    return [(row.id, row.public_text) for row in session.execute(chosen.order_by(Reply.id))]


def _write(
    session: Session, tools: Tools, reply_id: uuid.UUID, other_id: uuid.UUID, differs: list[Any]
) -> None:
    row = {
        "tenant_id": tenant_of(session),
        "reply_id": reply_id,
        "other_id": other_id,
        "differs": differs,
        "raised_at": tools.clock.now(),
    }
    anew = {"differs": differs, "acknowledged_by": "", "acknowledged_at": None}
    session.execute(
        insert(ReplyWarning)
        .values(row)
        .on_conflict_do_update(
            index_elements=["tenant_id", "reply_id", "other_id"],
            set_=anew,
            where=and_(
                ReplyWarning.tenant_id == tenant_of(session), ReplyWarning.differs != differs
            ),
        )
    )
