"""A Redis server of a test's own: to stop, to freeze and to start again."""

import os
import shutil
import signal
import socket
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

SERVER = shutil.which("redis-server") or shutil.which("valkey-server")
needs_redis = pytest.mark.skipif(
    SERVER is None and not os.environ.get("CI"), reason="needs redis-server; CI must have it"
)
WAIT = 20


class RedisProcess:
    """A server on a free port that keeps its data in memory, and its Unix socket in `folder`."""

    def __init__(self, folder: Path) -> None:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def unix_url(self) -> str:
        return f"unix://{self._folder}/redis.sock"

    def client(self) -> redis.Redis:
        """A client that waits until the server is up."""
        return redis.Redis.from_url(self.url, retry=Retry(ConstantBackoff(0.05), 200))

    def start(self) -> None:
        assert SERVER is not None, "install redis-server"
        self._process = subprocess.Popen(
            [
                *(SERVER, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""),
                *("--dir", str(self._folder), "--unixsocket", f"{self._folder}/redis.sock"),
            ],
            stdout=subprocess.DEVNULL,
        )
        with self.client() as client:
            client.ping()

    def stop(self) -> None:
        """Kill it, frozen or not; once more does nothing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(WAIT)
            self._process = None

    def freeze(self) -> None:
        """From now on it takes connections, and answers nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        os.kill(self._process.pid, number)
