"""Error reports to Sentry: off without SENTRY_DSN, and scrubbed before they are sent."""

from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import sentry_sdk
from flask import Flask, g, has_app_context
from sentry_sdk.integrations.argv import ArgvIntegration
from sentry_sdk.integrations.flask import FlaskIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.sqlalchemy import SqlalchemyIntegration
from sentry_sdk.transport import Transport
from sentry_sdk.types import Breadcrumb, BreadcrumbHint, Event, Hint, SamplingContext

from marketplace.config import Settings
from marketplace.kernel.errors import AppError
from marketplace.kernel.identity import Principal
from marketplace.web.actions import PROBES
from marketplace.web.observability.redaction import redact
from marketplace.web.observability.request_id import current_request_id

# Any other header may hold a secret or personal data.
_HEADERS_KEPT = frozenset(
    {"accept", "accept-language", "content-length", "content-type", "host", "user-agent", "x-request-id"}
)


def init_app(
    app: Flask,
    settings: Settings,
    *,
    release: str | None = None,
    transport: Transport | None = None,
) -> None:
    """Start Sentry for the process when there is a DSN; `transport` replaces the network in tests."""
    if settings.sentry_dsn is None:
        return
    sentry_sdk.init(
        dsn=settings.sentry_dsn,
        environment=settings.app_env,
        release=release,
        traces_sampler=partial(_sample, settings.sentry_traces_sample_rate),
        # SENTRY_SEND_PII allows only the caller's address; the rest is never collected.
        data_collection={
            "user_info": settings.sentry_send_pii,
            "cookies": {"mode": "off"},
            "http_bodies": [],
            "url_query_params": {"mode": "off"},
            "database_query_data": False,
            "queues": False,
            "stack_frame_variables": False,
        },
        include_local_variables=False,
        max_request_body_size="never",
        # Our trace ids do not concern webhook receivers and mail providers.
        trace_propagation_targets=[],
        auto_enabling_integrations=False,
        integrations=[
            FlaskIntegration(transaction_style="url"),
            SqlalchemyIntegration(),
            # Log lines stay in the logs: Sentry gets raised errors, and those passed to capture_exception.
            LoggingIntegration(level=None, event_level=None, sentry_logs_level=None),
        ],
        # A command line may hold a password.
        disabled_integrations=[ArgvIntegration()],
        before_send=_before_send,
        before_send_transaction=_clean_event,
        before_breadcrumb=_before_breadcrumb,
        transport=transport,
    )
    app.before_request(_tag_scope)


def _sample(rate: float, context: SamplingContext) -> float:
    """The probability that a transaction is traced: `rate`, or 0 for a probe. The caller's own trace header
    does not count: anybody could have all their requests traced, at our cost.
    """
    environ = context.get("wsgi_environ") or {}
    return 0.0 if environ.get("PATH_INFO") in PROBES else rate


def capture_exception(error: BaseException) -> None:
    """Report a caught error, as a worker does; does nothing when Sentry is off."""
    sentry_sdk.capture_exception(error)


def name_request(route: str) -> None:
    """Name a request that never reaches Flask, whose signals name the others for Sentry."""
    sentry_sdk.get_current_scope().set_transaction_name(route, source="route")
    _tag_scope()


def _tag_scope() -> None:
    # A transaction is sent after the request has ended, when its id is no longer bound.
    sentry_sdk.get_isolation_scope().set_tag("request_id", current_request_id())


def _before_send(event: Event, hint: Hint) -> Event | None:
    info = hint.get("exc_info")
    if info is not None and isinstance(info[1], AppError):
        return None
    return _clean_event(event, hint)


def _clean_event(event: Event, _hint: Hint) -> Event:
    cleaned: dict[str, Any] = dict(event)
    if isinstance(cleaned.get("request"), dict):
        cleaned["request"] = _clean_request(cleaned["request"])
    for part in ("exception", "threads", "breadcrumbs", "extra", "contexts", "logentry", "message", "spans"):
        if part in cleaned:
            cleaned[part] = _redact_part(cleaned[part])
    tags = dict(cleaned.get("tags") or {})
    request_id = current_request_id()
    if request_id is not None:
        tags["request_id"] = request_id
    cleaned["tags"] = tags
    principal = g.get("principal") if has_app_context() else None
    if isinstance(principal, Principal):
        cleaned["user"] = {**(cleaned.get("user") or {}), "id": str(principal.user_id)}
    return cleaned  # type: ignore[return-value] # the same keys with cleaned values


def _before_breadcrumb(crumb: Breadcrumb, _hint: BreadcrumbHint) -> Breadcrumb:
    cleaned: Breadcrumb = _redact_part(crumb)
    return cleaned


def _clean_request(found: dict[str, Any]) -> dict[str, Any]:
    """Method, address without the query's values, and harmless headers; no body, no cookies."""
    kept: dict[str, Any] = {key: found[key] for key in ("method", "env") if key in found}
    if isinstance(found.get("url"), str):
        kept["url"] = _without_query(found["url"])
    kept["headers"] = {
        name: value
        for name, value in dict(found.get("headers") or {}).items()
        if name.lower() in _HEADERS_KEPT
    }
    cleaned: dict[str, Any] = redact(kept)
    return cleaned


def _redact_part(part: Any) -> Any:
    """Redact deeply nested Sentry structures, whose own depth is bounded by the SDK."""
    return _strip_queries(redact(part, max_depth=32))


def _strip_queries(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_query(item)
            if isinstance(item, str) and key in {"url", "url.full", "http.url"}
            else _strip_queries(item)
            for key, item in value.items()
            if key not in {"http.query", "url.query", "query_string", "vars"}
        }
    if isinstance(value, list):
        return [_strip_queries(item) for item in value]
    return value


def _without_query(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
