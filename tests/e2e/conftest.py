"""The real thing: `make run`'s launcher, gunicorn, worker and embedded PostgreSQL in processes of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from marketplace.config import PROJECT_ROOT, bracketed
from tests.support.waiting import eventually


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """A running program."""

    process: subprocess.Popen[str]
    base: str
    instance: Path
    environment: dict[str, str]
    log: Path

    def api(self, method: str, path: str, *, token: str | None = None, **kwargs: Any) -> requests.Response:
        """Call `/api/v1` + path."""
        headers = kwargs.pop("headers", {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return requests.request(method, f"{self.base}/api/v1{path}", headers=headers, timeout=15, **kwargs)

    def mail_to(self, address: str) -> dict[str, Any]:
        """The first mail to an address, waited for."""

        def look() -> dict[str, Any] | None:
            for path in sorted((self.instance / "outbox").glob("*.json")):
                message: dict[str, Any] = json.loads(path.read_text())
                if message["to"] == address:
                    return message
            return None

        return eventually(look)

    def flask(self, *arguments: str) -> str:
        """A command of an operator, beside the running server."""
        result = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
            cwd=PROJECT_ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    def stop(self) -> int:
        """Ctrl-C, as the terminal sends it: to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(30)


def launch(instance: Path, **extra: str) -> Running:
    """Start the launcher in a process group of its own; waits until it serves."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT_ROOT),
        "INSTANCE_PATH": str(instance),
        "PORT": str(port),
        "LOG_FORMAT": "json",
        **extra,
    }
    log = instance.parent / f"{instance.name}-{port}.log"
    with log.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "marketplace.launch"],
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=sink,
            stderr=sink,
            text=True,
            start_new_session=True,
        )
    base = f"http://{bracketed(extra.get('HOST', '127.0.0.1'))}:{port}"
    running = Running(process, base, instance, environment, log)

    def serves() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return requests.get(f"{running.base}/health/ready", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):  # the port is there before who answers
            return False

    eventually(serves, timeout=180)
    return running


PARENT, GROUP = 1, 2
"""Fields of /proc/<pid>/stat, counted from behind the name."""


def processes_with(field: int, value: int) -> list[int]:
    """What runs whose `field` is `value`; whoever has ended and was not asked for yet does not run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[field]) == value and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def group_members(group: int) -> list[int]:
    """What still runs in a process group."""
    return processes_with(GROUP, group)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One program for all tests of a module."""
    running = launch(tmp_path_factory.mktemp("e2e") / "instance")
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="session")
def launcher() -> Callable[..., Running]:
    return launch
