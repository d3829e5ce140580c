"""Figures for Prometheus: a registry per app, so that two in one process do not mix theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from twin2multicloud import __version__
from twin2multicloud.app.api.observing import Seen
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.runs import Run
from twin2multicloud.app.events.delivery import Delivery
from twin2multicloud.app.optimizing.pool import Pool

_PREFIX: Final = "twin2multicloud"
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """What is counted as it happens, and what is looked up when somebody asks."""

    def __init__(self, looked: Collector) -> None:
        self._registry = CollectorRegistry()
        info = Gauge(f"{_PREFIX}_info", "This program.", ("version",), registry=self._registry)
        info.labels(__version__).set(1)
        labels = ("method", "route", "status")
        self._requests = Counter(
            f"{_PREFIX}_http_requests", "Requests that have ended.", labels, registry=self._registry
        )
        self._seconds = Histogram(
            f"{_PREFIX}_http_request_seconds",
            "Time of requests, streams left out.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        ProcessCollector(registry=self._registry)
        self._registry.register(looked)

    def observe(self, seen: Seen) -> None:
        """A request has ended."""
        self._requests.labels(seen.method, seen.route, str(seen.status)).inc()
        if not seen.stream:
            self._seconds.labels(seen.method, seen.route).observe(seen.seconds)

    def text(self) -> bytes:
        """All of them, in Prometheus's format."""
        return generate_latest(self._registry)


class BackendFigures(Collector):
    """Streams, connections to the database, runs."""

    def __init__(self, backend: Backend, delivery: Delivery) -> None:
        self._backend = backend
        self._delivery = delivery

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not ask the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        yield from self._streams()
        yield from self._pool()
        yield self._runs()

    def _streams(self) -> Iterator[Metric]:
        figures = self._delivery.figures
        yield GaugeMetricFamily(f"{_PREFIX}_streams_open", "Open streams of events.", self._delivery.watching)
        yield CounterMetricFamily(f"{_PREFIX}_events_read", "Events read from the log.", figures.read)
        yield CounterMetricFamily(f"{_PREFIX}_events_delivered", "Events given to streams.", figures.delivered)
        yield CounterMetricFamily(
            f"{_PREFIX}_events_caught_up", "Of these, read from the database for one stream.", figures.from_database
        )
        yield GaugeMetricFamily(
            f"{_PREFIX}_events_lag_seconds", "How old the newest event was when it was handed on.", figures.lag_s
        )
        ended = CounterMetricFamily(f"{_PREFIX}_streams_ended", "Streams that ended.", labels=("reason",))
        for reason, count in sorted(figures.ended.items()):
            ended.add_metric((reason,), count)
        yield ended

    def _pool(self) -> Iterator[Metric]:
        pool = self._backend.database.engine.pool
        assert isinstance(pool, QueuePool)
        found = GaugeMetricFamily(f"{_PREFIX}_database_connections", "Connections, by state.", labels=("state",))
        found.add_metric(("used",), pool.checkedout())
        found.add_metric(("idle",), pool.checkedin())
        yield found

    def _runs(self) -> Metric:
        found = GaugeMetricFamily(f"{_PREFIX}_runs", "Runs, by status.", labels=("status",))
        # While the database does not answer, the other figures are wanted most.
        with suppress(DBAPIError), self._backend.database.read() as session:
            for status, count in session.execute(select(Run.status, func.count()).group_by(Run.status)):
                found.add_metric((status,), count)
        return found


class PoolFigures(Collector):
    """Questions to the optimizer."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        yield GaugeMetricFamily(f"{_PREFIX}_questions", "Questions under way or waiting.", self._pool.asked)
