"""Refusals of the server itself, as problems with a request id like all others."""

import json
import logging

from gunicorn.http import errors

from marketplace.kernel.errors import Malformed, TooLarge
from marketplace.kernel.links import PROBLEM_PATH
from marketplace.web.observability.request_id import HEADER, bind_request_id
from marketplace.web.problem_kinds import get_kind

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5


class TooLate(Exception):
    """A request did not arrive within its time."""


class GaveWay(Exception):
    """A request that had not arrived completely gave its place to another connection."""


class Cut(Exception):
    """The client ended the connection in the middle of a request."""


class BadHost(Exception):
    """HTTP/1.1 requires exactly one valid Host (RFC 9112, 3.2)."""


_REFUSALS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (TooLate, 408, "request_timeout", "Request Timeout"),
    (GaveWay, 503, "unavailable", "Service Unavailable"),
    (Cut, 400, "malformed_request", "Bad Request"),
    (BadHost, 400, "malformed_request", "Bad Request"),
    (Malformed, 400, "malformed_request", "Bad Request"),
    (TooLarge, 413, "too_large", "Content Too Large"),
    (errors.NoMoreData, 400, "malformed_request", "Bad Request"),
    (errors.LimitRequestLine, 414, "uri_too_long", "URI Too Long"),
    (errors.LimitRequestHeaders, 431, "headers_too_large", "Request Header Fields Too Large"),
    (errors.ExpectationFailed, 417, "http_error", "Expectation Failed"),
    (errors.UnsupportedTransferCoding, 501, "http_error", "Not Implemented"),
    (errors.ForbiddenProxyRequest, 403, "http_error", "Forbidden"),
    (errors.ParseException, 400, "malformed_request", "Bad Request"),
)
_DETAILS = {
    400: "This is no HTTP request that can be understood.",
    403: "Proxies may not speak to this server.",
    408: "The request did not arrive in time: send it again, and faster.",
    413: "Send a smaller body.",
    414: "Send a shorter address: fewer or shorter parameters.",
    417: "Send no Expect header but `100-continue`.",
    431: "Send fewer or shorter headers.",
    501: "Send the body with a Content-Length, or in chunks.",
    503: "There are too many unfinished requests: send it again, whole.",
}
_OWN_DETAILS: dict[type[Exception], str] = {
    Cut: "The connection ended before the request did.",
    BadHost: "Send one Host header with the name of this server.",
}
_DEFECTS = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)
"""Our own errors, though gunicorn counts them among those of its parser."""


def refuse(exc: Exception, *, is_head: bool = False) -> bytes:
    """The whole answer to a request that never reached the program, or to an uncaught error; logs it too.

    It ends the connection. `is_head`: without the body, as HEAD requires.
    """
    with bind_request_id(None) as request_id:
        status, code, reason = _refusal(exc)
        if code == "internal_error":
            log.error("unhandled exception of the server", exc_info=exc)
        else:
            log.warning("request refused", extra={"status": status, "reason": type(exc).__name__})
        document = {
            "type": f"{PROBLEM_PATH}{code}",
            "title": get_kind(code).title,
            "status": status,
            "detail": _OWN_DETAILS.get(type(exc), _DETAILS.get(status, "")),
            "code": code,
            "request_id": request_id,
        }
        body = json.dumps(document).encode()
        retry = f"Retry-After: {RETRY_AFTER_SECONDS}\r\n" if isinstance(exc, GaveWay) else ""
        head = (
            f"HTTP/1.1 {status} {reason}\r\n"
            "Connection: close\r\n"
            "Content-Type: application/problem+json\r\n"
            # What could not be read has no readable Accept-Language either.
            "Content-Language: en\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            f"{retry}"
            f"{HEADER}: {request_id}\r\n"
            "\r\n"
        )
        return head.encode() + (b"" if is_head else body)


def _refusal(exc: Exception) -> tuple[int, str, str]:
    """Status, code and reason phrase."""
    if not isinstance(exc, _DEFECTS):
        for kind, status, code, reason in _REFUSALS:
            if isinstance(exc, kind):
                return status, code, reason
    return 500, "internal_error", "Internal Server Error"
