"""Admission to /socket.io/: refused requests never reach engine.io, and hold no thread."""

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs

from marketplace.kernel.errors import Malformed, TooLarge, TooManyRequests
from marketplace.kernel.links import NO_LINKS, Links
from marketplace.kernel.texts import Text
from marketplace.realtime.admission import IS_UPGRADE, SESSION, Admission, Refused, Session
from marketplace.realtime.packets import Broken, check_payload

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RESERVED_THREADS = 32
HANDSHAKES_A_MINUTE = 120
"""Handshakes of one address. Each opened page makes one; so does each retry of a refused client."""
_PREFIX = "/socket.io/"
_MAX_PARAMETERS = 10
_KEY_BYTES = 16


class Counter(Protocol):
    """Counts handshakes."""

    def __call__(self, address: str, seconds: int, /) -> tuple[int, float] | None:
        """Count a handshake of the address. Returns how many there were in this window of that many seconds,
        and when the window ends; None when nothing is counted.
        """
        ...


class Telling(Protocol):
    """Translates what is told to a client."""

    def __call__(self, accept_language: str | None, /, *sentences: str) -> tuple[str, list[str]]:
        """The language that the header Accept-Language asks for, and the sentences in it."""
        ...


def in_english(_accept_language: str | None, /, *sentences: str) -> tuple[str, list[str]]:
    """A Telling without translations."""
    return "en", list(sentences)


class SocketGate:
    """WSGI layer before Engine.IO.

    `network` gives the owner of the budget of an address, `count` counts handshakes, `hang_up` ends the
    session with a name of Engine.IO; `links` begin the types of problems, `tell` translates. A broken request
    ends its session: clients start again.
    """

    def __init__(
        self,
        wsgi_app: "WSGIApplication",
        admission: Admission,
        *,
        max_payload: int,
        hang_up: Callable[[str], None],
        network: Callable[[str], str],
        count: Counter,
        links: Links = NO_LINKS,
        tell: Telling = in_english,
    ) -> None:
        self._links = links
        self._wsgi_app = wsgi_app
        self._admission = admission
        self._max_payload = max_payload
        self._hang_up = hang_up
        self._network = network
        self._count = count
        self._tell = tell

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if not path.startswith(_PREFIX) or environ["REQUEST_METHOD"] == "OPTIONS":
            return self._wsgi_app(environ, start_response)
        try:
            sid = _check_request(environ)
            if sid is None:
                return self._handshake(environ, start_response)
            return self._serve(sid, environ, start_response)
        except Refused as refused:
            return self._answer(refused, environ, start_response)

    def _handshake(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            raise _bad("A session begins with GET")
        address = self._network(environ.get("REMOTE_ADDR") or "")
        counted = self._count(address, 60)
        if counted is not None and counted[0] > HANDSHAKES_A_MINUTE:
            raise Refused(
                429,
                TooManyRequests.code,
                TooManyRequests.title,
                "Wait before you connect again",
                retry_after=int(counted[1]) + 1,
            )
        session = self._admission.open(address)
        environ[SESSION] = session
        environ[IS_UPGRADE] = False
        by_websocket = _is_websocket(environ)
        try:
            with self._admission.serving(session, "WebSocket" if by_websocket else "poll"):
                # A WebSocket is served inside this call, which ends with it.
                return self._wsgi_app(environ, start_response)
        finally:
            if by_websocket or session.eio_sid is None:
                self._admission.end(session)

    def _serve(
        self, sid: str, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        session = self._admission.find(sid)
        if session is None:
            raise Refused(400, "unknown_socket", "There is no such session", "Connect again")
        environ[SESSION] = session
        environ[IS_UPGRADE] = by_websocket = _is_websocket(environ)
        what = "WebSocket" if by_websocket else "poll" if environ["REQUEST_METHOD"] == "GET" else "POST"
        try:
            with self._admission.serving(session, what):
                if what == "POST":
                    environ["wsgi.input"] = BytesIO(self._read(session, environ))
                return self._wsgi_app(environ, start_response)
        except Refused as refused:
            # Two polls at once come from a confused client; a broken body stays broken.
            if refused.status != HTTPStatus.SERVICE_UNAVAILABLE:
                self._hang_up(sid)
            raise

    def _answer(
        self, refused: Refused, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        language, (title, detail) = self._tell(
            environ.get("HTTP_ACCEPT_LANGUAGE"), refused.title, refused.detail
        )
        body = json.dumps(
            {
                "type": self._links.problem(
                    refused.code, environ.get("wsgi.url_scheme", ""), environ.get("HTTP_HOST", "")
                ),
                "title": title,
                "status": refused.status,
                "detail": detail,
                "code": refused.code,
                "request_id": environ.get("marketplace.request_id"),
            }
        ).encode()
        headers = [
            ("Content-Type", "application/problem+json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Content-Language", language),
            ("Vary", "Accept-Language"),
            *refused.headers,
        ]
        start_response(f"{refused.status} {HTTPStatus(refused.status).phrase}", headers)
        return [body]

    def _read(self, session: Session, environ: "WSGIEnvironment") -> bytes:
        given: str = environ.get("CONTENT_LENGTH") or ""
        if not given.isascii() or not given.isdigit():
            raise Refused(411, "length_required", "Length Required", "Send the body with a Content-Length")
        length = int(given)
        if length > self._max_payload:
            raise Refused(
                413, TooLarge.code, TooLarge.title, Text("At most {limit} bytes", limit=self._max_payload)
            )
        body: bytes = environ["wsgi.input"].read(length)
        if len(body) != length:
            raise _bad("The body is shorter than its Content-Length")
        try:
            count = check_payload(body)
        except Broken as broken:
            raise _bad(Text("The body is not understood: {reason}", reason=Text.of(broken.args[0]))) from None
        if not session.frames.take(count):
            raise Refused(
                429, TooManyRequests.code, TooManyRequests.title, "Send fewer packets a second", retry_after=1
            )
        return body


def _check_request(environ: "WSGIEnvironment") -> str | None:
    """The session that the request names, if any. Raises Refused for requests that Engine.IO mishandles."""
    method = environ["REQUEST_METHOD"]
    if method not in ("GET", "POST"):
        raise Refused(
            405,
            "method_not_allowed",
            "Method Not Allowed",
            "Send GET or POST",
            headers=(("Allow", "GET, OPTIONS, POST"),),
        )
    try:
        query = parse_qs(
            environ.get("QUERY_STRING", ""), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS
        )
    except ValueError:
        raise _bad("Send fewer parameters") from None
    if any(len(query.get(name, ())) > 1 for name in ("sid", "transport", "EIO")):
        raise _bad("Send each parameter once")
    if "j" in query:
        raise _bad("JSONP is not offered")
    by_websocket = query.get("transport") == ["websocket"]
    if by_websocket != _is_websocket(environ):
        raise _bad("`transport=websocket` and `Upgrade: websocket` belong together")
    if by_websocket:
        _check_upgrade(method, environ)
    return query["sid"][0] if "sid" in query else None


def _check_upgrade(method: str, environ: "WSGIEnvironment") -> None:
    """Check the handshake by RFC 6455, 4.2.1. Raises Refused."""
    connection = [part.strip().lower() for part in environ.get("HTTP_CONNECTION", "").split(",")]
    has_body = environ.get("CONTENT_LENGTH", "") not in ("", "0")
    if method != "GET" or "upgrade" not in connection or has_body:
        raise _bad("This is no handshake of a WebSocket")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
        raise Refused(
            426,
            "upgrade_required",
            "Upgrade Required",
            "Version 13 is understood",
            headers=(("Sec-WebSocket-Version", "13"),),
        )
    try:
        key = b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""), validate=True)
    except (NotBase64, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise _bad("`Sec-WebSocket-Key` has to be 16 bytes in base64")


def _is_websocket(environ: "WSGIEnvironment") -> bool:
    upgrade: str = environ.get("HTTP_UPGRADE", "")
    return upgrade.strip().lower() == "websocket"


def _bad(detail: str) -> Refused:
    return Refused(400, Malformed.code, Malformed.title, detail)
