"""Refuses requests that HTTP forbids but gunicorn's parser accepts."""

import re
from urllib.parse import urlsplit

from gunicorn.http.errors import InvalidRequestLine, UnsupportedTransferCoding
from gunicorn.http.message import Request

from marketplace.web.server.refusals import BadHost

# RFC 9110, 7.2: a name, an IPv4 address or an IPv6 address in brackets; and a port.
_HOST = re.compile(r"(?:[A-Za-z0-9._~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_MAX_PORT = 65_535


def check_request(request: Request) -> None:
    """Raises BadHost, InvalidRequestLine or UnsupportedTransferCoding.

    An absolute address names the host itself, whatever Host says (RFC 9112, 3.2.2).
    """
    if "#" in request.uri:
        raise InvalidRequestLine(request.uri)
    if request.uri[:1] not in {"/", "*"} and request.method != "CONNECT":
        _make_relative(request)
    host = None
    for name, value in request.headers:
        if name == "HOST":
            host = value
        elif name == "TRANSFER-ENCODING" and value.lower() != "chunked":
            # gunicorn accepts `gzip, chunked`, and would pass on the compressed data as the body.
            raise UnsupportedTransferCoding(value)
    if host is None and request.version < (1, 1):
        return
    if host is None or not is_host(host):
        raise BadHost


def is_host(text: str) -> bool:
    """Whether `text` is a host, with or without a port."""
    found = _HOST.fullmatch(text)
    return found is not None and int(found[1] or 0) <= _MAX_PORT


def _make_relative(request: Request) -> None:
    parts = urlsplit(request.uri)
    if parts.scheme.lower() not in {"http", "https"}:
        raise InvalidRequestLine(request.uri)
    request.path = request.path or "/"
    request.headers = [
        *((name, value) for name, value in request.headers if name != "HOST"),
        ("HOST", parts.netloc),
    ]
