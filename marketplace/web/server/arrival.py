"""Follows a request while it arrives, so that no thread has to wait for the rest of it.

It makes no decision of gunicorn's parser: a request that it cannot follow counts as ready, and the parser,
which then reads the same bytes, refuses it.
"""

import re
from collections import deque
from dataclasses import dataclass
from enum import Enum

from gunicorn.http.errors import LimitRequestHeaders

MAX_REQUEST_LINE = 8190
MAX_HEAD = 64 * 1024
"""Bytes of request line and headers together; nginx's default is 32 KiB."""
MAX_CHUNK_LINE = 8190
READ_AT_ONCE = 64 * 1024
_PAYLOAD_PER_FRAMING = 8
"""A chunked body has at least this many bytes per byte of framing, except for the first MAX_HEAD bytes of
framing. Parsing chunks of one byte costs forty times as much as their data, and nobody sends thousands of
chunks below 50 bytes.
"""
_DIGITS_OF_SIZES = 18  # more would not fit in 64 bits

_BARE_LF = re.compile(rb"(?<!\r)\n")
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})([ \t]*;[^\r\n]*)?\r\n")


class Stage(Enum):
    """The part of a request that is still to come."""

    HEAD = "head"
    BODY = "body"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The largest bodies in bytes: of forms with files, and of all others."""

    form: int
    other: int


class Arrival:
    """One request: `feed` it the received bytes until its `stage` is READY; `pieces` holds them.

    `is_too_large` says that it was abandoned before its end, since no route takes so much. `is_whole` says
    that the beginning of the next request is known; if it is not, the parser may find more to refuse. A
    request that `is_bare` is a head that announces no body.
    """

    def __init__(self, limits: BodyLimits) -> None:
        self.stage = Stage.HEAD
        self.pieces: deque[bytes] = deque()
        self.size = 0
        self.is_too_large = False
        self.is_whole = False
        self.is_bare = False
        self.wants_continue = False
        self._limits = limits
        self._head = bytearray()
        self._looked = 0
        self._left: int | None = None  # for a body with Content-Length
        self._limit = limits.other
        self._line = b""
        self._skip = 0
        self._payload = 0
        self._framing = 0
        self._is_after_chunk = False
        self._is_plain = True
        self._trailers: int | None = None

    @property
    def has_begun(self) -> bool:
        """Whether any part of a request has arrived: empty lines before it do not count."""
        return self.stage is not Stage.HEAD or bool(self._head.strip(b"\r\n"))

    @property
    def room(self) -> int:
        """How many bytes to read next: not beyond the end of the body, if that is known."""
        return READ_AT_ONCE if self._left is None else min(self._left, READ_AT_ONCE)

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises LimitRequestHeaders."""
        self.size += len(data)
        if self.stage is Stage.HEAD:
            self._feed_head(data)
        else:
            self.pieces.append(data)
            if self.stage is Stage.BODY:
                self._feed_body(data)

    def _feed_head(self, data: bytes) -> None:
        self._head += data
        head = self._head
        end = head.find(b"\r\n\r\n", self._looked)
        if end >= 0:
            whole, self._head = bytes(head), bytearray()
            self.pieces.append(whole)
            self._read_head(whole[: end + 2])
            if self.stage is Stage.BODY:
                self._feed_body(whole[end + 4 :])
            return
        line_end = head.find(b"\r\n", 2 if head.startswith(b"\r\n") else 0)
        is_refused = _BARE_LF.search(head, self._looked) is not None
        if is_refused or (line_end < 0 and len(head) > MAX_REQUEST_LINE + 2):
            self.pieces.append(bytes(head))
            self.stage = Stage.READY
        elif len(head) > MAX_HEAD:
            raise LimitRequestHeaders("head")
        self._looked = max(0, len(head) - 3)

    def _read_head(self, head: bytes) -> None:
        """Find out how the body is framed."""
        self.stage = Stage.READY
        lowered = head.lower()
        if b"\ncontent-length" not in lowered and b"\ntransfer-encoding" not in lowered:
            self.is_whole = self.is_bare = True
            return
        request_line, *lines = lowered.removeprefix(b"\r\n").split(b"\r\n")
        fields: dict[bytes, bytes] = {}
        for line in lines:
            name, _, value = line.partition(b":")
            if name in fields and name in {b"content-length", b"transfer-encoding"}:
                return
            fields[name] = value.strip(b" \t")
        if fields.get(b"expect", b"100-continue") != b"100-continue":
            return  # the client waits for a reply before it sends the body
        length, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
        if fields.get(b"content-type", b"").startswith(b"multipart/form-data"):
            self._limit = self._limits.form
        if coding is not None:
            if length is not None or coding != b"chunked":
                return
        elif length is None or not length.isdigit():
            return
        elif len(length) > _DIGITS_OF_SIZES or int(length) > self._limit:
            self.is_too_large = True
            return
        else:
            self._left = int(length)
        if self._left == 0:
            self.is_whole = True
        else:
            self.stage = Stage.BODY
            self.wants_continue = b"expect" in fields and request_line.endswith(b"/1.1")

    def _feed_body(self, data: bytes) -> None:
        if data:
            self.wants_continue = False
        if self._left is not None:
            self._left = max(0, self._left - len(data))
            if self._left == 0:
                self.stage, self.is_whole = Stage.READY, True
        else:
            self._feed_chunks(data)

    def _feed_chunks(self, data: bytes) -> None:
        at = 0
        while at < len(data) and self.stage is Stage.BODY:
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
                at += step
                continue
            end = data.find(b"\n", at) + 1
            self._line += data[at : end or None]
            if end:
                at = end
                line, self._line = self._line, b""
                self._read_line(line)
            elif len(self._line) > MAX_CHUNK_LINE:
                self.stage = Stage.READY
            else:
                return

    def _read_line(self, line: bytes) -> None:
        """A line between chunks: the end of one, the size of the next, or a trailer after the last."""
        self._framing += len(line)
        if self._framing > MAX_HEAD + self._payload // _PAYLOAD_PER_FRAMING:
            self._give_up()
            return
        if self._trailers is not None:
            self._trailers += len(line)
            if line == b"\r\n" or self._trailers > MAX_HEAD:
                self.stage = Stage.READY
                # Nobody sends extensions and trailers, and the parser checks them more closely.
                self.is_whole = self._is_plain and self._trailers == len(line)
            return
        if self._is_after_chunk:
            self._is_after_chunk = False
            if line != b"\r\n":
                self.stage = Stage.READY
            return
        found = _CHUNK_SIZE.fullmatch(line)
        if found is None:
            self.stage = Stage.READY
            return
        self._is_plain = self._is_plain and found[2] is None
        size = int(found[1], 16)
        if size == 0:
            self._trailers = 0
            return
        self._skip, self._is_after_chunk = size, True
        self._payload += size
        if self._payload > self._limit:
            self._give_up()

    def _give_up(self) -> None:
        self.is_too_large = True
        self.stage = Stage.READY
