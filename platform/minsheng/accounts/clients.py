"""API clients: machines that use the API of one office.

A client id is ``{tenant_id}-{uuid}``: the office is known before anything is asked of the
database. The secret is 256 random bits, so a plain SHA-256 of it is enough (no dictionary holds
it), and it is shown once. What happens to a client later stands in
:mod:`minsheng.accounts.client_care`.
"""

import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from minsheng.accounts.client_tries import count_failure, is_barred
from minsheng.accounts.errors import (
    AccountExists,
    AccountInvalid,
    AccountNotFound,
    ClientRefused,
)
from minsheng.accounts.models import ApiClient
from minsheng.accounts.scopes import join_scopes
from minsheng.accounts.users import ACTIVE
from minsheng.audit import Actor, Tools
from minsheng.runtime.ids import new_id
from minsheng_tenants import Tenant, tenant_of

ASKED = "asked"

_CLIENT_ID = re.compile(r"([1-9]\d{0,9})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_LARGEST_TENANT = 2**31 - 1
_NOBODYS_HASH = hashlib.sha256(b"nobody's secret").digest()


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client with a secret just made, which is stored nowhere."""

    client_id: str
    secret: str = field(repr=False)


def create_client(
    session: Session, tools: Tools, actor: Actor, name: str, scopes: Iterable[str]
) -> NewClient:
    """Add a client that may come in at once: the operator's way.

    Raises AccountInvalid or AccountExists.
    """
    made, client = _add_client(session, tools, actor, name, scopes, ACTIVE)
    tools.auditor.record(session, actor, "client.create", "client", client.id, result=client.scopes)
    return made


def ask_client(
    session: Session, tools: Tools, actor: Actor, name: str, scopes: Iterable[str]
) -> NewClient:
    """Ask for a client; its secret opens nothing until another person has agreed.

    Raises AccountInvalid or AccountExists.
    """
    made, client = _add_client(session, tools, actor, name, scopes, ASKED)
    tools.auditor.record(session, actor, "client.ask", "client", client.id, result=client.scopes)
    return made


def check_client(
    session: Session, tools: Tools, client_id: str, secret: str, origin: str
) -> ApiClient:
    """The client that logs in by its id and secret; raises ClientRefused."""
    client, by_previous = _proven(session, tools, client_id, secret, origin)
    said = "ok: previous secret" if by_previous else "ok"
    actor = Actor("client", client_id, origin)
    tools.auditor.record(session, actor, "client.login", "client", client.id, result=said)
    return client


def prove_client(
    session: Session, tools: Tools, client_id: str, secret: str, origin: str
) -> ApiClient:
    """The same for a client that wants no token: only a refusal is written down."""
    return _proven(session, tools, client_id, secret, origin)[0]


def find_client(session: Session, client_id: str, *, lock: bool = False) -> ApiClient:
    """The client of an id in the session's office; raises AccountNotFound.

    ``lock=True`` for who is about to change it.
    """
    try:
        tenant_id, row_id = parts_of(client_id)
    except ClientRefused as error:
        raise AccountNotFound from error
    wanted = select(ApiClient).where(ApiClient.id == row_id)
    client = session.scalar(wanted.with_for_update() if lock else wanted)
    if client is None or tenant_id != tenant_of(session):
        raise AccountNotFound
    return client


def list_clients(session: Session, limit: int = 200, after: str = "") -> Sequence[ApiClient]:
    """The office's clients by name; ``after`` is the last name of the page before."""
    return session.scalars(
        select(ApiClient).where(ApiClient.name > after).order_by(ApiClient.name).limit(limit)
    ).all()


def client_id_of(tenant_id: int, row_id: uuid.UUID) -> str:
    """The id by which a client names itself."""
    return f"{tenant_id}-{row_id}"


def tenant_of_client(client_id: str) -> int:
    """The office in front of a client id; raises ClientRefused when it has not the form of one."""
    return parts_of(client_id)[0]


def parts_of(client_id: str) -> tuple[int, uuid.UUID]:
    """The office and the row of a client id; raises ClientRefused for another form."""
    form = _CLIENT_ID.fullmatch(client_id)
    if form is None or int(form.group(1)) > _LARGEST_TENANT:
        raise ClientRefused
    return int(form.group(1)), uuid.UUID(form.group(2))


def new_secret() -> str:
    """256 random bits as 43 letters."""
    return secrets.token_urlsafe(32)


def digest_of(secret: str) -> bytes:
    """What of a secret is stored."""
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def _add_client(
    session: Session, tools: Tools, actor: Actor, name: str, scopes: Iterable[str], status: str
) -> tuple[NewClient, ApiClient]:
    if not name.strip() or len(name) > 50 or not name.isprintable():
        message = "a client needs a name of 1 to 50 printable characters"
        raise AccountInvalid("name", message)
    secret = new_secret()
    client = ApiClient(
        id=new_id(),
        name=name.strip(),
        secret_hash=digest_of(secret),
        scopes=join_scopes(scopes),
        asked_by=str(actor),
        status=status,
        created_at=tools.clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(client)
    except IntegrityError as error:
        message = f"a client {name.strip()!r} exists already: choose another name"
        raise AccountExists("name", message) from error
    return NewClient(client_id_of(tenant_of(session), client.id), secret), client


def _proven(
    session: Session, tools: Tools, client_id: str, secret: str, origin: str
) -> tuple[ApiClient, bool]:
    """The client whose secret this is, and whether it is the one that was replaced."""
    tenant_id, row_id = parts_of(client_id)
    if tenant_id != tenant_of(session):
        raise ClientRefused
    client = session.scalar(
        select(ApiClient)
        .join(Tenant, Tenant.id == ApiClient.tenant_id)
        .where(ApiClient.id == row_id, ApiClient.status == ACTIVE, Tenant.status == ACTIVE)
    )
    if is_barred(session, tools, tenant_id, row_id, origin):
        raise ClientRefused
    given = digest_of(secret)
    fits = hmac.compare_digest(client.secret_hash if client else _NOBODYS_HASH, given)
    fits_previous = hmac.compare_digest(_previous(client, tools), given)
    if client is None or not (fits or fits_previous):
        _record_refusal(tools, tenant_id, row_id, origin)
        raise ClientRefused
    return client, not fits


def _previous(client: ApiClient | None, tools: Tools) -> bytes:
    """The hash of the secret before this one, while it holds."""
    if client is None or client.previous_hash is None or client.previous_until is None:
        return _NOBODYS_HASH
    return client.previous_hash if tools.clock.now() < client.previous_until else _NOBODYS_HASH


def _record_refusal(tools: Tools, tenant_id: int, row_id: uuid.UUID, origin: str) -> None:
    """Count the refusal and keep it, in a transaction of its own.

    For an office that is none there is no book.
    """
    with tools.database.session(tenant_id) as session:
        if session.scalar(select(Tenant.id).where(Tenant.id == tenant_id)) is None:
            return
        known = session.scalar(select(ApiClient.id).where(ApiClient.id == row_id))
        actor = Actor("client", client_id_of(tenant_id, row_id) if known else "unknown", origin)
        tools.auditor.record(
            session, actor, "client.login", "client", known or "unknown", result="refused"
        )
        count_failure(session, tools, tenant_id, known, origin)
