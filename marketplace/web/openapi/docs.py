"""Swagger UI at /api/docs from files of the package: the page asks no other host for anything."""

from pathlib import Path

from flask import Blueprint, Response, abort, json, render_template

from marketplace.web.access import public
from marketplace.web.compressed import pack
from marketplace.web.pages.serving import (
    FRESH_SECONDS,
    asset_address,
    page_view,
    send,
    send_file_of,
)
from marketplace.web.security import page_policy

# The version of npm's swagger-ui-dist in the folder swagger; in the address, so that caches never go stale.
SWAGGER_VERSION = "5.35.0"
FILES = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js"})
DOCUMENTS = (
    {"name": "v1", "url": "/api/v1/openapi.json"},
    {"name": "v2", "url": "/api/v2/openapi.json"},
)
# Swagger UI's logo has its colours in an inline style; the browser test shows the hash of a new version.
_LOGO_STYLE = "sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w="
_FOLDER = Path(__file__).resolve().parent / "swagger"


def docs_blueprint(*, keeps_token: bool) -> Blueprint:
    """The documentation page and its files.

    `keeps_token`: a reload of the page keeps the token of Authorize, in the browser; for development.
    """
    blueprint = Blueprint("docs", __name__)

    def page() -> Response:
        text = render_template(
            "swagger.html",
            documents=json.dumps(DOCUMENTS),
            keeps_token=keeps_token,
            asset=asset_address,
            here="/api/docs",
        )
        response = send(pack(text.encode()), "text/html", seconds=FRESH_SECONDS)
        response.headers["Content-Security-Policy"] = page_policy(_LOGO_STYLE)
        return response

    blueprint.add_url_rule("/api/docs", view_func=page_view(page))
    blueprint.add_url_rule(f"/api/docs/{SWAGGER_VERSION}/<name>", view_func=asset)
    return blueprint


@public
def asset(name: str) -> Response:
    """One of Swagger UI's files, which never changes under its address."""
    if name not in FILES:
        abort(404)
    return send_file_of(_FOLDER, name)
