"""Cases, which message stands in which, the ledger of their events, and findings to review."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, TenantTable

OPEN, MERGED = "open", "merged"


class Case(TenantTable, Base):
    """The matter (诉求): one or more messages, the unit of work.

    ``origins`` counts the messages by plugin (``follow_ups`` those of them that only follow
    another one) and ``channels`` by channel code, ``reviews`` the open
    findings that touch the case: all kept in step by the ledger so that the queue needs no joins.
    ``secret`` is a complaint about the office itself: for those who may see it only (see
    :mod:`minsheng.cases.sight`). ``stage`` to ``closed_at`` are what the rooms above say of it
    (see :mod:`minsheng.cases.standing`).
    """

    __tablename__ = "cases"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        Index("ix_cases_queue", "tenant_id", "state", "last_at", "id"),
        Index(
            "ix_cases_review",
            "tenant_id",
            "state",
            "last_at",
            "id",
            postgresql_include=["secret", "closed_at"],
            postgresql_where=text("reviews > 0"),
        ),
        Index(
            "ix_cases_merged_into",
            "tenant_id",
            "merged_into",
            postgresql_where=text("merged_into is not null"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[str]
    subject: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=OPEN)
    merged_into: Mapped[uuid.UUID | None]
    region: Mapped[str]
    message_count: Mapped[int] = mapped_column(Integer)
    origins: Mapped[dict[str, Any]]
    follow_ups: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    channels: Mapped[dict[str, Any]]
    reviews: Mapped[int] = mapped_column(Integer, server_default="0")
    secret: Mapped[bool] = mapped_column(server_default=text("false"))
    opened_at: Mapped[datetime]
    last_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    stage: Mapped[str] = mapped_column(server_default="received")
    grade: Mapped[str] = mapped_column(server_default="ordinary")
    due_at: Mapped[datetime | None]
    due_estimated: Mapped[bool] = mapped_column(server_default=text("false"))
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    unit: Mapped[str] = mapped_column(server_default="")
    handler: Mapped[str] = mapped_column(server_default="")
    claimed: Mapped[bool] = mapped_column(server_default=text("false"))
    round: Mapped[int] = mapped_column(Integer, server_default="1")
    reply_state: Mapped[str] = mapped_column(server_default="none")
    closed_at: Mapped[datetime | None]


class CaseNumber(TenantTable, Base):
    """The last number given on a day, one row an office and day."""

    __tablename__ = "case_numbers"

    day: Mapped[date] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(Integer)


class CaseMessage(TenantTable, Base):
    """In which case a message stands now, since which event, and why.

    ``via_id`` is the message it was joined through; ``home_id`` the case it was opened with or
    joined to before any person moved it, to which an unmerge brings it back.
    """

    __tablename__ = "case_messages"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], ["messages.tenant_id", "messages.id"]),
        ForeignKeyConstraint(["tenant_id", "case_id"], ["cases.tenant_id", "cases.id"]),
        Index(None, "tenant_id", "case_id"),
        Index(
            "ix_case_messages_joins",
            "tenant_id",
            "joined_at",
            "message_id",
            postgresql_where=text("via_id is not null"),
        ),
    )

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    home_id: Mapped[uuid.UUID]
    via_id: Mapped[uuid.UUID | None]
    event_id: Mapped[uuid.UUID]
    score: Mapped[float | None] = mapped_column(Float)
    reasons: Mapped[list[Any]]
    algorithm: Mapped[str]
    joined_by: Mapped[str]
    joined_at: Mapped[datetime]


ALGORITHMS = "levels:"
"""How the matcher's versions begin; what a room above places bears a name of its own."""


def by_matcher() -> ColumnElement[bool]:
    """Whether a message was placed by the matcher."""
    return CaseMessage.algorithm.startswith(ALGORITHMS)


class CaseEvent(TenantTable, Base):
    """One entry of the ledger: what happened to a case, who did it, when and why."""

    __tablename__ = "case_events"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "case_id"], ["cases.tenant_id", "cases.id"]),
        Index(None, "tenant_id", "case_id", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    data: Mapped[dict[str, Any]]


class Finding(TenantTable, Base):
    """The matcher's word on two messages: to be reviewed (state open, then closed) or
    related (noted).

    ``outcome`` says how a person closed it: same, related or different.
    """

    __tablename__ = "findings"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], ["messages.tenant_id", "messages.id"]),
        ForeignKeyConstraint(["tenant_id", "other_id"], ["messages.tenant_id", "messages.id"]),
        UniqueConstraint("tenant_id", "message_id", "other_id"),
        Index(None, "tenant_id", "other_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    message_id: Mapped[uuid.UUID]
    other_id: Mapped[uuid.UUID]
    decision: Mapped[str]
    score: Mapped[float] = mapped_column(Float)
    reasons: Mapped[list[Any]]
    algorithm: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    outcome: Mapped[str] = mapped_column(server_default="")
    found_at: Mapped[datetime]


class NotSame(TenantTable, Base):
    """ "Not the same matter": two messages that no matcher and no re-pull may join again.

    ``low_id`` < ``high_id``, so that a pair is stored once.
    """

    __tablename__ = "not_same"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "low_id"], ["messages.tenant_id", "messages.id"]),
        ForeignKeyConstraint(["tenant_id", "high_id"], ["messages.tenant_id", "messages.id"]),
        Index(None, "tenant_id", "high_id"),
    )

    low_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    high_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    said_by: Mapped[str]
    said_at: Mapped[datetime]


class CaseSearch(TenantTable, Base):
    """What search reads of an open case; reached only through ``search_cases``.

    ``codes`` are hashes of the text's character pairs mixed with the office's id; ``words`` is the
    text itself, normalised, with placeholders for personal data.
    """

    __tablename__ = "case_search"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "case_id"], ["cases.tenant_id", "cases.id"]),
        Index("ix_case_search_codes", "codes", postgresql_using="gin"),
        Index("ix_case_search_recent", "tenant_id", "last_at", "case_id"),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    last_at: Mapped[datetime]
    codes: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    words: Mapped[str]
    secret: Mapped[bool] = mapped_column(server_default=text("false"))
