"""The clock: services take one, so that tests can hold the time."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        ...


class SystemClock(Clock):
    """The time of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FrozenClock(Clock):
    """A clock for tests that moves only when told."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Jump to `now`."""
        self._now = now

    def advance(self, by: timedelta) -> None:
        """Move forward by `by`."""
        self._now += by


class SyncedClock(Clock):
    """The time of another source (the database), carried forward by the monotonic clock.

    A jump of this machine's wall clock changes nothing: the source is queried at first use and then
    every `interval` seconds. When the source does not answer, the last answer is carried forward.
    """

    def __init__(self, source: Callable[[], datetime], interval: float = 60.0) -> None:
        self._source = source
        self._interval = interval
        self._lock = threading.Lock()
        self._base: datetime | None = None
        self._at = 0.0

    def now(self) -> datetime:
        elapsed = monotonic() - self._at
        if self._base is None or elapsed > self._interval:
            self._sync()
            elapsed = monotonic() - self._at
        assert self._base is not None
        return self._base + timedelta(seconds=elapsed)

    def _sync(self) -> None:
        # One thread asks; meanwhile the others use the last known time.
        if not self._lock.acquire(blocking=self._base is None):
            return
        try:
            if self._base is not None and monotonic() - self._at <= self._interval:
                return
            before = monotonic()
            try:
                base = self._source()
            except OSError:
                if self._base is None:
                    raise
                # Carry on with the old base; ask again after another interval.
                self._base += timedelta(seconds=monotonic() - self._at)
                self._at = monotonic()
                return
            after = monotonic()
            # The answer was true about halfway through the round trip.
            self._base, self._at = base, (before + after) / 2
        finally:
            self._lock.release()
