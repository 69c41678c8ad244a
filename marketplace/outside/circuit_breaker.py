"""A circuit breaker for mail and text messages: calls to a slow or absent provider pause for a while."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from time import monotonic

from marketplace.kernel.lanes import Postponed
from marketplace.outside.ports import Mailer, SmsSender

log = logging.getLogger(__name__)

FAILURES = 2
"""Failures in a row that open the breaker."""
ASIDE_SECONDS = 20.0
SLOW_SECONDS = 3.0
"""A call that has had no answer for this long prevents further calls."""
LOOK_SECONDS = 5.0
"""The delay of a job that was prevented by a slow call."""


class CircuitBreaker:
    """Stops calls to a provider that has failed or is slow, for a while (Nygard, Release It!, chapter 5).

    Its memory ends with the process: only the pace of calls depends on it, the jobs are in the database.
    When the network of one process is broken, the other processes go on.

    `answered` are errors which show that the provider works.
    """

    def __init__(
        self,
        name: str,
        answered: tuple[type[Exception], ...] = (),
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._name = name
        self._answered = answered
        self._now = now
        self._lock = Lock()
        self._failures = 0
        self._aside_until = 0.0
        self._running: list[float] = []

    @contextmanager
    def call(self) -> Iterator[None]:
        """Surround one call of the provider. Raises Postponed when there should be no call now."""
        started = self._start()
        failed = True
        try:
            yield
            failed = False
        except self._answered:
            failed = False
            raise
        finally:
            self._end(started, failed=failed)

    def check(self) -> None:
        """Raises Postponed when there should be no call now."""
        with self._lock:
            self._check(self._now())

    def _check(self, now: float) -> None:
        if now < self._aside_until:
            raise Postponed(f"{self._name} is put aside", self._aside_until - now)
        # One call finds out whether the provider is back; the others wait until that is known.
        trying = self._failures >= FAILURES and self._running
        if trying or any(now - started > SLOW_SECONDS for started in self._running):
            raise Postponed(f"{self._name} is slow", LOOK_SECONDS)

    def _start(self) -> float:
        with self._lock:
            now = self._now()
            self._check(now)
            self._running.append(now)
            return now

    def _end(self, started: float, *, failed: bool) -> None:
        with self._lock:
            self._running.remove(started)
            if not failed:
                self._failures = 0
                return
            self._failures += 1
            if self._failures < FAILURES:
                return
            self._aside_until = self._now() + ASIDE_SECONDS
        log.warning("provider put aside", extra={"provider": self._name, "seconds": ASIDE_SECONDS})


class GuardedMailer(Mailer):
    """A mailer behind a breaker: `send` raises Postponed while the breaker is open."""

    def __init__(self, mailer: Mailer, breaker: CircuitBreaker) -> None:
        self._mailer = mailer
        self._breaker = breaker

    def send(
        self, *, to: str, topic: str, subject: str, text: str, data: Mapping[str, str], html: str = ""
    ) -> None:
        with self._breaker.call():
            self._mailer.send(to=to, topic=topic, subject=subject, text=text, data=data, html=html)


class GuardedSms(SmsSender):
    """A sender of text messages behind a breaker, as GuardedMailer."""

    def __init__(self, sms: SmsSender, breaker: CircuitBreaker) -> None:
        self._sms = sms
        self._breaker = breaker

    def send(self, *, to: str, topic: str, text: str, data: Mapping[str, str]) -> None:
        with self._breaker.call():
            self._sms.send(to=to, topic=topic, text=text, data=data)

    def ready(self) -> None:
        self._breaker.check()
