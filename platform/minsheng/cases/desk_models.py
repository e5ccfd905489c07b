"""What the desk keeps of its own: each person's saved views, and the indexes of its orders."""

import uuid
from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from minsheng.cases.models import Case
from minsheng_tenants import Base, TenantTable

_WORKING = "state = 'open' and closed_at is null"
_CLOSED = "state = 'open' and closed_at is not null"
_COUNTED = ["secret", "paused"]
"""What a count looks at besides the key, so that the index alone can give it."""


def _index(name: str, *key: str, where: str, counted: bool = False) -> None:
    """An index of the cases, named as in its migration (0031 and 0032)."""
    columns = [getattr(Case, each) for each in ("tenant_id", *key, "id")]
    more = _COUNTED if counted else []
    Index(name, *columns, postgresql_where=text(where), postgresql_include=more)


_index("ix_cases_working", "last_at", where=_WORKING, counted=True)
_index("ix_cases_due", "due_at", where=_WORKING, counted=True)
_index("ix_cases_handler", "handler", "due_at", where=_WORKING, counted=True)
_index("ix_cases_unclaimed", "last_at", where=f"{_WORKING} and not claimed", counted=True)
_index("ix_cases_joined", "last_at", where=f"{_WORKING} and message_count > 1")
_index("ix_cases_paused", "due_at", where=f"{_WORKING} and paused")
_index("ix_cases_stage", "stage", "due_at", where=_WORKING)
_index("ix_cases_grade", "grade", "due_at", where=_WORKING)
_index("ix_cases_closed", "last_at", where=_CLOSED)
_index("ix_cases_closed_due", "due_at", where=_CLOSED)
_index("ix_cases_closed_unclaimed", "last_at", where=f"{_CLOSED} and not claimed")
_index("ix_cases_closed_handler", "handler", "last_at", where=_CLOSED)


class SavedView(TenantTable, Base):
    """A part of the queue that one person looks at often: its address under a name of their own."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("tenant_id", "username", "name"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    username: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    saved_at: Mapped[datetime]
