"""The table of audit entries."""

import uuid
from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, TenantTable


class AuditEntry(TenantTable, Base):
    """One act: time, actor, action, object, result and where it came from; never content."""

    __tablename__ = "audit_entries"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[str]
    result: Mapped[str]
    origin: Mapped[str]
    seal: Mapped[bytes]
