"""Users, their login sessions and the API clients of an office."""

import uuid
from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from minsheng_tenants import Base, TenantTable


class User(TenantTable, Base):
    """A person of an office with an account of its own; passwords are Argon2id hashes.

    ``roles`` change by a granted :class:`RoleChange` only, which ``roles_by`` names; a trigger of
    the database holds that. ``initial_until`` is set while the password is one that somebody else
    gave; ``password_hash`` is empty for a person who logs in by a provider. ``totp_secret`` is
    sealed, ``totp_step`` the last 30-second step whose code was taken.
    """

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("tenant_id", "username"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    username: Mapped[str]
    name: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    roles_by: Mapped[uuid.UUID | None]
    unit: Mapped[str] = mapped_column(server_default="")
    password_hash: Mapped[str | None]
    initial_until: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    totp_secret: Mapped[bytes | None]
    totp_since: Mapped[datetime | None]
    totp_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    status: Mapped[str] = mapped_column(server_default="active")
    failures: Mapped[int] = mapped_column(server_default="0")
    locked_until: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RoleChange(TenantTable, Base):
    """A wish for a user's roles: asked by one person, granted or refused by another, once.

    ``asked_by`` names the asker as the audit trail does; ``asked_by_id`` is empty when a machine
    or the operator asked. States: asked, granted, refused.
    """

    __tablename__ = "role_changes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"]),
        ForeignKeyConstraint(["tenant_id", "asked_by_id"], ["users.tenant_id", "users.id"]),
        ForeignKeyConstraint(["tenant_id", "decided_by_id"], ["users.tenant_id", "users.id"]),
        Index("ix_role_changes_state", "tenant_id", "state", "asked_at"),
        Index("ix_role_changes_user_id", "tenant_id", "user_id", "decided_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    asked_by: Mapped[str]
    asked_by_id: Mapped[uuid.UUID | None]
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="asked")
    decided_by_id: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]


class AccountOpening(TenantTable, Base):
    """A wish of a superior for the first administrator of a body below it, decided once.

    The row stands in the superior's office; ``body_id`` is the body, ``user_id`` the account that
    ``open_account`` of the database makes there when it is granted. States: asked, granted,
    refused.
    """

    __tablename__ = "account_openings"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "asked_by_id"], ["users.tenant_id", "users.id"]),
        ForeignKeyConstraint(["tenant_id", "decided_by_id"], ["users.tenant_id", "users.id"]),
        Index("ix_account_openings_state", "tenant_id", "state", "asked_at"),
        Index("ix_account_openings_body_id", "tenant_id", "body_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    body_id: Mapped[int] = mapped_column(Integer)
    role: Mapped[str]
    user_id: Mapped[uuid.UUID]
    username: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str]
    asked_by: Mapped[str]
    asked_by_id: Mapped[uuid.UUID]
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="asked")
    decided_by_id: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime | None]


class LoginSession(TenantTable, Base):
    """One login: only a hash of its token is stored, so that a stolen row is useless.

    ``level`` says what is still wanted before the pages open: ``password`` a password of the
    person's own, ``factor`` the second factor, ``full`` nothing.
    """

    __tablename__ = "login_sessions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("tenant_id", "token_hash"),
        Index("ix_login_sessions_user_id", "tenant_id", "user_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID]
    token_hash: Mapped[bytes]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    level: Mapped[str] = mapped_column(server_default="full")
    origin: Mapped[str] = mapped_column(server_default="")


class RecoveryCode(TenantTable, Base):
    """A code for the day the second factor is lost; used once, stored as a hash."""

    __tablename__ = "recovery_codes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
        ),
        Index("ix_recovery_codes_user_id", "tenant_id", "user_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID]
    code_hash: Mapped[bytes]
    used_at: Mapped[datetime | None]


class Guess(TenantTable, Base):
    """Failed tries of a kind since a moment; ``subject`` is a keyed hash (of an address, say)."""

    __tablename__ = "guesses"

    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[bytes] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    tries: Mapped[int] = mapped_column(Integer)


class LoginProvider(TenantTable, Base):
    """An OpenID provider whose people may come in; its client secret is sealed."""

    __tablename__ = "login_providers"
    __table_args__ = (UniqueConstraint("tenant_id", "code"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    client_secret: Mapped[bytes]
    scopes: Mapped[str] = mapped_column(server_default="openid profile")
    state: Mapped[str] = mapped_column(server_default="active")
    created_at: Mapped[datetime]


class UserIdentity(TenantTable, Base):
    """A user as a provider knows it: one ``subject`` at two providers is two identities.

    ``linked_by`` names who linked it as the audit trail does. Only an identity linked
    ``by_operator`` opens an administrator's account; a trigger holds who may say so.
    """

    __tablename__ = "user_identities"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "provider_id"], ["login_providers.tenant_id", "login_providers.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"]),
        UniqueConstraint("tenant_id", "provider_id", "subject"),
        Index("ix_user_identities_user_id", "tenant_id", "user_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    provider_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID]
    subject: Mapped[str]
    linked_by: Mapped[str] = mapped_column(server_default="")
    by_operator: Mapped[bool] = mapped_column(server_default="false")
    created_at: Mapped[datetime]


class UnknownIdentity(TenantTable, Base):
    """Somebody whom a provider vouched for and who has no account here yet, for a while.

    ``code`` is what the person tells an administrator, so that the subject need not be spelt.
    """

    __tablename__ = "unknown_identities"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "provider_id"],
            ["login_providers.tenant_id", "login_providers.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "provider_id", "subject"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    provider_id: Mapped[uuid.UUID]
    subject: Mapped[str]
    code: Mapped[str]
    tries: Mapped[int] = mapped_column(Integer)
    seen_at: Mapped[datetime]


class LoginFlow(TenantTable, Base):
    """A login that is under way at a provider, bound to the browser that began it; used once."""

    __tablename__ = "login_flows"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "provider_id"],
            ["login_providers.tenant_id", "login_providers.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("tenant_id", "state_hash"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    provider_id: Mapped[uuid.UUID]
    state_hash: Mapped[bytes]
    browser_hash: Mapped[bytes]
    nonce: Mapped[str]
    verifier: Mapped[bytes]
    next_path: Mapped[str]
    started_at: Mapped[datetime]


class ApiClient(TenantTable, Base):
    """A machine that may use the API of one office; the secret is 256 random bits, hashed.

    States: asked (a second person has not agreed yet), active, off. The previous secret holds
    until ``previous_until``; a token issued before ``tokens_from`` is void.
    """

    __tablename__ = "api_clients"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    secret_hash: Mapped[bytes]
    previous_hash: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    tokens_from: Mapped[datetime | None]
    scopes: Mapped[str]
    asked_by: Mapped[str] = mapped_column(server_default="operator:minsheng")
    decided_by: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default="active")
    created_at: Mapped[datetime]


class RevokedToken(TenantTable, Base):
    """An access token that its client called back; kept until it would have ended."""

    __tablename__ = "revoked_tokens"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["api_clients.tenant_id", "api_clients.id"],
            ondelete="CASCADE",
        ),
        Index("ix_revoked_tokens_client_id", "tenant_id", "client_id"),
    )

    token_id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[uuid.UUID]
    expires_at: Mapped[datetime]
