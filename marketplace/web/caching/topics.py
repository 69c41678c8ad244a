"""Drops all cached answers of a topic in one step, in all processes.

A topic has a generation, a random word that is stored in the cache and is part of the key of each entry:
forgetting that word drops the topic, however many entries there are, in Redis and in memory. A reader gets
the generation before it queries the database, so data that it read before a drop is stored under a word that
nobody uses any more.
"""

import logging
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from flask import Flask, current_app

from marketplace.database.invalidation import InvalidationBus
from marketplace.extensions import cache
from marketplace.kernel.events import DomainEvent, Handler
from marketplace.web.caching import microcache

log = logging.getLogger(__name__)

PAUSE_SECONDS = 5.0
"""How long a failed cache is not used: a hanging one costs one timeout, not one per request."""

INVALIDATION_BUS = "marketplace_invalidation"


@dataclass(frozen=True)
class CacheDrop:
    """The cached answers of `topic` are stale after one of `events`; given by a domain."""

    topic: str
    events: tuple[type[DomainEvent], ...]


def dropping(drops: Iterable[CacheDrop]) -> list[Handler]:
    """The handlers that drop topics; after the commit, since before it old data could be cached again."""

    def handler(topic: str, event: type[DomainEvent]) -> Handler:
        def run(_event: DomainEvent) -> None:
            drop(topic)

        return Handler(event, run, key=f"cache.drop.{topic}:{event.name}", effect=True, at_once=True)

    wanted = {(one.topic, event): None for one in drops for event in one.events}
    return [handler(topic, event) for topic, event in wanted]


@dataclass
class _Pause:
    """The time (monotonic seconds) until which this process does not use the cache."""

    until: float = 0.0


def drop(topic: str) -> None:
    """Forget every answer of `topic`, in the other processes too. A cache or database that fails raises, so
    that the outbox tries again.
    """
    forget(topic)
    bus = find_bus()
    if bus is not None:
        bus.publish(topic)


def forget(topic: str) -> None:
    """As `drop`, without telling other processes: for the topics that they announced."""
    try:
        cache.set(_generation_key(topic), secrets.token_hex(8), timeout=0)
    finally:
        # Last: requests that began before this know only the old word.
        microcache.drop(topic)


def clear() -> None:
    """Forget every answer: in the cache, and in this process."""
    cache.clear()
    microcache.clear()


def listen(app: Flask) -> None:
    """Forget the topics that other processes drop; once in each serving process. Does nothing when they share
    the cache.
    """

    def forget_here(topic: str) -> None:
        with app.app_context():
            forget(topic)

    def clear_here() -> None:
        with app.app_context():
            clear()

    bus = app.extensions.get(INVALIDATION_BUS)
    if isinstance(bus, InvalidationBus):
        bus.listen(forget_here, clear_here)


def close(app: Flask) -> None:
    """Stop the thread of `listen`."""
    bus = app.extensions.get(INVALIDATION_BUS)
    if isinstance(bus, InvalidationBus):
        bus.close()


def find_bus() -> InvalidationBus | None:
    """The bus between processes; None when they share the cache, or there is only one."""
    found = current_app.extensions.get(INVALIDATION_BUS)
    assert found is None or isinstance(found, InvalidationBus)
    return found


def find_generation(topic: str) -> str | None:
    """The word under which answers of `topic` are stored now; None while the cache is away, or drops of other
    processes are not received.
    """
    bus = find_bus()
    if bus is not None and not bus.is_current():
        return None
    found: str | None = attempt(lambda: _generation(topic))
    return found


def _generation_key(topic: str) -> str:
    return f"generation:{topic}"


def _generation(topic: str) -> str:
    key = _generation_key(topic)
    found = cache.get(key)
    if isinstance(found, str):
        return found
    # `add` keeps the first word, so two concurrent readers share it.
    cache.add(key, secrets.token_hex(8), timeout=0)
    return str(cache.get(key))


def attempt(work: Callable[[], Any]) -> Any:
    """The result of `work`; None when the cache fails, or failed a moment ago."""
    pause: _Pause = current_app.extensions.setdefault("marketplace_cache_pause", _Pause())
    if monotonic() < pause.until:
        return None
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - each backend fails in its own way, and all of it is a miss
        pause.until = monotonic() + PAUSE_SECONDS
        log.warning("cache unavailable", extra={"reason": type(error).__name__})
        return None
