"""A production server refuses a database that it could harm, or that has no room for it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import make_url

from marketplace.blueprints.demo.adapters import password_hasher
from marketplace.config import PROJECT_ROOT, ConfigError, Settings
from marketplace.database.dsn import libpq_dsn
from marketplace.database.production_checks import connections, find_leaks, find_unsafe, refuse_unsafe


@pytest.fixture
def plain_url(database_url: str) -> Iterator[str]:
    """The database as a role that is no superuser sees it."""
    role = f"plain_{os.getpid()}"
    connection = psycopg2.connect(libpq_dsn(database_url))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'plain'")
        yield (
            make_url(database_url).set(username=role, password="plain").render_as_string(hide_password=False)
        )
        cursor.execute(f"DROP ROLE {role}")
    connection.close()


@pytest.fixture
def settings(plain_url: str) -> Settings:
    return Settings(
        app_env="production", secret_key="x", instance_path=Path("/nowhere"), database_url=plain_url
    )


def test_a_plain_role_and_modest_pools_are_taken(settings: Settings) -> None:
    assert find_unsafe(settings) == []
    refuse_unsafe(settings)


def test_a_superuser_is_refused(settings: Settings, database_url: str) -> None:
    with pytest.raises(ConfigError, match=r"^refusing to start in production: the role of DATABASE_URL"):
        refuse_unsafe(replace(settings, database_url=database_url))


def test_staff_of_the_demo_are_refused(settings: Settings, database_url: str) -> None:
    """Everybody knows their passwords; a blocked one logs in no more."""
    role = make_url(settings.database_url or "").username
    password_hash = password_hasher(settings)("Demo-Market-1", 12345)
    connection = psycopg2.connect(libpq_dsn(database_url))
    connection.autocommit = True
    with connection.cursor() as cursor:
        try:
            cursor.execute(f'GRANT SELECT ON "user" TO {role}')
            for name, roles, active in (
                ("known", "{admin}", True),
                ("gone", "{admin}", False),
                ("some", "{}", True),
            ):
                cursor.execute(
                    'INSERT INTO "user" (username, password_hash, first_name, last_name, roles, is_active)'
                    " VALUES (%s, %s, 'A', 'B', %s, %s)",
                    (name, password_hash, roles, active),
                )
            (problem,) = find_unsafe(settings)
        finally:
            cursor.execute("""DELETE FROM "user" WHERE username IN ('known', 'gone', 'some')""")
            cursor.execute(f'REVOKE ALL ON "user" FROM {role}')
            connection.close()
    assert problem == "everybody knows the passwords of known, made by `flask demo seed`"


def test_pools_must_fit_into_the_database(settings: Settings) -> None:
    (problem,) = find_unsafe(replace(settings, db_pool_size=900, db_max_overflow=100))
    assert problem.startswith("WEB_CONCURRENCY x 2 x (DB_POOL_SIZE + DB_MAX_OVERFLOW) takes up to 2004")
    assert connections(replace(settings, web_concurrency=3)) == 192


def test_a_database_that_is_away_is_no_reason(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    refuse_unsafe(replace(settings, database_url="postgresql+psycopg2://a:hunter2@127.0.0.1:1/none"))
    assert [record.message for record in caplog.records] == ["the database could not be checked"]
    assert "hunter2" not in caplog.text


def test_gunicorn_says_it_in_one_line(database_url: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"],
        cwd=PROJECT_ROOT,
        env={
            "PATH": os.environ["PATH"],
            "APP_ENV": "production",
            "SECRET_KEY": "q3VbN8xW0zLr7KpTfYh2MjCs5GdEa1Uo",
            "SMTP_URL": "smtps://mail",
            "MAIL_FROM": "post@market.org",
            "DATABASE_URL": database_url,
            "INSTANCE_PATH": str(tmp_path),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr == (
        "refusing to start in production: the role of DATABASE_URL must not be a superuser\n"
    )


def test_a_log_with_values_in_it_is_said_and_not_refused(
    settings: Settings, plain_url: str, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    def role_has(**values: str) -> None:
        connection = psycopg2.connect(libpq_dsn(database_url))
        with connection, connection.cursor() as cursor:
            for name, value in values.items():
                cursor.execute(f"ALTER ROLE {make_url(plain_url).username} SET {name} = '{value}'")
        connection.close()

    role_has(log_min_error_statement="panic", log_error_verbosity="terse", log_min_duration_statement="-1")
    assert find_leaks(settings) == []
    refuse_unsafe(settings)
    assert caplog.records == []
    role_has(log_min_error_statement="error", log_error_verbosity="default", log_min_duration_statement="0")
    refuse_unsafe(settings)
    (record,) = caplog.records
    assert record.__dict__["settings"] == [
        "log_error_verbosity",
        "log_min_duration_statement",
        "log_min_error_statement",
    ]
