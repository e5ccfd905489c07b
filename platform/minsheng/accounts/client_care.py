"""What happens to an API client after it was asked for: agreed, rotated, called back, turned off.

A client that people ask for stands as ``asked`` until another person, with ``clients.decide``, has
agreed; a constraint of the database holds that the two differ. Turning off or calling back is dead
in every process within a second, see :mod:`minsheng.accounts.client_gate`.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from minsheng.accounts.clients import (
    ASKED,
    NewClient,
    digest_of,
    find_client,
    new_secret,
    parts_of,
)
from minsheng.accounts.errors import AccountInvalid, ClientNotWaiting, ClientOff, OwnClient
from minsheng.accounts.models import ApiClient, RevokedToken
from minsheng.accounts.scopes import join_scopes, split_scopes
from minsheng.accounts.tidying import plan_tidying
from minsheng.accounts.tokens import TokenClaims
from minsheng.accounts.users import ACTIVE, OFF
from minsheng.audit import Actor, Tools
from minsheng_tenants import tenant_of

MOST_REVOKED = 1000
"""Living tokens that a client may call back one by one; the next call ends all it has, so that
the list every process reads once a second stays short. The figure is ours."""


# One step back a client on the index of objects, however often it has come.
_LAST_LOGINS = text("""
    select wanted.object_id, e.at, e.result
    from unnest(cast(:ids as text[])) as wanted(object_id), lateral (
        select at, result from audit_entries
        where tenant_id = :tenant and object_id = wanted.object_id
            and action = 'client.login' and result like 'ok%'
        order by id desc limit 1) e
""")


@dataclass(frozen=True, slots=True)
class LastLogin:
    """When a client last fetched a token, and whether still by the secret that was replaced."""

    at: datetime
    by_previous: bool


def decide_client(
    session: Session, tools: Tools, actor: Actor, client_id: str, *, granted: bool
) -> ApiClient:
    """Let a client in that somebody else asked for, or turn it off for good.

    Raises AccountNotFound, ClientNotWaiting, or OwnClient for the one who asked.
    """
    client = find_client(session, client_id, lock=True)
    if client.status != ASKED:
        raise ClientNotWaiting
    if client.asked_by == str(actor):
        raise OwnClient
    client.status = ACTIVE if granted else OFF
    client.decided_by = str(actor)
    said = f"{'granted' if granted else 'refused'}: {client.scopes}"
    tools.auditor.record(session, actor, "client.decide", "client", client.id, result=said)
    return client


def rotate_secret(
    session: Session, tools: Tools, actor: Actor, client_id: str, keep: timedelta
) -> NewClient:
    """Give a client a new secret; the one it had holds ``keep`` longer, an older one ends now.

    Raises AccountNotFound or ClientOff.
    """
    client = _living(session, client_id)
    secret = new_secret()
    client.previous_hash = client.secret_hash
    client.previous_until = tools.clock.now() + keep
    client.secret_hash = digest_of(secret)
    tools.auditor.record(session, actor, "client.rotate", "client", client.id)
    plan_tidying(session, tools)
    return NewClient(client_id, secret)


def drop_previous(session: Session, tools: Tools, actor: Actor, client_id: str) -> ApiClient:
    """End the secret before this one now; raises AccountNotFound or ClientOff."""
    client = _living(session, client_id)
    client.previous_hash = client.previous_until = None
    tools.auditor.record(session, actor, "client.drop_previous", "client", client.id)
    return client


def narrow_scopes(
    session: Session, tools: Tools, actor: Actor, client_id: str, scopes: set[str]
) -> ApiClient:
    """Leave a client only these of its scopes, in force for the tokens it has too.

    More scopes need a new client that two people agree on. Raises AccountNotFound, ClientOff, or
    AccountInvalid for a scope that the client does not hold.
    """
    client = _living(session, client_id)
    if not scopes <= split_scopes(client.scopes):
        message = "a client's scopes only get fewer: ask for a new client that holds more"
        raise AccountInvalid("scopes", message)
    client.scopes = join_scopes(scopes)
    tools.auditor.record(session, actor, "client.narrow", "client", client.id, result=client.scopes)
    return client


def turn_off_client(session: Session, tools: Tools, actor: Actor, client_id: str) -> ApiClient:
    """Let a client in no more; its tokens are void. Raises AccountNotFound."""
    client = find_client(session, client_id, lock=True)
    client.status = OFF
    client.previous_hash = client.previous_until = None
    tools.auditor.record(session, actor, "client.turn_off", "client", client.id)
    return client


def revoke_all(session: Session, tools: Tools, actor: Actor, client_id: str) -> ApiClient:
    """Void every token that a client has been given so far; raises AccountNotFound."""
    client = find_client(session, client_id, lock=True)
    client.tokens_from = tools.clock.now()
    session.execute(delete(RevokedToken).where(RevokedToken.client_id == client.id))
    tools.auditor.record(session, actor, "client.revoke_all", "client", client.id)
    return client


def revoke_token(session: Session, tools: Tools, actor: Actor, claims: TokenClaims) -> None:
    """Void one living token of a client of the session's office; once more is no error."""
    row_id = parts_of(claims.client_id)[1]
    row = {"token_id": claims.token_id, "client_id": row_id, "expires_at": claims.expires_at}
    statement = insert(RevokedToken).values(tenant_id=claims.tenant_id, **row)
    kept = session.scalar(statement.on_conflict_do_nothing().returning(RevokedToken.token_id))
    if kept is None:
        return
    tools.auditor.record(session, actor, "token.revoke", "token", claims.token_id)
    mine = select(func.count()).where(RevokedToken.client_id == row_id)
    if (session.scalar(mine) or 0) > MOST_REVOKED:
        revoke_all(session, tools, actor, claims.client_id)
    plan_tidying(session, tools)


def sweep_clients(session: Session, tools: Tools) -> int:
    """Forget revoked tokens and replaced secrets that have ended; how many there were."""
    now = tools.clock.now()
    ended = session.scalars(
        delete(RevokedToken).where(RevokedToken.expires_at <= now).returning(RevokedToken.token_id)
    ).all()
    replaced = session.scalars(
        update(ApiClient)
        .where(ApiClient.previous_until <= now)
        .values(previous_hash=None, previous_until=None)
        .returning(ApiClient.id)
    ).all()
    return len(ended) + len(replaced)


def last_logins(session: Session, client_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, LastLogin]:
    """When each client last fetched a token, from the audit trail; none that never has."""
    values = {"tenant": tenant_of(session), "ids": [str(each) for each in client_ids]}
    return {
        uuid.UUID(row.object_id): LastLogin(row.at, by_previous=row.result != "ok")
        for row in session.execute(_LAST_LOGINS, values)
    }


def _living(session: Session, client_id: str) -> ApiClient:
    client = find_client(session, client_id, lock=True)
    if client.status == OFF:
        raise ClientOff
    return client
