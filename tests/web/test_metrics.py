"""Metrics carry route templates, never paths, and are shown to the inside alone."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask, abort
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool, QueuePool
from werkzeug.middleware.proxy_fix import ProxyFix

from marketplace.config import Settings
from marketplace.web.observability import metrics
from marketplace.web.observability.metrics import (
    OutboxState,
    count_event,
    metrics_response,
    watch_outbox,
    watch_pool,
)


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    app = Flask("small", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    metrics.init_app(app, Settings(secret_key="x" * 40, instance_path=tmp_path, testing=True))
    app.add_url_rule("/metrics", view_func=metrics_response)

    @app.route("/orders/<int:order_id>", methods=["GET", "BREW"])
    def order(order_id: int) -> str:
        if order_id == 0:
            raise RuntimeError("boom")
        if order_id == 403:
            abort(403)
        return "ok"

    return app


def scrape(app: Flask) -> dict[str, float]:
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    rows = (line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in rows}


def test_requests_are_counted_by_template(app: Flask) -> None:
    client = app.test_client()
    for order_id in (1, 2, 3, 0, 403):
        client.get(f"/orders/{order_id}")
    found = scrape(app)
    total = 'http_requests_total{{method="GET",route="/orders/<int:order_id>",status="{}"}}'
    assert found[total.format(200)] == 3
    assert found[total.format(500)] == 1
    assert found[total.format(403)] == 1
    assert (
        found['http_request_duration_seconds_count{method="GET",route="/orders/<int:order_id>",status="200"}']
        == 3
    )
    assert found["http_requests_in_progress"] == 1  # the scrape itself


def test_no_path_and_no_odd_method_becomes_a_label(app: Flask) -> None:
    client = app.test_client()
    for path in ("/secret-path-1", "/secret-path-2"):
        client.get(path)
    client.open("/orders/1", method="BREW")
    client.open("/orders/1", method="X" * 50)
    found = scrape(app)
    assert not [name for name in found if "secret" in name or "BREW" in name or "XX" in name]
    assert found['http_requests_total{method="GET",route="unmatched",status="404"}'] == 2
    assert found['http_requests_total{method="OTHER",route="/orders/<int:order_id>",status="200"}'] == 1
    assert found['http_requests_total{method="OTHER",route="unmatched",status="405"}'] == 1


def test_each_application_counts_its_own(app: Flask, tmp_path: Path) -> None:
    other = Flask("other", static_folder=None)
    metrics.init_app(other, Settings(secret_key="x" * 40, instance_path=tmp_path, testing=True))
    other.test_client().get("/absent")
    assert not [name for name in scrape(app) if "unmatched" in name]


def test_domain_events(app: Flask) -> None:
    for name in ("order.accepted", "order.accepted", "user.registered"):
        count_event(app, name)
    found = scrape(app)
    assert found['domain_events_total{name="order.accepted"}'] == 2
    assert found['domain_events_total{name="user.registered"}'] == 1


def test_the_pool_is_followed(app: Flask) -> None:
    engine = create_engine("sqlite://", poolclass=QueuePool, pool_size=3)
    watch_pool(app, engine.pool)
    first, second = engine.connect(), engine.connect()
    assert (scrape(app)["db_pool_size"], scrape(app)["db_pool_checked_out"]) == (3, 2)
    second.invalidate()
    second.close()
    assert scrape(app)["db_pool_checked_out"] == 1
    first.close()
    assert scrape(app)["db_pool_checked_out"] == 0
    engine.dispose()


def test_a_pool_without_size_is_left_out(app: Flask) -> None:
    engine = create_engine("sqlite://", poolclass=NullPool)
    watch_pool(app, engine.pool)
    with engine.connect():
        assert scrape(app)["db_pool_checked_out"] == 0


def test_the_outbox_is_read_at_each_scrape(app: Flask) -> None:
    states = [OutboxState({"queued": 2, "dead": 1}, 3.5), OutboxState({"queued": 0}, 0.0)]
    watch_outbox(app, lambda: states.pop(0))
    found = scrape(app)
    assert found['outbox_jobs{status="queued"}'] == 2
    assert found['outbox_jobs{status="dead"}'] == 1
    assert found["outbox_oldest_age_seconds"] == 3.5
    assert scrape(app)['outbox_jobs{status="queued"}'] == 0


def test_the_rest_is_shown_while_the_outbox_cannot_be_read(app: Flask) -> None:
    def unreadable() -> OutboxState:
        raise ConnectionError("the database is down")

    watch_outbox(app, unreadable)
    found = scrape(app)
    assert "http_requests_in_progress" in found
    assert "outbox_oldest_age_seconds" not in found


@pytest.mark.parametrize(
    "peer", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "172.17.0.1", "fd00::1", "::ffff:10.0.0.1"]
)
def test_the_inside_may_look(app: Flask, peer: str) -> None:
    assert app.test_client().get("/metrics", environ_overrides={"REMOTE_ADDR": peer}).status_code == 200


@pytest.mark.parametrize(
    "peer", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "", "unix:", "127.0.0.1.evil"]
)
def test_the_outside_may_not(app: Flask, peer: str) -> None:
    assert app.test_client().get("/metrics", environ_overrides={"REMOTE_ADDR": peer}).status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Proto"])
def test_what_came_through_a_proxy_may_not(app: Flask, header: str) -> None:
    assert app.test_client().get("/metrics", headers={header: "127.0.0.1"}).status_code == 404


def test_a_page_in_a_browser_of_the_inside_may_not(app: Flask) -> None:
    """Where CORS allows its origin, it could read them and tell the outside."""
    assert app.test_client().get("/metrics", headers={"Origin": "https://shop.example"}).status_code == 404


def test_a_trusted_proxy_cannot_be_used_to_look_inside(app: Flask) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)  # type: ignore[method-assign] # as create_app does
    client = app.test_client()
    forged = {"X-Forwarded-For": "127.0.0.1"}
    outside = {"REMOTE_ADDR": "8.8.8.8"}
    assert client.get("/metrics", headers=forged, environ_overrides=outside).status_code == 404
    assert client.get("/metrics", environ_overrides=outside).status_code == 404
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text; version=abc", "x" * 3000, "text/plain;version=1.0.0"]
)
def test_odd_accept_headers_do_no_harm(app: Flask, accept: str) -> None:
    assert app.test_client().get("/metrics", headers={"Accept": accept}).status_code == 200


_WORKER = """
import sys
from pathlib import Path
from flask import Flask
from marketplace.config import Settings
from marketplace.web.observability import metrics
app = Flask("small", static_folder=None)
metrics.init_app(app, Settings(secret_key="x" * 40, instance_path=Path("."), testing=True))
app.add_url_rule("/metrics", view_func=metrics.metrics_response)
metrics.count_event(app, "order.accepted")
metrics.watch_outbox(app, lambda: metrics.OutboxState({"queued": 4}, 1.0))
print(app.test_client().get("/metrics").text)
"""


def test_several_processes_add_up(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for expected in (1, 2):
        done = subprocess.run(
            [sys.executable, "-c", _WORKER],
            env=environment,
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        (counted,) = re.findall(
            r'^domain_events_total\{name="order.accepted"\} (.+)$', done.stdout, re.MULTILINE
        )
        assert float(counted) == expected
        assert 'outbox_jobs{status="queued"} 4.0' in done.stdout
