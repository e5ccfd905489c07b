"""Wrong secrets of API clients, counted by address and by client.

A secret has 256 random bits, so nobody guesses one; what is limited is the work and the audit
entries that somebody can cause. So tries are counted when they have failed: a client that fetches
many tokens at once never stands in its own way, and a crowd of tries in the same moment passes
the limit by as many as are under way. The figures are ours.
"""

import uuid
from datetime import timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from minsheng.accounts.guesses import WINDOW, Subject, address_subject, count_tries
from minsheng.accounts.models import Guess
from minsheng.accounts.tidying import plan_tidying
from minsheng.audit import Tools

ADDRESS, CLIENT = "client-address", "client"
ADDRESS_TRIES = 30
"""Wrong secrets from one network address in one office and window."""
CLIENT_TRIES = 100
"""Wrong secrets for one client in one window, after which an address that has failed before is
refused; one that has not may still try, so that nobody can lock a client out from elsewhere."""
_KEPT = timedelta(days=1)


def is_barred(
    session: Session, tools: Tools, tenant_id: int, row_id: uuid.UUID, origin: str
) -> bool:
    """Whether a try is refused whatever its secret; whoever cannot be counted is not let in."""
    subjects = [_address(tools, tenant_id, origin), _client(row_id)]
    rows = session.execute(
        select(Guess.kind, Guess.tries)
        .where(tuple_(Guess.kind, Guess.subject).in_(subjects))
        .where(Guess.since > tools.clock.now() - WINDOW)
    )
    tries: dict[str, int] = {row.kind: row.tries for row in rows}
    here = tries.get(ADDRESS, 0)
    return here >= ADDRESS_TRIES or (here > 0 and tries.get(CLIENT, 0) >= CLIENT_TRIES)


def count_failure(
    session: Session, tools: Tools, tenant_id: int, row_id: uuid.UUID | None, origin: str
) -> None:
    """Count a wrong secret; ``row_id`` is empty for a client that is none."""
    subjects = [_address(tools, tenant_id, origin)]
    if row_id is not None:
        subjects.append(_client(row_id))
    count_tries(session, tools.clock.now(), subjects)
    plan_tidying(session, tools)


def sweep_tries(session: Session, tools: Tools) -> None:
    """Forget counts whose window ended long ago, of every kind."""
    session.execute(delete(Guess).where(Guess.since <= tools.clock.now() - _KEPT))


def _address(tools: Tools, tenant_id: int, origin: str) -> Subject:
    return ADDRESS, address_subject(tools, tenant_id, origin)[1]


def _client(row_id: uuid.UUID) -> Subject:
    return CLIENT, row_id.bytes
