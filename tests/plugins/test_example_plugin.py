"""The example plugin, installed as a package, adds its parts without the program knowing of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import make_url

from marketplace.config import PROJECT_ROOT
from marketplace.database.dsn import libpq_dsn

EXAMPLE = PROJECT_ROOT / "examples" / "marketplace-loyalty"
STORY = """
from marketplace import create_app
from marketplace.web.background import make_worker

app = create_app()
client = app.test_client()
answer = client.post("/api/v1/user/sign-up", json={
    "username": "ann", "email": "ann@example.org", "password": "Correct-Horse-7",
    "first_name": "Ann", "last_name": "Lee"})
assert answer.status_code == 201, answer.json
headers = {"Authorization": "Bearer " + answer.json["tokens"]["access_token"]}
assert client.get("/api/v1/loyalty", headers=headers).json == {"points": 0}
worker = make_worker(app)
worker.run_pending()
assert client.get("/api/v1/loyalty", headers=headers).json == {"points": 100}
assert client.get("/api/v2/loyalty", headers=headers).json == {"points": 100}
assert client.get("/api/v1/loyalty").status_code == 401
assert "/api/v1/loyalty" in client.get("/api/v1/openapi.json").json["paths"]
"""


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder that the plugin is installed into, as pip does it, without a network."""
    source = tmp_path / "source"
    shutil.copytree(EXAMPLE, source)
    target = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    command += ["--no-build-isolation", "--target", str(target), str(source)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return target


@pytest.fixture
def empty_database(server_url: str) -> Iterator[str]:
    """A database without tables."""
    name = f"plugin_{os.getpid()}"
    connection = psycopg2.connect(libpq_dsn(make_url(server_url).set(database="postgres")))
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute(f'CREATE DATABASE "{name}"')
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    connection.close()


def test_the_plugin_works_as_a_package(installed: Path, empty_database: str, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{installed}{os.pathsep}{PROJECT_ROOT}",
        "DATABASE_URL": empty_database,
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "LOG_LEVEL": "ERROR",
    }

    def run(*arguments: str) -> str:
        result = subprocess.run(
            [sys.executable, *arguments],
            cwd=PROJECT_ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    flask = ("-m", "flask", "--app", "wsgi")
    run(*flask, "db", "upgrade")
    run(*flask, "db", "check")
    run("-c", STORY)
    assert run(*flask, "loyalty", "show", "ANN") == "ANN: 100 points\n"
    run(*flask, "db", "downgrade", "loyalty@base")
    run(*flask, "db", "upgrade")
