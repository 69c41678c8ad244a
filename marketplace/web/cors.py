"""CORS: pages of CORS_ORIGINS may call the API from a browser, without cookies; in development also those
that are served on this machine.
"""

import re

from flask import Flask, Response
from flask_cors import CORS

from marketplace.config import LOCAL_ORIGIN, Settings

EXPOSED = (
    "ETag",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
    "Deprecation",
    "Sunset",
)
ALLOWED = (
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "Idempotency-Key",
    "Accept-Language",
    "X-Request-ID",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PREFLIGHT_SECONDS = 600


def init_app(app: Flask, settings: Settings) -> None:
    """Answer CORS for the allowed origins; without any, no CORS header is ever sent."""
    origins: list[str | re.Pattern[str]] = [*settings.cors_origins]
    if settings.is_development:
        origins.append(LOCAL_ORIGIN)
    if not origins:
        return
    CORS(
        app,
        origins=origins,
        methods=list(METHODS),
        allow_headers=list(ALLOWED),
        expose_headers=list(EXPOSED),
        supports_credentials=False,
        send_wildcard="*" in settings.cors_origins,
        max_age=PREFLIGHT_SECONDS,
        always_send=False,
    )
    if "*" not in settings.cors_origins:
        app.after_request(_vary_by_origin)


def _vary_by_origin(response: Response) -> Response:
    # flask-cors omits it for a single origin and without an Origin: caches would mix answers.
    response.vary.add("Origin")
    return response
