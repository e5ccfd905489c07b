"""Keeps the promise of :mod:`minsheng.accounts.tidying`: forgets what has ended in an office."""

from collections.abc import Sequence

from sqlalchemy import text

from minsheng.accounts.client_care import sweep_clients
from minsheng.accounts.client_tries import sweep_tries
from minsheng.accounts.sessions import SessionLimits, sweep_sessions
from minsheng.accounts.tidying import EVERY
from minsheng.audit import Tools
from minsheng.runtime.work import Claim, finish_work, put_off

_LEFT = text("""
    select exists (select from login_sessions where tenant_id = :tenant)
        or exists (select from revoked_tokens where tenant_id = :tenant)
        or exists (select from guesses where tenant_id = :tenant)
        or exists (select from api_clients
                   where tenant_id = :tenant and previous_until is not null)
""")


class Tidier:
    """The handler of the kind of work ``tidy``."""

    def __init__(self, tools: Tools, limits: SessionLimits) -> None:
        """``limits`` say when a login session is over."""
        self._tools = tools
        self._limits = limits

    def work(self, claims: Sequence[Claim]) -> None:
        """Sweep each office in a transaction of its own; come again while something will end."""
        for claim in claims:
            self._tidy(claim)

    def _tidy(self, claim: Claim) -> None:
        now = self._tools.clock.now()
        with self._tools.database.session(claim.tenant_id) as session:
            sweep_sessions(session, self._tools, self._limits)
            sweep_clients(session, self._tools)
            sweep_tries(session, self._tools)
            if session.scalar(_LEFT, {"tenant": claim.tenant_id}):
                put_off(session, claim, now + EVERY, attempt=0)
            else:
                finish_work(session, [claim])
