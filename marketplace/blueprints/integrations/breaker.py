"""Puts a provider that is slow or away aside for a while, so that jobs do not wait for it one by one."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from time import monotonic

from marketplace.blueprints.integrations.ports import Mailer, SmsSender
from marketplace.kernel.lanes import Postponed

log = logging.getLogger(__name__)

FAILURES = 2
"""In a row, and the provider is put aside."""
ASIDE_SECONDS = 20.0
SLOW_SECONDS = 3.0
"""A call that is this old and has no answer yet keeps further ones from starting."""
LOOK_SECONDS = 5.0
"""When a job that met a slow call comes again."""


class Breaker:
    """How a provider has answered this process of late, and whether to bother it (Nygard, Release It!, 5:
    Circuit Breaker). It forgets with the process: nothing but the pace of calls depends on it, the jobs
    themselves are in the database. One process whose network is broken puts nothing aside for the others.

    `answered` are errors by which the provider shows that it is well.
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
        """Around one call of the provider. Raises Postponed when there should be none."""
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
        # One call finds out whether it is back; others come when that is known.
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


class PatientMailer(Mailer):
    """A mailer behind a breaker: `send` raises Postponed while the provider is put aside."""

    def __init__(self, mailer: Mailer, breaker: Breaker) -> None:
        self._mailer = mailer
        self._breaker = breaker

    def send(self, *, to: str, topic: str, subject: str, text: str, data: Mapping[str, str]) -> None:
        """Hand the mail on."""
        with self._breaker.call():
            self._mailer.send(to=to, topic=topic, subject=subject, text=text, data=data)


class PatientSms(SmsSender):
    """A sender of text messages behind a breaker, as PatientMailer."""

    def __init__(self, sms: SmsSender, breaker: Breaker) -> None:
        self._sms = sms
        self._breaker = breaker

    def send(self, *, to: str, topic: str, text: str, data: Mapping[str, str]) -> None:
        """Hand the message on."""
        with self._breaker.call():
            self._sms.send(to=to, topic=topic, text=text, data=data)

    def ready(self) -> None:
        """Raises Postponed while the provider is put aside."""
        self._breaker.check()
