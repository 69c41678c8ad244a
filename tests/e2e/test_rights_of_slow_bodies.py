"""Bodies that stop in the middle hold no connection of the database, and are carried out by nobody who has been
shut out since: with more of them than the pool has connections.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg2
import pytest

from marketplace.database.dsn import libpq_dsn
from marketplace.embedded.users import ensure_running, release
from tests.e2e.conftest import Running
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

PASSWORD = "Correct-Horse-7"
HALF_SENT = 12
BODY = b'{"first_name": "Anna"}'
_WAITING = """SELECT count(*) FILTER (WHERE state LIKE 'idle in transaction%%'), count(*)
    FROM pg_stat_activity WHERE application_name = 'marketplace' AND datname = current_database()"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, launcher: Callable[..., Running]) -> Iterator[Running]:
    """A server whose pool has fewer connections than there are bodies under way."""
    folder = tmp_path_factory.mktemp("small")
    server = launcher(
        folder / "one",
        DATABASE_URL=ensure_running(folder / "database", fsync=False),
        SECRET_KEY="small-" * 10,
        DB_POOL_SIZE="5",
        DB_MAX_OVERFLOW="0",
        WORKER_INSIDE="false",
    )
    yield server
    server.stop()
    release(folder / "database")


def waiting(server: Running) -> tuple[int, int]:
    """Connections that a transaction holds while it does nothing, and all."""
    connection = psycopg2.connect(libpq_dsn(server.environment["DATABASE_URL"]))
    try:
        with connection.cursor() as cursor:
            cursor.execute(_WAITING)
            found: tuple[int, int] = cursor.fetchone()
            return found
    finally:
        connection.close()


def sign_up(server: Running, name: str) -> dict[str, Any]:
    body = {
        "username": name,
        "email": f"{name}@example.org",
        "password": PASSWORD,
        "first_name": "Ann",
        "last_name": "Lee",
    }
    made: dict[str, Any] = server.api("POST", "/user/sign-up", json=body).json()
    return made


def begin(server: Running, token: str) -> socket.socket:
    """An edit of the own profile, all but the last byte of it."""
    host, _, port = server.base.removeprefix("http://").rpartition(":")
    connection = socket.create_connection((host, int(port)), timeout=15)
    head = (
        "PATCH /api/v1/user/me HTTP/1.1\r\nHost: x\r\nIf-Match: *\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    connection.sendall(head.encode() + BODY[:-1])
    return connection


def finish(connection: socket.socket) -> int:
    """The status of what `begin` began."""
    connection.sendall(BODY[-1:])
    with connection.makefile("rb") as stream:
        return int(stream.readline().split()[1])


def test_half_sent_bodies(small: Running) -> None:
    ann, bob = sign_up(small, "ann"), sign_up(small, "bob")
    token = ann["tokens"]["access_token"]
    with ExitStack() as stack:
        connections = [stack.enter_context(begin(small, token)) for _ in range(HALF_SENT)]
        log_in = small.api("POST", "/user/login", json={"login": "bob", "password": PASSWORD})
        assert log_in.status_code == 200
        for _ in range(3):
            assert small.api("GET", "/user/me", token=bob["tokens"]["access_token"]).status_code == 200
            # An answer may be here before its own transaction has ended.
            eventually(lambda: waiting(small)[0] == 0)
        assert finish(connections.pop()) == 200
        assert small.api("POST", "/user/logout", token=token).status_code == 204
        assert {finish(connection) for connection in connections} == {401}
    eventually(lambda: waiting(small)[0] == 0)
