"""The timer that rings again for rows that nobody finished (DESIGN invariant 3)."""

import threading

import structlog
from sqlalchemy.exc import OperationalError

from minsheng.runtime.bell import Bell
from minsheng.runtime.clock import Clock
from minsheng.runtime.database import Database
from minsheng.runtime.work import list_waiting

_log = structlog.get_logger(__name__)


def sweep(database: Database, bell: Bell, clock: Clock) -> int:
    """Ring for everything that is due; returns how many bells were rung."""
    with database.work_session() as session:
        waiting = list_waiting(session, clock.now())
    bell.sweep_registries()
    bell.ring((row.tenant_id, row.kind) for row in waiting)
    return len(waiting)


def sweep_until(
    stop: threading.Event, database: Database, bell: Bell, clock: Clock, seconds: float
) -> None:
    """Sweep every ``seconds`` until ``stop`` is set; a database that is away is waited for.

    A worker edge: whatever a sweep trips over, the next one comes, since a timer that ended unseen
    would leave work lying for ever.
    """
    while not stop.is_set():
        try:
            sweep(database, bell, clock)
        except OperationalError as error:
            _log.warning("sweep.database_away", error=type(error.orig).__name__)
        except Exception as error:  # noqa: BLE001  the worker edge
            _log.error("sweep.failed", exc_info=error)
        stop.wait(seconds)
