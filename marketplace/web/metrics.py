"""Prometheus metrics by route template, and the view that shows them to this host's network alone."""

import ipaddress
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import structlog
from flask import Flask, Response, abort, current_app, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import event
from sqlalchemy.pool import Pool, QueuePool

from marketplace.config import Settings
from marketplace.web import metrics_files

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "unmatched"
_EXTENSION = "marketplace.metrics"
_STARTED = "marketplace.metrics.started"
_STATUS = "marketplace.metrics.status"
_FORWARDING_HEADERS = (
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "CF-Connecting-IP",
    "True-Client-IP",
)

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class OutboxState:
    """Jobs by status, and the age in seconds of the oldest one that is due and waits."""

    by_status: Mapping[str, int]
    oldest_age_seconds: float


class Metrics:
    """The metrics of one application; after `metrics_files.share` they add up over the workers."""

    def __init__(self) -> None:
        self._is_shared = metrics_files.is_shared()
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.latency = Histogram(
            "http_request_duration_seconds",
            "Time to answer.",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.in_progress = Gauge(
            "http_requests_in_progress",
            "Requests being answered.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.pool_size = Gauge(
            "db_pool_size",
            "Connections that the pool keeps.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.pool_checked_out = Gauge(
            "db_pool_checked_out",
            "Connections in use.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.domain_events = Counter(
            "domain_events", "Domain events committed.", ("name",), registry=self.registry
        )
        self.at_scrape: list[Collector] = []
        # Of each route and status, as `labels()` takes a lock and makes texts of what it is given.
        self._observed: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        labels = (method, route, status)
        found = self._observed.get(labels)
        if found is None:
            texts = (method, route, str(status))
            found = self._observed[labels] = self.requests.labels(*texts), self.latency.labels(*texts)
        requests, latency = found
        requests.inc()
        latency.observe(seconds)

    def render(self) -> bytes:
        """The text format, version 0.0.4 and later."""
        registry = self.registry
        if self._is_shared:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # prometheus_client types it partly
            for collector in self.at_scrape:
                registry.register(collector)
        return generate_latest(registry)

    def collect_at_scrape(self, collector: Collector) -> None:
        """Ask `collector` each time that somebody reads the metrics."""
        self.at_scrape.append(collector)
        if not self._is_shared:
            self.registry.register(collector)


def init_app(app: Flask, settings: Settings) -> None:  # noqa: ARG001 - one signature for all parts of the web layer
    """Count and time every request of `app`."""
    metrics = app.extensions[_EXTENSION] = Metrics()

    def start_clock() -> None:
        request.environ[_STARTED] = time.perf_counter()
        metrics.in_progress.inc()

    def note_status(response: Response) -> Response:
        request.environ[_STATUS] = response.status_code
        return response

    def measure(_error: BaseException | None) -> None:
        started = request.environ.pop(_STARTED, None)
        if started is None:
            return  # a context that no request opened
        metrics.in_progress.dec()
        metrics.observe(
            request.method if request.method in METHODS else "OTHER",
            request.url_rule.rule if request.url_rule else UNMATCHED,
            request.environ.pop(_STATUS, 500),
            time.perf_counter() - started,
        )

    app.before_request(start_clock)
    app.after_request(note_status)
    app.teardown_request(measure)


def get_metrics(app: Flask) -> Metrics:
    """The metrics that `init_app` made for this application."""
    found: Metrics = app.extensions[_EXTENSION]
    return found


def count_event(app: Flask, name: str) -> None:
    """Count one committed domain event, as `domain_events_total{name}`."""
    get_metrics(app).domain_events.labels(name).inc()


def watch_pool(app: Flask, pool: Pool) -> None:
    """Show size and use of the connection pool; only QueuePool has them."""
    if not isinstance(pool, QueuePool):
        return
    metrics = get_metrics(app)
    metrics.pool_size.set(pool.size())
    metrics.pool_checked_out.set(pool.checkedout())

    def taken(*_args: object) -> None:
        metrics.pool_checked_out.set(pool.checkedout())

    def given_back(*_args: object) -> None:
        # The event comes before the pool takes its connection in.
        metrics.pool_checked_out.set(pool.checkedout() - 1)

    event.listen(pool, "checkout", taken)
    event.listen(pool, "checkin", given_back)


def watch_outbox(app: Flask, read: Callable[[], OutboxState]) -> None:
    """Show the outbox as `read` tells it, asked at each scrape; needs no application context of its own."""
    get_metrics(app).collect_at_scrape(_OutboxCollector(read))


class _OutboxCollector(Collector):
    def __init__(self, read: Callable[[], OutboxState]) -> None:
        self._read = read

    def describe(self) -> Iterator[Metric]:
        # Registering asks for names; it must not ask the database.
        yield GaugeMetricFamily("outbox_jobs", "")
        yield GaugeMetricFamily("outbox_oldest_age_seconds", "")

    def collect(self) -> Iterator[Metric]:
        try:
            state = self._read()
        except Exception as error:  # noqa: BLE001 - the other metrics matter most while the database is down
            log.warning("outbox_metrics_unreadable", error=type(error).__name__)
            return
        jobs = GaugeMetricFamily("outbox_jobs", "Jobs in the outbox.", labels=("status",))
        for status, count in state.by_status.items():
            jobs.add_metric((status,), count)
        yield jobs
        yield GaugeMetricFamily(
            "outbox_oldest_age_seconds", "Age of the oldest job that waits.", value=state.oldest_age_seconds
        )


def metrics_response() -> Response:
    """The `/metrics` view: for a scraper that connects straight from a loopback or private address.

    The socket's own peer counts, never X-Forwarded-For, and a request that any proxy has marked is
    answered 404, as is one from a public address. A proxy that adds no forwarding header must refuse
    the path itself.
    """
    if not _asked_from_inside():
        abort(404)
    return Response(get_metrics(current_app).render(), content_type=CONTENT_TYPE_LATEST)


def _asked_from_inside() -> bool:
    if any(name in request.headers for name in _FORWARDING_HEADERS):
        return False
    # ProxyFix replaces the peer by what the proxy says, and keeps the real one here.
    original = request.environ.get("werkzeug.proxy_fix.orig", request.environ)
    try:
        peer = ipaddress.ip_address(original.get("REMOTE_ADDR") or "")
    except ValueError:
        return False
    if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped:
        peer = peer.ipv4_mapped
    return peer.is_loopback or peer.is_private
