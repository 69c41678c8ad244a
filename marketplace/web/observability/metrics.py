"""Prometheus metrics by route template, and the view that shows them to the local network only."""

import ipaddress
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
from marketplace.web.observability import metrics_files
from marketplace.web.observability.answered import Answered, observe

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "unmatched"
_EXTENSION = "marketplace.metrics"
_IN_PROGRESS = "marketplace.metrics.in_progress"
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
    """Jobs by status, and the age in seconds of the oldest waiting job that is due."""

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
        # Cached by route and status, as `labels()` takes a lock and converts its arguments to text.
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
        """Call `collector` each time the metrics are read."""
        self.at_scrape.append(collector)
        if not self._is_shared:
            self.registry.register(collector)


def init_app(app: Flask, settings: Settings) -> None:  # noqa: ARG001 - one signature for all parts of the web layer
    """Count and time every request of `app`."""
    metrics = app.extensions[_EXTENSION] = Metrics()

    def begin() -> None:
        request.environ[_IN_PROGRESS] = True
        metrics.in_progress.inc()

    def count(answered: Answered) -> None:
        if answered.environ.pop(_IN_PROGRESS, False):
            metrics.in_progress.dec()
        method = answered.environ["REQUEST_METHOD"]
        metrics.observe(
            method if method in METHODS else "OTHER",
            answered.route or UNMATCHED,
            answered.status,
            answered.seconds,
        )

    observe(app, count)
    app.before_request(begin)


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
        # The event comes before the pool takes back its connection.
        metrics.pool_checked_out.set(pool.checkedout() - 1)

    event.listen(pool, "checkout", taken)
    event.listen(pool, "checkin", given_back)


def watch_outbox(app: Flask, read: Callable[[], OutboxState]) -> None:
    """Show the state of the outbox from `read`, called at each scrape; needs no application context."""
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

    Only the socket's own peer counts, never X-Forwarded-For; a request that a proxy has marked is
    answered 404, as is one from a public address. A proxy that adds no forwarding header must refuse
    the path itself.
    """
    if not asked_from_inside():
        abort(404)
    return Response(get_metrics(current_app).render(), content_type=CONTENT_TYPE_LATEST)


def asked_from_inside() -> bool:
    """Whether the request comes straight from a loopback or private address, past no proxy; and from no page
    of another origin, which runs in a browser inside, and could tell the outside what CORS lets it read.
    """
    # Browsers send Origin with what CORS decides upon, and with no GET of the same origin (Fetch, 3.1).
    if "Origin" in request.headers or any(name in request.headers for name in _FORWARDING_HEADERS):
        return False
    # ProxyFix replaces the peer by the proxy's claim, and keeps the real one here.
    original = request.environ.get("werkzeug.proxy_fix.orig", request.environ)
    try:
        peer = ipaddress.ip_address(original.get("REMOTE_ADDR") or "")
    except ValueError:
        return False
    if isinstance(peer, ipaddress.IPv6Address) and peer.ipv4_mapped:
        peer = peer.ipv4_mapped
    return peer.is_loopback or peer.is_private
