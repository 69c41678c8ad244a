"""The bus over LISTEN/NOTIFY on a real PostgreSQL."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from marketplace.config import PROJECT_ROOT
from marketplace.database.dsn import libpq_dsn
from marketplace.embedded.users import ensure_running
from marketplace.realtime.bus import build_manager
from marketplace.realtime.postgres_bus import MAX_NOTIFY_BYTES, PostgresManager
from marketplace.realtime.pubsub import GAP_EVENT, TIMEOUT_SECONDS, BusManager

from .conftest import SCHEMA, WAIT, Node, execute

MakeNode = Callable[[BusManager], Node]


def test_without_redis_the_bus_is_postgres(bus_url: str) -> None:
    manager = build_manager(bus_url, None)
    assert isinstance(manager, PostgresManager)
    manager.close()


def test_400_messages_arrive_in_order_and_once(bus_url: str, node: MakeNode) -> None:
    here, there = node(build_manager(bus_url, None)), node(build_manager(bus_url, None))
    for number in range(400):
        here.emit({"seq": number})
    expected = [("message:new", {"seq": number}) for number in range(400)]
    assert [there.take() for _ in range(400)] == expected
    assert [here.take() for _ in range(400)] == expected
    there.emit("end")
    assert here.take() == ("message:new", "end")
    assert there.take() == ("message:new", "end")


def test_another_process_without_sockets_publishes(bus_url: str, node: MakeNode) -> None:
    there = node(build_manager(bus_url, None))
    program = (
        "import sys, socketio\n"
        "from marketplace.realtime.bus import build_manager\n"
        "server = socketio.Server(client_manager=build_manager(sys.argv[1], None), async_mode='threading')\n"
        "for seq in range(50): server.emit('message:new', {'seq': seq}, to='r', namespace='/chat')\n"
    )
    subprocess.run([sys.executable, "-c", program, bus_url], cwd=PROJECT_ROOT, check=True, timeout=60)
    assert [there.take() for _ in range(50)] == [("message:new", {"seq": seq}) for seq in range(50)]


@pytest.mark.parametrize("length", [MAX_NOTIFY_BYTES - 400, MAX_NOTIFY_BYTES, 8_001, 200_000])
def test_a_long_payload_goes_through_the_table_in_its_place(
    bus_url: str, node: MakeNode, length: int
) -> None:
    here, there = node(build_manager(bus_url, None)), node(build_manager(bus_url, None))
    here.emit(1)
    here.emit("ж" * (length // 6))
    here.emit(2)
    assert [there.take()[1] for _ in range(3)] == [1, "ж" * (length // 6), 2]


def test_old_long_payloads_are_deleted(bus_url: str, node: MakeNode) -> None:
    here, there = node(build_manager(bus_url, None)), node(build_manager(bus_url, None))
    old = "INSERT INTO realtime_message (payload, created_at) VALUES ('old', now() - interval '11 minutes')"
    execute(bus_url, old)
    here.emit("x" * 9_000)
    there.take()
    assert execute(bus_url, "SELECT count(*) FROM realtime_message WHERE payload = 'old'") == [(0,)]


def test_a_cut_listener_comes_back_and_tells_its_clients(bus_url: str, node: MakeNode) -> None:
    here, there = node(build_manager(bus_url, None)), node(build_manager(bus_url, None))
    execute(
        bus_url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name LIKE 'marketplace-bus%'",
    )
    there.take_until(GAP_EVENT)
    here.emit("after")
    assert there.take_until("message:new") == "after"


def test_a_restart_of_postgres_is_survived(tmp_path: Path, node: MakeNode) -> None:
    url = ensure_running(tmp_path, fsync=False)
    execute(url, SCHEMA)
    here, there = node(build_manager(url, None)), node(build_manager(url, None))
    here.emit("before")
    assert there.take() == ("message:new", "before")
    ((data,),) = execute(url, "SHOW data_directory")
    postmaster = int((Path(str(data)) / "postmaster.pid").read_text().splitlines()[0])
    there.manager.listening.clear()
    os.kill(postmaster, signal.SIGINT)
    there.take_until(GAP_EVENT)
    assert there.manager.listening.wait(WAIT)
    # The publisher may still be leaving the server alone; it says what it drops.
    here.manager._retry_at = 0.0
    here.emit("after")
    assert there.take_until("message:new") == "after"


def test_a_bus_that_is_away_costs_no_time_and_local_sockets_nothing() -> None:
    here = Node(PostgresManager("postgresql://app@127.0.0.1:1/none"))
    began = monotonic()
    for number in range(20):
        here.emit(number)
    assert monotonic() - began < TIMEOUT_SECONDS
    assert [here.take()[1] for _ in range(20)] == list(range(20))
    here.manager.close()
    here.manager.thread.join(WAIT)


def test_a_postgres_that_hangs_is_given_up_after_half_a_second(tmp_path: Path, node: MakeNode) -> None:
    url = ensure_running(tmp_path, fsync=False)
    execute(url, SCHEMA)
    here = node(build_manager(url, None))
    here.emit("before")
    ((backend,),) = execute(
        url, "SELECT pid FROM pg_stat_activity WHERE application_name = 'marketplace-bus-publish'"
    )
    os.kill(int(str(backend)), signal.SIGSTOP)
    try:
        began = monotonic()
        here.emit("while")
        assert TIMEOUT_SECONDS * 0.9 < monotonic() - began < TIMEOUT_SECONDS + 0.4
    finally:
        os.kill(int(str(backend)), signal.SIGCONT)
    assert [here.take()[1] for _ in range(2)] == ["before", "while"]


def test_what_was_dropped_is_told_when_the_bus_is_back(bus_url: str, node: MakeNode) -> None:
    here, there = node(build_manager(bus_url, None)), node(build_manager(bus_url, None))
    right = here.manager._dsn
    here.manager._dsn = "postgresql://app@127.0.0.1:1/none"
    here.emit("lost")
    here.manager._dsn = right
    here.manager._retry_at = 0.0
    here.emit("after")
    assert [there.take() for _ in range(2)] == [(GAP_EVENT, {}), ("message:new", "after")]


def test_the_address_may_be_a_socket_folder() -> None:
    url = "postgresql+psycopg2://app@/marketplace?host=/var/run/a b"
    assert libpq_dsn(url).startswith("postgresql://app@/marketplace?host=%2Fvar%2Frun%2Fa")
