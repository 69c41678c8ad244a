"""A WSGI application that tells what it got, for tests of the server under it; and gunicorn's settings."""

import hashlib
import json
import os
from typing import Any

from marketplace.web.observability.request_id import RequestIdMiddleware
from marketplace.web.server.arrival import BodyLimits
from marketplace.web.server.worker import Limits, make_worker_class
from tests.wire import FORM_LIMIT, OTHER_LIMIT

bind = os.environ["WIRE_BIND"]
threads = int(os.environ["WIRE_THREADS"])
worker_connections = int(os.environ["WIRE_CONNECTIONS"])
keepalive = int(os.environ["WIRE_KEEPALIVE"])
worker_class = make_worker_class(
    Limits(
        head_seconds=float(os.environ["WIRE_HEAD"]),
        body_seconds=float(os.environ["WIRE_BODY"]),
        send_seconds=float(os.environ["WIRE_SEND"]),
        bodies=BodyLimits(form=FORM_LIMIT, other=OTHER_LIMIT),
    )
)
wsgi_app = "tests.wire.app:app"
workers = 1
control_socket_disable = True
graceful_timeout = 5
forwarded_allow_ips = ""
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}
http_parser = "auto"


def tell(environ: dict[str, Any], start_response: Any) -> Any:
    """`/unread` leaves the body alone, `/big/<n>` and `/stream/<n>` answer with so many bytes."""
    path = environ["PATH_INFO"]
    told: dict[str, Any] = {
        "method": environ["REQUEST_METHOD"],
        "path": path,
        "script": environ["SCRIPT_NAME"],
        "scheme": environ["wsgi.url_scheme"],
        "host": environ.get("HTTP_HOST"),
    }
    if path.startswith(("/big/", "/stream/")):
        size = int(path.rpartition("/")[2])
        headers = [("Content-Type", "application/octet-stream")]
        if path.startswith("/big/"):
            headers.append(("Content-Length", str(size)))
        start_response("200 OK", headers)
        return (b"x" * min(50_000, size - at) for at in range(0, size, 50_000))
    if path != "/unread":
        body = environ["wsgi.input"].read()
        told |= {"length": len(body), "sha": hashlib.sha256(body).hexdigest()}
    answer = json.dumps(told).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer]


app = RequestIdMiddleware(tell)
