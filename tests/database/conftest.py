"""A unit of work and workers of these tests' own, on the real pool; users of embedded servers."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import make_url, text

from marketplace.database.unit_of_work import SqlUnitOfWork
from marketplace.database.worker import Worker
from marketplace.embedded.clusters import discard
from marketplace.embedded.places import home_of
from marketplace.extensions import db
from marketplace.kernel.errors import Conflict
from marketplace.kernel.registry import Registry
from marketplace.testing.databases import execute
from tests.support.postgres import User


class KeyTaken(Conflict):
    code = "key_taken"
    title = "A job has this key"


@dataclass
class Parts:
    """What a test of this layer works with."""

    app: Flask
    registry: Registry
    uow: SqlUnitOfWork
    reported: list[Exception] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)

    def worker(self, threads: int = 1) -> Worker:
        """Not started; stopped at the end of the test."""
        made = Worker(db.engine, self.uow, self.registry, self.scope, self.reported.append, threads)
        self.workers.append(made)
        return made

    def scope(self, _context: dict[str, str], _name: str) -> AbstractContextManager[object]:
        return self.app.app_context()

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """What another connection sees."""
        with db.engine.connect() as connection:
            return list(connection.execute(text(statement), values).all())

    def execute(self, statement: str, **values: Any) -> None:
        with db.engine.begin() as connection:
            connection.execute(text(statement), values)

    def statuses(self) -> list[str]:
        return [status for (status,) in self.rows("SELECT status FROM job ORDER BY id")]


@pytest.fixture
def parts(committed: Flask) -> Iterator[Parts]:
    with committed.app_context():
        registry = Registry()
        uow = SqlUnitOfWork(db.session, registry, {"uq_job_key": KeyTaken}, lambda: {"request_id": "r-1"})
        made = Parts(committed, registry, uow)
        yield made
        for worker in made.workers:
            worker.stop()
        db.session.remove()


@pytest.fixture
def commits(parts: Parts) -> Iterator[list[str]]:
    """Grows by one with each COMMIT that reaches the database."""
    seen: list[str] = []
    with _listening(lambda *_: seen.append("commit")):
        yield seen


@contextmanager
def _listening(note: Callable[..., None]) -> Iterator[None]:
    from sqlalchemy import event

    event.listen(db.engine, "commit", note)
    try:
        yield
    finally:
        event.remove(db.engine, "commit", note)


@pytest.fixture
def use(tmp_path: Path) -> Iterator[Callable[..., User]]:
    """`use(folder)` starts a user of that folder's server; all are gone at the end, and their data too."""
    users: list[User] = []
    homes: set[Path] = set()

    def start(instance: Path, **options: object) -> User:
        homes.add(home_of(instance))
        users.append(User(instance, **options))
        return users[-1]

    yield start
    for user in users:
        user.kill()
    for home in homes:
        discard(home, patience=30)


@contextmanager
def database(server_url: str, template: str) -> Iterator[str]:
    """A database like the template, until the end of the block."""
    name = f"migrations_{uuid4().hex[:12]}"
    execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def empty(server_url: str) -> Iterator[str]:
    """A database without anything."""
    with database(server_url, "template0") as url:
        yield url


@pytest.fixture
def migrated(server_url: str, template: str) -> Iterator[str]:
    """A database at head."""
    with database(server_url, template) as url:
        yield url
