"""A micro-cache before Flask: public reads that are requested again within a second.

Most callers want the same few pages at the same time. Flask, its hooks and the limiter take longer over a
cached answer than the necessary work: this layer spends the caller's budgets, writes the log line, counts the
request and passes on the bytes and headers that Flask has just sent. An entry lives for LIFE_SECONDS at most
and is dropped with its topic, so this process never shows data older than a change that it has acknowledged,
and other processes lag by LIFE_SECONDS more than their cache does.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, request

from marketplace.config import Settings
from marketplace.web.actions import action_of
from marketplace.web.limits.budgets import Budget, budgets_by_address, spend_by_address
from marketplace.web.observability.answered import Answered, tell
from marketplace.web.observability.sentry import name_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LIFE_SECONDS = 1.0
MAX_ENTRIES = 512
MAX_BYTES = 64 * 1024
"""Bytes of one answer; Flask makes larger ones each time."""

_EXTENSION = "marketplace_microcache"
_OFFERS = "marketplace.microcache"
"""A list, because Flask-SocketIO's layer passes on a copy of the environment, which shares the list."""
_OWN_HEADERS = frozenset({"ratelimit", "ratelimit-policy", "x-request-id"})
"""Headers that differ for each answer."""
_SENT = ("HTTP_AUTHORIZATION", "CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_TRANSFER_ENCODING")
"""Flask answers a request with one of these."""
_NOTHING = ("", "0")
_ASKED = (
    "wsgi.url_scheme",
    "PATH_INFO",
    "QUERY_STRING",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_ORIGIN",
    "HTTP_IF_NONE_MATCH",
)
"""Everything that a cached answer depends on."""

Key = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class _Offer:
    """The answer that a view offers for caching: the bytes of its 200, and the topic that drops it."""

    topic: str
    generation: int
    until: float
    route: str
    action: str
    body: bytes


@dataclass(frozen=True, slots=True)
class _Entry:
    """The answer that Flask sent, and the budgets that it charged."""

    offer: _Offer
    status: str
    headers: list[tuple[str, str]]
    body: bytes
    budgets: list[Budget]


@dataclass
class _State:
    """The entries of one application, and how often each topic was dropped."""

    entries: dict[Key, _Entry] = field(default_factory=dict)
    falls: dict[str, int] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)


def init_app(app: Flask, settings: Settings) -> None:
    """Wrap the WSGI application, just inside the layer that gives requests their ids.

    With OpenTelemetry each request goes through Flask, because its instruments observe Flask alone.
    """
    state = app.extensions[_EXTENSION] = _State()
    if settings.otel_endpoint is None:
        app.wsgi_app = Microcache(app, settings, state, app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way to add a layer


def begin_offer(topic: str) -> Callable[[bytes], None]:
    """Call this before data for an answer is read; then call its result with the finished body of a 200."""
    state: _State = current_app.extensions[_EXTENSION]
    generation, until = state.falls.get(topic, 0), monotonic() + LIFE_SECONDS

    def offer(body: bytes) -> None:
        assert request.url_rule is not None
        rule = request.url_rule
        made = _Offer(topic, generation, until, rule.rule, action_of(rule.endpoint), body)
        request.environ.get(_OFFERS, []).append((made, request.environ))

    return offer


def drop(topic: str) -> None:
    """Forget every answer of `topic` in this process."""
    state: _State = current_app.extensions[_EXTENSION]
    with state.lock:
        state.falls[topic] = state.falls.get(topic, 0) + 1


def clear() -> None:
    """Forget everything in this process."""
    state: _State = current_app.extensions[_EXTENSION]
    with state.lock:
        state.entries.clear()


class Microcache:
    """The WSGI layer."""

    def __init__(self, app: Flask, settings: Settings, state: _State, behind: "WSGIApplication") -> None:
        self._app = app
        self._state = state
        self._behind = behind
        self._is_reported = settings.sentry_dsn is not None

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET" or any(environ.get(name, "") not in _NOTHING for name in _SENT):
            return self._behind(environ, start_response)
        began = perf_counter()
        key = tuple(environ.get(name) for name in _ASKED)
        entry = self._state.entries.get(key)
        if entry is not None and self._is_good(entry.offer):
            body = self._answer(entry, environ, start_response, began)
            if body is not None:
                return (body,)

        offers: list[tuple[_Offer, WSGIEnvironment]] = []
        environ[_OFFERS] = offers

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
            if offers and status[:3] in {"200", "304"}:
                self._keep(key, *offers.pop(), status, headers)
            return start_response(status, headers, exc_info)

        return self._behind(environ, start)

    def _answer(
        self, entry: _Entry, environ: "WSGIEnvironment", start_response: "StartResponse", began: float
    ) -> bytes | None:
        """The body of a started answer; None when Flask has to answer."""
        told = spend_by_address(self._app, entry.budgets, environ.get("REMOTE_ADDR") or "")
        if told is None:
            return None
        start_response(entry.status, [*entry.headers, *told])
        offer, status = entry.offer, int(entry.status[:3])
        tell(self._app, Answered(environ, offer.route, offer.action, status, perf_counter() - began))
        if self._is_reported:
            name_request(offer.route)
        return entry.body

    def _keep(
        self,
        key: Key,
        offer: _Offer,
        environ: "WSGIEnvironment",
        status: str,
        headers: list[tuple[str, str]],
    ) -> None:
        budgets = budgets_by_address(environ)
        if budgets is None or len(offer.body) > MAX_BYTES:
            return
        shared = [(name, value) for name, value in headers if name.lower() not in _OWN_HEADERS]
        body = offer.body if status.startswith("200") else b""
        state = self._state
        with state.lock:
            if len(state.entries) >= MAX_ENTRIES:
                good = {key: entry for key, entry in state.entries.items() if self._is_good(entry.offer)}
                state.entries = good
            if len(state.entries) < MAX_ENTRIES and self._is_good(offer):
                state.entries[key] = _Entry(offer, status, shared, body, budgets)

    def _is_good(self, offer: _Offer) -> bool:
        return monotonic() < offer.until and self._state.falls.get(offer.topic, 0) == offer.generation
