"""Swagger UI at /api/docs from files of the package: the page asks no other host for anything."""

from pathlib import Path

from flask import Blueprint, Response, abort, make_response, render_template, send_from_directory

from marketplace.web.access import public
from marketplace.web.security import new_nonce, page_policy

# The version of npm's swagger-ui-dist that web/swagger/ holds; part of the address, so caches never go stale.
SWAGGER_VERSION = "5.35.0"
FILES = frozenset({"swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js"})
DOCUMENTS = (
    {"name": "v1", "url": "/api/v1/openapi.json"},
    {"name": "v2", "url": "/api/v2/openapi.json"},
)
# Swagger UI's logo brings its colours in an inline style; the browser test names the hash of a new version's.
_LOGO_STYLE = "sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w="
_FOLDER = Path(__file__).resolve().parent / "swagger"
_YEAR = 31_536_000


def docs_blueprint() -> Blueprint:
    """The documentation page and its files."""
    blueprint = Blueprint("docs", __name__, template_folder=str(_FOLDER))
    blueprint.add_url_rule("/api/docs", view_func=page)
    blueprint.add_url_rule(f"/api/docs/{SWAGGER_VERSION}/<name>", view_func=asset)
    return blueprint


@public
def page() -> Response:
    """The page itself, with a nonce of its own for its scripts."""
    nonce = new_nonce()
    response = make_response(render_template("swagger_page.html", nonce=nonce, documents=DOCUMENTS))
    response.headers["Content-Security-Policy"] = page_policy(nonce, _LOGO_STYLE)
    return response


@public
def asset(name: str) -> Response:
    """One of Swagger UI's files, which never changes under its address."""
    if name not in FILES:
        abort(404)
    response = send_from_directory(_FOLDER, name, max_age=_YEAR)
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response
