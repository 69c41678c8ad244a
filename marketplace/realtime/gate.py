"""The door of /socket.io/: what is refused here never reaches Engine.IO, starts no thread and holds none."""

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs

from marketplace.realtime.admission import IS_UPGRADE, SESSION, Admission, Refused, Session
from marketplace.realtime.packets import Broken, check_payload

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RESERVED_THREADS = 32
HANDSHAKES_A_MINUTE = 120
"""Of one address. A page that is opened makes one; so does each try of a client that is refused."""
_PREFIX = "/socket.io/"
_MAX_PARAMETERS = 10
_KEY_BYTES = 16


class Counter(Protocol):
    """Counts handshakes."""

    def __call__(self, address: str, seconds: int, /) -> tuple[int, float] | None:
        """Count a handshake of the address: how many there were in this window of so many seconds, and when
        it ends; None where nothing is counted.
        """
        ...


class SocketGate:
    """WSGI layer before Engine.IO.

    `network` gives whose budget an address spends, `count` counts handshakes, `hang_up` ends the session that
    Engine.IO named so. A request that is broken ends its session: clients begin anew.
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
    ) -> None:
        self._wsgi_app = wsgi_app
        self._admission = admission
        self._max_payload = max_payload
        self._hang_up = hang_up
        self._network = network
        self._count = count

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
            return _answer(refused, environ, start_response)

    def _handshake(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "GET":
            raise _bad("A session begins with GET")
        address = self._network(environ.get("REMOTE_ADDR") or "")
        counted = self._count(address, 60)
        if counted is not None and counted[0] > HANDSHAKES_A_MINUTE:
            raise Refused(
                429,
                "too_many_requests",
                "Too many requests",
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
            # Two polls at once are those of a client that has lost count; a broken body will not mend.
            if refused.status != HTTPStatus.SERVICE_UNAVAILABLE:
                self._hang_up(sid)
            raise

    def _read(self, session: Session, environ: "WSGIEnvironment") -> bytes:
        given: str = environ.get("CONTENT_LENGTH") or ""
        if not given.isascii() or not given.isdigit():
            raise Refused(411, "length_required", "Length Required", "Send the body with a Content-Length")
        length = int(given)
        if length > self._max_payload:
            raise Refused(413, "too_large", "Content Too Large", f"At most {self._max_payload} bytes")
        body: bytes = environ["wsgi.input"].read(length)
        if len(body) != length:
            raise _bad("The body is shorter than its Content-Length")
        try:
            count = check_payload(body)
        except Broken as broken:
            raise _bad(f"The body is not understood: {broken}") from None
        if not session.frames.take(count):
            raise Refused(
                429, "too_many_requests", "Too many requests", "Send fewer packets a second", retry_after=1
            )
        return body


def _check_request(environ: "WSGIEnvironment") -> str | None:
    """The session that the request names, if any. Raises Refused for what Engine.IO stumbles over."""
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
    """What RFC 6455, 4.2.1 wants of a handshake. Raises Refused."""
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
    return Refused(400, "malformed_request", "Bad Request", detail)


def _answer(refused: Refused, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    body = json.dumps(
        {
            "type": f"/api/docs/errors#{refused.code}",
            "title": refused.title,
            "status": refused.status,
            "detail": refused.detail,
            "code": refused.code,
            "request_id": environ.get("marketplace.request_id"),
        }
    ).encode()
    headers = [
        ("Content-Type", "application/problem+json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        *refused.headers,
    ]
    start_response(f"{refused.status} {HTTPStatus(refused.status).phrase}", headers)
    return [body]
