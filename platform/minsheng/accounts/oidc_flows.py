"""Logins that are under way at a provider: one row each, bound to one browser, used once."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from minsheng.accounts.models import LoginFlow
from minsheng.audit import Tools
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of

LIFE = timedelta(minutes=10)
"""How long a person may take at the provider. Our figure."""

_PLACE = "login_flows.verifier"


@dataclass(frozen=True, slots=True)
class Flow:
    """A login under way. ``state`` travels by the address, ``browser`` stays in a cookie."""

    provider_id: uuid.UUID
    nonce: str
    verifier: str = field(repr=False)
    next_path: str
    started_at: datetime
    state: str = field(default="", repr=False)
    browser: str = field(default="", repr=False)


def start_flow(session: Session, tools: Tools, provider_id: uuid.UUID, next_path: str) -> Flow:
    """Begin a login at a provider of the session's office; the office's old ones are swept."""
    now = tools.clock.now()
    session.execute(delete(LoginFlow).where(LoginFlow.started_at <= now - LIFE))
    flow = Flow(
        provider_id,
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        next_path=next_path,
        started_at=now,
        state=secrets.token_urlsafe(32),
        browser=secrets.token_urlsafe(32),
    )
    row_id = new_id()
    cipher = tools.keyring.cipher(tenant_of(session))
    session.add(
        LoginFlow(
            id=row_id,
            provider_id=provider_id,
            state_hash=_digest(flow.state),
            browser_hash=_digest(flow.browser),
            nonce=flow.nonce,
            verifier=cipher.seal(_PLACE, row_id, flow.verifier),
            next_path=next_path,
            started_at=now,
        )
    )
    return flow


def take_flow(session: Session, tools: Tools, state: str, browser: str) -> Flow | None:
    """The login of a state and browser, gone from the table; none when there is none or it is old.

    Commit at once: whoever comes a second time, be it at the same moment, finds nothing.
    """
    row = session.execute(
        delete(LoginFlow)
        .where(LoginFlow.state_hash == _digest(state))
        .where(LoginFlow.browser_hash == _digest(browser))
        .where(LoginFlow.started_at > tools.clock.now() - LIFE)
        .returning(
            LoginFlow.id,
            LoginFlow.provider_id,
            LoginFlow.nonce,
            LoginFlow.verifier,
            LoginFlow.next_path,
            LoginFlow.started_at,
        )
    ).one_or_none()
    if row is None:
        return None
    cipher = tools.keyring.cipher(tenant_of(session))
    verifier = cipher.open_text(_PLACE, row.id, row.verifier)
    return Flow(row.provider_id, row.nonce, verifier, row.next_path, row.started_at)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()
