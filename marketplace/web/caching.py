"""Finished answers of public reads, kept in the cache and dropped by topic.

An entry's key holds its topic's generation, a random word that is kept in the cache too: to drop a
topic is to forget that word, in one step however many entries there are, in Redis as in memory. A
reader takes the generation before it asks the database, so what it read before a drop is kept under
a word that nobody asks for any more.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial, wraps
from threading import Event, Lock
from time import monotonic
from typing import Any, TypeVar, cast

from flask import Flask, Response, current_app, g, make_response, request

from marketplace.database import deadlines
from marketplace.database.announcing import Announcer
from marketplace.extensions import cache
from marketplace.web import microcache
from marketplace.web.access import optional_principal
from marketplace.web.answers import Answer
from marketplace.web.language import preferred_language
from marketplace.web.runtime import runtime

F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
"""How long a cache that failed is left alone: a hanging one costs one timeout, not one a request."""

PATIENCE_SECONDS = 2.0
"""How long a request waits for another one to make the answer that both want."""

ANNOUNCER = "marketplace_announcer"

_UNTIL = "answer_until"
_MADE_ANEW = {"after", "before", "available_from"}
_KEPT_HEADERS = ("Content-Type", "Link")


@dataclass
class _Pause:
    """Until when (monotonic seconds) this process does without the cache."""

    until: float = 0.0


class Flights:
    """Who makes which answer at the moment: when a kept one falls, one caller makes it anew, and the others
    of this process wait for it.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._under_way: dict[str, Event] = {}

    def take_off(self, key: str) -> Event | None:
        """None for the first, who must land; for the others what they wait for."""
        with self._lock:
            under_way = self._under_way.get(key)
            if under_way is None:
                self._under_way[key] = Event()
            return under_way

    def land(self, key: str) -> None:
        """The answer is kept, or there is none."""
        with self._lock:
            self._under_way.pop(key).set()


def cached(
    topic: str, *, seconds: int, client_seconds: int | None = None, by_language: bool = False
) -> Callable[[F], F]:
    """Keep the view's 200 for `seconds`, and let clients and proxies do so too, or for `client_seconds`: what
    they keep does not fall with its topic.

    Put it right below the access marker of a public GET whose answer depends on its address, its
    query and (`by_language`) on Accept-Language alone. A cache that fails is a miss.
    """

    def decorate(view: F) -> F:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Response:
            offer = microcache.begin_offer(topic)
            key = _key(topic, by_language=by_language)
            found = None if key is None else _find(key, seconds)
            made = found or _make(key, seconds, partial(view, *args, **kwargs))
            if isinstance(made, Response):
                return made
            if made.until is None:
                offer(made.body)
            response = Response(made.body, headers=made.headers)
            response.set_etag(made.etag)
            told = seconds if client_seconds is None else client_seconds
            _tell(response, _life(told, made.until), by_language=by_language)
            return response

        wrapper.cached_topic = topic  # type: ignore[attr-defined]  # functions carry attributes
        return cast("F", wrapper)

    return decorate


def first_page_cached(topic: str, *, seconds: int) -> Callable[[F], F]:
    """As `cached` (by language) for the first page of a list, which most callers read; deeper ones are made
    anew, so that a crawler does not push the others out. So is who is free: it changes with each order.
    """

    def decorate(view: F) -> F:
        kept = cached(topic, seconds=seconds, by_language=True)(view)

        @wraps(kept)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if not _MADE_ANEW & request.args.keys():
                return kept(*args, **kwargs)
            response = make_response(view(*args, **kwargs))
            _tell(response, seconds, by_language=True)
            return response

        return cast("F", wrapper)

    return decorate


def keep_until(moment: datetime | None) -> None:
    """Say in a `cached` view when its answer ends by itself: nobody keeps it longer. None for never."""
    setattr(g, _UNTIL, moment)


def _find(key: str, seconds: int) -> Answer | None:
    found = _attempt(lambda: cache.get(key))
    return found if isinstance(found, Answer) and _life(seconds, found.until) else None


def _make(key: str | None, seconds: int, view: Callable[[], Any]) -> Answer | Response:
    """What the view answers, or what another request has just kept under `key`."""
    if key is None:
        return _answer(view)
    flights: Flights = current_app.extensions["marketplace_flights"]
    under_way = flights.take_off(key)
    if under_way is not None:
        with deadlines.waiting():
            under_way.wait(deadlines.at_most(PATIENCE_SECONDS))
        # Whoever made it may have failed, or the cache: then everybody makes an own one.
        return _find(key, seconds) or _answer(view)
    try:
        made = _answer(view)
        if isinstance(made, Answer) and (life := _life(seconds, made.until)):
            _attempt(lambda: cache.set(key, made, timeout=life))
        return made
    finally:
        flights.land(key)


def _answer(view: Callable[[], Any]) -> Answer | Response:
    """The view's answer, finished; as it is when it is no 200."""
    g.pop(_UNTIL, None)
    response = make_response(view())
    if response.status_code != 200:  # noqa: PLR2004 - OK
        return response
    body = response.get_data()
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return Answer(body, f"0-{hashlib.sha256(body).hexdigest()[:16]}", headers, g.pop(_UNTIL, None))


def _life(seconds: int, until: datetime | None) -> int:
    """How many whole seconds an answer may still be kept."""
    if until is None:
        return seconds
    left = (until - runtime().clock.now()).total_seconds()
    return max(0, min(seconds, int(left)))


def _tell(response: Response, seconds: int, *, by_language: bool) -> None:
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    if by_language:
        response.vary.add("Accept-Language")
        response.headers["Content-Language"] = preferred_language()


def public_for(seconds: int) -> Callable[[F], F]:
    """Tell clients to keep the view's answer for `seconds` when nobody is signed in; what a caller
    with a token sees is the caller's own, and asked for anew each time.
    """

    def decorate(view: F) -> F:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            response = make_response(view(*args, **kwargs))
            signed_in = optional_principal() is not None
            response.headers["Cache-Control"] = (
                "private, no-cache" if signed_in else f"public, max-age={seconds}"
            )
            response.vary.add("Authorization")
            return response

        return cast("F", wrapper)

    return decorate


def drop(topic: str) -> None:
    """Forget every answer of `topic`, in the other processes too. A cache or database that fails raises, so
    that the outbox tries again.
    """
    forget(topic)
    announcer = _announcer()
    if announcer is not None:
        announcer.tell(topic)


def forget(topic: str) -> None:
    """As `drop`, without telling other processes: for what they told."""
    try:
        cache.set(_generation_key(topic), secrets.token_hex(8), timeout=0)
    finally:
        # Last: what began before this knows of the old word only.
        microcache.drop(topic)


def clear() -> None:
    """Forget every answer: in the cache, and in this process."""
    cache.clear()
    microcache.clear()


def listen(app: Flask) -> None:
    """Forget what other processes drop; once in each serving process. Nothing to do where they share the
    cache.
    """

    def forget_here(topic: str) -> None:
        with app.app_context():
            forget(topic)

    def clear_here() -> None:
        with app.app_context():
            clear()

    announcer = app.extensions.get(ANNOUNCER)
    if isinstance(announcer, Announcer):
        announcer.listen(forget_here, clear_here)


def close(app: Flask) -> None:
    """Stop what `listen` started."""
    announcer = app.extensions.get(ANNOUNCER)
    if isinstance(announcer, Announcer):
        announcer.close()


def _announcer() -> Announcer | None:
    """None where all processes share the cache, or there is but one."""
    found = current_app.extensions.get(ANNOUNCER)
    assert found is None or isinstance(found, Announcer)
    return found


def _generation_key(topic: str) -> str:
    return f"generation:{topic}"


def _key(topic: str, *, by_language: bool) -> str | None:
    """The key of this request's answer; None while the cache is away, or what others drop is not heard of."""
    announcer = _announcer()
    if announcer is not None and not announcer.hears_all():
        return None
    generation = _attempt(lambda: _generation(topic))
    if generation is None:
        return None
    # The raw query, not its decoded form: two that mean the same may be kept twice, but one that is
    # refused can never meet the answer of one that is not.
    query = b"&".join(sorted(request.query_string.split(b"&")))
    language = preferred_language() if by_language else ""
    parts = b"\0".join((request.path.encode("utf-8", "surrogatepass"), query, language.encode()))
    return f"answer:{topic}:{generation}:{hashlib.sha256(parts).hexdigest()}"


def _generation(topic: str) -> str:
    key = _generation_key(topic)
    found = cache.get(key)
    if isinstance(found, str):
        return found
    # `add` keeps the word of whoever was first, so two readers at once share it.
    cache.add(key, secrets.token_hex(8), timeout=0)
    return str(cache.get(key))


def _attempt(work: Callable[[], Any]) -> Any:
    """What `work` gives; None when the cache fails at it, or failed a moment ago."""
    pause: _Pause = current_app.extensions.setdefault("marketplace_cache_pause", _Pause())
    if monotonic() < pause.until:
        return None
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - each backend fails in its own way, and all of it is a miss
        pause.until = monotonic() + PAUSE_SECONDS
        log.warning("cache unavailable", extra={"reason": type(error).__name__})
        return None
