"""A Redis that hangs is asked once, so that a request loses little to it."""

import socket
from contextlib import closing
from pathlib import Path

import pytest
import redis
from flask import Flask

from marketplace.assembly import init_cache
from marketplace.config import Settings
from marketplace.extensions import cache


def test_a_cache_that_hangs_is_asked_once(tmp_path: Path) -> None:
    app = Flask("small")
    with closing(socket.create_server(("127.0.0.1", 0))) as hanging:
        url = f"redis://127.0.0.1:{hanging.getsockname()[1]}/0"
        init_cache(app, Settings(secret_key="s" * 40, instance_path=tmp_path, redis_url=url))
        with app.app_context(), pytest.raises(redis.TimeoutError):
            cache.get("anything")
        hanging.setblocking(False)
        callers = []
        with pytest.raises(BlockingIOError):
            while True:
                callers.append(hanging.accept()[0])
        for caller in callers:
            caller.close()
    assert len(callers) == 1
