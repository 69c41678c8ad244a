"""The bus over a real Redis."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from marketplace.realtime.bus import build_manager
from marketplace.realtime.pubsub import GAP_EVENT, TIMEOUT_SECONDS, BusManager
from marketplace.realtime.redis_bus import RedisBusManager
from tests.support.redis import RedisProcess, needs_redis

from .conftest import WAIT, Node

MakeNode = Callable[[BusManager], Node]
pytestmark = needs_redis


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path)
    process.start()
    yield process
    process.stop()


def test_400_messages_arrive_in_order_and_once(server: RedisProcess, node: MakeNode) -> None:
    here, there = (node(build_manager("postgresql://unused/", server.url)) for _ in range(2))
    for number in range(400):
        here.emit({"seq": number, "text": "x" * 100})
    expected = [{"seq": number, "text": "x" * 100} for number in range(400)]
    assert [there.take()[1] for _ in range(400)] == expected
    assert [here.take()[1] for _ in range(400)] == expected


def test_a_killed_redis_is_survived(server: RedisProcess, node: MakeNode) -> None:
    here, there = (node(RedisBusManager(server.url)) for _ in range(2))
    server.stop()
    began = monotonic()
    for number in range(20):
        here.emit(number)
    assert monotonic() - began < TIMEOUT_SECONDS
    assert [here.take()[1] for _ in range(20)] == list(range(20))
    server.start()
    there.take_until(GAP_EVENT)
    here.manager._retry_at = 0.0
    here.emit("after")
    assert there.take_until("message:new") == "after"


def test_a_redis_that_hangs_is_given_up_after_half_a_second() -> None:
    with closing(socket.socket()) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        here = Node(RedisBusManager(f"redis://127.0.0.1:{silent.getsockname()[1]}/0"))
        began = monotonic()
        for number in range(20):
            here.emit(number)
        assert monotonic() - began < TIMEOUT_SECONDS + 0.2
        here.manager.close()
        here.manager.thread.join(WAIT)
