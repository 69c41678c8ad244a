"""gunicorn's worker, whose own refusals are problems with a request id as all others are."""

import json
import logging
from typing import Any

from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from marketplace.web.request_id import HEADER, bind_request_id

log = logging.getLogger(__name__)

_REFUSALS: tuple[tuple[type[Exception], int, str, str], ...] = (
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
    414: "Send a shorter address: fewer or shorter parameters.",
    417: "Send no Expect header but `100-continue`.",
    431: "Send fewer or shorter headers.",
    501: "Send the body with a Content-Length, or in chunks.",
}
_DEFECTS = (errors.ConfigurationProblem, errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)
"""Ours, though gunicorn counts them among what it cannot parse."""


class Worker(ThreadWorker):
    """`worker_class` in gunicorn.conf.py."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:  # noqa: ARG002 - gunicorn's signature
        """Answer what never reached the program, or what nothing caught; `exc` says why."""
        with bind_request_id(None) as request_id:
            status, code, reason = _refusal(exc)
            if code == "internal_error":
                log.error("unhandled exception of the server", exc_info=exc)
            else:
                log.warning("request refused", extra={"status": status, "reason": type(exc).__name__})
            try:
                write_nonblock(client, _answer(status, code, reason, request_id))
            except OSError:
                log.debug("the client of a refused request is gone")


def _refusal(exc: Exception) -> tuple[int, str, str]:
    """Status, code and reason phrase."""
    if not isinstance(exc, _DEFECTS):
        for kind, status, code, reason in _REFUSALS:
            if isinstance(exc, kind):
                return status, code, reason
    return 500, "internal_error", "Internal Server Error"


def _answer(status: int, code: str, reason: str, request_id: str) -> bytes:
    """The whole response: no layer of the program sees it."""
    document = {
        "type": f"/api/docs/errors#{code}",
        "title": reason,
        "status": status,
        "detail": _DETAILS.get(status, ""),
        "code": code,
        "request_id": request_id,
    }
    body = json.dumps(document).encode()
    head = (
        f"HTTP/1.1 {status} {reason}\r\n"
        "Connection: close\r\n"
        "Content-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        f"{HEADER}: {request_id}\r\n"
        "\r\n"
    )
    return head.encode() + body
