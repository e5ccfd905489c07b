""" "Not the same matter": what a person said once, no matcher and no re-pull may override."""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import and_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.audit import Actor, Tools
from minsheng.cases.changes import has_changed
from minsheng.cases.models import CaseMessage, NotSame
from minsheng.intake.models import Message
from minsheng_tenants import tenant_of


def remember_not_same(
    session: Session,
    tools: Tools,
    actor: Actor,
    ours: Sequence[uuid.UUID],
    theirs: Sequence[uuid.UUID],
) -> None:
    """Keep for ever that none of ``ours`` is the same matter as any of ``theirs``."""
    tenant_id, now = tenant_of(session), tools.clock.now()
    rows = [
        {
            "tenant_id": tenant_id,
            "low_id": min(one, other),
            "high_id": max(one, other),
            "said_by": str(actor),
            "said_at": now,
        }
        for one in ours
        for other in theirs
    ]
    if rows:
        session.execute(insert(NotSame).on_conflict_do_nothing(), rows)


_ANY = text("""
    select 1 from not_same where tenant_id = :tenant
      and ((low_id = any(:ours) and high_id = any(:theirs))
        or (low_id = any(:theirs) and high_id = any(:ours)))
    limit 1
""")


def any_not_same(
    session: Session, ours: Collection[uuid.UUID], theirs: Collection[uuid.UUID]
) -> bool:
    """Whether somebody has said so of any two of them."""
    asked = {"tenant": tenant_of(session), "ours": list(ours), "theirs": list(theirs)}
    return session.scalar(_ANY, asked) is not None


_AGAINST = text("""
    with members as (
        select case_id, message_id from case_messages
        where tenant_id = :tenant and case_id = any(:cases)
    )
    select m.case_id, n.high_id as partner from members m
    join not_same n on n.tenant_id = :tenant and n.low_id = m.message_id
    union
    select m.case_id, n.low_id from members m
    join not_same n on n.tenant_id = :tenant and n.high_id = m.message_id
""")


@dataclass(frozen=True, slots=True)
class _Elder:
    """A message of which a person has said what it is not, and where it stands now."""

    channel_id: uuid.UUID
    external_id: str
    subject: str
    body: str
    case_id: uuid.UUID

    def is_version_of(self, message: Message) -> bool:
        """Whether both are one message of the source, sent twice."""
        one = self.channel_id == message.channel_id and self.external_id == message.external_id
        return one and bool(self.external_id)

    def says(self, message: Message) -> bool:
        """Whether the message says what this one said."""
        ours, theirs = (f"{each.subject}\n{each.body}" for each in (self, message))
        return not has_changed(ours, theirs)


@dataclass(frozen=True, slots=True)
class Memory:
    """What was said of some cases: for each the messages that are not the same matter.

    A new message speaks for its elders: itself, earlier versions of it (same channel, same
    ``external_id``) and what stands in the case it joins. While it says what one of them said, the
    word holds; when it says something else than all of them, a person is asked again.
    """

    against: Mapping[uuid.UUID, set[uuid.UUID]] = field(default_factory=dict)
    elders: Mapping[uuid.UUID, _Elder] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, case_ids: Collection[uuid.UUID]) -> "Memory":
        """What is remembered of these cases."""
        asked = {"tenant": tenant_of(session), "cases": list(case_ids)}
        against: dict[uuid.UUID, set[uuid.UUID]] = {}
        for case_id, partner in session.execute(_AGAINST, asked):
            against.setdefault(case_id, set()).add(partner)
        if not against:
            return cls()
        return cls(against, _elders(session, set().union(*against.values())))

    def holds(self, message: Message, case_id: uuid.UUID, own: uuid.UUID | None = None) -> bool:
        """Whether the word keeps this message, about to stand in case ``own``, from the case."""
        return any(elder.says(message) for elder in self._of(message, case_id, own))

    def is_doubted(
        self, message: Message, case_id: uuid.UUID, own: uuid.UUID | None = None
    ) -> bool:
        """Whether something was said that the message, telling something else, puts in doubt."""
        said = list(self._of(message, case_id, own))
        return bool(said) and not any(elder.says(message) for elder in said)

    def _of(self, message: Message, case_id: uuid.UUID, own: uuid.UUID | None) -> Iterator[_Elder]:
        for partner in self.against.get(case_id, ()):
            elder = self.elders.get(partner)
            if elder is not None and (elder.is_version_of(message) or elder.case_id == own):
                yield elder


def _elders(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, _Elder]:
    standing = and_(
        CaseMessage.tenant_id == Message.tenant_id, CaseMessage.message_id == Message.id
    )
    told = Message.channel_id, Message.external_id, Message.subject, Message.body
    chosen = select(Message.id, *told, CaseMessage.case_id).join(CaseMessage, standing)
    rows = session.execute(chosen.where(Message.id.in_(ids)))
    return {row[0]: _Elder(*row[1:]) for row in rows}


def forbidden_partners(
    session: Session, message_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, set[uuid.UUID]]:
    """For each message that has any: the messages it must not be joined with."""
    partners: dict[uuid.UUID, set[uuid.UUID]] = {}
    chosen = select(NotSame.low_id, NotSame.high_id).where(
        NotSame.low_id.in_(message_ids) | NotSame.high_id.in_(message_ids)
    )
    for low, high in session.execute(chosen):
        partners.setdefault(low, set()).add(high)
        partners.setdefault(high, set()).add(low)
    return partners
