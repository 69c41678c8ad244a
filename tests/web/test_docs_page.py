"""Swagger UI renders the operations of both versions in a real browser, from our own files alone."""

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from marketplace.config import Settings
from marketplace.web import docs, security
from marketplace.web.access import Access, access_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ, reason="chromium is not installed, and this is not CI"
)


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
def app(tmp_path: Path) -> Flask:
    app = Flask("small", static_folder=None)
    security.init_app(app, Settings(secret_key="x" * 40, instance_path=tmp_path, testing=True))
    app.register_blueprint(docs.docs_blueprint())
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


def test_the_page_has_a_policy_of_its_own(app: Flask) -> None:
    first, second = (app.test_client().get("/api/docs") for _ in range(2))
    policy = first.headers["Content-Security-Policy"]
    (nonce,) = re.findall(r"script-src 'nonce-([^']+)'", policy)
    assert "unsafe" not in policy
    assert first.headers["Cache-Control"] == "no-store"
    assert first.text.count(f'<script nonce="{nonce}"') == first.text.count("<script") == 3
    assert not re.search(r"\son\w+=|\sstyle=|https?://", first.text)
    assert policy != second.headers["Content-Security-Policy"]


def test_the_page_names_both_versions(app: Flask) -> None:
    text = app.test_client().get("/api/docs").text
    assert '{"name": "v1", "url": "/api/v1/openapi.json"}' in text
    assert '{"name": "v2", "url": "/api/v2/openapi.json"}' in text
    assert "persistAuthorization: false" in text
    assert "deepLinking: true" in text


@pytest.mark.parametrize("name", sorted(docs.FILES))
def test_the_files_may_be_kept_forever(app: Flask, name: str) -> None:
    answer = app.test_client().get(f"/api/docs/{docs.SWAGGER_VERSION}/{name}", buffered=True)
    assert answer.status_code == 200
    assert len(answer.data) > 100_000
    assert answer.cache_control.immutable
    assert answer.cache_control.public
    assert answer.cache_control.max_age == 31_536_000
    assert answer.mimetype in {"text/css", "text/javascript"}
    again = app.test_client().get(
        answer.request.path, headers={"If-None-Match": answer.headers["ETag"]}, buffered=True
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    "name", ["LICENSE.txt", "swagger_page.html", "..%2Fdocs.py", "%2e%2e/docs.py", "absent.js"]
)
def test_nothing_else_is_served(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/api/docs/{docs.SWAGGER_VERSION}/{name}").status_code == 404


def test_it_is_public(app: Flask) -> None:
    for endpoint in ("docs.page", "docs.asset"):
        assert access_of(app.view_functions[endpoint]) is Access.PUBLIC


def browse(address: str, folder: Path, fragment: str = "") -> tuple[str, str, set[str]]:
    """The rendered page, what the browser's console said, and the hosts that the page asked."""
    netlog = folder / "net.json"
    done = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-extensions",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--enable-logging=stderr",
            f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={netlog}",
            "--virtual-time-budget=20000",
            "--dump-dom",
            f"{address}/api/docs{fragment}",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    asked = [event.get("params", {}) for event in json.loads(netlog.read_text())["events"]]
    # The browser's own requests (updates, accounts) have no initiator; the page's carry its origin.
    hosts = {urlsplit(one["url"]).netloc for one in asked if "url" in one and one.get("initiator") == address}
    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return done.stdout, console, hosts


@needs_browser
@pytest.mark.parametrize(("query", "version"), [("", "v1"), ("?urls.primaryName=v2", "v2")])
def test_a_browser_shows_the_operations(address: str, tmp_path: Path, query: str, version: str) -> None:
    page, console, hosts = browse(address, tmp_path, query)
    assert len(re.findall(r'class="opblock opblock-(?:get|post)', page)) == 2
    assert f"List the orders of {version}" in page
    assert re.search(r'<option value="/api/v2/openapi.json"[^>]*>v2</option>', page)
    assert "Authorize" in page
    assert hosts == {urlsplit(address).netloc}
    assert "Content Security Policy" not in console
    assert "Error" not in console
