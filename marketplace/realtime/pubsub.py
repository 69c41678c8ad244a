"""The common part of every bus: timeouts, reconnects, and notice of gaps to clients."""

import contextlib
import json
import logging
import threading
from abc import abstractmethod
from collections.abc import Iterator
from time import monotonic
from typing import Any

from socketio import PubSubManager

from marketplace.realtime.publish import NAMESPACE

log = logging.getLogger(__name__)

CHANNEL = "realtime"
TIMEOUT_SECONDS = 0.5
"""The longest that a publisher waits for the bus."""
RETRY_SECONDS = 1.0
"""How long after a failure no message tries the bus."""
LONGEST_BACKOFF_SECONDS = 2.0
IDLE_SECONDS = 0.5
"""How often a listener checks whether it should end."""
GAP_EVENT = "sync:required"
"""Tells clients that messages may have been missed: they answer with `sync`."""


class BusError(Exception):
    """The bus cannot be reached or does not answer in time."""


class BusManager(PubSubManager):
    """Sockets of this process are served at once; other processes receive the message over the bus.

    While the bus is away, publishing fails fast and is logged, never raised: the content is stored
    elsewhere, and clients catch up. After the outage, clients that may have missed something are sent
    `GAP_EVENT`, by the publisher for messages it dropped and by the listener for those it could not receive.
    """

    def __init__(self) -> None:
        super().__init__(channel=CHANNEL)
        self.listening = threading.Event()
        self._closing = threading.Event()
        self._turn = threading.Lock()
        self._retry_at = 0.0
        self._dropped = False
        self._lost = False

    @abstractmethod
    def _send(self, message: str, deadline: float) -> None:
        """Publish before `deadline` (monotonic seconds). One thread at a time. Raises BusError."""

    @abstractmethod
    def _receive(self) -> Iterator[str]:
        """Subscribe, call `_subscribed()`, then give every message until `_closing`. Raises BusError."""

    @abstractmethod
    def _disconnect_publisher(self) -> None:
        """Forget the publishing connection; the next `_send` opens another."""

    def close(self) -> None:
        """Stop listening and publishing; for the end of the process."""
        self._closing.set()
        with self._turn:
            self._disconnect_publisher()

    def _publish(self, data: dict[str, Any]) -> None:
        deadline = monotonic() + TIMEOUT_SECONDS
        message = json.dumps(data, separators=(",", ":"))
        if not self._turn.acquire(timeout=TIMEOUT_SECONDS):
            self._dropped = True
            log.warning("realtime bus is slow: a message stays in this process")
            return
        try:
            if monotonic() < self._retry_at:
                self._dropped = True
                return
            if self._dropped:
                self._send(json.dumps(self._gap()), deadline)
                self._dropped = False
            self._send(message, deadline)
        except BusError as error:
            log.warning("realtime bus is away", extra={"reason": str(error)})
            self._dropped = True
            self._disconnect_publisher()
            self._retry_at = monotonic() + RETRY_SECONDS
        finally:
            self._turn.release()

    def _thread(self) -> None:
        with contextlib.suppress(SystemExit):
            super()._thread()

    def _listen(self) -> Iterator[str]:
        backoff = 0.1
        while not self._closing.is_set():
            try:
                for message in self._receive():
                    backoff = 0.1
                    yield message
            except BusError as error:
                log.warning("realtime bus is lost", extra={"reason": str(error)})
                self._lost = True
            self.listening.clear()
            self._closing.wait(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)
        # The base class treats an end of this iteration as an error and logs it.
        raise SystemExit

    def _subscribed(self) -> None:
        """Note that from now on no message is missed."""
        if self._lost:
            self._lost = False
            self._handle_emit(self._gap())
        self.listening.set()

    def _gap(self) -> dict[str, Any]:
        return {
            "method": "emit",
            "event": GAP_EVENT,
            "data": [{}],
            "binary": False,
            "namespace": NAMESPACE,
            "room": None,
            "skip_sid": None,
            "callback": None,
            "host_id": self.host_id,
        }
