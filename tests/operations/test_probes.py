"""/health, /health/ready, /metrics and the page of error codes."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from marketplace.blueprints.operations.wiring import Operations
from marketplace.extensions import db, limiter
from marketplace.models import User
from marketplace.testing import CheckedClient, Factory


@pytest.fixture
def without_database(committed: Flask) -> Iterator[Flask]:
    """The app while nobody listens at its database's address."""
    with committed.app_context():
        engines = db._app_engines[committed]
    real = engines[None]
    engines[None] = create_engine("postgresql+psycopg2://127.0.0.1:1/nowhere")
    yield committed
    engines[None] = real


def test_health(client: CheckedClient) -> None:
    response = client.get("/health")
    assert (response.status_code, response.get_json()) == (200, {"status": "ok"})


def test_ready(committed: Flask) -> None:
    response = committed.test_client().get("/health/ready")
    assert (response.status_code, response.get_json()) == (200, {"status": "ready", "missing": {}})


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/metrics", "/api/docs/errors"])
def test_head(committed: Flask, path: str) -> None:
    response = committed.test_client().head(path)
    assert (response.status_code, response.data) == (200, b"")
    assert committed.test_client().post(path).status_code == 405


def test_without_the_database(without_database: Flask) -> None:
    client = without_database.test_client()
    assert client.get("/health").status_code == 200
    response = client.get("/health/ready")
    assert response.status_code == 503
    answer = response.get_json()
    answer["missing"].pop("time_zones", None)  # once they were found good, nobody looks again
    assert answer == {
        "status": "unready",
        "missing": {
            "database": "does not answer",
            "migrations": "cannot be read",
            "indexes": "cannot be read",
            "letters": "cannot be read",
        },
    }
    assert response.headers["Retry-After"] == "5"
    metrics = client.get("/metrics")
    assert metrics.status_code == 200
    assert "outbox_jobs{" not in metrics.text


def test_migrations_that_are_missing(committed: Flask) -> None:
    with committed.app_context(), db.engine.begin() as connection:
        heads = list(connection.scalars(text("SELECT version_num FROM alembic_version")))
        connection.execute(text("ALTER TABLE alembic_version RENAME TO alembic_version_away"))
    try:
        response = committed.test_client().get("/health/ready")
        assert response.status_code == 503
        assert response.get_json()["missing"] == {
            "migrations": f"run `flask db upgrade`: {', '.join(sorted(heads))} missing"
        }
    finally:
        with committed.app_context(), db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE alembic_version_away RENAME TO alembic_version"))


def test_a_check_of_a_plugin(committed: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(committed.extensions["marketplace"].readiness, "pigeons", lambda: "on strike")
    response = committed.test_client().get("/health/ready")
    assert (response.status_code, response.get_json()["missing"]) == (503, {"pigeons": "on strike"})


def test_probes_are_not_limited(committed: Flask) -> None:
    limiter.enabled = True
    try:
        client = committed.test_client()
        codes = {client.get(path).status_code for _ in range(150) for path in ("/health", "/health/ready")}
    finally:
        limiter.enabled = False
    assert codes == {200}


def test_health_asks_no_database_whatever_token_it_carries(
    client: CheckedClient, make: Factory, auth: Callable[[User], dict[str, str]], assert_queries: Any
) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}, auth(make.user())):
        with assert_queries(0):
            assert client.get("/health", headers=headers).status_code == 200


def test_health_of_who_signs_in_without_the_database(without_database: Flask) -> None:
    answer = without_database.test_client().get("/health", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 200


# --- metrics ----------------------------------------------------------------------------------------


def metric(page: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE)
    assert found, name
    return float(found[1])


def test_the_outbox_in_the_metrics(client: CheckedClient, make: Factory) -> None:
    page = client.get("/metrics").text
    for status in ("planned", "pending", "running", "dead"):
        assert metric(page, f'outbox_jobs{{status="{status}"}}') == 0
    assert metric(page, "outbox_oldest_age_seconds") == 0
    db.session.execute(
        text("""INSERT INTO job (kind, payload, status, run_at, attempts)
        SELECT 'k', '{}', status, now() - interval '1 minute' * age, tries
        FROM (VALUES ('pending', 2, 0), ('pending', 5, 0), ('pending', -60, 0), ('pending', -1, 1), ('running', 9, 1),
                     ('dead', 99, 10), ('done', 999, 1)) AS made (status, age, tries)""")
    )
    db.session.commit()
    page = client.get("/metrics").text
    assert metric(page, 'outbox_jobs{status="planned"}') == 1
    assert metric(page, 'outbox_jobs{status="pending"}') == 3, "one of them is tried again in a minute"
    assert metric(page, 'outbox_jobs{status="running"}') == 1
    assert metric(page, 'outbox_jobs{status="dead"}') == 1
    assert metric(page, "outbox_oldest_age_seconds") == pytest.approx(300, abs=60)


def test_jobs_that_wait_for_their_time_are_not_late(client: CheckedClient, runtime: Any) -> None:
    db.session.execute(
        text("INSERT INTO job (kind, payload, run_at) VALUES ('k', '{}', now() + interval '1 hour')")
    )
    assert runtime.get(Operations).rows.backlog().oldest_age_seconds == 0


def test_metrics_are_not_public(client: CheckedClient) -> None:
    outside = client.get("/metrics", environ_base={"REMOTE_ADDR": "8.8.8.8"})
    assert outside.status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 404
