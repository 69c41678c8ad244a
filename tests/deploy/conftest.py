"""The roles as deploy/ starts them: gunicorn, gunicorn again, and the worker, on one database."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from marketplace.config import PROJECT_ROOT
from marketplace.embedded.users import ensure_running, release
from marketplace.testing.databases import run_flask
from tests.e2e.conftest import free_port
from tests.support.deployment import UNITS, command, variables
from tests.support.waiting import eventually


@dataclass
class Role:
    """A process of one role; `base` is where it listens, behind everything else."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@dataclass
class Roles:
    web: Role
    realtime: Role
    worker: Role
    instance: Path
    database_url: str


def start_role(unit: str, folder: Path, **environment: str) -> Role:
    """Start what a unit of deploy/systemd starts."""
    port = free_port()
    log = folder / f"{unit}-{port}.log"
    program, *arguments = command(unit)
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", program, *arguments],
            cwd=PROJECT_ROOT,
            env={"PATH": os.environ["PATH"], **environment, "PORT": str(port)},
            stdout=sink,
            stderr=sink,
        )
    return Role(process, port, log)


def wait_until_ready(role: Role) -> None:
    def ready() -> bool:
        assert role.process.poll() is None, role.log.read_text()
        try:
            return requests.get(f"{role.base}/health/ready", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):  # it does not listen yet
            return False

    eventually(ready, timeout=60)


@pytest.fixture(scope="package")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    """web, realtime and worker, one hop behind a proxy."""
    folder = tmp_path_factory.mktemp("roles")
    database_url = ensure_running(folder / "database", fsync=False)
    instance = folder / "instance"
    done = run_flask(database_url, instance, "db", "upgrade")
    assert done.returncode == 0, done.stderr
    common = {
        "DATABASE_URL": database_url,
        "INSTANCE_PATH": str(instance),
        "SECRET_KEY": "roles-" * 10,
        "PROXY_HOPS": "1",
        "LOG_FORMAT": "json",
    }
    realtime = {**common, **variables(UNITS / "realtime.env")}
    started = [
        start_role("marketplace-web.service", folder, **common),
        start_role("marketplace-realtime.service", folder, **realtime),
        start_role("marketplace-worker@.service", folder, **common),
    ]
    try:
        for role in started[:2]:
            wait_until_ready(role)
        yield Roles(*started, instance=instance, database_url=database_url)
    finally:
        for role in started:
            role.stop()
        release(folder / "database")
