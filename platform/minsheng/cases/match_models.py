"""What matching keeps of itself: an office's settings, figures, verdicts, and a rebuild's place."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Float, ForeignKeyConstraint, Integer
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, TenantTable


class MatchSettings(TenantTable, Base):
    """An office's own thresholds (probabilities, 0 to 1) and whose messages join by themselves.

    An office without a row has the values of :mod:`minsheng.cases.match_settings`.
    """

    __tablename__ = "match_settings"
    __table_args__ = (CheckConstraint("auto_join in ('citizen', 'anyone')", name="auto_join"),)

    join_score: Mapped[float] = mapped_column(Float)
    review_score: Mapped[float] = mapped_column(Float)
    auto_join: Mapped[str]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class MatchFigures(TenantTable, Base):
    """Counts of messages of one day (in China) and one version, added to as things happen.

    ``joined`` counts joins by the matcher, ``joined_across`` those of them of different citizens;
    ``to_review`` and ``related`` messages that got such a finding on arrival; ``capped`` messages
    of which something was left out because a bound was reached. ``sample_…`` are verdicts on joins
    drawn at random, ``found_…`` on others.
    """

    __tablename__ = "match_figures"

    day: Mapped[date] = mapped_column(primary_key=True)
    algorithm: Mapped[str] = mapped_column(primary_key=True)
    messages: Mapped[int] = mapped_column(Integer, server_default="0")
    joined: Mapped[int] = mapped_column(Integer, server_default="0")
    joined_across: Mapped[int] = mapped_column(Integer, server_default="0")
    to_review: Mapped[int] = mapped_column(Integer, server_default="0")
    related: Mapped[int] = mapped_column(Integer, server_default="0")
    capped: Mapped[int] = mapped_column(Integer, server_default="0")
    sample_right: Mapped[int] = mapped_column(Integer, server_default="0")
    sample_wrong: Mapped[int] = mapped_column(Integer, server_default="0")
    found_right: Mapped[int] = mapped_column(Integer, server_default="0")
    found_wrong: Mapped[int] = mapped_column(Integer, server_default="0")


class JoinVerdict(TenantTable, Base):
    """A person's word on one join by the matcher; ``sampled`` when it was drawn at random."""

    __tablename__ = "join_verdicts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "message_id"], ["messages.tenant_id", "messages.id"]),
        CheckConstraint("verdict in ('right', 'wrong')", name="verdict"),
    )

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    via_id: Mapped[uuid.UUID]
    verdict: Mapped[str]
    sampled: Mapped[bool]
    reason: Mapped[str]
    said_by: Mapped[str]
    said_at: Mapped[datetime]


class MatchRebuild(TenantTable, Base):
    """How far an office's records have been written anew: up to message ``after_id``."""

    __tablename__ = "match_rebuilds"

    algorithm: Mapped[str]
    after_id: Mapped[uuid.UUID | None]
    rewritten: Mapped[int] = mapped_column(Integer, server_default="0")
    matched: Mapped[int] = mapped_column(Integer, server_default="0")
    begun_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
