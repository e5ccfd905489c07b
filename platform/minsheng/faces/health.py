"""Is the service alive, is it ready, and how is it doing: ``/healthz``, ``/readyz``, ``/metrics``.

The web server runs several processes, so a scrape meets any one of them. What describes the whole
installation (work waiting, last runs) is read from the database at each scrape and is the same in
every process. Request counters live in the processes; they add up over all of them when
``PROMETHEUS_MULTIPROC_DIR`` names a folder, as ``minsheng serve`` shall do for its children by
:func:`metrics_folder`, and are this process's own otherwise. Labels hold route templates, kinds
of work and plugin names: never a tenant, a person, an id or a path.
"""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from flask import Blueprint, Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from redis import Redis, RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from minsheng.audit import Tools
from minsheng.runtime.database import DatabaseNotConfigured
from minsheng.runtime.migrate import head
from minsheng.runtime.settings import Settings
from minsheng.runtime.work import list_waiting

OK, FAILED = "ok", "failed"
MULTIPROC = "PROMETHEUS_MULTIPROC_DIR"

_REDIS_SECONDS = 1.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OUTCOMES = text("select plugin, outcome, channels from plugin_outcomes()")
_REVISION = text("select version_num from alembic_version")
_log = structlog.get_logger(__name__)


def metrics_folder(home: Path) -> dict[str, str]:
    """An empty folder for the request counters, as the environment of the web processes.

    For the parent that starts them, before it does: the library reads the variable when it is
    imported, and files of an earlier run would be added up with this one's.
    """
    folder = home / "metrics"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob("*.db"):
        left.unlink()
    return {MULTIPROC: str(folder)}


def register_health(app: Flask, tools: Tools, settings: Settings) -> None:
    """Add the three addresses to ``app`` and count every request it answers."""
    blueprint = Blueprint("health", __name__)
    counters = _Counters.make()
    newest = head()

    @blueprint.get("/healthz")
    def alive() -> ResponseReturnValue:
        return jsonify(status=OK)

    @blueprint.get("/readyz")
    def ready() -> ResponseReturnValue:
        parts = {
            "database": _database(tools, newest),
            "redis": _redis(settings.text("MINSHENG_REDIS_URL")),
        }
        # The bell may be silent, the sweep does its work; without the database nothing does.
        usable = parts["database"] == OK
        return jsonify(status=OK if usable else FAILED, parts=parts), 200 if usable else 503

    @blueprint.get("/metrics")
    def metrics() -> ResponseReturnValue:
        shown = generate_latest(counters.shown()) + generate_latest(_database_registry(tools))
        return Response(shown, content_type=CONTENT_TYPE_PLAIN_0_0_4)

    @blueprint.after_request
    def fresh(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    app.register_blueprint(blueprint)
    app.before_request(_start)
    app.after_request(counters.count)


@dataclass(frozen=True, slots=True)
class _Counters:
    """The request counters of one app, in a registry of their own."""

    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram

    @classmethod
    def make(cls) -> "_Counters":
        registry = CollectorRegistry()
        requests = Counter(
            "minsheng_requests",
            "Requests answered, by route template and status.",
            ("method", "route", "status"),
            registry=registry,
        )
        seconds = Histogram(
            "minsheng_request_seconds",
            "Time to answer, by route template.",
            ("route",),
            registry=registry,
        )
        return cls(registry, requests, seconds)

    def shown(self) -> CollectorRegistry:
        """What a scrape sees: all processes' counters if they share a folder, else our own."""
        if MULTIPROC not in os.environ:
            return self.registry
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        return everyone

    def count(self, response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unmatched"
        method = request.method if request.method in _METHODS else "OTHER"
        took = time.perf_counter() - g.get("started", time.perf_counter())
        self.requests.labels(method, route, response.status_code).inc()
        self.seconds.labels(route).observe(took)
        _log.info(
            "request",
            method=method,
            route=route,
            status=response.status_code,
            ms=round(took * 1000, 1),
        )
        return response


class _DatabaseCollector(Collector):
    """What the database knows of the whole installation, read anew at each scrape."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def collect(self) -> Iterable[Metric]:
        readable = GaugeMetricFamily(
            "minsheng_metrics_readable",
            "Whether the figures of a source could be read at this scrape.",
            labels=["source"],
        )
        for source, read in (("work", self._work), ("runs", self._runs)):
            families: list[Metric] = []
            with suppress(SQLAlchemyError, DatabaseNotConfigured):
                families = list(read())
            readable.add_metric([source], float(bool(families)))
            yield from families
        yield readable

    def _work(self) -> Iterator[Metric]:
        now = self._tools.clock.now()
        waiting = GaugeMetricFamily(
            "minsheng_work_waiting", "Work rows that are due and unclaimed.", labels=["kind"]
        )
        oldest = GaugeMetricFamily(
            "minsheng_work_oldest_seconds",
            "How long the oldest due work row has waited.",
            labels=["kind"],
        )
        with self._tools.database.work_session() as session:
            offices = list_waiting(session, now)
        for kind in sorted({row.kind for row in offices}):
            mine = [row for row in offices if row.kind == kind]
            since = min(row.since for row in mine)
            waiting.add_metric([kind], sum(row.waiting for row in mine))
            oldest.add_metric([kind], (now - since).total_seconds())
        yield waiting
        yield oldest

    def _runs(self) -> Iterator[Metric]:
        runs = GaugeMetricFamily(
            "minsheng_channels_last_outcome",
            "Channels by their plugin and the outcome of their last run.",
            labels=["plugin", "outcome"],
        )
        with self._tools.database.public_session() as session:
            for row in session.execute(_OUTCOMES):
                runs.add_metric([row.plugin, row.outcome], row.channels)
        yield runs


def _database_registry(tools: Tools) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(_DatabaseCollector(tools))
    return registry


def _database(tools: Tools, newest: str) -> str:
    """Whether the service's own login reaches a database that stands at this code's revision."""
    try:
        with tools.database.public_session() as session:
            stands_at = session.scalar(_REVISION)
    except SQLAlchemyError as error:
        _log.warning("not ready", part="database", error=error)
        return FAILED
    return OK if stands_at == newest else FAILED


def _redis(url: str) -> str:
    """Whether the bell answers within a second."""
    if not url:
        return FAILED
    try:
        with Redis.from_url(
            url, socket_connect_timeout=_REDIS_SECONDS, socket_timeout=_REDIS_SECONDS
        ) as bell:
            bell.ping()
    except (RedisError, ValueError) as error:
        _log.warning("not ready", part="redis", error=error)
        return FAILED
    return OK


def _start() -> None:
    g.started = time.perf_counter()
