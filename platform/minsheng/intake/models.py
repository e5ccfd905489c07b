"""Channels, their runs, the inbox of raw arrivals, messages and the quarantine."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, TenantTable


class Channel(TenantTable, Base):
    """One configured source of one office, run by a plugin; ``code`` is its name in the API."""

    __tablename__ = "channels"
    __table_args__ = (UniqueConstraint("tenant_id", "code"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    plugin: Mapped[str]
    name: Mapped[str]
    settings: Mapped[bytes]
    state: Mapped[str] = mapped_column(server_default="active")
    cursor: Mapped[bytes | None]
    interval_seconds: Mapped[int] = mapped_column(Integer, server_default="60")
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime]


class ChannelRun(TenantTable, Base):
    """One pull of a channel: when, how it ended and what it brought."""

    __tablename__ = "channel_runs"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "channel_id"], ["channels.tenant_id", "channels.id"]),
        Index(None, "tenant_id", "channel_id", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    channel_id: Mapped[uuid.UUID]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(server_default="running")
    fetched: Mapped[int] = mapped_column(Integer, server_default="0")
    stored: Mapped[int] = mapped_column(Integer, server_default="0")
    trouble: Mapped[str] = mapped_column(server_default="")


class InboxItem(TenantTable, Base):
    """One arrival, sealed exactly as it came: taken in once by its ``source_key``.

    ``digest`` is the blind index of the bytes; ``same_as`` marks an arrival that the source only
    numbered anew (another ``epoch``). States: waiting, parsed, quarantined, same, report
    (about a mail of ours, no message).
    """

    __tablename__ = "inbox"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "channel_id"], ["channels.tenant_id", "channels.id"]),
        UniqueConstraint("tenant_id", "channel_id", "source_key"),
        Index(None, "tenant_id", "channel_id", "digest"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    channel_id: Mapped[uuid.UUID]
    source_key: Mapped[str]
    epoch: Mapped[str] = mapped_column(server_default="")
    digest: Mapped[bytes]
    raw: Mapped[bytes | None]
    size: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="waiting")
    same_as: Mapped[uuid.UUID | None]
    taken_at: Mapped[datetime]


class Message(TenantTable, Base):
    """One arrival read into the field's words; never edited (来件).

    ``subject`` and ``body`` hold placeholders for telephones, identity numbers, plates and the
    citizen's name; the originals and the contact fields are sealed. The ``*_ix`` are blind indexes;
    the two that may be None are so in messages from before there were any (see
    :mod:`minsheng.intake.people`).
    ``confidential``: the citizen asks not to be named (要求保密), the one mark that may be changed.
    """

    __tablename__ = "messages"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "channel_id"], ["channels.tenant_id", "channels.id"]),
        ForeignKeyConstraint(["tenant_id", "inbox_id"], ["inbox.tenant_id", "inbox.id"]),
        UniqueConstraint("tenant_id", "inbox_id"),
        Index(None, "tenant_id", "phone_ix"),
        Index(None, "tenant_id", "channel_id", "external_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    channel_id: Mapped[uuid.UUID]
    inbox_id: Mapped[uuid.UUID]
    plugin: Mapped[str]
    external_id: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    original: Mapped[bytes]
    received_at: Mapped[datetime]
    region: Mapped[str]
    addressee: Mapped[str]
    kind: Mapped[str]
    citizen: Mapped[bytes]
    phone_ix: Mapped[bytes]
    email_ix: Mapped[bytes]
    name_ix: Mapped[bytes]
    phone_part_ix: Mapped[bytes | None]
    surname_ix: Mapped[bytes | None]
    details: Mapped[dict[str, Any]]
    confidential: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Quarantined(TenantTable, Base):
    """An arrival that could not be read: its bytes stay in the inbox until it is replayed."""

    __tablename__ = "quarantine"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "inbox_id"], ["inbox.tenant_id", "inbox.id"]),
        UniqueConstraint("tenant_id", "inbox_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    inbox_id: Mapped[uuid.UUID]
    reason: Mapped[str]
    detail: Mapped[str]
    at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
