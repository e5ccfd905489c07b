"""Messages that follow another one are placed beside it; everything else is matched.

This stands where the matcher is asked (``MatchMaker``), under its lock and in its transaction. What
follows is: what a citizen adds or co-signs on the portal, and an arrival by a channel whose thread
points at an earlier arrival of the same channel **and the same citizen** (D20: the thank-you letter
joins its case). A thread that points at somebody else's message proves nothing (B4): it is matched
like any other. Who follows is not taught to the matcher: thanks would draw other thanks.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import SYSTEM, Tools
from minsheng.cases.ledger import case_event
from minsheng.cases.matching import match_messages
from minsheng.cases.models import Case, CaseMessage
from minsheng.cases.secrecy import note_complaints
from minsheng.cases.summary import refresh_cases
from minsheng.citizens.models import COSIGN, FOLLOW_UP, LinkedMessage
from minsheng.citizens.ratings import take_marks
from minsheng.intake.messages import ORIGINAL
from minsheng.intake.models import Message
from minsheng.replies.models import Outgoing
from minsheng.runtime.database import insert_rows
from minsheng_tenants import tenant_of

ALGORITHM = "link/1"
_MOST_REFERENCES = 50
_WORDS = {
    FOLLOW_UP: ("本人对自己诉求的补充", "the citizen's own follow-up"),
    COSIGN: ("同样遇到此事的群众附议", "another citizen has met with it too"),
}


@dataclass(frozen=True, slots=True)
class _Link:
    to_id: uuid.UUID
    kind: str


@dataclass(frozen=True, slots=True)
class _Follower:
    """A message, what it follows, and the message at the beginning of the chain."""

    message: Message
    link: _Link
    root: uuid.UUID


def place_messages(session: Session, tools: Tools, messages: Sequence[Message]) -> None:
    """Give each message its case: beside the one it follows, or where the matcher says."""
    told = {message.id: _besides(tools, message) for message in messages}
    links = _links_of(session, tools, messages, told)
    roots = {message_id: _root(session, links, message_id) for message_id in links}
    alone = [message for message in messages if message.id not in links]
    waited = _without_case(session, set(roots.values()) - {message.id for message in alone})
    if alone or waited:
        match_messages(session, tools, [*waited, *alone])
    following = [
        _Follower(each, links[each.id], roots[each.id]) for each in messages if each.id in links
    ]
    if following:
        _place(session, tools, following)
    for message in messages:
        take_marks(session, tools, message, told[message.id].get("extra", {}))


def _links_of(
    session: Session,
    tools: Tools,
    messages: Sequence[Message],
    told: Mapping[uuid.UUID, Mapping[str, Any]],
) -> dict[uuid.UUID, _Link]:
    ids = [message.id for message in messages]
    rows = session.scalars(select(LinkedMessage).where(LinkedMessage.message_id.in_(ids)))
    links = {row.message_id: _Link(row.to_id, row.kind) for row in rows}
    threads = {
        message.id: references
        for message in messages
        if message.id not in links and (references := _references(told[message.id]))
    }
    found = _earlier(session, [message for message in messages if message.id in threads], threads)
    _remember(session, tools, found)
    return links | {message_id: _Link(to_id, FOLLOW_UP) for message_id, to_id in found.items()}


def _besides(tools: Tools, message: Message) -> Mapping[str, Any]:
    """What the channel said besides the text: ``thread`` and ``extra``."""
    cipher = tools.keyring.cipher(message.tenant_id)
    original: dict[str, Any] = json.loads(cipher.open(ORIGINAL, message.id, message.original))
    return original


def _references(told: Mapping[str, Any]) -> list[str]:
    """The earlier arrivals that the channel names, the latest reference first."""
    return [str(each) for each in told.get("thread", ())][: -_MOST_REFERENCES - 1 : -1]


def _earlier(
    session: Session, messages: Sequence[Message], threads: Mapping[uuid.UUID, Sequence[str]]
) -> dict[uuid.UUID, uuid.UUID]:
    """The earlier message that each follows: of its channel, its citizen, and its thread.

    A reference names the earlier arrival itself, or the answer that we sent to it.
    """
    found = {}
    for message in messages:
        named = threads[message.id]
        sent = select(Outgoing.message_id).where(Outgoing.remote_id.in_(named))
        answered = session.scalars(sent).all()
        chosen = select(Message).where(
            Message.channel_id == message.channel_id,
            or_(Message.external_id.in_(named), Message.id.in_(answered)),
            Message.id != message.id,
        )
        for other in session.scalars(chosen.order_by(Message.received_at.desc(), Message.id)):
            if _same_citizen(message, other) and other.received_at <= message.received_at:
                found[message.id] = other.id
                break
    return found


def _same_citizen(one: Message, other: Message) -> bool:
    """By telephone or mail address; a name alone is many people's."""
    pairs = (one.phone_ix, other.phone_ix), (one.email_ix, other.email_ix)
    return any(bytes(ours) and bytes(ours) == bytes(theirs) for ours, theirs in pairs)


def _remember(session: Session, tools: Tools, found: Mapping[uuid.UUID, uuid.UUID]) -> None:
    tenant_id, now = tenant_of(session), tools.clock.now()
    rows = [
        {
            "tenant_id": tenant_id,
            "message_id": message_id,
            "to_id": to_id,
            "kind": FOLLOW_UP,
            "linked_at": now,
        }
        for message_id, to_id in found.items()
    ]
    if rows:
        session.execute(insert(LinkedMessage).values(rows).on_conflict_do_nothing())


def _without_case(session: Session, wanted: set[uuid.UUID]) -> list[Message]:
    """Messages that are followed, stand nowhere yet and are not in this batch: matched first."""
    placed = select(CaseMessage.message_id).where(CaseMessage.message_id.in_(wanted))
    left = wanted - set(session.scalars(placed))
    if not left:
        return []
    return list(session.scalars(select(Message).where(Message.id.in_(left)).order_by(Message.id)))


def _root(session: Session, links: Mapping[uuid.UUID, _Link], message_id: uuid.UUID) -> uuid.UUID:
    """The message at the beginning of a chain of those that follow one another."""
    at, before = links[message_id].to_id, {message_id}
    while at not in before:
        before.add(at)
        known = links.get(at)
        stored = select(LinkedMessage.to_id).where(LinkedMessage.message_id == at)
        further = known.to_id if known else session.scalar(stored)
        if further is None:
            return at
        at = further
    return at


def _place(session: Session, tools: Tools, following: Sequence[_Follower]) -> None:
    """Each into the case in which what it follows stands."""
    places = _places(session, {each.root for each in following})
    events, rows = [], []
    for each in following:
        case_id = places[each.root]
        data = {
            "message": str(each.message.id),
            "via": str(each.link.to_id),
            "kind": each.link.kind,
        }
        event = case_event(tools.clock.now(), SYSTEM, case_id, "joined", data)
        events.append(event)
        rows.append(_standing(session, tools, each, case_id, event.id))
    session.add_all(events)
    session.flush()
    insert_rows(session, CaseMessage, rows)
    ids = [each.message.id for each in following]
    tools.auditor.record(session, SYSTEM, "message.link", "message", *ids)
    note_complaints(session, tools, [each.message for each in following])
    refresh_cases(session, {row["case_id"] for row in rows})


def _places(session: Session, roots: set[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """In which case each stands, with those cases locked against whoever merges or parts them."""
    chosen = select(CaseMessage.message_id, CaseMessage.case_id)
    chosen = chosen.where(CaseMessage.message_id.in_(roots))
    places = {row.message_id: row.case_id for row in session.execute(chosen)}
    while True:
        locked = select(Case.id).where(Case.id.in_(set(places.values()))).order_by(Case.id)
        session.execute(locked.with_for_update())
        now = {row.message_id: row.case_id for row in session.execute(chosen)}
        if now == places:
            return places
        places = now


def _standing(
    session: Session, tools: Tools, each: _Follower, case_id: uuid.UUID, event_id: uuid.UUID
) -> dict[str, Any]:
    zh, en = _WORDS[each.link.kind]
    return {
        "tenant_id": tenant_of(session),
        "message_id": each.message.id,
        "case_id": case_id,
        "home_id": case_id,
        "via_id": each.link.to_id,
        "event_id": event_id,
        "score": None,
        "reasons": [{"code": each.link.kind, "zh": zh, "en": en, "weight": 0.0, "veto": False}],
        "algorithm": ALGORITHM,
        "joined_by": str(SYSTEM),
        "joined_at": tools.clock.now(),
    }
