"""What the desk keeps of its own: each person's saved views, and the indexes of its orders."""

import uuid
from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from minsheng.cases.models import Case
from minsheng_tenants import Base, TenantTable

_WORKING = text("state = 'open' and closed_at is null")
Index("ix_cases_working", Case.tenant_id, Case.last_at, Case.id, postgresql_where=_WORKING)
Index("ix_cases_stage", Case.tenant_id, Case.stage, Case.due_at, Case.id, postgresql_where=_WORKING)
Index(
    "ix_cases_closed",
    Case.tenant_id,
    Case.last_at,
    Case.id,
    postgresql_where=text("state = 'open' and closed_at is not null"),
)


class SavedView(TenantTable, Base):
    """A part of the queue that one person looks at often: its address under a name of their own."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("tenant_id", "username", "name"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    username: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    saved_at: Mapped[datetime]
