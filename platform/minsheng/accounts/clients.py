"""API clients: machines that use the API of one office.

A client id is ``{tenant_id}-{uuid}``: the office is known before anything is asked of the
database. The secret is 256 random bits, so a plain SHA-256 of it is enough (no dictionary holds
it), and it is shown once.
"""

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from minsheng.accounts.errors import (
    AccountExists,
    AccountInvalid,
    AccountNotFound,
    ClientRefused,
)
from minsheng.accounts.models import ApiClient
from minsheng.accounts.scopes import join_scopes
from minsheng.accounts.users import ACTIVE, OFF
from minsheng.audit import Actor, Tools
from minsheng.runtime.ids import new_id
from minsheng_tenants import Tenant, tenant_of

_CLIENT_ID = re.compile(r"([1-9]\d{0,9})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_LARGEST_TENANT = 2**31 - 1
_NOBODYS_HASH = hashlib.sha256(b"nobody's secret").digest()


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client just made; its secret is stored nowhere."""

    client_id: str
    secret: str = field(repr=False)


def create_client(
    session: Session, tools: Tools, actor: Actor, name: str, scopes: Iterable[str]
) -> NewClient:
    """Add a client to the session's office; raises AccountInvalid or AccountExists."""
    if not name.strip() or len(name) > 50 or not name.isprintable():
        message = "a client needs a name of 1 to 50 printable characters"
        raise AccountInvalid("name", message)
    secret = secrets.token_urlsafe(32)
    client = ApiClient(
        id=new_id(),
        name=name.strip(),
        secret_hash=_digest(secret),
        scopes=join_scopes(scopes),
        status=ACTIVE,
        created_at=tools.clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(client)
    except IntegrityError as error:
        message = f"a client {name.strip()!r} exists already: choose another name"
        raise AccountExists("name", message) from error
    tools.auditor.record(session, actor, "client.create", "client", client.id, result=client.scopes)
    return NewClient(client_id_of(tenant_of(session), client.id), secret)


def check_client(
    session: Session, tools: Tools, client_id: str, secret: str, origin: str
) -> ApiClient:
    """The client of the session's office whose id and secret these are; raises ClientRefused."""
    tenant_id, row_id = _parts(client_id)
    if tenant_id != tenant_of(session):
        raise ClientRefused
    client = session.scalar(
        select(ApiClient)
        .join(Tenant, Tenant.id == ApiClient.tenant_id)
        .where(ApiClient.id == row_id, ApiClient.status == ACTIVE, Tenant.status == ACTIVE)
    )
    stored = client.secret_hash if client else _NOBODYS_HASH
    fits = hmac.compare_digest(stored, _digest(secret))
    if client is None or not fits:
        _record_refusal(tools, tenant_id, row_id, origin)
        raise ClientRefused
    actor = Actor("client", client_id, origin)
    tools.auditor.record(session, actor, "client.login", "client", client.id)
    return client


def turn_off_client(session: Session, tools: Tools, actor: Actor, client_id: str) -> None:
    """Give a client no more tokens; those it holds end by themselves (MINSHENG_TOKEN_SECONDS)."""
    try:
        _tenant, row_id = _parts(client_id)
    except ClientRefused as error:
        raise AccountNotFound from error
    client = session.scalar(select(ApiClient).where(ApiClient.id == row_id))
    if client is None:
        raise AccountNotFound
    client.status = OFF
    tools.auditor.record(session, actor, "client.turn_off", "client", client.id)


def client_id_of(tenant_id: int, row_id: uuid.UUID) -> str:
    """The id by which a client names itself."""
    return f"{tenant_id}-{row_id}"


def tenant_of_client(client_id: str) -> int:
    """The office in front of a client id; raises ClientRefused when it has not the form of one."""
    return _parts(client_id)[0]


def _parts(client_id: str) -> tuple[int, uuid.UUID]:
    form = _CLIENT_ID.fullmatch(client_id)
    if form is None or int(form.group(1)) > _LARGEST_TENANT:
        raise ClientRefused
    return int(form.group(1)), uuid.UUID(form.group(2))


def _record_refusal(tools: Tools, tenant_id: int, row_id: uuid.UUID, origin: str) -> None:
    """Keep the refusal in a transaction of its own; for an office that is none there is no book."""
    with tools.database.session(tenant_id) as session:
        if session.scalar(select(Tenant.id).where(Tenant.id == tenant_id)) is None:
            return
        known = session.scalar(select(ApiClient.id).where(ApiClient.id == row_id))
        actor = Actor("client", client_id_of(tenant_id, row_id) if known else "unknown", origin)
        tools.auditor.record(
            session, actor, "client.login", "client", known or "unknown", result="refused"
        )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()
