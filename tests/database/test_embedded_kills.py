"""The embedded PostgreSQL after any end: of its server, of what looks after it, of all at once."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from marketplace.embedded.clusters import HomeInUse, discard
from marketplace.embedded.leftovers import SOCKET, disown_files, processes
from marketplace.embedded.places import layout
from marketplace.embedded.server import SERVER_LOCK, SUPERVISOR_LOCK, Server, take
from tests.support.postgres import User, alive, query, server_pid, supervisors
from tests.support.waiting import eventually

Use = Callable[..., User]
SECONDS = 60
NOBODY = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    return tmp_path / "instance"


def all_of(server: Server) -> list[int]:
    found = processes(server)
    return [*found.parents, *found.children]


def kill_all(instance: Path, *users: User) -> None:
    """kill -9 of everything, as when the machine loses its power."""
    server = layout(instance)
    for pid in [*supervisors(instance), *processes(server).parents]:
        os.kill(pid, signal.SIGKILL)
    for user in users:
        user.kill()
    for pid in processes(server).children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    eventually(lambda: not all_of(server))


@pytest.fixture
def stranger() -> Iterator[int]:
    """A process that has nothing to do with us, of the account that runs the server."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, cwd="/", **NOBODY) as process:
        yield process.pid
        assert process.poll() is None, "nobody touches it"


def rows(url: str) -> int:
    """The rows of `kept`; a server that is away says why."""
    found = query(url, "SELECT count(*) FROM kept")
    assert isinstance(found, int)
    return found


def count(url: str) -> int | None:
    """The rows of `kept`; None while the server is away."""
    with contextlib.suppress(psycopg2.OperationalError):
        return rows(url)
    return None


def keep(url: str) -> None:
    """A row that must never be lost."""
    # Without fsync the servers of the tests do not wait for the log by themselves.
    query(
        url,
        "SET synchronous_commit = on; CREATE TABLE IF NOT EXISTS kept (a int); INSERT INTO kept VALUES (1)",
    )


@pytest.mark.parametrize("whose", ["stranger", "neighbour", "nobody"])
def test_a_number_that_somebody_else_has_by_now(
    use: Use, instance: Path, tmp_path: Path, stranger: int, whose: str
) -> None:
    """After kill -9 of all, or a loss of power, both lock files still name the server of before."""
    first = use(instance)
    url = first.said()
    keep(url)
    number = stranger
    if whose == "neighbour":
        use(tmp_path / "neighbour").said()
        number = server_pid(tmp_path / "neighbour")
    kill_all(instance, first)
    server = layout(instance)
    lock, socket_lock = server.data / "postmaster.pid", server.run / f"{SOCKET}.lock"
    for path in (lock, socket_lock):
        _, _, rest = path.read_bytes().partition(b"\n")
        path.write_bytes(b"" if whose == "nobody" else b"%d\n%s" % (number, rest))

    again = use(instance)
    assert again.said() == url
    assert rows(url) == 1
    assert server_pid(instance) not in {number, 0}
    assert alive(number)
    if whose == "neighbour":
        assert server_pid(tmp_path / "neighbour") == number


def test_the_killed_supervisor_is_replaced_and_the_server_comes_back(use: Use, instance: Path) -> None:
    users = [use(instance) for _ in range(3)]
    url = {user.said() for user in users}.pop()
    keep(url)
    for _ in range(2):  # the second one is as good as the first
        before, (supervisor,) = server_pid(instance), supervisors(instance)
        os.kill(supervisor, signal.SIGKILL)
        eventually(lambda before=before: not alive(before), timeout=SECONDS)
        eventually(lambda: count(url) == 1, timeout=SECONDS)
        assert len(processes(layout(instance)).parents) == 1
        assert len(supervisors(instance)) == 1
        assert supervisors(instance) != [supervisor]
    pid = server_pid(instance)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: count(url) == 1 and server_pid(instance) != pid, timeout=SECONDS)
    for user in users:
        user.kill()
    eventually(lambda: not all_of(layout(instance)) and not supervisors(instance), timeout=SECONDS)


def test_no_orphan_goes_on_when_the_server_is_killed(use: Use, instance: Path) -> None:
    """A process that is busy would notice only when it is done; here one is stopped, and never would."""
    url = use(instance).said()
    keep(url)
    busy = psycopg2.connect(url.replace("+psycopg2", ""))
    with busy.cursor() as cursor:
        cursor.execute("INSERT INTO kept VALUES (2)")
    orphan = busy.info.backend_pid
    os.kill(orphan, signal.SIGSTOP)
    os.kill(server_pid(instance), signal.SIGKILL)
    eventually(lambda: count(url) == 1, timeout=SECONDS)
    assert not alive(orphan)
    busy.close()


def test_who_comes_while_the_server_starts_again_waits_for_it(use: Use, instance: Path) -> None:
    url = use(instance).said()
    keep(url)
    os.kill(server_pid(instance), signal.SIGKILL)
    users = [use(instance) for _ in range(2)]
    assert {user.said() for user in users} == {url}
    assert rows(url) == 1
    assert len(supervisors(instance)) == 1


def test_a_second_server_never_starts_on_data_in_use(use: Use, instance: Path) -> None:
    """The lock says so; and were it lost, PostgreSQL still finds the shared memory in use."""
    url = use(instance).said()
    keep(url)
    server = layout(instance)
    assert take(server.home / SERVER_LOCK) is None
    assert take(server.home / SUPERVISOR_LOCK) is None
    with pytest.raises(HomeInUse):
        discard(server.home, patience=0.1)

    pid_file = server.data / "postmaster.pid"
    as_it_was = pid_file.read_bytes()
    held = psycopg2.connect(url.replace("+psycopg2", ""))  # the files of the socket go too
    disown_files(server)
    second = server.execute(
        "postgres",
        "-D",
        str(server.data),
        "-c",
        "listen_addresses=",
        "-c",
        f"unix_socket_directories={server.run}",
    )
    assert second.returncode == 1
    assert "pre-existing shared memory block" in second.stderr
    pid_file.write_bytes(as_it_was)
    with held.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM kept")
        assert cursor.fetchone() == (1,)
    held.close()


def test_users_that_look_on_are_woken_one_by_one(use: Use, instance: Path) -> None:
    """Whoever of several users is first starts the one supervisor; the others find it."""
    users = [use(instance) for _ in range(4)]
    url = {user.said() for user in users}.pop()
    keep(url)
    (supervisor,) = supervisors(instance)
    gone = threading.Event()

    def stop() -> None:
        os.kill(supervisor, signal.SIGKILL)
        gone.set()

    threading.Thread(target=stop).start()
    users[0].kill()  # of all moments in this one
    assert gone.wait(10)
    eventually(lambda: count(url) == 1 and supervisors(instance) not in ([supervisor], []), timeout=SECONDS)
    assert len(supervisors(instance)) == 1
