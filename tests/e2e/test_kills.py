"""kill -9 of whatever serves: the master, the supervisor of the embedded PostgreSQL, PostgreSQL itself."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from marketplace.embedded.leftovers import processes
from marketplace.embedded.places import layout
from tests.e2e.conftest import PARENT, Running, processes_with
from tests.support.postgres import alive, supervisors
from tests.support.sockets import SocketClient
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e
SECONDS = 90  # on a busy machine; on a quiet one about 5


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return processes_with(PARENT, pid)


def master(server: Running) -> int:
    """gunicorn's first process: the launcher has started nothing else that stays."""
    (found,) = (pid for pid in children(server.process.pid) if b"gunicorn" in command(pid))
    return found


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def ready(server: Running) -> bool:
    assert server.process.poll() is None, server.log.read_text()[-3000:]
    try:
        return requests.get(f"{server.base}/health/ready", timeout=5).ok
    except requests.RequestException:
        return False


def writes(server: Running, number: int) -> bool:
    """Whether somebody can sign up; what was written counts, so each number once."""
    body = {
        "username": f"after{number}",
        "email": f"after{number}@example.org",
        "password": "Correct-Horse-7",
        "first_name": "Ann",
        "last_name": "Lee",
    }
    return server.api("POST", "/user/sign-up", json=body).status_code == 201


@pytest.fixture
def held(server: Running) -> Iterator[SocketClient]:
    """An open socket, whose thread would keep the worker alive."""
    body = {"username": "holder", "email": "h@example.org", "password": "Correct-Horse-7"}
    signed = server.api("POST", "/user/sign-up", json=body | {"first_name": "H", "last_name": "H"})
    assert signed.status_code == 201, signed.text
    token = {"token": server.mail_to("h@example.org")["data"]["token"]}
    assert server.api("POST", "/user/email/verify", json=token).status_code == 204
    client = SocketClient(reconnection=False)
    token = signed.json()["tokens"]["access_token"]
    client.connect(server.base, namespaces=["/chat"], auth={"token": token}, transports=["websocket"])
    yield client
    client.disconnect()


def test_the_master(server: Running, held: SocketClient) -> None:
    killed = master(server)
    workers = children(killed)
    assert workers
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: not any(alive(pid) for pid in workers), timeout=SECONDS)
    eventually(lambda: not held.connected, timeout=SECONDS)
    eventually(lambda: ready(server), timeout=SECONDS)
    assert master(server) != killed
    assert writes(server, 1)


def test_the_supervisor(server: Running) -> None:
    database = layout(server.instance)
    (killed,) = supervisors(server.instance)
    before = processes(database).parents
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: supervisors(server.instance) not in ([killed], []), timeout=SECONDS)
    eventually(lambda: ready(server) and processes(database).parents != before, timeout=SECONDS)
    assert len(processes(database).parents) == 1
    assert writes(server, 2)


def test_the_database(server: Running) -> None:
    (killed,) = processes(layout(server.instance)).parents
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: not alive(killed), timeout=SECONDS)
    eventually(lambda: ready(server), timeout=SECONDS)
    assert writes(server, 3)
