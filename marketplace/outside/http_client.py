"""The guarded HTTP client: requests to addresses that strangers gave.

Each name is resolved once for a request; all its addresses are checked, and the connection goes to a checked
one (OWASP, Server Side Request Forgery Prevention; DNS rebinding). No proxy of the environment, no cookies,
no connection that is used twice.
"""

import io
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse
from time import monotonic
from typing import Any

from marketplace.outside.addresses import AddressPolicy, WebAddress, is_literal
from marketplace.outside.errors import (
    AnswerTooLarge,
    BadAnswer,
    FetchFailed,
    FetchTimedOut,
    Unreachable,
)
from marketplace.outside.ports import HttpAnswer, HttpClient

SECONDS = 10.0
"""The time of a whole request: names, redirects, connections, body."""
MAX_BYTES = 1_000_000
MAX_REDIRECTS = 3
MAX_ADDRESSES = 4
"""The addresses of a name that are tried."""
CONNECT_SECONDS = 4.0
_PIECE = 64 * 1024
_OVERHEAD = 256 * 1024
"""Bytes for the head of an answer and the framing of its body."""
_REDIRECTS = {301, 302, 303, 307, 308}
_USER_AGENT = "marketplace"
_GZIP, _DEFLATE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS

Resolver = Callable[[str, int], list[str]]


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a name, by the system. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class GuardedHttpClient(HttpClient):
    """`seconds` bounds a whole request, `max_bytes` a body as sent and as unpacked; `trust` is the set of
    trusted certificates, the system's by default.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        seconds: float = SECONDS,
        max_bytes: int = MAX_BYTES,
        resolver: Resolver = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._resolve = resolver
        self._given_trust = trust

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        # Made at first use: it reads hundreds of certificates.
        return self._given_trust or ssl.create_default_context()

    def normal(self, url: str) -> str:
        address = self._policy.read(url)
        if is_literal(address.host):
            self._policy.check(address.host)
        return address.url

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        ends = monotonic() + self._seconds
        address = self._policy.read(url)
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._ask("GET", address, None, headers or {}, ends)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            address = self._policy.follow(address, location)
        raise BadAnswer("too_many_redirects")

    def post(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        ends = monotonic() + self._seconds
        return self._ask("POST", self._policy.read(url), body, headers or {}, ends)

    def _ask(
        self, method: str, address: WebAddress, body: bytes | None, headers: Mapping[str, str], ends: float
    ) -> HttpAnswer:
        """One request and its answer; never a redirect."""
        try:
            with closing(self._connect(address, ends)) as connected:
                connection = HTTPConnection(address.host, address.port)
                # It never connects by itself, which would resolve the name again.
                connection.auto_open = 0
                connection.sock = _Line(connected, ends, 2 * self._max_bytes + _OVERHEAD)
                own = {
                    "Host": address.authority,
                    "User-Agent": _USER_AGENT,
                    "Accept-Encoding": "identity",
                    "Connection": "close",
                }
                connection.request(method, address.target, body=body, headers={**headers, **own})
                with closing(connection.getresponse()) as answer:
                    return self._read(answer)
        except FetchFailed:
            raise
        except TimeoutError:
            raise FetchTimedOut from None
        # The text of these errors may hold the address, which may be a secret: it goes no further.
        except ssl.SSLError:
            raise Unreachable("tls_failed") from None
        except OSError:
            raise Unreachable("unreachable") from None
        except (HTTPException, ValueError, zlib.error):
            raise BadAnswer("bad_answer") from None

    def _connect(self, address: WebAddress, ends: float) -> socket.socket:
        """A connection to an address that was checked. Raises AddressRefused, Unreachable."""
        found = self._addresses(address, ends)
        for one in found:
            self._policy.check(one)
        failure: OSError = OSError("no address")
        for one in found[:MAX_ADDRESSES]:
            wait = min(_left(ends), CONNECT_SECONDS)
            try:
                raw = socket.create_connection((one, address.port), timeout=wait)
            except OSError as error:
                failure = error
                continue
            return self._secured(raw, address, ends)
        raise failure

    def _secured(self, raw: socket.socket, address: WebAddress, ends: float) -> socket.socket:
        if address.scheme == "http":
            return raw
        try:
            raw.settimeout(_left(ends))
            return self._trust.wrap_socket(raw, server_hostname=address.host)
        except BaseException:
            raw.close()
            raise

    def _addresses(self, address: WebAddress, ends: float) -> list[str]:
        """The addresses of the host. The system's resolver knows no deadline: it has a thread of its own."""
        found: list[str] = []
        done = threading.Event()

        def look() -> None:
            try:
                found.extend(self._resolve(address.host, address.port))
            except (OSError, UnicodeError):
                pass
            finally:
                done.set()

        threading.Thread(target=look, name="resolver", daemon=True).start()
        if not done.wait(_left(ends)):
            raise FetchTimedOut
        if not found:
            raise Unreachable("unknown_host")
        return found

    def _read(self, answer: HTTPResponse) -> HttpAnswer:
        headers: dict[str, str] = {}
        for name, value in answer.getheaders():
            headers.setdefault(name.lower(), value)
        body = b""
        if answer.status not in _REDIRECTS:
            body = self._body(answer, headers.get("content-encoding", "").strip().lower())
        return HttpAnswer(answer.status, headers, body)

    def _body(self, answer: HTTPResponse, coding: str) -> bytes:
        """The whole body, unpacked. Raises AnswerTooLarge, and BadAnswer for one that breaks off."""
        if answer.length is not None and answer.length > self._max_bytes:
            raise AnswerTooLarge
        unpack = _unpacker(coding)
        sent, body = 0, bytearray()
        while piece := answer.read(_PIECE):
            sent += len(piece)
            body += piece if unpack is None else unpack.decompress(piece, self._max_bytes + 1 - len(body))
            if max(sent, len(body)) > self._max_bytes:
                raise AnswerTooLarge
        if answer.length or (unpack is not None and sent and not unpack.eof):
            raise BadAnswer("bad_answer")
        return bytes(body)


def _unpacker(coding: str) -> "zlib._Decompress | None":
    """For servers that pack although none was asked to. Raises BadAnswer for an unknown coding."""
    if coding in {"", "identity"}:
        return None
    if coding in {"gzip", "x-gzip"}:
        return zlib.decompressobj(_GZIP)
    if coding == "deflate":
        return zlib.decompressobj(_DEFLATE)
    raise BadAnswer("bad_answer")


def _left(ends: float) -> float:
    """Seconds until then. Raises FetchTimedOut when there are none."""
    left = ends - monotonic()
    if left <= 0:
        raise FetchTimedOut
    return left


class _Line:
    """A connected socket, as `http.client` uses it, whose every read and write ends at one moment (a socket's
    own timeout begins anew with each byte), and that reads at most `room` bytes, framing included.
    """

    def __init__(self, connected: socket.socket, ends: float, room: int) -> None:
        self._socket = connected
        self._ends = ends
        self._room = room

    def sendall(self, content: bytes) -> None:
        view = memoryview(content)
        while view:
            self._socket.settimeout(_left(self._ends))
            view = view[self._socket.send(view) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._socket, self._ends, self._room))

    def close(self) -> None:
        """Nothing: `http.client` closes before the answer is read; who made the socket closes it."""


class _Reader(io.RawIOBase):
    def __init__(self, connected: socket.socket, ends: float, room: int) -> None:
        self._socket = connected
        self._ends = ends
        self._room = room

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        self._socket.settimeout(_left(self._ends))
        count = self._socket.recv_into(target)
        self._room -= count
        if self._room < 0:
            raise AnswerTooLarge
        return count
