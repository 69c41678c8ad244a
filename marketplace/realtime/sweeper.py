"""Closes the sockets whose token has expired or whose session has ended, within seconds."""

import logging
import threading
from collections.abc import Mapping
from time import monotonic
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from marketplace.realtime.admission import Session
from marketplace.realtime.namespace import BaseNamespace, Connected, SocketGuard

log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
"""The contract allows 5 s."""
JOIN_SECONDS = 10.0
"""How long a connection may stay outside every namespace: it holds a thread."""

LINGER_SECONDS = 5.0
"""How long a connection may outlive its session."""


class Sweeper:
    """One thread per process; one query per sweep for all its sockets."""

    def __init__(self, guard: SocketGuard, server: Any, namespaces: Mapping[str, BaseNamespace]) -> None:
        self._guard = guard
        self._server = server
        self._namespaces = namespaces
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._outside: dict[str, float] = {}
        self._lingering: dict[Session, float] = {}

    def start(self) -> None:
        """Sweep until `stop()`; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="socket-sweeper", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread at its next round."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(SWEEP_SECONDS):
            try:
                self.sweep()
            except Exception:
                # A sweeper that ends would leave blocked users connected for ever.
                log.exception("sockets not swept")

    def sweep(self) -> int:
        """Close the sockets that may no longer be open; returns how many."""
        self._hang_up_outsiders()
        self._end_what_lingers()
        with self._guard.lock:
            sockets = dict(self._guard.sockets)
        ended = self._ended(sockets) if sockets else []
        for namespace, sid in ended:
            self._namespaces[namespace].cut(sid)
            with self._guard.lock:
                # Usually gone by now, but not when the client hung up before it was fully connected.
                self._guard.sockets.pop((namespace, sid), None)
        return len(ended)

    def _ended(self, sockets: Mapping[tuple[str, str], Connected]) -> list[tuple[str, str]]:
        sessions = {entry.session_id for entry in sockets.values()}
        with self._guard.app.app_context():
            now = self._guard.clock.now()
            try:
                alive = self._guard.auth.alive(sessions)
            except (SQLAlchemyError, OSError):
                # Nobody can tell who is blocked; tokens still expire.
                log.warning("sockets not checked: the database is away")
                alive = sessions
        return [
            key for key, entry in sockets.items() if entry.session_id not in alive or entry.expires_at <= now
        ]

    def _hang_up_outsiders(self) -> None:
        now = monotonic()
        outside: dict[str, float] = {}
        for eio_sid, connection in list(self._server.eio.sockets.items()):
            if any(self._server.manager.sid_from_eio_sid(eio_sid, name) for name in self._namespaces):
                continue
            since = self._outside.get(eio_sid, now)
            if now - since < JOIN_SECONDS:
                outside[eio_sid] = since
            else:
                connection.close(wait=False)
        self._outside = outside

    def _end_what_lingers(self) -> None:
        """End connections that outlive their session: a thread writes to a client that does not read."""
        if self._guard.admission is None:
            return
        now = monotonic()
        lingering: dict[Session, float] = {}
        for session in self._guard.admission.sessions():
            if not session.over:
                continue
            since = lingering[session] = self._lingering.get(session, now)
            transport = session.transport
            if transport is not None and now - since >= LINGER_SECONDS:
                transport.kill()
        self._lingering = lingering

    def close_all(self) -> None:
        """Tell every socket of this process that the server is closing, and close it with its connection."""
        self._guard.closing = True
        with self._guard.lock:
            sockets = list(self._guard.sockets)
        for namespace, sid in sockets:
            self._namespaces[namespace].close_for_shutdown(sid)
        for connection in list(self._server.eio.sockets.values()):
            connection.close(wait=False)
