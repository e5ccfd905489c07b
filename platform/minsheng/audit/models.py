"""The table of audit entries."""

import uuid
from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, TenantTable


class AuditEntry(TenantTable, Base):
    """One act: time, actor, action, object, result and where it came from; never content."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_at", "tenant_id", "at", "id"),
        Index("ix_audit_entries_actor", "tenant_id", "actor", "at"),
        Index("ix_audit_entries_object_id", "tenant_id", "object_id", "at"),
        Index("ix_audit_entries_action", "tenant_id", "action", "at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[str]
    result: Mapped[str]
    origin: Mapped[str]
    seal: Mapped[bytes]
