"""Singleflight: one of several concurrent requests for the same answer makes it."""

from threading import Event, Lock


class SingleFlight:
    """The answers that this process is making now. The first caller makes an answer; the others wait."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._running: dict[str, Event] = {}

    def join(self, key: str) -> Event | None:
        """None for the first caller, which must `finish`; for the others, the event that they wait for."""
        with self._lock:
            running = self._running.get(key)
            if running is None:
                self._running[key] = Event()
            return running

    def finish(self, key: str) -> None:
        """Wake the others: the answer is cached, or there is none."""
        with self._lock:
            self._running.pop(key).set()
