"""Sends the pings of all sockets from one thread; engine.io has a thread for each, asleep."""

import heapq
import itertools
import logging
import threading
import time
from contextlib import suppress
from typing import Any

from engineio.exceptions import EngineIOError
from engineio.packet import PING, Packet

log = logging.getLogger(__name__)


class Pinger:
    """Pings each socket that `add` names once, after `interval` seconds."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._news = threading.Condition()
        self._due: list[tuple[float, int, Any]] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def add(self, socket: Any) -> None:
        """Called at the handshake, and after each pong."""
        with self._news:
            heapq.heappush(self._due, (time.monotonic() + self._interval, next(self._numbers), socket))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="socket-pings", daemon=True)
                self._thread.start()
            self._news.notify()

    def _run(self) -> None:
        while True:
            socket = self._next()
            try:
                ping(socket)
            except Exception:
                # The other sockets wait for their pings.
                log.exception("socket not pinged")

    def _next(self) -> Any:
        with self._news:
            while True:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._news.wait(wait)


def ping(socket: Any) -> None:
    """Do what engine.io's own thread does when it wakes: send the ping, and expect the pong from now on."""
    if socket.closing or socket.closed:
        return
    socket.last_ping = time.time()
    # The socket may be closing.
    with suppress(EngineIOError):
        socket.send(Packet(PING))
