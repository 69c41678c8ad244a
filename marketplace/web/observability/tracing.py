"""OpenTelemetry: one request is one trace through SQL and the outbox job; nothing when off."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import Flask

from marketplace.config import ConfigError, Settings
from marketplace.web.actions import PROBES
from marketplace.web.observability.redaction import is_secret_key, redact_text
from marketplace.web.observability.request_id import current_request_id

try:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.instrumentation.psycopg2 import Psycopg2Instrumentor
    from opentelemetry.instrumentation.redis import RedisInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        SimpleSpanProcessor,
        SpanExporter,
        SpanExportResult,
    )
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    from opentelemetry.trace.status import Status

    INSTALLED = True
except ImportError:
    INSTALLED = False

if TYPE_CHECKING or INSTALLED:

    class CleanExporter(SpanExporter):
        """Takes secrets and query strings out of every span before the exporter behind it sees them."""

        def __init__(self, behind: SpanExporter) -> None:
            self._behind = behind

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return self._behind.export([_clean_span(span) for span in spans])

        def shutdown(self) -> None:
            self._behind.shutdown()

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return self._behind.force_flush(timeout_millis)


SERVICE_NAME = "marketplace"
EXPORT_TIMEOUT_SECONDS = 5
_QUERY_ATTRIBUTES = frozenset({"http.target", "http.url", "url.full", "url.path"})


def init_app(app: Flask, settings: Settings, *, exporter: "SpanExporter | None" = None) -> None:
    """Start tracing when OTEL_EXPORTER_OTLP_ENDPOINT is set; `exporter` replaces OTLP in tests.

    Each gunicorn worker makes its own application, so the exporting thread is born after the fork.
    Raises ConfigError when the endpoint is set and the extra `otel` is not installed.
    """
    if settings.otel_endpoint is None:
        return
    if not INSTALLED:
        raise ConfigError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but its packages are absent: see requirements-otel.txt"
        )
    provider = _start_provider(settings, exporter)
    FlaskInstrumentor().instrument_app(  # type: ignore[no-untyped-call] # the instrumentor is untyped
        app, tracer_provider=provider, excluded_urls=",".join(f"{path}$" for path in PROBES)
    )
    app.before_request(_tag_span)
    # The SQLAlchemy instrumentor silently does nothing on 2.1, so SQL is traced at the driver.
    for instrumentor in (Psycopg2Instrumentor(), RedisInstrumentor()):
        if not instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.instrument(tracer_provider=provider)


def current_trace_id() -> str | None:
    """The W3C trace id (32 hex digits) of the current span; None without one."""
    if not INSTALLED:
        return None
    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def inject_context() -> dict[str, str]:
    """`traceparent` (and `tracestate`) of the current span, to be stored with a job; empty when off."""
    carrier: dict[str, str] = {}
    if INSTALLED:
        TraceContextTextMapPropagator().inject(carrier)
    return carrier


@contextmanager
def continue_trace(carrier: Mapping[str, str] | None, name: str) -> Iterator[None]:
    """Run a job inside the trace whose `inject_context` was stored with it; `name` names the span.

    A missing or malformed carrier starts a trace of its own; does nothing when tracing is off.
    """
    if not INSTALLED:
        yield
        return
    parent = TraceContextTextMapPropagator().extract(dict(carrier or {}))
    tracer = trace.get_tracer(SERVICE_NAME)
    with tracer.start_as_current_span(name, context=parent, kind=trace.SpanKind.CONSUMER) as span:
        request_id = current_request_id()
        if request_id is not None:
            span.set_attribute("request_id", request_id)
        yield


def _start_provider(settings: Settings, exporter: "SpanExporter | None") -> "TracerProvider":
    """The provider of this process: OpenTelemetry can set it only once, so later applications share it."""
    known = trace.get_tracer_provider()
    if isinstance(known, TracerProvider):
        return known
    provider = TracerProvider(
        resource=Resource.create(
            {"service.name": SERVICE_NAME, "deployment.environment.name": settings.app_env}
        )
    )
    if exporter is None:
        otlp = OTLPSpanExporter(
            endpoint=f"{str(settings.otel_endpoint).rstrip('/')}/v1/traces", timeout=EXPORT_TIMEOUT_SECONDS
        )
        provider.add_span_processor(BatchSpanProcessor(CleanExporter(otlp)))
    else:
        provider.add_span_processor(SimpleSpanProcessor(CleanExporter(exporter)))
    trace.set_tracer_provider(provider)
    return provider


def _tag_span() -> None:
    request_id = current_request_id()
    if request_id is not None:
        trace.get_current_span().set_attribute("request_id", request_id)


def _clean_span(span: "ReadableSpan") -> "ReadableSpan":
    return ReadableSpan(
        name=redact_text(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_clean_attributes(span.attributes),
        events=[
            Event(event.name, _clean_attributes(event.attributes), event.timestamp) for event in span.events
        ],
        links=span.links,
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        status=Status(span.status.status_code, redact_text(span.status.description or "") or None),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _clean_attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for key, value in (attributes or {}).items():
        if key == "url.query" or is_secret_key(key):
            continue
        if not isinstance(value, str):
            cleaned[key] = value
        elif key in _QUERY_ATTRIBUTES:
            cleaned[key] = redact_text(value.partition("?")[0])
        else:
            cleaned[key] = redact_text(value)
    return cleaned
