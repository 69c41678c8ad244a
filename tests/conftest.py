"""Our tests use the kit of plugins; here is what they need besides: no network, no deadlocks, real commits."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from marketplace.extensions import db, limiter
from marketplace.kernel.clock import FrozenClock
from marketplace.models import Base
from marketplace.web.caching import topics
from tests.support import sentences
from tests.support.postgres import deadlocks

pytest_plugins = ["marketplace.testing"]

_real_connect = socket.socket.connect


def _local_only(self: socket.socket, address: object) -> None:
    if self.family != socket.AF_UNIX:
        host = str(address[0]) if isinstance(address, tuple) else str(address)
        if not (host.startswith("127.") or host in {"::1", "localhost"}):
            raise AssertionError(f"a test tried to reach {host}")
    _real_connect(self, address)  # type: ignore[arg-type]  # as socket.connect


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Nothing but this machine may be reached."""
    socket.socket.connect = _local_only  # type: ignore[method-assign]  # undone below
    yield
    socket.socket.connect = _real_connect  # type: ignore[method-assign]  # as it was


@pytest.fixture(autouse=True, scope="session")
def _no_deadlocks(shared_dir: Path, discarded: None) -> Iterator[None]:
    """A deadlock that no test made on purpose fails the run, although the program has answered 409, since
    real callers would meet it too.
    """
    yield
    found = deadlocks(shared_dir)
    assert not found, f"deadlocks in the servers' logs: {found}"


@pytest.fixture(autouse=True)
def _all_translated(request: pytest.FixtureRequest) -> Iterator[None]:
    """A sentence that a test was told and that nobody has translated fails the test."""
    if "app" not in request.fixturenames:
        yield
        return
    found = sentences.watched(request.getfixturevalue("app"))
    found.clear()
    yield
    assert not found, "run `make catalogs` and translate"


@pytest.fixture
def committed(app: Flask, clock: FrozenClock) -> Iterator[Flask]:
    """The app on its real pool, for tests with threads; what they commit is removed afterwards."""
    limiter.enabled = False
    with app.app_context():
        topics.clear()
    yield app
    with app.app_context():
        db.session.remove()
        tables = ", ".join(f'"{table.name}"' for table in reversed(Base.metadata.sorted_tables))
        with db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE audit_log DISABLE TRIGGER USER"))
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
            connection.execute(text("ALTER TABLE audit_log ENABLE TRIGGER USER"))
