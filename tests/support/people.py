"""People who signed up, what was sent to them, many callers at once: for the tests of several domains."""

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from marketplace.extensions import db
from marketplace.testing import CheckedClient

PASSWORD = "Correct-Horse-7"


class Person:
    """Somebody who signed up, and acts over HTTP."""

    def __init__(self, client: CheckedClient, name: str, *, key: str | None = None, **values: Any) -> None:
        self.client = client
        self.name = name
        body = {
            "username": name,
            "email": f"{name}@example.org",
            "password": PASSWORD,
            "first_name": name.title(),
            "last_name": "Lee",
        }
        headers = {"Idempotency-Key": key} if key else {}
        answer = client.post("/api/v1/user/sign-up", json=body | values, headers=headers)
        assert answer.status_code == 201, answer.json
        self.id: int = answer.json["user"]["id"]
        self.tokens: dict[str, Any] = answer.json["tokens"]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    def call(self, method: str, path: str, **options: Any) -> Any:
        headers = self.headers | options.pop("headers", {})
        return self.client.open(f"/api/v1/user{path}", method=method, headers=headers, **options)

    def me(self) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", "/me").json
        return found

    def confirm_email(self, messages: "Messages") -> None:
        """By the token of the mail of sign-up, signed in."""
        body = {"token": messages.secret("welcome", f"{self.name}@example.org")}
        assert self.call("POST", "/email/verify", json=body).status_code == 204

    def log_in(self, password: str = PASSWORD, **values: Any) -> Any:
        body = {"login": self.name, "password": password, **values}
        return self.client.post("/api/v1/user/login", json=body)


@pytest.fixture
def person(client: CheckedClient) -> Callable[..., Person]:
    """`person("ann", phone=...)` signs somebody up."""

    def sign_up(name: str = "ann", **values: Any) -> Person:
        return Person(client, name, **values)

    return sign_up


class Messages:
    """What was sent since the test began, after the jobs ran."""

    def __init__(self, folder: Path, run_jobs: Callable[[], int]) -> None:
        self._folder = folder
        self._run_jobs = run_jobs
        self._before = set(folder.glob("*.json"))

    def all(self, topic: str | None = None, to: str | None = None) -> list[dict[str, Any]]:
        """In the order of sending."""
        # A read before has left a savepoint open, and what fails later would undo the jobs with it.
        db.session.commit()
        self._run_jobs()
        found = [
            json.loads(path.read_text())
            for path in sorted(self._folder.glob("*.json"))
            if path not in self._before
        ]
        return [m for m in found if topic in (None, m["topic"]) and to in (None, m["to"])]

    def secret(self, topic: str, to: str | None = None) -> str:
        """The token or code of the last message."""
        data = self.all(topic, to)[-1]["data"]
        [value] = data.values()
        return str(value)


@pytest.fixture
def messages(app: Flask, run_jobs: Callable[[], int]) -> Messages:
    return Messages(Path(app.instance_path) / "outbox", run_jobs)


@pytest.fixture
def at_once(committed: Flask) -> Callable[..., list[Any]]:
    """`at_once(20, call)`: `call(client, number)` in as many threads, which start together."""

    def run(count: int, call: Callable[[Any, int], Any]) -> list[Any]:
        barrier = Barrier(count)

        def one(number: int) -> Any:
            client = committed.test_client()
            barrier.wait(30)
            return call(client, number)

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))

    return run


@pytest.fixture
def rows(committed: Flask) -> Callable[[str], list[Any]]:
    def run(statement: str) -> list[Any]:
        with committed.app_context(), db.engine.connect() as connection:
            return list(connection.execute(text(statement)).all())

    return run


def statuses(answers: list[Any]) -> Counter[tuple[int, str | None]]:
    """How often each answer came."""
    return Counter(
        (answer.status_code, answer.json["code"] if answer.status_code >= 400 else None) for answer in answers
    )
