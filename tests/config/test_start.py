"""A wrong setting at start: one line that names it, exit 1, nothing lost."""

import os
import socket
import subprocess
import sys

import pytest

from marketplace.config import PROJECT_ROOT


def start(module: list[str], tmp_path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *module],
        cwd=PROJECT_ROOT,
        env={"PATH": os.environ["PATH"], "INSTANCE_PATH": str(tmp_path / "instance"), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


LAUNCH = ["marketplace.launch"]
FLASK = ["flask", "--app", "wsgi", "db", "current"]
GUNICORN = ["gunicorn", "-c", "gunicorn.conf.py"]


@pytest.mark.parametrize(
    ("module", "environ", "line"),
    [
        (LAUNCH, {"DB_POOL_SIZE": "many"}, "DB_POOL_SIZE must be a whole number from 1 to 1000, not 'many'"),
        (FLASK, {"PORT": "high"}, "PORT must be a whole number from 1 to 65535, not 'high'"),
        (GUNICORN, {"APP_ENV": "production"}, "refusing to start in production: SECRET_KEY"),
    ],
    ids=["run", "flask", "gunicorn"],
)
def test_a_wrong_setting(module, environ, line, tmp_path):
    result = start(module, tmp_path, **environ)
    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert result.stderr.startswith(line)


def test_a_port_that_is_taken(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = start(LAUNCH, tmp_path, PORT=str(port))
    assert result.returncode == 1
    assert result.stderr == (
        f"cannot listen on 127.0.0.1:{port}: Address already in use; end what listens there, or take another"
        f" port: PORT={port + 1} make run\n"
    )
    assert not (tmp_path / "instance" / "postgres").exists(), "no database was started for nothing"


def test_a_host_that_is_not_ours(tmp_path):
    result = start(LAUNCH, tmp_path, HOST="192.0.2.1")
    assert result.returncode == 1
    assert result.stderr.startswith("cannot listen on 192.0.2.1:8000: ")
    assert len(result.stderr.splitlines()) == 1


def test_a_database_that_does_not_answer(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        free = str(unused.getsockname()[1])
    result = start(LAUNCH, tmp_path, PORT=free, DATABASE_URL="postgresql://nobody:hunter2@127.0.0.1:1/none")
    assert result.returncode == 1
    assert "the database does not answer: " in result.stderr
    assert "Connection refused" in result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert "hunter2" not in result.stderr
