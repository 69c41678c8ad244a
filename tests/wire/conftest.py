"""gunicorn with our worker in a process of its own, spoken to over raw sockets."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from marketplace.config import PROJECT_ROOT
from tests.support.waiting import eventually

WAIT = 20.0


@dataclass
class Answer:
    """One response of HTTP/1."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One connection."""

    def __init__(self, address: tuple[str, int], *, source: str = "", receive_buffer: int = 0) -> None:
        self.socket = socket.socket()
        self.socket.settimeout(WAIT)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        self.stream = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, data: bytes) -> Answer:
        self.send(data)
        return self.answer()

    def answer(self, *, is_head: bool = False) -> Answer:
        first = self.stream.readline()
        assert first.startswith(b"HTTP/1."), first
        status = int(first.split()[1])
        headers: dict[str, str] = {}
        while (line := self.stream.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(": ")
            assert name.lower() not in headers
            headers[name.lower()] = value
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while (size := int(self.stream.readline(), 16)) > 0:
                body += self.stream.read(size)
                self.stream.readline()
            self.stream.readline()
        elif not is_head:
            body = self.stream.read(int(headers.get("content-length", "0")))
        return Answer(status, headers, body)

    def heard_within(self, seconds: float) -> bool:
        """Whether the server has something to say."""
        return bool(select.select([self.socket], [], [], seconds)[0])

    def ended(self) -> bool:
        """True when the server ends the connection, with nothing more said."""
        return self.stream.read(1) == b""

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


class Wire:
    """The running server."""

    def __init__(self, folder: Path, **settings: float) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = ("127.0.0.1", port)
        values: dict[str, float] = {
            "THREADS": 4, "CONNECTIONS": 600, "KEEPALIVE": 30, "HEAD": 30, "BODY": 30, "SEND": 30,
        }  # fmt: skip
        values |= {name.upper(): value for name, value in settings.items()}
        self.log = folder / f"wire-{port}.log"
        with self.log.open("w") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "python:tests.wire.app"],
                cwd=PROJECT_ROOT,
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": os.environ.get("PYTHONPATH", ""),  # where gunicorn_h1c may be
                    "WIRE_BIND": f"127.0.0.1:{port}",
                    **{f"WIRE_{name}": str(value) for name, value in values.items()},
                },
                stdout=sink,
                stderr=sink,
            )
        eventually(self._serves, timeout=60)

    def _serves(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            self.health()
        except ConnectionRefusedError:
            return False
        return True

    def health(self) -> None:
        """Another client is served."""
        with self.client(source="127.0.0.9") as other:
            assert other.ask(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").status == 200

    @contextmanager
    def client(self, **options: Any) -> Iterator[Client]:
        made = Client(self.address, **options)
        try:
            yield made
        finally:
            made.close()

    def ask(self, data: bytes) -> Answer:
        """The only answer to `data`."""
        with self.client() as client:
            return client.ask(data)

    def stop(self) -> None:
        """Waits for nobody."""
        self.process.send_signal(signal.SIGTERM)


@pytest.fixture(scope="session")
def start_wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Wire]]:
    """Starts servers with settings of their own; one with the same settings is started once."""
    running: dict[tuple[Any, ...], Wire] = {}

    def start(**settings: float) -> Wire:
        key = tuple(sorted(settings.items()))
        if key not in running:
            running[key] = Wire(tmp_path_factory.mktemp("wire"), **settings)
        return running[key]

    yield start
    for wire in running.values():
        wire.stop()
    assert [wire.process.wait(WAIT) for wire in running.values()] == [0] * len(running)


@pytest.fixture
def wire(start_wire: Callable[..., Wire]) -> Wire:
    """One with long deadlines."""
    return start_wire()
