"""Answering the bell: claim due rows, hand them to their handler, strike them off.

A batch that fails is tried again row by row, so that one bad row holds up nobody; a row that fails
alone is put off with growing patience. This is the worker edge: the one place where any exception
of a handler is caught, because a handler's fault must never end the worker.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from minsheng.runtime.bell import Bell
from minsheng.runtime.clock import Clock
from minsheng.runtime.database import Database
from minsheng.runtime.failpoints import failpoint
from minsheng.runtime.work import BATCH, Claim, StaleClaim, claim_work, put_off

_log = structlog.get_logger(__name__)
_ROUNDS = 50
_PATIENCE = (5, 30, 120, 600, 3600)
"""Seconds before the next try of a failed row, by attempt; the last one repeats."""


@dataclass(frozen=True, slots=True)
class Handler:
    """What is done with claimed rows of a kind, and on which queue it is rung for.

    ``work`` opens its own transactions and finishes or puts off every claim it is given.
    ``batch`` is how many rows it takes at once.
    """

    work: Callable[[Sequence[Claim]], None]
    queue: str
    batch: int = BATCH


class Runner:
    """Answers the bell for the kinds of work that are wired."""

    def __init__(
        self,
        database: Database,
        bell: Bell,
        clock: Clock,
        handlers: Mapping[str, Handler],
        lease: timedelta,
    ) -> None:
        """``lease`` is how long a claim lasts without being held."""
        self._database = database
        self._bell = bell
        self._clock = clock
        self._handlers = handlers
        self._lease = lease

    def answer(self, tenant_id: int, kind: str) -> int:
        """Do what is due of a kind in an office; returns how many rows were claimed."""
        handler = self._handlers[kind]
        self._bell.heard(tenant_id, kind)
        done = 0
        for _ in range(_ROUNDS):
            claims = self._claim(tenant_id, kind, handler.batch)
            if not claims:
                return done
            failpoint("work.after_claim")
            done += len(claims)
            self._run(handler, claims)
        self._bell.ring([(tenant_id, kind)])
        return done

    def _claim(self, tenant_id: int, kind: str, limit: int) -> list[Claim]:
        now = self._clock.now()
        with self._database.session(tenant_id) as session:
            return claim_work(session, kind, now, self._lease, limit)

    def _run(self, handler: Handler, claims: Sequence[Claim]) -> None:
        try:
            handler.work(claims)
        except StaleClaim:
            _log.warning("work.stale", kind=claims[0].kind, rows=len(claims))
        except Exception as error:  # noqa: BLE001  the worker edge
            _log.error("work.failed", kind=claims[0].kind, rows=len(claims), exc_info=error)
            if len(claims) > 1:
                for claim in claims:
                    self._run(handler, [claim])
            else:
                self._put_off(claims[0], type(error).__name__)

    def _put_off(self, claim: Claim, trouble: str) -> None:
        patience = _PATIENCE[min(claim.attempt, len(_PATIENCE)) - 1]
        due_at = self._clock.now() + timedelta(seconds=patience)
        try:
            with self._database.session(claim.tenant_id) as session:
                put_off(session, claim, due_at, trouble)
        except StaleClaim:
            _log.warning("work.stale", kind=claim.kind, rows=1)
