"""Routes of operators, outside the API versions: health, readiness, metrics."""

from flask import Blueprint, Response, jsonify

from marketplace.blueprints.operations.wiring import operations
from marketplace.web.access import public
from marketplace.web.limits.markers import unlimited
from marketplace.web.observability.metrics import metrics_response

root = Blueprint("operations_root", __name__)


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
