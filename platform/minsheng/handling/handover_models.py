"""Handovers between offices, what each was made of, and leaders' instructions."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, PassedTable, TenantTable

LEAD, CO = "lead", "co"
SENT, RECEIVED, JOINED, ACCEPTED = "sent", "received", "joined", "accepted"
RETURNED, ANSWERED, RECALLED = "returned", "answered", "recalled"
STATES = (SENT, RECEIVED, JOINED, ACCEPTED, RETURNED, ANSWERED, RECALLED)
WAITING = (SENT, RECEIVED, JOINED, ACCEPTED)
"""The states in which an answer is still awaited."""

_WAITS = text("state in ('sent', 'received', 'joined', 'accepted')")


class Handover(PassedTable, Base):
    """A case handed from one office to another (转办、交办): the one row that both sides see.

    ``content`` is what was handed over, sealed for the receiver; ``answer`` the answer, sealed for
    the sender. ``steps`` is the custody chain, appended to and never changed: each step names what
    happened, when, by which body, and in which handover (``leg``), so that what a receiver hands
    further down shows here too. ``told_from`` and ``told_to`` say how many steps each side's own
    tables know of. ``chain`` holds the bodies (ids) that had the matter before, the sender last;
    ``complained`` the codes of the offices it complains of. ``contact``: ``given``, or
    ``withheld`` since the citizen asked for secrecy.
    """

    __tablename__ = "handovers"
    __table_args__ = (
        CheckConstraint("role in ('lead', 'co')", name="role"),
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint("contact in ('given', 'withheld')", name="contact"),
        CheckConstraint("from_tenant <> to_tenant", name="two_offices"),
        Index("ix_handovers_in", "to_tenant", "id"),
        Index("ix_handovers_out_waiting", "from_tenant", "to_tenant", postgresql_where=_WAITS),
        Index("ix_handovers_to_message", "to_tenant", "to_message"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    role: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=SENT)
    from_code: Mapped[str]
    from_name: Mapped[str]
    to_code: Mapped[str]
    to_name: Mapped[str]
    from_case: Mapped[uuid.UUID]
    to_case: Mapped[uuid.UUID | None]
    to_message: Mapped[uuid.UUID | None]
    content: Mapped[bytes]
    content_version: Mapped[int] = mapped_column(Integer, server_default="1")
    contact: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    demands: Mapped[list[Any]]
    complained: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    chain: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    steps: Mapped[list[Any]]
    told_from: Mapped[int] = mapped_column(Integer, server_default="0")
    told_to: Mapped[int] = mapped_column(Integer, server_default="0")
    due_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(server_default="")
    answer: Mapped[bytes | None]
    reply_id: Mapped[uuid.UUID | None]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    sent_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    recalled_at: Mapped[datetime | None]


class HandoverMessage(TenantTable, Base):
    """Of which of the sender's messages a handover was made: it stands where they stand."""

    __tablename__ = "handover_messages"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], ["messages.tenant_id", "messages.id"]),
        Index(None, "tenant_id", "message_id"),
    )

    handover_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class Instruction(TenantTable, Base):
    """A leader's signed note on a case (批示); it stands where ``message_id`` stands.

    ``body`` (sealed) and what else is signed never change, which a trigger of the database holds;
    ``seal`` is the signature. States: open, then done with ``done_words`` (sealed).
    """

    __tablename__ = "instructions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], ["messages.tenant_id", "messages.id"]),
        ForeignKeyConstraint(["tenant_id", "case_id"], ["cases.tenant_id", "cases.id"]),
        CheckConstraint("state in ('open', 'done')", name="state"),
        CheckConstraint("(state = 'done') = (done_at is not null)", name="done"),
        Index(None, "tenant_id", "message_id"),
        Index(None, "tenant_id", "signed_at", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    message_id: Mapped[uuid.UUID]
    leader: Mapped[str]
    leader_name: Mapped[str]
    body: Mapped[bytes]
    signed_at: Mapped[datetime]
    seal: Mapped[bytes]
    state: Mapped[str] = mapped_column(server_default="open")
    done_at: Mapped[datetime | None]
    done_by: Mapped[str] = mapped_column(server_default="")
    done_words: Mapped[bytes | None]


class FollowUp(TenantTable, Base):
    """What became of an instruction, told once and never changed; ``words`` are sealed."""

    __tablename__ = "instruction_follow_ups"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "instruction_id"], ["instructions.tenant_id", "instructions.id"]
        ),
        Index(None, "tenant_id", "instruction_id", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    instruction_id: Mapped[uuid.UUID]
    at: Mapped[datetime]
    actor: Mapped[str]
    words: Mapped[bytes]


class LeaderMark(TenantTable, Base):
    """A message that belongs in a leader's view (阅批) though it is not addressed to them."""

    __tablename__ = "leader_marks"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], ["messages.tenant_id", "messages.id"]),
        Index(None, "tenant_id", "leader"),
    )

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    leader: Mapped[str] = mapped_column(primary_key=True)
    marked_by: Mapped[str]
    marked_at: Mapped[datetime]
