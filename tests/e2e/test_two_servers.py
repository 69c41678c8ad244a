"""Two servers on one database without Redis: what one of them, or a command, changes falls in both."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from marketplace.database.dsn import libpq_dsn
from marketplace.embedded.users import ensure_running, release
from tests.e2e.conftest import Running
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e

PASSWORD = "Correct-Horse-7"


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, launcher: Callable[..., Running]
) -> Iterator[tuple[Running, Running]]:
    folder = tmp_path_factory.mktemp("pair")
    url = ensure_running(folder / "database", fsync=False)
    servers = [
        launcher(folder / name, DATABASE_URL=url, SECRET_KEY="pair-" * 10, WORKER_INSIDE="true")
        for name in ("one", "two")
    ]
    yield servers[0], servers[1]
    for server in servers:
        server.stop()
    release(folder / "database")


def execute(server: Running, statement: str) -> None:
    """A change that nobody hears of."""
    connection = psycopg2.connect(libpq_dsn(server.environment["DATABASE_URL"]))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def names(server: Running) -> list[str]:
    tree: dict[str, Any] = server.api("GET", "/categories").json()
    return [node["name"] for node in tree["items"]]


def keeps_answers(server: Running) -> bool:
    """Whether a change that nobody told of stays unseen, for longer than the layer before Flask keeps it."""
    name = f"Untold {uuid.uuid4().hex[:8]}"
    before = names(server)
    execute(
        server,
        f"UPDATE category SET names = names || jsonb_build_object('en', '{name}')"
        " WHERE id = (SELECT min(id) FROM category WHERE parent_id IS NULL)",
    )
    try:
        eventually(lambda: name in names(server), timeout=2.5, every=0.25)
    except AssertionError:
        return bool(before)
    return False


def test_a_change_at_one_server_shows_at_the_other(pair: tuple[Running, Running], tmp_path: Path) -> None:
    one, two = pair
    one.flask(
        "accounts", "create-admin", "--username", "root1", "--email", "root1@example.org",
        "--password", PASSWORD,
    )  # fmt: skip
    answer = one.api("POST", "/user/login", json={"login": "root1", "password": PASSWORD})
    token = answer.json()["access_token"]
    eventually(lambda: keeps_answers(two), timeout=30)

    body = {"names": {"en": "Lamplighters"}, "slug": "lamplighters"}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    answer = one.api("POST", "/admin/categories", json=body, token=token, headers=key)
    assert answer.status_code == 201, answer.text
    assert "Lamplighters" in names(one)
    # The kept answer would live for a minute.
    eventually(lambda: "Lamplighters" in names(two), timeout=15)


def test_a_command_shows_at_the_servers(pair: tuple[Running, Running]) -> None:
    eventually(lambda: all(keeps_answers(server) for server in pair), timeout=30)
    pair[0].flask("catalog", "load")
    for server in pair:
        eventually(lambda server=server: not any(name.startswith("Untold") for name in names(server)))
