"""Facts: figures of an office and of the bodies directly below it; dossiers that were made."""

import uuid
from datetime import date, datetime

from sqlalchemy import ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, TenantTable


class Fact(TenantTable, Base):
    """One figure: ``office_id`` is the office itself, or a body below with all of its subtree.

    ``stamp`` orders what a body has told (a later one wins), ``fresh`` counts the changes
    that the office above has not been told yet. For measures and the meaning of their day see
    :mod:`minsheng.supervision.facts`.
    """

    __tablename__ = "facts"
    __table_args__ = (Index("ix_facts_fresh", "tenant_id", postgresql_where=text("(fresh > 0)")),)

    office_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]
    stamp: Mapped[int]
    fresh: Mapped[int] = mapped_column(Integer)


class FactChange(TenantTable, Base):
    """A difference that a change of cases made, written by the database, still to be added up."""

    __tablename__ = "fact_changes"

    id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True, server_default=text("gen_random_uuid()")
    )
    measure: Mapped[str]
    day: Mapped[date]
    channel: Mapped[str]
    change: Mapped[int]


class Dossier(TenantTable, Base):
    """A dossier that was made: of which case, by whom, when and what for; the file is not kept."""

    __tablename__ = "dossiers"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "case_id"], ["cases.tenant_id", "cases.id"]),
        Index(None, "tenant_id", "case_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    purpose: Mapped[str]
    size: Mapped[int]
    files: Mapped[int] = mapped_column(Integer)
