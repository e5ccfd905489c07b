"""May this access token come in now? Asked at every request of a machine.

A token proves itself, but its client may have been turned off since, lost a scope, or called the
token back. So each process reads a client's standing once a second at most, by one indexed query,
and believes it no longer than that: what is ended is dead in every process within a second.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import text

from minsheng.accounts.clients import parts_of
from minsheng.accounts.errors import TokenRefused
from minsheng.accounts.scopes import split_scopes
from minsheng.accounts.tokens import TokenClaims, read_token
from minsheng.accounts.users import ACTIVE
from minsheng.audit import Tools

BELIEVED = timedelta(seconds=1)
"""How long a client's standing is believed without looking again."""
KEPT = 10_000
"""Clients whose standing a process keeps; the one read longest ago makes room."""

_LOCKS = 64
_STANDING = text("""
    select c.status as client, t.status as office, c.tokens_from, c.scopes, array(
        select r.token_id from revoked_tokens r
        where r.tenant_id = c.tenant_id and r.client_id = c.id and r.expires_at > :now) as revoked
    from api_clients c join tenants t on t.id = c.tenant_id
    where c.tenant_id = :tenant and c.id = :id
""")


@dataclass(frozen=True, slots=True)
class _Standing:
    """A client as it stood at a moment; tokens up to ``tokens_from`` are void."""

    at: datetime
    active: bool = False
    tokens_from: datetime | None = None
    scopes: frozenset[str] = frozenset()
    revoked: frozenset[str] = frozenset()


class ClientGate:
    """The gate of one process; its threads share what it knows."""

    def __init__(self, tools: Tools, kept: int = KEPT) -> None:
        """``kept`` bounds the memory."""
        self._tools = tools
        self._kept = kept
        self._standings: dict[str, _Standing] = {}
        self._guard = Lock()
        self._locks = tuple(Lock() for _ in range(_LOCKS))

    def admit(self, token: str) -> TokenClaims:
        """What a token says, its scopes cut to those the client still holds.

        Raises TokenRefused for a token that is not ours, not valid, or not any more.
        """
        claims = read_token(self._tools, token)
        standing = self._standing(claims)
        if not standing.active:
            raise TokenRefused("client")
        if standing.tokens_from is not None and claims.issued_at <= standing.tokens_from:
            raise TokenRefused("called back")
        if claims.token_id in standing.revoked:
            raise TokenRefused("revoked")
        return replace(claims, scopes=claims.scopes & standing.scopes)

    def forget(self, client_id: str) -> None:
        """Look again at this client's next request: it was changed by this process."""
        with self._guard:
            self._standings.pop(client_id, None)

    def _standing(self, claims: TokenClaims) -> _Standing:
        found = self._fresh(claims.client_id)
        if found is not None:
            return found
        # One reader a client: a crowd of requests in the same moment asks the database once.
        with self._locks[hash(claims.client_id) % _LOCKS]:
            return self._fresh(claims.client_id) or self._read(claims)

    def _fresh(self, client_id: str) -> _Standing | None:
        found = self._standings.get(client_id)
        if found is None:
            return None
        # An age below nothing means that the clock was set back: nothing is believed then.
        age = self._tools.clock.now() - found.at
        return found if timedelta(0) <= age < BELIEVED else None

    def _read(self, claims: TokenClaims) -> _Standing:
        # The moment before the query: what was committed after it is seen a second later at most.
        at = self._tools.clock.now()
        values = {"tenant": claims.tenant_id, "id": parts_of(claims.client_id)[1], "now": at}
        with self._tools.database.session(claims.tenant_id) as session:
            row = session.execute(_STANDING, values).one_or_none()
        standing = _Standing(at)
        if row is not None:
            standing = _Standing(
                at,
                active=row.client == ACTIVE and row.office == ACTIVE,
                tokens_from=row.tokens_from,
                scopes=split_scopes(row.scopes),
                revoked=frozenset(row.revoked),
            )
        self._keep(claims.client_id, standing)
        return standing

    def _keep(self, client_id: str, standing: _Standing) -> None:
        with self._guard:
            self._standings.pop(client_id, None)
            while len(self._standings) >= self._kept:
                del self._standings[next(iter(self._standings))]
            self._standings[client_id] = standing
