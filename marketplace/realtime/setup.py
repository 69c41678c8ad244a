"""Starts Socket.IO in the program, and closes it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask_socketio import SocketIO
from socketio import Manager

from marketplace.kernel.links import NO_LINKS, Links
from marketplace.realtime.admission import Admission, divide
from marketplace.realtime.bus import build_manager
from marketplace.realtime.engine import Engine
from marketplace.realtime.gate import RESERVED_THREADS, Counter, SocketGate, Telling, in_english
from marketplace.realtime.namespace import BaseNamespace, SocketGuard
from marketplace.realtime.pubsub import BusManager
from marketplace.realtime.sweeper import Sweeper

MAX_PAYLOAD_BYTES = 64 * 1024
PING_INTERVAL_SECONDS = 25
PING_TIMEOUT_SECONDS = 20
EXTENSION = "marketplace_sockets"


@dataclass(frozen=True)
class Realtime:
    """The parts that run beside the requests: the sweeper and, unless `local_only`, the bus."""

    sweeper: Sweeper
    bus: BusManager | None
    namespaces: tuple[BaseNamespace, ...]


def _uncounted(_address: str, _seconds: int, /) -> None:
    """The default where nobody counts handshakes."""


def init_realtime(
    app: Flask,
    socketio: SocketIO,
    guard: SocketGuard,
    *,
    namespaces: Sequence[BaseNamespace],
    database_url: str,
    redis_url: str | None,
    allows_origin: Callable[[str], bool],
    threads: int,
    many_processes: bool,
    local_only: bool = False,
    per_address: int | None = None,
    per_user: int | None = None,
    network: Callable[[str], str] = str,
    count: Counter = _uncounted,
    links: Links = NO_LINKS,
    tell: Telling = in_english,
) -> None:
    """Mount /socket.io/ with `namespaces`.

    With many processes only WebSocket is offered: polling would need sticky sessions. `allows_origin`
    says which Origin may connect besides the host itself. `local_only` leaves out the bus, as
    Flask-SocketIO's test client needs it. A process without a server (the worker) calls this as well:
    its `publish` goes out over the bus. At most `per_address` and `per_user` sockets are let in (by default
    half of the room, and PER_USER); `network`, `count`, `links` and `tell` are those of SocketGate.
    """
    bus = None if local_only else build_manager(database_url, redis_url)
    socketio.init_app(
        app,
        async_mode="threading",
        client_manager=Manager() if bus is None else bus,
        cors_allowed_origins=_origin_check(allows_origin),
        cors_credentials=False,
        # One thread per socket: its events run in turn, and a flood of events cannot start a thread for each.
        async_handlers=False,
        transports=["websocket"] if many_processes else ["polling", "websocket"],
        ping_interval=PING_INTERVAL_SECONDS,
        ping_timeout=PING_TIMEOUT_SECONDS,
        max_http_buffer_size=MAX_PAYLOAD_BYTES,
        manage_session=False,
        logger=_quiet("socketio.server"),
        engineio_logger=_quiet("engineio.server"),
    )
    admission = guard.admission = Admission(divide(threads - RESERVED_THREADS, per_address, per_user))
    engine = Engine(socketio.server, admission, max_message_size=MAX_PAYLOAD_BYTES)
    for namespace in namespaces:
        namespace.use(guard)
        socketio.on_namespace(namespace)
    app.wsgi_app = SocketGate(  # type: ignore[method-assign]  # Flask's own way to add a layer
        app.wsgi_app,
        admission,
        max_payload=MAX_PAYLOAD_BYTES,
        hang_up=engine.hang_up,
        network=network,
        count=count,
        links=links,
        tell=tell,
    )
    sweeper = Sweeper(guard, socketio.server, {item.namespace: item for item in namespaces})
    app.extensions[EXTENSION] = Realtime(sweeper, bus, tuple(namespaces))


def start_sweeper(app: Flask) -> None:
    """Start closing dead sockets; once in each serving process."""
    _realtime(app).sweeper.start()


def close_sockets(app: Flask) -> None:
    """Tell every socket of this process that the server is closing, and close it; for SIGTERM.

    New sockets are refused from here on. Takes locks: call it from a thread, not inside a signal handler.
    """
    realtime = _realtime(app)
    realtime.sweeper.stop()
    realtime.sweeper.close_all()
    if realtime.bus is not None:
        realtime.bus.close()


def namespaces_of(app: Flask) -> tuple[BaseNamespace, ...]:
    """The namespaces that `app` serves."""
    return _realtime(app).namespaces


def _realtime(app: Flask) -> Realtime:
    found = app.extensions[EXTENSION]
    assert isinstance(found, Realtime)
    return found


def _origin_check(allows: Callable[[str], bool]) -> Callable[[str | None, dict[str, Any]], bool]:
    # The library's own list excludes the host itself; where it accepts the host, it trusts X-Forwarded-Host.
    def check(origin: str | None, environ: dict[str, Any]) -> bool:
        if origin is None:
            # Not a browser; used only for the headers of the answer.
            return False
        own = origin.partition("://")[2].lower() == environ.get("HTTP_HOST", "").lower()
        return own or allows(origin)

    return check


def _quiet(name: str) -> logging.Logger:
    # At INFO the libraries log every packet, tokens included; without a logger they add their own handler.
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    return logger
