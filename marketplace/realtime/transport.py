"""WebSockets for engine.io, with a limit on every wait and a check of every frame.

The library's own writes an HTTP 500 into the stream when a frame is broken, waits for ever for a client that
does not close, and sends from two threads at once.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import simple_websocket
from engineio.async_drivers.threading import DaemonThread
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from marketplace.realtime.admission import IS_UPGRADE, SESSION, Session
from marketplace.realtime.packets import PROBE, UPGRADE, Broken, check_packet

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)

SILENCE_SECONDS = 50.0
"""How long a connection may stay silent or take no data: longer than ping interval and timeout."""
UPGRADE_SECONDS = 10.0
"""The limit for each of the two frames by which a session moves from polls to a WebSocket."""
_SOCKETS = ("werkzeug.socket", "gunicorn.socket")
_TOO_MANY = "too many packets a second"


class Wire:
    """The connection under a WebSocket. Data is sent whole, by one thread at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._turn = threading.Lock()
        self.written = False
        connection.settimeout(SILENCE_SECONDS)

    def send(self, data: bytes) -> None:
        """Raises OSError when the client does not take it in time."""
        with self._turn:
            self.written = True
            self._connection.sendall(data)

    def recv(self, size: int) -> bytes:
        """Raises OSError after SILENCE_SECONDS."""
        return self._connection.recv(size)

    def end(self) -> None:
        """End the connection: sent data still arrives, and threads that read or write here are woken."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it, as a socket does."""
        self.end()
        self._connection.close()


class _CountingSocket(simple_websocket.Server):
    """The library's socket, with every frame counted when it arrives, not when it is read: pings and
    fragments of a message, which nobody reads, are work too.
    """

    def __init__(self, environ: "WSGIEnvironment", count: Callable[[], bool], **options: Any) -> None:
        self._count = count
        super().__init__(environ, **options)

    def handshake(self) -> None:
        super().handshake()
        events = self.ws.events
        self.ws.events = lambda: self._counted(events())

    def _counted(self, events: Iterable[Any]) -> Iterator[Any]:
        for event in events:
            # A large frame arrives in parts.
            if getattr(event, "frame_finished", True) and not self._count():
                log.info("socket closed", extra={"reason": _TOO_MANY})
                with suppress(simple_websocket.ConnectionClosed):
                    self.close(CloseReason.POLICY_VIOLATION, _TOO_MANY)
                raise ConnectionAbortedError(_TOO_MANY)  # ends the reading thread
            yield event


class GuardedWebSocket:
    """Replaces engine.io's `SimpleWebSocketWSGI`, with the methods that it calls: `wait`, `send`, `close`."""

    def __init__(self, handler: Callable[[Any], Any], server: object, *, max_message_size: int) -> None:  # noqa: ARG002 - as engine.io calls it
        self._handler = handler
        self._max_message_size = max_message_size
        self._wire: Wire
        self._ws: Any
        self._session: Session | None = None
        self._expected: list[str] = []

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Serve the socket. Ends as the current server requires, so that it sends no answer."""
        name = next(name for name in _SOCKETS if name in environ)
        self._wire = Wire(environ[name])
        self._session = environ.get(SESSION)
        self._expected = [PROBE, UPGRADE] if environ.get(IS_UPGRADE) else []
        try:
            self._ws = _CountingSocket(
                {**environ, name: self._wire},
                self._count,
                max_message_size=self._max_message_size,
                thread_class=_reader,
            )
        except Exception:  # classes of wsproto and its extensions, for headers that the gate let through
            if self._wire.written:
                raise StopIteration from None
            log.info("handshake of a WebSocket refused", exc_info=True)
            start_response("400 Bad Request", [("Content-Type", "text/plain"), ("Connection", "close")])
            return [b"This is no handshake of a WebSocket"]
        if self._session is not None:
            self._session.transport = self
        try:
            self._handler(self)
        except Exception:
            # Whatever the error is, an answer would land in the middle of the stream.
            log.exception("socket failed")
            self._close(CloseReason.INTERNAL_ERROR, "Something went wrong on our side")
        finally:
            if self._session is not None:
                self._session.transport = None
            self._close(CloseReason.NORMAL_CLOSURE)
        raise ConnectionError if self._ws.mode == "werkzeug" else StopIteration

    def wait(self) -> str | None:
        """The next packet; None at the end."""
        try:
            data = self._ws.receive(UPGRADE_SECONDS if self._expected else None)
            self._check(data)
        except simple_websocket.ConnectionClosed:
            return None
        except Broken as broken:
            log.info("socket closed", extra={"reason": str(broken)})
            self._close(CloseReason.POLICY_VIOLATION, str(broken))
            return None
        assert isinstance(data, str)
        return data

    def _check(self, data: object) -> None:
        if data is None:
            raise Broken("the upgrade was not finished in time")
        if self._expected:
            if data != self._expected.pop(0):
                raise Broken("not the packet that an upgrade wants")
        else:
            check_packet(data)

    def _count(self) -> bool:
        return self._session is None or self._session.frames.take()

    def send(self, message: str | bytes) -> None:
        """Raises OSError."""
        try:
            self._ws.send(message)
        except (simple_websocket.ConnectionClosed, LocalProtocolError):
            raise OSError from None

    def close(self) -> None:
        """Called by engine.io when a session has ended."""
        self._close(CloseReason.NORMAL_CLOSURE)

    def kill(self) -> None:
        """End the connection, even while a thread reads or writes."""
        self._wire.end()

    def _close(self, code: CloseReason, why: str | None = None) -> None:
        if self._ws.connected:
            try:
                self._ws.close(code, why)
            except LocalProtocolError:
                return  # another thread is about to send its close frame, and ends the connection after it
            except (simple_websocket.ConnectionClosed, OSError):
                pass
        # Not left to the client, which may neither answer nor leave.
        self._wire.end()


def _reader(target: Callable[[], None]) -> threading.Thread:
    """simple_websocket's reading thread; whatever ends it, nobody keeps waiting for it."""
    ws = target.__self__  # type: ignore[attr-defined]  # a method

    def read() -> None:
        try:
            target()
        finally:
            ws.connected = False
            ws.event.set()

    thread: threading.Thread = DaemonThread(target=read)
    return thread
