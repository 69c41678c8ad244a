"""PostgreSQL of compose.yaml: the script and the file of deploy/postgres on a real server, up to a start in production."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from sqlalchemy import make_url

from marketplace.config import PROJECT_ROOT, load_settings
from marketplace.database.production_checks import find_unsafe
from marketplace.embedded.places import layout
from marketplace.embedded.server import Server
from marketplace.embedded.users import ensure_running, release
from marketplace.testing.databases import run_flask
from tests.e2e.conftest import free_port
from tests.support.deployment import DEPLOY, variables
from tests.support.postgres import query
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

FOLDER = DEPLOY / "postgres"
PASSWORD = "it's $HOME \\ here"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A cluster on which the script has run, and the URL of the role and database that it made."""
    folder = tmp_path_factory.mktemp("initialised")
    own = ensure_running(folder, fsync=False)
    # A cluster of the image has no database of this name yet.
    query(make_url(own).set(database="postgres"), "DROP DATABASE marketplace")
    found = layout(folder)
    done = subprocess.run(
        ["sh", str(FOLDER / "init.sh")],
        env={
            "PATH": f"{found.bin}:{os.environ['PATH']}",
            "PGHOST": str(found.run),
            "POSTGRES_USER": "app",
            "DATABASE_PASSWORD": PASSWORD,
        },
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    yield found, f"postgresql://marketplace:{quote(PASSWORD)}@/marketplace?host={found.run}"
    release(folder)


def test_the_role_may_what_the_program_needs_and_no_more(server: tuple[Server, str]) -> None:
    _, url = server
    assert (
        query(
            url, "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
        )
        is False
    )
    assert query(url, "SELECT datctype FROM pg_database WHERE datname = current_database()") == "C.UTF-8"
    query(url, "CREATE EXTENSION pg_trgm")  # the owner of a database may, since it is a trusted one
    assert query(url, "SELECT cardinality(show_trgm('слово'))") > 0


def test_the_program_starts_in_production_as_that_role(server: tuple[Server, str], tmp_path: Path) -> None:
    _, url = server
    done = run_flask(url, tmp_path, "db", "upgrade")
    assert done.returncode == 0, done.stderr
    environment = {
        **variables(DEPLOY / "marketplace.env.sample"),
        "SECRET_KEY": "0f1e2d3c4b5a69788796a5b4c3d2e1f01b2c3d4e",
        "DATABASE_URL": url,
        "REDIS_URL": "",
        "INSTANCE_PATH": str(tmp_path),
        "DB_POOL_SIZE": "4",
        "PORT": str(free_port()),
    }
    assert find_unsafe(load_settings(environment)) == []
    log = tmp_path / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn"], cwd=PROJECT_ROOT, stdout=sink, stderr=sink,
            env={"PATH": os.environ["PATH"], **environment},
        )  # fmt: skip
    base = f"http://127.0.0.1:{environment['PORT']}"

    def answer() -> requests.Response | None:
        assert process.poll() is None, log.read_text()
        try:
            return requests.get(f"{base}/health/ready", headers={"X-Forwarded-Proto": "https"}, timeout=5)
        except (requests.ConnectionError, requests.Timeout):  # it does not listen yet, or is being built
            return None

    try:
        ready = eventually(answer, timeout=60)
        assert ready.json()["missing"] == {}
        assert "max-age" in ready.headers["Strict-Transport-Security"], "it believes nginx, with PROXY_HOPS=1"
    finally:
        process.terminate()
        process.wait(30)


def test_the_file_is_one_of_postgresql(server: tuple[Server, str]) -> None:
    """Each line is a setting that the server knows, with a value that it takes as it stands."""
    found, _ = server
    path = FOLDER / "postgresql.conf"
    lines = [line.split("#")[0].strip() for line in path.read_text().splitlines()]
    settings = dict(re.split(r"\s*=\s*", line, maxsplit=1) for line in lines if line)
    assert "max_connections" in settings
    copy = found.data / "shipped.conf"
    copy.write_text(path.read_text())
    copy.chmod(0o644)
    for name, value in settings.items():
        done = subprocess.run(
            [str(found.bin / "postgres"), "-D", str(found.data), f"--config-file={copy}", "-C", name],
            capture_output=True, text=True, check=False, timeout=30, cwd="/",
            user=found.account if os.geteuid() == 0 else None,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        shown = done.stdout.strip()
        assert _same(shown, value.strip("'")), f"{name}: {shown}, not {value}"


def _same(shown: str, written: str) -> bool:
    """`-C` shows sizes in the units that the server counts them in."""
    return shown == written or (written[-2:] in {"MB", "GB"} and shown.isdigit() and int(shown) > 0)
