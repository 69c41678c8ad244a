"""A client's connection: reads and writes without waiting, and buffers the rest."""

import select
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from enum import Enum
from typing import Any

from gunicorn.http.message import Request
from gunicorn.http.parser import Parser
from gunicorn.http.unreader import Unreader
from gunicorn.http.wsgi import Response

from marketplace.kernel.errors import TooLarge
from marketplace.web.limits.callers import network_of
from marketplace.web.server.arrival import Arrival, BodyLimits, Stage

BYTES_PER_SECOND = 10_000
"""The slowest pace of bodies and answers, measured over each span of their allowed seconds."""
PROMPT_SECONDS = 0.002
"""A request that follows the previous answer within this time is prompt."""
_READS_A_TURN = 16
_SEND_AT = 64 * 1024
MAX_KEPT = 2 * 1024 * 1024
"""The part of an answer that waits for its reader without a thread; the rest is made when there is room."""
_PIECES_AT_ONCE = 64


class Place(Enum):
    """The reason why a connection waits while no thread has it."""

    RECEIVING = "receiving"
    SENDING = "sending"
    LINGERING = "lingering"


class SlowReaders:
    """How long an answer may take, and how many threads may wait for readers of long ones at once."""

    def __init__(self, seconds: float, threads: int) -> None:
        self.seconds = seconds
        self.free = threading.BoundedSemaphore(max(1, threads))


class _Received(Unreader):
    """The source of gunicorn's parser: the bytes that have arrived, never the socket."""

    def __init__(self) -> None:
        super().__init__()
        self.arrival: Arrival | None = None

    def chunk(self, size_hint: int | None = None) -> bytes:  # noqa: ARG002 - gunicorn's signature
        assert self.arrival is not None
        return self.arrival.pieces.popleft() if self.arrival.pieces else b""


class TooLargeBody:
    """The body of an abandoned request: reading it tells that it is too large."""

    failed = True

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002 - WSGI's signature
        raise TooLarge


class Connection:
    """One connection. Either a thread or the poller has it, never both."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any, limits: BodyLimits) -> None:
        self.sock = sock
        self.client = client
        self.server = server
        self.network = network_of(client[0]) if isinstance(client, tuple) else ""
        self.place = Place.RECEIVING
        self.deadline = 0.0
        self.held = 0
        self.will_close = False
        self.is_kept = False
        self.is_prompt = False
        self.is_shared = False
        self.is_head = False
        self.since = time.monotonic()
        """Since when it waits in its place; for a transfer, since when its pace is measured."""
        self.moved = 0
        self.drained = 0
        self._limits = limits
        self._received = _Received()
        self.parser = _Parser(cfg, (), client)
        self.parser.unreader = self._received
        self.arrival = self._received.arrival = Arrival(limits)
        self._out: deque[memoryview] = deque()
        self.unsent = 0
        self.slow_readers: SlowReaders | None = None

    def renew(self, seconds: float) -> float:
        """The deadline of a transfer. While it keeps its pace, it gets `seconds` again and again."""
        now = time.monotonic()
        if now >= self.since + seconds and self.moved >= seconds * BYTES_PER_SECOND:
            self.since, self.moved = now, 0
        return self.since + seconds

    # --- in ---------------------------------------------------------------------------------------

    def receive(self) -> bool:
        """Read the available bytes without waiting. False when the client has ended the connection."""
        arrival = self.arrival
        for _ in range(_READS_A_TURN):
            if arrival.stage is Stage.READY:
                break
            room = arrival.room
            try:
                data = self.sock.recv(room, socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
            if not data:
                return False
            had_begun, stage = arrival.has_begun, arrival.stage
            arrival.feed(data)
            self.moved += len(data)
            if not had_begun or arrival.stage is not stage:
                now = time.monotonic()
                if not had_begun:
                    self.is_prompt = self.is_kept and now - self.since < PROMPT_SECONDS
                self.since, self.moved = now, 0
            if len(data) < room:
                break
        if arrival.wants_continue:
            arrival.wants_continue = False
            self.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.push()
        return True

    def begin_next(self) -> None:
        """Prepare for the next request; the client may have sent some of it already."""
        rest = self._received.take_buffered() + b"".join(self.arrival.pieces)
        self.arrival = self._received.arrival = Arrival(self._limits)
        self.is_kept, self.is_head = True, False
        self.since = time.monotonic()
        if rest:
            self.arrival.feed(rest)

    def is_ready(self) -> bool:
        """Whether a request has arrived, or the received bytes cannot be one."""
        return self.arrival.stage is Stage.READY

    def hears_within(self, seconds: float) -> bool:
        """Whether there is something to read now or within this time."""
        waiting = select.poll()
        waiting.register(self.sock, select.POLLIN)
        return bool(waiting.poll(seconds * 1000))

    def drain(self) -> bool:
        """Discard the available bytes. False when the client has ended the connection."""
        data = self.sock.recv(256 * 1024, socket.MSG_DONTWAIT)
        self.drained += len(data)
        return bool(data)

    def share(self) -> bool:
        """Continue with a descriptor of its own: another thread may close the descriptor of a WebSocket at
        any time. False when it is closed already.
        """
        try:
            self.sock, self.is_shared = self.sock.dup(), True
        except OSError:
            return False
        return True

    def end(self) -> None:
        """Close the connection."""
        with suppress(OSError):
            if self.is_shared:
                self.sock.shutdown(socket.SHUT_RDWR)  # which wakes the other thread
        with suppress(OSError):
            self.sock.close()

    # --- out --------------------------------------------------------------------------------------

    def sendall(self, data: bytes) -> None:
        """Accept `data` for sending; gunicorn calls this name. Raises OSError."""
        if not self.unsent:
            self.since, self.moved = time.monotonic(), 0
        self._out.append(memoryview(data))
        self.unsent += len(data)
        if self.unsent >= _SEND_AT:
            self.push()
            if self.unsent > MAX_KEPT:
                self._wait_for_reader()

    def push(self) -> bool:
        """Send as much as possible without waiting. True when nothing is left. Raises OSError."""
        out = self._out
        while out:
            pieces = list(out)[:_PIECES_AT_ONCE] if len(out) > _PIECES_AT_ONCE else out
            try:
                sent = self.sock.sendmsg(pieces, (), socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            self.unsent -= sent
            self.moved += sent
            while sent:
                if sent < len(out[0]):
                    out[0] = out[0][sent:]
                    break
                sent -= len(out.popleft())
        return True

    def _wait_for_reader(self) -> None:
        """Hold the thread until half of the buffer is sent. Raises OSError when that takes too long."""
        slow = self.slow_readers
        assert slow is not None
        if not slow.free.acquire(blocking=False):
            raise TimeoutError("too many clients read too slowly")
        try:
            waiting = select.poll()
            waiting.register(self.sock, select.POLLOUT)
            while self.unsent > MAX_KEPT // 2:
                left = self.renew(slow.seconds) - time.monotonic()
                if left <= 0:
                    raise TimeoutError("the client reads too slowly")
                waiting.poll(left * 1000)
                self.push()
        finally:
            slow.free.release()


class _Request(Request):
    """gunicorn's request. gunicorn_h1c, when installed, reads complete heads without a body: most of them.
    The parser in Python reads heads that frame a body, and invalid ones, since it tells why it refuses.
    """

    def parse(self, unreader: "_Received") -> bytes:
        assert unreader.arrival is not None
        self._use_fast = self._use_fast and unreader.arrival.is_bare
        return super().parse(unreader)


class _Parser(Parser):
    mesg_class = _Request


class Answer(Response):
    """gunicorn's response, sent through the connection: head and body in one write when they are small."""

    def __init__(self, req: Any, sock: Any, cfg: Any, connection: Connection) -> None:  # noqa: ARG002 - gunicorn's signature
        super().__init__(req, connection, cfg)
        self._connection = connection

    def should_close(self) -> bool:
        """Also true when the body could not be read: the beginning of the next request is unknown. And when
        `close` is one of several options (RFC 9112, 9.6): gunicorn compares the first line as a whole.
        """
        return bool(super().should_close() or self.req.body.failed or self._is_asked_to())

    def _is_asked_to(self) -> bool:
        lines = (value for name, value in self.req.headers if name == "CONNECTION")
        return any(option.strip(" \t").lower() == "close" for line in lines for option in line.split(","))

    def sendfile(self, respiter: Any) -> bool:  # noqa: ARG002 - gunicorn's signature
        """False: nothing is sent past the connection."""
        return False

    def _emit_body(self, data: bytes) -> None:
        super()._emit_body(data)
        if self.chunked:  # made piece by piece, for a reader that wants each piece at once
            self._connection.push()

    def close(self) -> None:
        super().close()
        self._connection.push()
