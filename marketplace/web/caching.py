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
from functools import wraps
from time import monotonic
from typing import Any, TypeVar, cast

from flask import Response, current_app, g, make_response, request

from marketplace.extensions import cache
from marketplace.web.language import preferred_language
from marketplace.web.runtime import runtime

F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
"""How long a cache that failed is left alone: a hanging one costs one timeout, not one a request."""

_UNTIL = "answer_until"
_KEPT_HEADERS = ("Content-Type", "Link")


@dataclass
class _Pause:
    """Until when (monotonic seconds) this process does without the cache."""

    until: float = 0.0


@dataclass(frozen=True)
class Answer:
    """A finished 200: its bytes, the headers that belong to them, and when it ends by itself, if it does."""

    body: bytes
    headers: dict[str, str]
    until: datetime | None = None


def cached(topic: str, *, seconds: int, by_language: bool = False) -> Callable[[F], F]:
    """Keep the view's 200 for `seconds`, and let clients and proxies do so too.

    Put it right below the access marker of a public GET whose answer depends on its address, its
    query and (`by_language`) on Accept-Language alone. A cache that fails is a miss.
    """

    def decorate(view: F) -> F:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            key = _key(topic, by_language=by_language)
            found = _attempt(lambda: cache.get(key)) if key is not None else None
            if isinstance(found, Answer) and (life := _life(seconds, found.until)):
                response = Response(found.body, headers=found.headers)
            else:
                g.pop(_UNTIL, None)
                response = make_response(view(*args, **kwargs))
                if response.status_code != 200:  # noqa: PLR2004 - OK
                    return response
                headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
                until = g.pop(_UNTIL, None)
                answer, life = Answer(response.get_data(), headers, until), _life(seconds, until)
                if key is not None and life:
                    _attempt(lambda: cache.set(key, answer, timeout=life))
            response.headers["Cache-Control"] = f"public, max-age={life}"
            if by_language:
                response.vary.add("Accept-Language")
                response.headers["Content-Language"] = preferred_language()
            return response

        wrapper.cached_topic = topic  # type: ignore[attr-defined]  # functions carry attributes
        return cast("F", wrapper)

    return decorate


def keep_until(moment: datetime | None) -> None:
    """Say in a `cached` view when its answer ends by itself: nobody keeps it longer. None for never."""
    setattr(g, _UNTIL, moment)


def _life(seconds: int, until: datetime | None) -> int:
    """How many whole seconds an answer may still be kept."""
    if until is None:
        return seconds
    left = (until - runtime().clock.now()).total_seconds()
    return max(0, min(seconds, int(left)))


def public_for(seconds: int) -> Callable[[F], F]:
    """Tell clients to keep the view's answer for `seconds` when nobody is signed in; what a caller
    with a token sees is the caller's own, and asked for anew each time.
    """

    def decorate(view: F) -> F:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            response = make_response(view(*args, **kwargs))
            signed_in = "Authorization" in request.headers
            response.headers["Cache-Control"] = (
                "private, no-cache" if signed_in else f"public, max-age={seconds}"
            )
            response.vary.add("Authorization")
            return response

        return cast("F", wrapper)

    return decorate


def drop(topic: str) -> None:
    """Forget every answer of `topic`. A cache that fails raises, so that the outbox tries again."""
    cache.set(_generation_key(topic), secrets.token_hex(8), timeout=0)


def _generation_key(topic: str) -> str:
    return f"generation:{topic}"


def _key(topic: str, *, by_language: bool) -> str | None:
    """The key of this request's answer; None while the cache is away."""
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
