"""A Redis that hangs is asked once, so that a request loses little to it."""

import socket
from contextlib import closing, suppress
from pathlib import Path

import pytest
import redis
from flask import Flask

from marketplace.assembly import init_cache
from marketplace.config import Settings
from marketplace.extensions import cache


def waiting_at(server: socket.socket) -> list[socket.socket]:
    """Who has connected."""
    server.setblocking(False)
    found = []
    with suppress(BlockingIOError):
        while True:
            found.append(server.accept()[0])
    for caller in found:
        caller.close()
    return found


def test_a_cache_that_hangs_is_asked_once(tmp_path: Path) -> None:
    app = Flask("small")
    with closing(socket.create_server(("127.0.0.1", 0))) as hanging:
        url = f"redis://127.0.0.1:{hanging.getsockname()[1]}/0"
        init_cache(app, Settings(secret_key="s" * 40, instance_path=tmp_path, redis_url=url))
        with app.app_context(), pytest.raises(redis.TimeoutError):
            cache.get("anything")
        callers = waiting_at(hanging)
    assert len(callers) == 1
