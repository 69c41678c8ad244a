"""Addresses for operators, outside the API versions."""

from flask import Blueprint, Response, jsonify, render_template_string

from marketplace.blueprints.operations.wiring import operations
from marketplace.kernel.errors import AppError
from marketplace.web.access import public
from marketplace.web.limits import unlimited
from marketplace.web.metrics import metrics_response
from marketplace.web.problems import STATUSES

root = Blueprint("operations_root", __name__)

_ERRORS_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Error codes</title></head>
<body><h1>Error codes</h1>
<p>Every error is <code>application/problem+json</code> (RFC 9457). Switch on <code>code</code>.</p>
<table><thead><tr><th>code</th><th>status</th><th>meaning</th></tr></thead><tbody>
{% for code, status, title in rows %}<tr id="{{ code }}"><td><code>{{ code }}</code></td>
<td>{{ status }}</td><td>{{ title }}</td></tr>
{% endfor %}</tbody></table></body></html>
"""
_WITHOUT_CLASS = (
    ("not_acceptable", 406, "The resource has no representation that Accept allows"),
    ("method_not_allowed", 405, "The resource has no such method; see Allow"),
    ("request_timeout", 408, "The request did not arrive in time"),
    ("length_required", 411, "Send Content-Length"),
    ("uri_too_long", 414, "The address is too long"),
    ("range_not_satisfiable", 416, "The resource has no such range"),
    ("headers_too_large", 431, "The request's headers are too large"),
    ("http_error", 400, "The request was refused; see status and detail"),
    ("internal_error", 500, "Something went wrong on our side"),
    ("server_closing", 503, "The server is closing; connect again"),
    ("overlapping_requests", 400, "This session is busy"),
    ("unknown_socket", 400, "There is no such session"),
    ("upgrade_required", 426, "Upgrade Required"),
    ("too_many_sockets", 503, "This server has no room for more sockets"),
)


@root.get("/health")
@public
@unlimited
def health() -> Response:
    """The process lives."""
    return jsonify(status="ok")


@root.get("/health/ready")
@public
@unlimited
def ready() -> Response:
    """The program can serve; 503 with what is missing."""
    missing = operations().readiness.missing()
    response = jsonify(status="unready" if missing else "ready", missing=missing)
    response.status_code = 503 if missing else 200
    if missing:
        response.headers["Retry-After"] = "5"
    return response


@root.get("/metrics")
@public
@unlimited
def metrics() -> Response:
    """Prometheus metrics, for callers on the inside."""
    return metrics_response()


@root.get("/api/docs/errors")
@public
def errors() -> str:
    """Every error code: where the `type` of a problem leads."""
    rows = {code: (status, title) for code, status, title in _WITHOUT_CLASS}
    # Two domains may share a code; it is one row, whose title does not depend on who was loaded first.
    for kind in sorted(_kinds(AppError), key=lambda kind: (kind.__module__, kind.__qualname__)):
        status = next((STATUSES[base] for base in kind.__mro__ if base in STATUSES), None)
        if kind.code and status is not None:
            rows.setdefault(kind.code, (status, kind.title))
    return render_template_string(_ERRORS_PAGE, rows=[(code, *rows[code]) for code in sorted(rows)])


def _kinds(kind: type[AppError]) -> set[type[AppError]]:
    found = set(kind.__subclasses__())
    return found.union(*(_kinds(child) for child in found))
