"""Replies, what stands around their writing, and the outbox from which they reach every origin."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, TenantTable

DRAFT, REVIEWING, APPROVED, DROPPED = "draft", "reviewing", "approved", "dropped"
OFFICIAL, CORRECTION = "official", "correction"
DESK, HANDOVER, IMPORTED = "desk", "handover", "import"
LIVE, DEAD, WITHDRAWN = "live", "dead", "withdrawn"
READY, SENDING, SENT = "ready", "sending", "sent"
FAILED, UNCERTAIN, OFFERED, SUPERSEDED = "failed", "uncertain", "offered", "superseded"
REPLY, ACK, NOTICE = "reply", "ack", "notice"


class Reply(TenantTable, Base):
    """One answer to a case: a draft until it is approved, then fixed for ever.

    ``official`` is the one in force of its case and round (a unique index holds it); a correction
    (更正) takes the place of those it ``corrects``. ``public_text`` may be shown to everybody;
    ``private_text`` is sealed and goes to the citizens themselves only. ``flags`` are what the
    quality check said when it was sent to review.
    """

    __tablename__ = "replies"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "case_id"], ["cases.tenant_id", "cases.id"]),
        ForeignKeyConstraint(["tenant_id", "corrects"], ["replies.tenant_id", "replies.id"]),
        Index("ix_replies_case_id", "tenant_id", "case_id", "id"),
        Index("ix_replies_state", "tenant_id", "state", "id"),
        Index(
            "uq_replies_official",
            "tenant_id",
            "case_id",
            "round",
            unique=True,
            postgresql_where=text("official"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    round: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(server_default=OFFICIAL)
    corrects: Mapped[uuid.UUID | None]
    state: Mapped[str] = mapped_column(server_default=DRAFT)
    official: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    public_text: Mapped[str]
    private_text: Mapped[bytes | None]
    template_id: Mapped[uuid.UUID | None]
    flags: Mapped[list[Any]] = mapped_column(server_default="[]")
    source: Mapped[str] = mapped_column(server_default=DESK)
    source_id: Mapped[uuid.UUID | None]
    note: Mapped[str] = mapped_column(server_default="")
    drafted_by: Mapped[str]
    drafted_at: Mapped[datetime]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]
    submitted_by: Mapped[str] = mapped_column(server_default="")
    submitted_at: Mapped[datetime | None]
    approved_by: Mapped[str] = mapped_column(server_default="")
    approved_at: Mapped[datetime | None]


class ReplyWriter(TenantTable, Base):
    """Somebody is writing on a case just now: a soft lock that ends by itself."""

    __tablename__ = "reply_writers"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "case_id"], ["cases.tenant_id", "cases.id"]),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    actor: Mapped[str] = mapped_column(primary_key=True)
    until_at: Mapped[datetime]


class ReplyTemplate(TenantTable, Base):
    """A template of the office; ``{{name}}`` in its text is a variable."""

    __tablename__ = "reply_templates"
    __table_args__ = (UniqueConstraint("tenant_id", "code"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=LIVE)
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class PolicyDocument(TenantTable, Base):
    """A document that replies may cite; ``code`` is its official number (文号).

    ``state``: live, dead (its address answers no more) or withdrawn (废止).
    """

    __tablename__ = "policy_documents"
    __table_args__ = (UniqueConstraint("tenant_id", "code"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    title: Mapped[str]
    url: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=LIVE)
    checked_at: Mapped[datetime | None]
    added_by: Mapped[str]
    added_at: Mapped[datetime]


class ReplyCitation(TenantTable, Base):
    """A reply cites a document."""

    __tablename__ = "reply_citations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "reply_id"], ["replies.tenant_id", "replies.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "document_id"], ["policy_documents.tenant_id", "policy_documents.id"]
        ),
        Index(None, "tenant_id", "document_id"),
    )

    reply_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    document_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


class ReplyWarning(TenantTable, Base):
    """An earlier answer to the same topic says something else; acknowledged once by a person.

    ``differs`` lists what differs: ``{"kind": "amount", "ours": […], "theirs": […]}``.
    """

    __tablename__ = "reply_warnings"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "reply_id"], ["replies.tenant_id", "replies.id"]),
        ForeignKeyConstraint(["tenant_id", "other_id"], ["replies.tenant_id", "replies.id"]),
        Index(None, "tenant_id", "other_id"),
    )

    reply_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    other_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    differs: Mapped[list[Any]]
    raised_at: Mapped[datetime]
    acknowledged_by: Mapped[str] = mapped_column(server_default="")
    acknowledged_at: Mapped[datetime | None]


class Outgoing(TenantTable, Base):
    """One reply on its way to one citizen by one channel: the outbox.

    ``message_id`` is the message that is answered, ``also`` the citizen's other messages of the
    case on the channel, answered with it. ``delivery_key`` is the same at every attempt (mail: the
    Message-ID). A notice tells that the promise ``notice_id`` was kept. ``asked`` says that the
    source has to be asked before it is sent (again).
    States: ready, sending, sent, failed, uncertain (待核实), offered (a pushed channel: the poster
    fetches it), superseded (a correction went out in its place).
    """

    __tablename__ = "outbox"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "reply_id"], ["replies.tenant_id", "replies.id"]),
        ForeignKeyConstraint(["tenant_id", "case_id"], ["cases.tenant_id", "cases.id"]),
        ForeignKeyConstraint(["tenant_id", "channel_id"], ["channels.tenant_id", "channels.id"]),
        ForeignKeyConstraint(["tenant_id", "message_id"], ["messages.tenant_id", "messages.id"]),
        UniqueConstraint("tenant_id", "delivery_key"),
        UniqueConstraint("tenant_id", "reply_id", "message_id"),
        Index("ix_outbox_state", "tenant_id", "state", "id"),
        Index("ix_outbox_case_id", "tenant_id", "case_id", "id"),
        Index("ix_outbox_message_id", "tenant_id", "message_id", "id"),
        Index("ix_outbox_remote_id", "tenant_id", "remote_id"),
        Index(
            "uq_outbox_ack", "tenant_id", "message_id", unique=True,
            postgresql_where=text("kind = 'ack'"),
        ),
        Index(
            "uq_outbox_notice", "tenant_id", "notice_id", "message_id", unique=True,
            postgresql_where=text("kind = 'notice'"),
        ),
    )  # fmt: skip

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(server_default=REPLY)
    reply_id: Mapped[uuid.UUID | None]
    notice_id: Mapped[uuid.UUID | None]
    case_id: Mapped[uuid.UUID]
    channel_id: Mapped[uuid.UUID]
    message_id: Mapped[uuid.UUID]
    also: Mapped[list[Any]] = mapped_column(server_default="[]")
    delivery_key: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=READY)
    asked: Mapped[bool] = mapped_column(server_default=text("false"))
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    trouble: Mapped[str] = mapped_column(server_default="")
    remote_id: Mapped[str] = mapped_column(server_default="")
    detail: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    settled_by: Mapped[str] = mapped_column(server_default="")
    settled_words: Mapped[str] = mapped_column(server_default="")


class Outlet(TenantTable, Base):
    """How sending by a channel goes: one sender at a time, and since when it is down.

    ``lease_until`` and ``fence`` are the sender's; ``alarmed_at`` is set once while it is down.
    ``ack`` turns the automatic receipt (收悉) on, off by default; ``ack_text`` are its words.
    """

    __tablename__ = "outlets"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "channel_id"], ["channels.tenant_id", "channels.id"]),
    )

    channel_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    down_since: Mapped[datetime | None]
    next_try_at: Mapped[datetime | None]
    alarmed_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(server_default="")
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(server_default="0")
    ack: Mapped[bool] = mapped_column(server_default=text("false"))
    ack_text: Mapped[str] = mapped_column(server_default="")


class DeliveryHold(TenantTable, Base):
    """Nothing of the office goes out until a person releases it, as after a restore."""

    __tablename__ = "delivery_holds"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    reason: Mapped[str]
    held_by: Mapped[str]
    held_at: Mapped[datetime]
    released_by: Mapped[str] = mapped_column(server_default="")
    released_at: Mapped[datetime | None]


class OwnMail(TenantTable, Base):
    """A message that is one of our own, fetched again: answered by nobody."""

    __tablename__ = "own_mails"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], ["messages.tenant_id", "messages.id"]),
        ForeignKeyConstraint(["tenant_id", "outbox_id"], ["outbox.tenant_id", "outbox.id"]),
    )

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    outbox_id: Mapped[uuid.UUID]
    seen_at: Mapped[datetime]


class ReplySettings(TenantTable, Base):
    """The office's own rules; a row is written when one differs from its default.

    ``adopt``: what becomes of the answer of a body that a case was handed to: direct or review.
    """

    __tablename__ = "reply_settings"

    adopt: Mapped[str] = mapped_column(server_default="review")
    give_up_days: Mapped[int] = mapped_column(Integer, server_default="7")
