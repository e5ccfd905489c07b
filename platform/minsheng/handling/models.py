"""How a case is handled: its flow and step, its people and deadline, and what was done.

The columns of the case itself (stage, deadline, handler, …) are written through
``cases.service.place_case``; what stands here is this room's own.
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, TenantTable


def _of_case() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "case_id"], ["cases.tenant_id", "cases.id"])


class Flow(TenantTable, Base):
    """One version of a flow: an ordered list of steps. A row is never changed, only followed.

    ``template`` is the code of the shipped template it was copied from.
    """

    __tablename__ = "flows"
    __table_args__ = (UniqueConstraint("tenant_id", "code", "version"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    name: Mapped[str]
    template: Mapped[str]
    steps: Mapped[list[Any]]
    made_by: Mapped[str]
    made_at: Mapped[datetime]


class HandlingSettings(TenantTable, Base):
    """How an office handles: the flow it chose, its hours (China), the minutes to claim a case.

    ``two_people`` = who handles may not check, call back or exempt.
    """

    __tablename__ = "handling_settings"

    flow: Mapped[str]
    opens: Mapped[str]
    closes: Mapped[str]
    claim_minutes: Mapped[int] = mapped_column(Integer)
    two_people: Mapped[bool]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class Grade(TenantTable, Base):
    """A deadline class of an office's own, or its own word on a shipped one."""

    __tablename__ = "grades"
    __table_args__ = (CheckConstraint("counts in ('working', 'calendar')", name="counts"),)

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    days: Mapped[int] = mapped_column(Integer)
    counts: Mapped[str]
    retired: Mapped[bool] = mapped_column(server_default=text("false"))


class CaseHandling(TenantTable, Base):
    """Where a case stands in its flow, and what its deadline is made of; one row a case.

    ``liaison`` is the first receiver, who owns the case until the handler has claimed it
    (``claimed_at``); ``handled_by`` everybody who handled it in this round. ``fixed_at`` is a
    deadline that somebody set at ``fixed_on``. ``version`` counts the changes.
    """

    __tablename__ = "case_handling"
    __table_args__ = (
        _of_case(),
        ForeignKeyConstraint(["tenant_id", "flow_id"], ["flows.tenant_id", "flows.id"]),
    )

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    flow_id: Mapped[uuid.UUID]
    step: Mapped[str]
    step_at: Mapped[datetime]
    liaison: Mapped[str]
    claim_until: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    handled_by: Mapped[list[str]] = mapped_column(ARRAY(Text))
    filed_at: Mapped[datetime]
    fixed_at: Mapped[datetime | None]
    fixed_on: Mapped[datetime | None]
    extended_days: Mapped[int] = mapped_column(Integer)
    exempt: Mapped[dict[str, Any]]
    outcome: Mapped[str]
    settled_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)


class Pause(TenantTable, Base):
    """A case waited for the citizen; ``resumed_at`` is empty while it does."""

    __tablename__ = "pauses"
    __table_args__ = (
        _of_case(),
        Index(None, "tenant_id", "case_id"),
        Index(
            "ix_pauses_open",
            "tenant_id",
            "case_id",
            unique=True,
            postgresql_where=text("resumed_at is null"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    round: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str]
    paused_by: Mapped[str]
    paused_at: Mapped[datetime]
    resumed_at: Mapped[datetime | None]


class Extension(TenantTable, Base):
    """A wish for more working days: asked by one person, decided by another, once."""

    __tablename__ = "extensions"
    __table_args__ = (
        _of_case(),
        Index(None, "tenant_id", "case_id"),
        CheckConstraint("state in ('asked', 'granted', 'refused')", name="state"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    round: Mapped[int] = mapped_column(Integer)
    days: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="asked")
    answer: Mapped[str] = mapped_column(server_default="")
    decided_by: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[datetime | None]


class Overdue(TenantTable, Base):
    """A deadline passed while the case was open: noted once for each deadline."""

    __tablename__ = "overdues"
    __table_args__ = (_of_case(), Index(None, "tenant_id", "noted_at"))

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    round: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    noted_at: Mapped[datetime]


class Demand(TenantTable, Base):
    """One numbered demand of a case; it is answered for itself."""

    __tablename__ = "demands"
    __table_args__ = (_of_case(),)

    case_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    text: Mapped[str]
    answer: Mapped[str] = mapped_column(server_default="")
    answered_by: Mapped[str] = mapped_column(server_default="")
    answered_at: Mapped[datetime | None]
    added_by: Mapped[str]
    added_at: Mapped[datetime]


class CallBack(TenantTable, Base):
    """The citizen was called back (回访), or nobody answered (``unreached``)."""

    __tablename__ = "call_backs"
    __table_args__ = (
        _of_case(),
        Index(None, "tenant_id", "case_id"),
        CheckConstraint(
            "result in ('satisfied', 'basically', 'dissatisfied', 'unreached')", name="result"
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    round: Mapped[int] = mapped_column(Integer)
    result: Mapped[str]
    resolved: Mapped[bool | None]
    words: Mapped[str]
    called_by: Mapped[str]
    called_at: Mapped[datetime]


class Visit(TenantTable, Base):
    """A look on the spot (现场调研): when, where, who went, what was found."""

    __tablename__ = "visits"
    __table_args__ = (
        _of_case(),
        Index(None, "tenant_id", "case_id"),
        Index(None, "tenant_id", "visited_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    visited_at: Mapped[datetime]
    place: Mapped[str]
    people: Mapped[list[Any]]
    words: Mapped[str]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class Photo(TenantTable, Base):
    """A picture of a visit, sealed; ``size`` is the number of bytes before sealing."""

    __tablename__ = "photos"
    __table_args__ = (
        _of_case(),
        ForeignKeyConstraint(["tenant_id", "visit_id"], ["visits.tenant_id", "visits.id"]),
        Index(None, "tenant_id", "visit_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    visit_id: Mapped[uuid.UUID]
    media: Mapped[str]
    size: Mapped[int] = mapped_column(Integer)
    content: Mapped[bytes] = mapped_column(deferred=True)
    digest: Mapped[bytes]
    added_by: Mapped[str]
    added_at: Mapped[datetime]


class Contact(TenantTable, Base):
    """A talk outside of the channels (面谈, 网下解决), linked to the case."""

    __tablename__ = "contacts"
    __table_args__ = (
        _of_case(),
        Index(None, "tenant_id", "case_id"),
        CheckConstraint("way in ('meeting', 'phone', 'home', 'letter', 'task')", name="way"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    way: Mapped[str]
    met_at: Mapped[datetime]
    people: Mapped[list[Any]]
    words: Mapped[str]
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]


class Commitment(TenantTable, Base):
    """A dated promise to the citizen: ``open`` until it has landed or was withdrawn."""

    __tablename__ = "commitments"
    __table_args__ = (
        _of_case(),
        Index(None, "tenant_id", "case_id"),
        CheckConstraint("state in ('open', 'landed', 'withdrawn')", name="state"),
        CheckConstraint("kind in ('promised', 'ongoing')", name="kind"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    text: Mapped[str]
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(server_default="open")
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    ended_by: Mapped[str] = mapped_column(server_default="")
    ended_at: Mapped[datetime | None]
    evidence: Mapped[str] = mapped_column(server_default="")


class Alert(TenantTable, Base):
    """Something the desk has to look at; ``mark`` keeps the same one from being told twice.

    ``for_user`` is empty where it is for everybody at the desk.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        _of_case(),
        UniqueConstraint("tenant_id", "mark"),
        Index("ix_alerts_unseen", "tenant_id", "id", postgresql_where=text("seen_at is null")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    case_id: Mapped[uuid.UUID]
    kind: Mapped[str]
    mark: Mapped[str]
    for_user: Mapped[str]
    data: Mapped[dict[str, Any]]
    raised_at: Mapped[datetime]
    seen_by: Mapped[str] = mapped_column(server_default="")
    seen_at: Mapped[datetime | None]


class CalendarYear(TenantTable, Base):
    """A year's notice as it was published to this office; stands above the shipped year.

    ``days`` is ``{"rest": {day: name}, "work": {day: name}}``.
    """

    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    status: Mapped[str]
    source: Mapped[str]
    days: Mapped[dict[str, Any]]
    published_at: Mapped[datetime]


class OfficeDay(TenantTable, Base):
    """A day on which this office closes, or works, whatever the calendar says."""

    __tablename__ = "office_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    works: Mapped[bool]
    name: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class Liaison(TenantTable, Base):
    """A person who takes cases in for a unit (联络员), and who does while they are on leave."""

    __tablename__ = "liaisons"

    username: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str]
    deputy: Mapped[str]
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class Leave(TenantTable, Base):
    """Days on which a person is away, both included."""

    __tablename__ = "leaves"
    __table_args__ = (Index(None, "tenant_id", "username", "last_day"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    username: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    set_by: Mapped[str]
    set_at: Mapped[datetime]
