"""Swagger UI renders the operations of both versions in a real browser, from our own files alone."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from marketplace.config import Settings
from marketplace.web import security
from marketplace.web.access import Access, access_of
from marketplace.web.openapi import docs
from marketplace.web.pages.blueprint import pages_blueprint
from tests.support.browser import browser, needs_browser

SETTINGS = Settings(secret_key="x" * 40, instance_path=Path("/nowhere"), testing=True)


def document(version: str) -> dict:
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Marketplace {version}", "version": version},
        "paths": {
            f"/api/{version}/orders": {
                "get": {
                    "summary": f"List the orders of {version}",
                    "responses": {"200": {"description": "orders"}},
                },
                "post": {"summary": "Place an order", "responses": {"201": {"description": "order"}}},
            }
        },
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}],
    }


@pytest.fixture
def app() -> Flask:
    app = Flask("small", static_folder=None)
    security.init_app(app, SETTINGS)
    app.register_blueprint(docs.docs_blueprint(keeps_token=True))
    app.register_blueprint(pages_blueprint(SETTINGS))
    for version in ("v1", "v2"):
        app.add_url_rule(
            f"/api/{version}/openapi.json", version, lambda: document(request.path.split("/")[2])
        )
    return app


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_page_names_both_versions(app: Flask) -> None:
    text = app.test_client().get("/api/docs").text
    for version in ("v1", "v2"):
        assert f"/api/{version}/openapi.json" in text
    assert "unsafe" not in app.test_client().get("/api/docs").headers["Content-Security-Policy"]
    assert not re.search(r"\son\w+=|\sstyle=|https?://|<style|<script(?! src)", text)


def test_tokens_are_kept_in_development_alone(app: Flask) -> None:
    assert "data-keeps-token" in app.test_client().get("/api/docs").text
    other = Flask("other", static_folder=None)
    other.register_blueprint(docs.docs_blueprint(keeps_token=False))
    other.register_blueprint(pages_blueprint(SETTINGS))
    assert "data-keeps-token" not in other.test_client().get("/api/docs").text


@pytest.mark.parametrize("name", sorted(docs.FILES))
def test_the_files_may_be_kept_forever(app: Flask, name: str) -> None:
    answer = app.test_client().get(f"/api/docs/{docs.SWAGGER_VERSION}/{name}", buffered=True)
    assert answer.status_code == 200
    assert len(answer.data) > 100_000
    small = app.test_client().get(answer.request.path, headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert len(small.data) < len(answer.data) / 3
    assert answer.cache_control.immutable
    assert answer.cache_control.public
    assert answer.cache_control.max_age == 31_536_000
    assert answer.mimetype in {"text/css", "text/javascript"}


@pytest.mark.parametrize(
    "name", ["LICENSE.txt", "swagger_page.html", "..%2Fdocs.py", "%2e%2e/docs.py", "absent.js"]
)
def test_nothing_else_is_served(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/api/docs/{docs.SWAGGER_VERSION}/{name}").status_code == 404


def test_it_is_public(app: Flask) -> None:
    for endpoint in ("docs.page", "docs.asset"):
        assert access_of(app.view_functions[endpoint]) is Access.PUBLIC


@needs_browser
@pytest.mark.parametrize(("query", "version"), [("", "v1"), ("?urls.primaryName=v2", "v2")])
def test_a_browser_shows_the_operations(address: str, tmp_path: Path, query: str, version: str) -> None:
    with browser(tmp_path) as tab:
        tab.open(f"{address}/api/docs{query}")
        tab.wait_for("document.querySelectorAll('.opblock').length === 2")
        page = tab.evaluate("document.body.outerHTML")
        assert f"List the orders of {version}" in page
        assert re.search(r'<option value="/api/v2/openapi.json"[^>]*>v2</option>', page)
        assert {urlsplit(url).netloc for url in tab.asked if not url.startswith("data:")} == {
            urlsplit(address).netloc
        }
        assert tab.said == []


@needs_browser
def test_authorize_says_where_a_token_comes_from_and_keeps_it(address: str, tmp_path: Path) -> None:
    with browser(tmp_path) as tab:
        tab.open(f"{address}/api/docs")
        tab.wait_for("document.querySelector('.btn.authorize')")
        tab.evaluate("document.querySelector('.btn.authorize').click()")
        tab.wait_for("document.querySelector('.auth-container input')")
        assert "POST /user/login" in tab.evaluate("document.querySelector('.auth-container').innerText")
        tab.evaluate("document.querySelector('.auth-container input').focus()")
        tab.call("Input.insertText", text="my-token")
        tab.evaluate("document.querySelector('.auth-container button[type=submit]').click()")
        tab.wait_for("localStorage.getItem('authorized')?.includes('my-token')")
        tab.open(f"{address}/api/docs?again")
        tab.wait_for("document.querySelector('.btn.authorize.locked')")
