"""Users, their login sessions and the API clients of an office."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, TenantTable


class User(TenantTable, Base):
    """A person of an office with an account of its own; passwords are Argon2id hashes."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("tenant_id", "username"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    username: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="active")
    failures: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class LoginSession(TenantTable, Base):
    """One login: only a hash of its token is stored, so that a stolen row is useless."""

    __tablename__ = "login_sessions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("tenant_id", "token_hash"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID]
    token_hash: Mapped[bytes]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class ApiClient(TenantTable, Base):
    """A machine that may use the API of one office; the secret is 256 random bits, hashed."""

    __tablename__ = "api_clients"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    secret_hash: Mapped[bytes]
    scopes: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="active")
    created_at: Mapped[datetime]
