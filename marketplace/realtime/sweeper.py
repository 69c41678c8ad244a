"""Closes the sockets whose token has expired or whose session has ended, within seconds."""

import logging
import threading
from collections.abc import Mapping

from sqlalchemy.exc import SQLAlchemyError

from marketplace.realtime.namespace import BaseNamespace, SocketGuard

log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
"""The contract gives 5 s."""


class Sweeper:
    """One thread a process; one query a sweep for all its sockets."""

    def __init__(self, guard: SocketGuard, namespaces: Mapping[str, BaseNamespace]) -> None:
        self._guard = guard
        self._namespaces = namespaces
        self._stopping = threading.Event()

    def start(self) -> None:
        """Sweep until `stop()`."""
        threading.Thread(target=self._run, name="socket-sweeper", daemon=True).start()

    def stop(self) -> None:
        """End the thread at its next turn."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(SWEEP_SECONDS):
            try:
                self.sweep()
            except (SQLAlchemyError, OSError):
                log.warning("sockets not swept: the database is away")

    def sweep(self) -> int:
        """Close what may no longer be open; returns how many sockets that were."""
        with self._guard.lock:
            sockets = dict(self._guard.sockets)
        if not sockets:
            return 0
        with self._guard.app.app_context():
            now = self._guard.clock.now()
            alive = self._guard.auth.alive({entry.session_id for entry in sockets.values()})
        ended = [
            key for key, entry in sockets.items() if entry.session_id not in alive or entry.expires_at <= now
        ]
        for namespace, sid in ended:
            self._namespaces[namespace].cut(sid)
        return len(ended)

    def close_all(self) -> None:
        """Tell every socket of this process that the server is closing, and close it."""
        with self._guard.lock:
            sockets = list(self._guard.sockets)
        for namespace, sid in sockets:
            server = self._namespaces[namespace].socketio.server
            server.emit("server:closing", {}, to=sid, namespace=namespace)
            server.disconnect(sid, namespace=namespace)
