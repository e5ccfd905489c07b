"""Keyed codes, crossings, each side's own part of one, and who leads."""

import uuid
from datetime import date, datetime

from sqlalchemy import ARRAY, CheckConstraint, ForeignKeyConstraint, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, PassedTable, TenantTable

HINTED, AGREED, DECLINED = "hinted", "agreed", "declined"
HANDED_OVER, WITHDRAWN = "handed_over", "withdrawn"
STATES = (HINTED, AGREED, DECLINED, HANDED_OVER, WITHDRAWN)
BANDS = ("likely", "very_likely")
RULES = ("territory", "first_receiver", "superior_choice")
WAITING, CHOSEN = "waiting", "chosen"


class CrossingCodes(TenantTable, Base):
    """What a message has of codes under one provincial key (``epoch``); no column is of words.

    The service's login adds and removes its own office's rows and can read no code back; across
    offices they are read by ``crossing_candidates`` alone.
    """

    __tablename__ = "crossing_codes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], ["messages.tenant_id", "messages.id"]),
        Index("ix_crossing_codes_keys", "keys", postgresql_using="gin"),
        Index("ix_crossing_codes_phone", "phone", postgresql_where=text("phone is not null")),
        Index("ix_crossing_codes_email", "email", postgresql_where=text("email is not null")),
        Index("ix_crossing_codes_epoch", "tenant_id", "epoch", "day"),
    )

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    zone: Mapped[int] = mapped_column(Integer)
    keys: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    body: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    subject: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    phone: Mapped[bytes | None]
    email: Mapped[bytes | None]
    region: Mapped[str]
    day: Mapped[date]


class Crossing(PassedTable, Base):
    """Likely one matter at two bodies: the one row that both sides see.

    It names the bodies, how each side's case stands (``from_stage``, ``to_stage``), a band instead
    of a score, and who has agreed; neither case, nor a word of either. ``from_tenant`` is the lower
    id, which says nothing of who came first. ``lead`` (a body's id) is decided by ``lead_rule``;
    a rule without a lead means that the superior of both was asked.
    """

    __tablename__ = "crossings"
    __table_args__ = (
        CheckConstraint("from_tenant < to_tenant", name="order"),
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint(f"band in {BANDS}", name="band"),
        Index("ix_crossings_to_tenant", "to_tenant", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    from_code: Mapped[str]
    from_name: Mapped[str]
    from_stage: Mapped[str]
    from_agreed: Mapped[bool] = mapped_column(server_default=text("false"))
    to_code: Mapped[str]
    to_name: Mapped[str]
    to_stage: Mapped[str]
    to_agreed: Mapped[bool] = mapped_column(server_default=text("false"))
    band: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=HINTED)
    lead: Mapped[int | None] = mapped_column(Integer)
    lead_rule: Mapped[str] = mapped_column(server_default="")
    handover_id: Mapped[uuid.UUID | None]
    hinted_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class CrossingSide(TenantTable, Base):
    """One side's own part: which of its messages it is, and what it answered.

    The case is the one in which the message stands now: it goes along when cases are joined.
    """

    __tablename__ = "crossing_sides"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], ["messages.tenant_id", "messages.id"]),
        Index(None, "tenant_id", "message_id"),
    )

    crossing_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    message_id: Mapped[uuid.UUID]
    answered_by: Mapped[str] = mapped_column(server_default="")
    answered_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(server_default="")


class CrossingDay(TenantTable, Base):
    """How many hints an office was given on a day."""

    __tablename__ = "crossing_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    hints: Mapped[int] = mapped_column(Integer)


class LeadRules(TenantTable, Base):
    """By which rules, in order, it is decided below a superior who leads (首接首办)."""

    __tablename__ = "lead_rules"

    rules: Mapped[list[str]] = mapped_column(ARRAY(Text))
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class LeadChoice(TenantTable, Base):
    """A superior chooses between two bodies that agreed; it says which, nothing of the matter."""

    __tablename__ = "lead_choices"
    __table_args__ = (CheckConstraint("state in ('waiting', 'chosen')", name="state"),)

    crossing_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    from_office: Mapped[int] = mapped_column(Integer)
    to_office: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(server_default=WAITING)
    lead: Mapped[int | None] = mapped_column(Integer)
    asked_at: Mapped[datetime]
    chosen_by: Mapped[str] = mapped_column(server_default="")
    chosen_at: Mapped[datetime | None]
