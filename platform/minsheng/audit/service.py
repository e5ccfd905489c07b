"""The one audit call."""

import hashlib
import hmac
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from minsheng.audit.models import AuditEntry
from minsheng.runtime.clock import Clock
from minsheng.runtime.database import insert_rows
from minsheng.runtime.ids import new_id
from minsheng_tenants import tenant_of


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user, an API client, a channel or the service itself, and from where.

    ``name`` is an account or client name, never a citizen's; ``origin`` a network address.
    """

    kind: str
    name: str
    origin: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


SYSTEM = Actor("system", "minsheng")


class Auditor:
    """Writes entries in the caller's transaction."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        """``key`` seals each entry; it lies outside the database."""
        self._key = key
        self._clock = clock

    def record(
        self,
        session: Session,
        actor: Actor,
        action: str,
        object_kind: str,
        *object_ids: uuid.UUID | str | int,
        result: str = "ok",
        tenant_id: int = 0,
    ) -> None:
        """Write one entry for each object in the transaction that changes it.

        ``tenant_id`` names the office where the session has none of its own.
        """
        office = tenant_id or tenant_of(session)
        rows = [
            self._row(office, actor, action, object_kind, str(object_id), result)
            for object_id in object_ids
        ]
        insert_rows(session, AuditEntry, rows)

    def _row(
        self, tenant_id: int, actor: Actor, action: str, kind: str, object_id: str, result: str
    ) -> dict[str, object]:
        entry_id, at = new_id(), self._clock.now()
        said = (str(actor), action, kind, object_id, result, actor.origin)
        return {
            "tenant_id": tenant_id,
            "id": entry_id,
            "at": at,
            "actor": str(actor),
            "action": action,
            "object_kind": kind,
            "object_id": object_id,
            "result": result,
            "origin": actor.origin,
            "seal": entry_seal(self._key, tenant_id, entry_id, at, said),
        }


def entry_seal(
    key: bytes, tenant_id: int, entry_id: uuid.UUID, at: datetime, said: Sequence[str]
) -> bytes:
    """HMAC-SHA-256 over the canonical JSON of the entry (``said``: its text columns in order)."""
    body = json.dumps([tenant_id, str(entry_id), at.timestamp(), *said], ensure_ascii=False)
    return hmac.new(key, body.encode(), hashlib.sha256).digest()
