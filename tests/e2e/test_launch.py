"""`make run` on a good day and on bad ones."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from marketplace.config import PROJECT_ROOT
from tests.e2e.conftest import Running, free_port, group_members
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e


def refused(instance: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    """The launcher, expected to end by itself."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT_ROOT),
        "INSTANCE_PATH": str(instance),
        "PORT": str(free_port()),
        **extra,
    }
    return subprocess.run(
        [sys.executable, "-m", "marketplace.launch"],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def servers_of(instance: Path) -> list[str]:
    """The processes whose command line names the instance folder, or the home of its database."""
    names = {str(instance), os.path.realpath(instance / "postgres")}
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if any(name in command for name in names):
            found.append(command)
    return found


def test_two_checkouts_at_once_and_nothing_left_behind(
    tmp_path: Path, launcher: Callable[..., Running]
) -> None:
    one, two = launcher(tmp_path / "one"), launcher(tmp_path / "two")
    for running in (one, two):
        assert requests.get(f"{running.base}/api/v1/cities", params={"q": "berlin"}, timeout=5).json()[
            "items"
        ]
        assert servers_of(running.instance)
    group = one.process.pid
    assert one.stop() == 0
    eventually(lambda: not servers_of(one.instance) and not group_members(group))
    assert requests.get(f"{two.base}/health/ready", timeout=5).ok
    two.process.terminate()
    assert two.process.wait(30) == 0
    eventually(lambda: not servers_of(two.instance) and not group_members(two.process.pid))


def test_two_first_starts_of_one_checkout_at_once(tmp_path: Path, launcher: Callable[..., Running]) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: launcher(tmp_path / "instance"), range(2)))
    for running in both:
        cities = requests.get(f"{running.base}/api/v1/cities", params={"q": "berlin"}, timeout=15)
        assert cities.json()["items"]
        told = running.log.read_text().partition("The marketplace is starting.")[0]
        assert "alembic" not in told
        assert [line[:5] for line in told.splitlines() if line] == sorted(
            {line[:5] for line in told.splitlines() if line}
        )
    assert any("[5/5] Categories" in running.log.read_text() for running in both)
    assert [running.stop() for running in both] == [0, 0]
    again = launcher(tmp_path / "instance")
    assert "/5]" not in again.log.read_text()
    assert again.stop() == 0


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = refused(tmp_path / "instance", PORT=str(port))
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in result.stderr
    assert not (tmp_path / "instance" / "postgres").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("LOG_LEVEL", "LOUD"),
        ("DATABASE_URL", "mysql://root@localhost/x"),
        ("RATE_LIMIT_DEFAULT", "many"),
        ("WEB_CONCURRENCY", "4"),
        ("APP_ENV", "production"),
    ],
)
def test_a_wrong_setting(tmp_path: Path, name: str, value: str) -> None:
    result = refused(tmp_path / "instance", **{name: value})
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert (name if name != "APP_ENV" else "SECRET_KEY") in result.stderr


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    result = refused(tmp_path / "instance", DATABASE_URL=f"postgresql://app@127.0.0.1:{free_port()}/x")
    assert result.returncode == 1
    output = (result.stdout + result.stderr).strip()
    assert "the database does not answer" in output
    assert "Traceback" not in output
    assert output.count("\n") == 0


def has_ipv6() -> bool:
    """Whether this machine has the loopback address of IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_a_closed_terminal_ends_everything(tmp_path: Path, launcher: Callable[..., Running]) -> None:
    """SIGHUP goes to the whole group; gunicorn takes it for a wish to start its workers anew. Over IPv6, too."""
    running = launcher(tmp_path / "instance", HOST="::1" if has_ipv6() else "127.0.0.1")
    os.killpg(running.process.pid, signal.SIGHUP)
    assert running.process.wait(30) == 0
    eventually(lambda: not servers_of(running.instance) and not group_members(running.process.pid))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_before_it_is_ready(tmp_path: Path, number: signal.Signals) -> None:
    instance = tmp_path / "instance"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT_ROOT),
        "INSTANCE_PATH": str(instance),
        "PORT": str(free_port()),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "marketplace.launch"],
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    # The database is being made; nothing serves yet.
    eventually(lambda: (instance / "postgres").exists() or process.poll() is not None)
    os.killpg(process.pid, number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number, output
    assert "Traceback" not in output
    assert "stopped before it was ready" in output
    eventually(lambda: not servers_of(instance) and not group_members(process.pid))


def test_make_demo_prepares_the_database_and_is_told_to_a_server_later(
    tmp_path: Path, launcher: Callable[..., Running]
) -> None:
    """The two commands of `make demo`, on an empty folder; nothing stays running."""
    instance = tmp_path / "instance"
    environment = {"PATH": os.environ["PATH"], "INSTANCE_PATH": str(instance), "PORT": str(free_port())}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", *arguments]
        result = subprocess.run(
            command,
            cwd=PROJECT_ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    assert "[5/5] Categories" in run("marketplace.launch", "--prepare")
    assert run("marketplace.launch", "--prepare") == ""
    told = run("flask", "--app", "wsgi", "demo", "seed", "--once", "--force", "--performers", "5")
    assert "No server answers" in told
    eventually(lambda: not servers_of(instance))
    server = launcher(instance)
    (token,) = (line.split("Bearer ")[1].rstrip("'") for line in told.splitlines() if "/orders'" in line)
    assert server.api("GET", "/orders", token=token).status_code == 200
    assert "make demo" in server.log.read_text()
    assert server.stop() == 0
