"""Starts Socket.IO in the program, and closes it."""

from collections.abc import Sequence

from flask import Flask
from flask_socketio import SocketIO

from marketplace.realtime.bus import build_manager
from marketplace.realtime.gate import RESERVED_THREADS, WebSocketGate
from marketplace.realtime.namespace import BaseNamespace, SocketGuard
from marketplace.realtime.sweeper import Sweeper

MAX_PAYLOAD_BYTES = 64 * 1024
PING_INTERVAL_SECONDS = 25
PING_TIMEOUT_SECONDS = 20
EXTENSION = "marketplace_sockets"


def init_realtime(
    app: Flask,
    socketio: SocketIO,
    guard: SocketGuard,
    *,
    namespaces: Sequence[BaseNamespace],
    database_url: str,
    redis_url: str | None,
    cors_origins: Sequence[str],
    threads: int,
    many_processes: bool,
) -> None:
    """Mount /socket.io/ with `namespaces`.

    With many processes only WebSocket is offered: polling would need sticky sessions. `cors_origins` is
    the allowlist of Origin; none means the same host only.
    """
    socketio.init_app(
        app,
        async_mode="threading",
        client_manager=build_manager(database_url, redis_url),
        cors_allowed_origins=list(cors_origins) or None,
        # One thread a socket: its events run one after the other, and a flood cannot start a thread each.
        async_handlers=False,
        transports=["websocket"] if many_processes else ["polling", "websocket"],
        ping_interval=PING_INTERVAL_SECONDS,
        ping_timeout=PING_TIMEOUT_SECONDS,
        max_http_buffer_size=MAX_PAYLOAD_BYTES,
        manage_session=False,
    )
    for namespace in namespaces:
        namespace.use(guard)
        socketio.on_namespace(namespace)
    app.wsgi_app = WebSocketGate(app.wsgi_app, threads - RESERVED_THREADS)  # type: ignore[method-assign]  # Flask's own way to add a layer
    app.extensions[EXTENSION] = Sweeper(guard, {item.namespace: item for item in namespaces})


def start_sweeper(app: Flask) -> None:
    """Start closing dead sockets; once in each serving process."""
    app.extensions[EXTENSION].start()


def close_sockets(app: Flask) -> None:
    """Tell every socket of this process that the server is closing, and close it; for SIGTERM."""
    sweeper: Sweeper = app.extensions[EXTENSION]
    sweeper.stop()
    sweeper.close_all()
