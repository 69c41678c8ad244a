"""Counts hits in Redis, which all processes share, or in the memory of this process.

When Redis hangs, Flask-Limiter's own fallback answers 500 to all waiting requests but one, waits again at
each check whether Redis is back, and keeps one storage for all apps of a process.
"""

import logging
from threading import Lock, Thread
from time import monotonic
from typing import NamedTuple, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.25
"""The limit of a connect, and of an answer: one request waits for at most both, 0.5 s."""
PAUSE_SECONDS = 5.0
"""How long a failed Redis is not used before a thread of its own tries it again."""
SWEEP_SECONDS = 60.0
"""How often a process discards its ended windows."""
PREFIX = "marketplace"

# One step, so that no counter lacks an end, whatever happens between two commands.
_COUNT = """
local count = redis.call('INCRBY', KEYS[1], ARGV[2])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}
"""


class Window(NamedTuple):
    """A budget's window after one request was counted: hits, and seconds to its end."""

    hits: int
    seconds_left: float


class Counters(Protocol):
    """Counts hits by key in fixed windows, each of which begins with its first hit. Never raises."""

    def hit(self, key: str, seconds: int, amount: int = 1) -> Window: ...

    def reset(self) -> None: ...


class LocalCounters:
    """Windows of this process alone."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._windows: dict[str, tuple[int, float]] = {}
        self._sweep_at = 0.0

    def hit(self, key: str, seconds: int, amount: int = 1) -> Window:
        now = monotonic()
        with self._lock:
            if now >= self._sweep_at:
                self._windows = {name: window for name, window in self._windows.items() if window[1] > now}
                self._sweep_at = now + SWEEP_SECONDS
            hits, end = self._windows.get(key, (0, 0.0))
            if end <= now:
                hits, end = 0, now + seconds
            self._windows[key] = (hits + amount, end)
        # (now + 60) - now may be a little more than 60.
        return Window(hits + amount, min(end - now, seconds))

    def reset(self) -> None:
        with self._lock:
            self._windows.clear()


class RedisCounters:
    """Windows that all processes share; while Redis is away, those of this process.

    Only requests that are using Redis when it fails wait for it, each for at most twice TIMEOUT_SECONDS; a
    thread beside the requests finds out when it is back.
    """

    def __init__(self, url: str) -> None:
        # A connection that Redis has closed is reopened once; one that hangs is not asked twice.
        once = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        self._client = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS, retry=once
        )
        self._count = self._client.register_script(_COUNT)
        self._local = LocalCounters()
        self._lock = Lock()
        self._away = False
        self._look_at = 0.0

    @property
    def away(self) -> bool:
        """Whether this process counts for itself."""
        return self._away

    def hit(self, key: str, seconds: int, amount: int = 1) -> Window:
        if not self._away:
            try:
                return self._ask(key, seconds, amount)
            except redis.RedisError as error:
                self._leave(error)
        elif self._is_time_to_look():
            Thread(target=self._look, name="limits-look", daemon=True).start()
        return self._local.hit(key, seconds, amount)

    def reset(self) -> None:
        self._local.reset()
        for key in self._client.scan_iter(f"*/{PREFIX}/*"):
            self._client.delete(key)

    def _ask(self, key: str, seconds: int, amount: int) -> Window:
        hits, milliseconds = self._count(keys=[key], args=[seconds * 1000, amount])
        return Window(hits, milliseconds / 1000)

    def _leave(self, error: redis.RedisError) -> None:
        with self._lock:
            self._look_at = monotonic() + PAUSE_SECONDS
            known, self._away = self._away, True
        if not known:
            log.warning("limits are counted in this process", extra={"reason": type(error).__name__})

    def _is_time_to_look(self) -> bool:
        with self._lock:
            now = monotonic()
            if now < self._look_at:
                return False
            self._look_at = now + PAUSE_SECONDS
            return True

    def _look(self) -> None:
        try:
            # A real count: a Redis without memory, or a replica, would answer PING too.
            self._ask(f"LIMITER/{PREFIX}/look", 1, 1)
        except redis.RedisError:
            return
        self._away = False
        log.info("limits are counted in Redis again")
