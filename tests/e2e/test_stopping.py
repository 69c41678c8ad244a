"""SIGTERM: who is told, and who is waited for."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.e2e.conftest import Running
from tests.support.sockets import SocketClient
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e
PASSWORD = "Correct-Horse-7"
MAX_IDLE_SECONDS = 3
"""From SIGTERM to the end of a server with nothing to do; 0.6 s where nothing else runs."""


@pytest.fixture
def silent_mail() -> Iterator[socket.socket]:
    """A mail server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        yield listener


def test_an_idle_server_ends_at_once(tmp_path: Path, launcher: Callable[..., Running]) -> None:
    server = launcher(tmp_path / "instance")
    started = monotonic()
    server.process.terminate()
    assert server.process.wait(30) == 0
    assert monotonic() - started < MAX_IDLE_SECONDS


def test_sockets_are_told_before_jobs_at_hand_are_done(
    tmp_path: Path, launcher: Callable[..., Running], silent_mail: socket.socket
) -> None:
    port = silent_mail.getsockname()[1]
    server = launcher(tmp_path / "instance", SMTP_URL=f"smtp://127.0.0.1:{port}")
    server.flask(
        "accounts",
        "create-admin",
        *["--username", "root", "--email", "root@example.org"],
        "--password",
        PASSWORD,
    )
    login = server.api("POST", "/user/login", json={"login": "root", "password": PASSWORD})
    told = []
    client = SocketClient(reconnection=False)
    client.on("server:closing", lambda *_: told.append("closing"), namespace="/chat")
    token = {"token": login.json()["access_token"]}
    client.connect(server.base, namespaces=["/chat"], auth=token, transports=["websocket"])
    person = {"username": "ann", "email": "ann@example.org", "password": PASSWORD}
    signed = server.api("POST", "/user/sign-up", json=person | {"first_name": "Ann", "last_name": "Lee"})
    assert signed.status_code == 201, signed.text
    mail, _ = silent_mail.accept()
    with mail:
        server.process.terminate()
        eventually(lambda: not client.connected)
        assert told == ["closing"]
        mail.setblocking(False)
        with pytest.raises(BlockingIOError):
            mail.recv(1)  # the job at hand still waits for a greeting
    assert server.process.wait(30) == 0
    assert "Worker exiting" in server.log.read_text()
    assert "SIGKILL" not in server.log.read_text()
