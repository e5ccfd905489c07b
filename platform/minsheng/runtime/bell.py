"""rq as the bell: a job says "there is work of this kind in this office" and nothing else.

A job holds an office's number and a kind, never data; who hears it claims up to a hundred due rows
from the work table. Rings for the same office and kind are folded into one by a key that lives at
most as long as the sweep's interval, so losing Redis, a job or a ring costs two sweeps at most.
Each worker process listens on one queue only, because rq loses a job that is popped from one of
several queues by a worker that dies (rq 3.0: BLPOP instead of LMOVE).
"""

from collections.abc import Iterable, Mapping

import structlog
from redis import Redis, RedisError
from rq import Queue
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from minsheng.runtime.failpoints import failpoint

ANSWER = "minsheng.faces.jobs.answer"
"""The function a job names; it lives where kinds of work are wired to their handlers."""

_KEEP_FAILED = 3600
_log = structlog.get_logger(__name__)


class Bell:
    """Rings for offices and kinds of work; a bell that does not sound is never an error."""

    def __init__(self, redis: Redis, queues: Mapping[str, str], fold_seconds: int) -> None:
        """``queues`` maps a kind of work to the queue on which its workers listen."""
        self._redis = redis
        self._queues = queues
        self._fold = fold_seconds

    @property
    def redis(self) -> Redis:
        """The connection the bell hangs on."""
        return self._redis

    def queue(self, name: str) -> Queue:
        """One rq queue, with JSON in place of pickle."""
        return Queue(name, connection=self._redis, serializer=JSONSerializer)

    def queue_of(self, kind: str) -> str:
        """The name of the queue a kind of work is rung on; KeyError for a kind nobody wired."""
        return self._queues[kind]

    def ring(self, bells: Iterable[tuple[int, str]]) -> None:
        """Ring once for each office and kind; when Redis is away the sweep rings later."""
        for tenant_id, kind in bells:
            try:
                failpoint("bell.before_ring")
                self._ring_once(tenant_id, kind)
                failpoint("bell.after_ring")
            except RedisError as error:
                _log.warning("bell.silent", kind=kind, error=type(error).__name__)

    def heard(self, tenant_id: int, kind: str) -> None:
        """Unfold: rings from now on count anew. Called before the rows are claimed."""
        try:
            self._redis.delete(self._key(tenant_id, kind))
        except RedisError as error:
            _log.warning("bell.silent", kind=kind, error=type(error).__name__)

    def sweep_registries(self) -> None:
        """Let rq forget jobs whose worker died; their rows are rung for again by the sweep."""
        try:
            for name in set(self._queues.values()):
                StartedJobRegistry(queue=self.queue(name)).cleanup()
        except RedisError as error:
            _log.warning("bell.silent", kind="registries", error=type(error).__name__)

    def _ring_once(self, tenant_id: int, kind: str) -> None:
        if kind not in self._queues:
            _log.warning("bell.unwired", kind=kind)
            return
        if not self._redis.set(self._key(tenant_id, kind), 1, nx=True, ex=self._fold):
            return
        queue = self.queue(self.queue_of(kind))
        queue.enqueue(
            ANSWER, args=(tenant_id, kind), result_ttl=0, failure_ttl=_KEEP_FAILED, job_timeout=-1
        )

    def _key(self, tenant_id: int, kind: str) -> str:
        # The queue's name keeps two installations on one Redis from folding each other's rings.
        return f"minsheng:bell:{self.queue_of(kind)}:{tenant_id}:{kind}"
