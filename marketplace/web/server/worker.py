"""The gunicorn worker: a thread serves only a request that has arrived, so slow clients hold none.

gunicorn's own worker reads heads and bodies in its threads, without a deadline, and closes connections in
the loop that accepts them. Here the loop keeps every connection that has to wait, until its deadline; a
thread gets it when there is something to read, and returns it if that is not a whole request.
"""

import errno
import logging
import resource
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import FrameType
from typing import Any

from gunicorn.http import errors, wsgi
from gunicorn.http.message import Request
from gunicorn.workers.gthread import ThreadWorker

from marketplace.web.server.arrival import BodyLimits, Stage
from marketplace.web.server.checks import check_request
from marketplace.web.server.connection import (
    Answer,
    Connection,
    Place,
    SlowReaders,
    TooLargeBody,
)
from marketplace.web.server.refusals import Cut, GaveWay, TooLate, refuse

log = logging.getLogger(__name__)

LINGER_PAUSE_SECONDS = 2.0
"""How long an answered and ended connection waits for the client to end it, too."""
STOPPING_PAUSE_SECONDS = 1.0
"""Likewise when the server stops, and how long an idle connection may still bring a request then: who is
there sends one, or sees the end, within a round trip."""
LINGER_SECONDS = 30.0
LINGER_BYTES = 64 * 1024 * 1024
"""How long, and how many bytes, a client may send in vain before it reads the answer."""
MAX_HELD = 128 * 1024 * 1024
"""Bytes of unfinished requests and unread answers that a process keeps."""
SWEEP_SECONDS = 0.25
STAY_SECONDS = 0.001
REQUESTS_A_TURN = 50
"""How long a thread waits for the next request of a connection, and how many it answers before others get
their turn."""
FILES_BESIDES = 256
"""File descriptors that the process needs besides those of its clients."""
_FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a head, a body and the reading of an answer may take, and the bytes of bodies.

    Bodies and answers get these seconds again whenever 10,000 bytes for each of them have been transferred.
    """

    head_seconds: float
    body_seconds: float
    send_seconds: float
    bodies: BodyLimits


class _Turn(Enum):
    """The next step of a connection that a thread returns."""

    RECEIVE = "receive"
    KEEP = "keep"
    CLOSE = "close"
    ABORT = "abort"


class Worker(ThreadWorker):
    """The base of `worker_class` in gunicorn.conf.py; `make_worker_class` gives it its limits."""

    limits: Limits

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: dict[Connection, None] = {}
        self._held = 0
        self._next_sweep = 0.0
        self._quits = False
        self._staying = threading.BoundedSemaphore(max(1, self.cfg.threads // 4))
        self._slow_readers = SlowReaders(self.limits.send_seconds, self.cfg.threads // 2)

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:  # noqa: ARG003 - gunicorn's signature
        """Raises RuntimeError for settings that this worker does not support."""
        if cfg.is_ssl or cfg.proxy_protocol != "off":
            raise RuntimeError("TLS and the PROXY protocol belong to the proxy before this server")

    def init_process(self) -> None:
        """Raise the limit of descriptors first: gunicorn's loop ends when none are left."""
        wanted = self.worker_connections + FILES_BESIDES
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            self.worker_connections = min(self.worker_connections, max(1, most - FILES_BESIDES))
        super().init_process()

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """End waiting connections at once, and the others when they are done.

        gunicorn's would raise SystemExit wherever the loop is, and wait for a lock that the loop may hold.
        """
        self._quits = True
        self.handle_exit(sig, frame)

    # --- in the loop ------------------------------------------------------------------------------

    def accept(self, listener: socket.socket) -> None:
        """Accept a new connection; when there are too many, a waiting one gives way."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in _FULL:
                log.warning("no descriptor for a new connection")
                self._make_room()
            return
        sock.setblocking(True)  # as WebSockets need it; everything else is read and written with MSG_DONTWAIT
        conn = Connection(self.cfg, sock, client, listener.getsockname(), self.limits.bodies)
        conn.slow_readers = self._slow_readers
        self.nr_conns += 1
        self.enqueue_req(conn)

    def finish_request(self, conn: Connection, fs: "Future[_Turn]") -> None:
        """Take a connection back from its thread."""
        turn = _Turn.ABORT
        if not fs.cancelled():
            error = fs.exception()
            if error is None:
                turn = fs.result()
            else:
                log.error("unhandled exception of the server", exc_info=error)
        if turn is _Turn.ABORT:
            self._end(conn)
        elif turn is _Turn.RECEIVE:
            self._receive(conn)
        else:
            conn.will_close = turn is _Turn.CLOSE
            self._send(conn)

    def murder_keepalived(self, force: bool = False) -> None:
        """End connections that have waited too long, or all: gunicorn's loop calls this after each round."""
        # When threads have most connections, they are done in a moment: accept no more until then.
        if self.nr_conns >= self.worker_connections <= 2 * len(self._waiting):
            self._make_room()
        now, force = time.monotonic(), force or self._quits
        if now < self._next_sweep and not force:
            return
        self._next_sweep = now + SWEEP_SECONDS
        for conn in [conn for conn in self._waiting if force or conn.deadline <= now]:
            if not force and self._is_under_way(conn):
                conn.deadline = conn.renew(self._seconds(conn))
                if conn.deadline > now:
                    continue
            self._take(conn)
            if force or conn.place is not Place.RECEIVING or not conn.arrival.has_begun:
                self._end(conn)
            else:
                self._refuse(conn, TooLate())

    def murder_pending(self) -> None:
        """Do nothing: gunicorn's own list stays empty."""

    def wait_for_and_dispatch_events(self, timeout: float | None) -> None:
        """Handle what is ready within `timeout` seconds; a stopping server wakes at the next deadline."""
        if not self.alive and timeout is not None:
            now = time.monotonic()
            timeout = max(0.0, min([timeout, *(conn.deadline - now for conn in self._waiting)]))
            self._next_sweep = 0.0
        super().wait_for_and_dispatch_events(timeout)

    def _cap_keepalive(self, deadline: float) -> None:
        """Let a stopping server wait a moment for requests that may be on their way."""
        deadline = min(deadline, time.monotonic() + STOPPING_PAUSE_SECONDS)
        for conn in self._waiting:
            if conn.place is Place.LINGERING or not (conn.place is Place.SENDING or conn.arrival.has_begun):
                conn.deadline = min(conn.deadline, deadline)

    @property
    def _pause(self) -> float:
        return LINGER_PAUSE_SECONDS if self.alive else STOPPING_PAUSE_SECONDS

    @staticmethod
    def _is_under_way(conn: Connection) -> bool:
        """Whether the connection may take longer as long as it keeps its pace."""
        return conn.place is Place.SENDING or conn.arrival.stage is Stage.BODY

    def _seconds(self, conn: Connection) -> float:
        if conn.place is Place.SENDING:
            return self.limits.send_seconds
        if conn.arrival.stage is Stage.BODY:
            return self.limits.body_seconds
        if not conn.arrival.has_begun:
            if not self.alive:
                return STOPPING_PAUSE_SECONDS
            if conn.is_kept:
                keepalive: int = self.cfg.keepalive
                return keepalive
        return self.limits.head_seconds

    def _receive(self, conn: Connection) -> None:
        conn.place = Place.RECEIVING
        deadline = conn.renew(self._seconds(conn))
        if conn.arrival.has_begun and deadline <= time.monotonic():
            self._refuse(conn, TooLate())  # a trickle may never be ready when the loop checks
        else:
            self._wait(conn, selectors.EVENT_READ, deadline)

    def _send(self, conn: Connection) -> None:
        """Continue once the answer is sent."""
        if conn.unsent:
            conn.place = Place.SENDING
            self._wait(conn, selectors.EVENT_WRITE, conn.renew(self.limits.send_seconds))
        elif conn.will_close:
            self._linger(conn)
        else:
            try:
                conn.begin_next()
            except errors.LimitRequestHeaders as error:
                self._refuse(conn, error)
                return
            if conn.arrival.stage is Stage.READY:
                self.enqueue_req(conn)
            else:
                self._receive(conn)

    def _linger(self, conn: Connection) -> None:
        """End the connection so that the client reads the answer first (RFC 9112, 9.6): unread bytes from the
        client would make the system discard the answer.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._end(conn)
            return
        conn.place, conn.since, conn.drained = Place.LINGERING, time.monotonic(), 0
        self._wait(conn, selectors.EVENT_READ, conn.since + self._pause)

    def _refuse(self, conn: Connection, error: Exception) -> None:
        """Answer a request that did not arrive completely."""
        conn.will_close = True
        try:
            conn.sendall(refuse(error))
            conn.push()
        except OSError:
            self._end(conn)
        else:
            self._send(conn)

    def _wait(self, conn: Connection, event: int, deadline: float) -> None:
        conn.deadline = deadline
        conn.held = conn.unsent + (conn.arrival.size if conn.place is Place.RECEIVING else 0)
        self._held += conn.held
        self._waiting[conn] = None
        self.poller.register(conn.sock, event, partial(self._on_ready, conn))
        if self._held > MAX_HELD:
            self._free_memory()

    def _take(self, conn: Connection) -> None:
        del self._waiting[conn]
        self._held -= conn.held
        self.poller.unregister(conn.sock)

    def _end(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.end()

    def _on_ready(self, conn: Connection, _sock: Any) -> None:
        if conn not in self._waiting:
            return  # it gave way in this same round
        if conn.place is Place.RECEIVING:
            self._take(conn)
            self.enqueue_req(conn)
            return
        try:
            if conn.place is Place.SENDING:
                if conn.push():
                    self._take(conn)
                    self._send(conn)
                return
            is_open = conn.drain() and conn.drained < LINGER_BYTES
        except BlockingIOError:
            return
        except OSError:
            is_open = False
        if is_open:
            conn.deadline = min(conn.since + LINGER_SECONDS, time.monotonic() + self._pause)
        else:
            self._take(conn)
            self._end(conn)

    # --- who gives way ----------------------------------------------------------------------------

    def _make_room(self) -> None:
        """End the least important connection of the network with the most waiting connections."""
        if not self._waiting:
            return
        crowd = Counter(conn.network for conn in self._waiting).most_common(1)[0][0]
        self._give_way(min((conn for conn in self._waiting if conn.network == crowd), key=_importance))

    def _free_memory(self) -> None:
        """End the largest connection of the network that holds the most bytes."""
        held: Counter[str] = Counter()
        for conn in self._waiting:
            held[conn.network] += conn.held
        crowd = held.most_common(1)[0][0]
        self._give_way(
            max((conn for conn in self._waiting if conn.network == crowd), key=lambda conn: conn.held)
        )

    def _give_way(self, conn: Connection) -> None:
        self._take(conn)
        if conn.place is Place.RECEIVING and conn.arrival.has_begun:
            # It is told why if that takes no wait; it does not linger, since its place is needed now.
            with suppress(OSError):
                conn.sendall(refuse(GaveWay()))
                conn.push()
        self._end(conn)

    # --- in a thread ------------------------------------------------------------------------------

    def handle(self, conn: Connection) -> _Turn:
        """Read the received bytes; answer them when they are a whole request."""
        try:
            is_open = conn.receive()
            served = 0
            while conn.is_ready():
                turn = self._serve(conn)
                served += 1
                if turn is not _Turn.KEEP or conn.unsent or not self.alive or served == REQUESTS_A_TURN:
                    return turn
                conn.begin_next()
                if not conn.is_ready() and not self._hears_more(conn):
                    return _Turn.RECEIVE
                is_open = conn.receive()
            if is_open or not conn.arrival.has_begun:
                return _Turn.RECEIVE if is_open else _Turn.ABORT
            refused: Exception = Cut()
        except StopIteration:  # the end of a WebSocket
            return _Turn.CLOSE if conn.share() else _Turn.ABORT
        except errors.NoMoreData as error:
            refused = error
        except OSError as error:
            log.debug("the client is gone: %s", error)
            return _Turn.ABORT
        except Exception as error:  # noqa: BLE001 - the last handler of all; the error goes to the log
            refused = error
        return self._refuse_now(conn, refused)

    def _hears_more(self, conn: Connection) -> bool:
        """Wait a moment for the next request if the last one came at once, as from a busy proxy: the way
        through the loop costs as much as a cached answer. At most a quarter of the threads wait.
        """
        if not conn.is_prompt or not self._staying.acquire(blocking=False):
            return False
        try:
            return conn.hears_within(STAY_SECONDS)
        finally:
            self._staying.release()

    @staticmethod
    def _refuse_now(conn: Connection, error: Exception) -> _Turn:
        try:
            conn.sendall(refuse(error, is_head=conn.is_head))
            conn.push()
        except OSError:
            return _Turn.ABORT
        return _Turn.CLOSE

    def _serve(self, conn: Connection) -> _Turn:
        conn.is_head = False
        request = next(conn.parser)
        conn.is_head = request.method == "HEAD"
        check_request(request)
        goes_on = self._respond(request, conn) and conn.parser.finish_body()
        return _Turn.KEEP if goes_on else _Turn.CLOSE

    def _respond(self, request: Request, conn: Connection) -> bool:
        """Let the program answer. True when another request may follow on the connection."""
        if conn.arrival.is_too_large:
            request.body = TooLargeBody()
        request._expected_100_continue = False  # noqa: SLF001 - sent already, if there was a body to wait for
        answer, environ = wsgi.create(
            request,
            conn.sock,
            conn.client,
            conn.server,
            self.cfg,
            response_class=Answer,
            response_args=(conn,),
        )
        environ["wsgi.multithread"] = True
        self.nr += 1
        if self.nr >= self.max_requests:
            if self.alive:
                log.info("this process has served its share of requests")
            self.alive = False
        if not self.alive or not conn.arrival.is_whole:
            answer.force_close()
        try:
            pieces = self.wsgi(environ, answer.start_response)
            try:
                for piece in pieces:
                    answer.write(piece)
                answer.close()
            finally:
                close: Callable[[], None] | None = getattr(pieces, "close", None)
                if close is not None:
                    close()
        except Exception as error:
            if isinstance(error, OSError) or not answer.headers_sent:
                raise
            log.exception("unhandled exception in the middle of an answer")
            return False
        return not answer.should_close()


def _importance(conn: Connection) -> tuple[int, float]:
    """The order of giving way: first ended connections, then idle, then unfinished ones; oldest first."""
    if conn.place is Place.LINGERING:
        return 0, conn.since
    is_idle = conn.place is Place.RECEIVING and not conn.arrival.has_begun
    return (1 if is_idle else 2), conn.since


def make_worker_class(limits: Limits) -> type[Worker]:
    """The class for gunicorn's `worker_class`."""
    return type("Worker", (Worker,), {"limits": limits})
