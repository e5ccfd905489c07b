"""Whom a case complains of (被反映单位): what a person said, and what the rule found in words."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Integer
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, TenantTable


class ComplainedOffice(TenantTable, Base):
    """A person's mark: this case complains of that office; ``event_id`` is its ledger entry.

    ``source`` is ``person``, or ``parting`` for a mark that went along when a case was parted
    from one that bore it.
    """

    __tablename__ = "complained_offices"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "case_id"], ["cases.tenant_id", "cases.id"]),
        CheckConstraint("source in ('person', 'parting')", name="source"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    source: Mapped[str]
    event_id: Mapped[uuid.UUID]
    marked_by: Mapped[str]
    marked_at: Mapped[datetime]


class MessageComplaint(TenantTable, Base):
    """The rule's mark: the words of this message complain of that office."""

    __tablename__ = "message_complaints"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], ["messages.tenant_id", "messages.id"]),
    )

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    found_at: Mapped[datetime]
