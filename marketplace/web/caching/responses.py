"""Decorators that keep the finished answers of public reads in the cache, by topic."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import partial, wraps
from typing import Any, TypeVar, cast

from flask import Response, current_app, g, make_response, request

from marketplace.database import deadlines
from marketplace.extensions import cache
from marketplace.web.access import optional_principal
from marketplace.web.caching import microcache, topics
from marketplace.web.caching.answers import Answer
from marketplace.web.caching.singleflight import SingleFlight
from marketplace.web.language import preferred_language
from marketplace.web.runtime import runtime

F = TypeVar("F", bound=Callable[..., Any])

WAIT_SECONDS = 2.0
"""How long a request waits for another one that makes the same answer."""

SINGLEFLIGHT = "marketplace_singleflight"

_UNTIL = "answer_until"
_MADE_ANEW = {"after", "before", "available_from"}
_KEPT_HEADERS = ("Content-Type", "Link")


def cached(
    topic: str, *, seconds: int, client_seconds: int | None = None, by_language: bool = False
) -> Callable[[F], F]:
    """Cache the view's 200 for `seconds`, and let clients and proxies cache it too, or for `client_seconds`:
    their copies are not dropped with the topic.

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
        _mark(wrapper, by_language=by_language)
        return cast("F", wrapper)

    return decorate


def _mark(view: Callable[..., Any], *, by_language: bool = False) -> None:
    """Let the documents tell of the headers by which clients cache an answer."""
    view.shared, view.by_language = True, by_language  # type: ignore[attr-defined]  # functions carry attributes


def first_page_cached(topic: str, *, seconds: int) -> Callable[[F], F]:
    """As `cached` (by language) for the first page of a list, which most callers read; later pages are made
    each time, so that a crawler does not evict the others; so are searches by free time, which each order
    changes.
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
    """Set in a `cached` view when its answer expires by itself: nobody caches it longer. None for never."""
    setattr(g, _UNTIL, moment)


def _find(key: str, seconds: int) -> Answer | None:
    found = topics.attempt(lambda: cache.get(key))
    return found if isinstance(found, Answer) and _life(seconds, found.until) else None


def _make(key: str | None, seconds: int, view: Callable[[], Any]) -> Answer | Response:
    """The answer of the view, or the one that another request has just stored under `key`."""
    if key is None:
        return _answer(view)
    flight: SingleFlight = current_app.extensions[SINGLEFLIGHT]
    running = flight.join(key)
    if running is not None:
        with deadlines.waiting():
            running.wait(deadlines.at_most(WAIT_SECONDS))
        # The other request may have failed, or the cache: then each request makes its own.
        return _find(key, seconds) or _answer(view)
    try:
        made = _answer(view)
        if isinstance(made, Answer) and (life := _life(seconds, made.until)):
            topics.attempt(lambda: cache.set(key, made, timeout=life))
        return made
    finally:
        flight.finish(key)


def _answer(view: Callable[[], Any]) -> Answer | Response:
    """The view's finished answer; the response unchanged when it is no 200."""
    g.pop(_UNTIL, None)
    response = make_response(view())
    if response.status_code != 200:  # noqa: PLR2004 - OK
        return response
    body = response.get_data()
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return Answer(body, f"0-{hashlib.sha256(body).hexdigest()[:16]}", headers, g.pop(_UNTIL, None))


def _life(seconds: int, until: datetime | None) -> int:
    """The whole seconds for which an answer may still be cached."""
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
    """Tell clients to cache the view's answer for `seconds` when nobody is signed in; the answer for a
    caller with a token is private, and requested again each time.
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

        _mark(wrapper)
        return cast("F", wrapper)

    return decorate


def _key(topic: str, *, by_language: bool) -> str | None:
    """The key of this request's answer; None while nothing can be cached."""
    generation = topics.find_generation(topic)
    if generation is None:
        return None
    # The raw query, not its decoded form: two that mean the same may be cached twice, but one that is
    # refused can never get the answer of one that is not.
    query = b"&".join(sorted(request.query_string.split(b"&")))
    language = preferred_language() if by_language else ""
    parts = b"\0".join((request.path.encode("utf-8", "surrogatepass"), query, language.encode()))
    return f"answer:{topic}:{generation}:{hashlib.sha256(parts).hexdigest()}"
