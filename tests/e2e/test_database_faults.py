"""A PostgreSQL that hangs, or restarts under load: 503 in time, and nothing fails after its return."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import pytest
import requests

from marketplace.embedded.leftovers import processes
from marketplace.embedded.places import layout
from marketplace.embedded.users import ensure_running
from tests.e2e.conftest import Running, launch
from tests.support.postgres import query
from tests.support.waiting import eventually

pytestmark = pytest.mark.e2e
SECONDS = 60  # on a busy machine; promised are 5
PERSON = {"password": "Correct-Horse-7", "first_name": "Ann", "last_name": "Lee"}


def database_of(server: Running) -> tuple[list[int], list[int]]:
    found = processes(layout(server.instance))
    return found.parents, found.children


def send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One program for these tests, which limits nobody: each request is to reach the database."""
    running = launch(tmp_path_factory.mktemp("faults") / "instance", RATE_LIMIT_ENABLED="false")
    yield running
    if running.process.poll() is None:
        running.stop()


@contextmanager
def hung(server: Running) -> Iterator[None]:
    """All processes of the server's PostgreSQL stand still; those that accept connections first."""
    parents, _ = database_of(server)
    send(parents, signal.SIGSTOP)
    _, children = database_of(server)
    send(children, signal.SIGSTOP)
    try:
        yield
    finally:
        send(children + parents, signal.SIGCONT)


def sign_up(server: Running, name: str) -> requests.Response:
    body = {**PERSON, "username": name, "email": f"{name}@example.org"}
    return server.api("POST", "/user/sign-up", json=body)


def status(call: Callable[[], requests.Response]) -> int:
    """Of an answer; 0 without one."""
    try:
        return call().status_code
    except requests.RequestException:
        return 0


def at_once(calls: dict[str, Callable[[], requests.Response]]) -> dict[str, Any]:
    """What each call answers, all asked at the same time."""
    answers: dict[str, Any] = {}

    def ask(name: str, call: Callable[[], requests.Response]) -> None:
        answers[name] = call()

    threads = [threading.Thread(target=ask, args=item) for item in calls.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return answers


def test_a_database_that_hangs(server: Running) -> None:
    signed = sign_up(server, "before")
    assert signed.status_code == 201
    token = signed.json()["tokens"]["access_token"]
    assert server.api("GET", "/performers").status_code == 200
    calls = {
        "rights": lambda: server.api("GET", "/user/me", token=token),
        "write": lambda: sign_up(server, "during"),
        # Not asked for before: neither cache has it.
        "read": lambda: server.api("GET", "/performers?limit=7"),
        "the same read": lambda: server.api("GET", "/performers?limit=7"),
        "ready": lambda: requests.get(f"{server.base}/health/ready", timeout=15),
        "health": lambda: requests.get(f"{server.base}/health", timeout=15),
    }
    with hung(server):
        # Twice: connections of the pools that stand still, then none.
        for _ in range(2):
            answers = at_once(calls)
            assert set(answers) == set(calls)
            assert answers.pop("health").status_code == 200
            for name, answer in answers.items():
                assert (answer.status_code, name) == (503, name), answer.text
                assert int(answer.headers["Retry-After"]) > 0
                assert answer.elapsed.total_seconds() < 10, name  # 5 on a quiet machine
    eventually(lambda: status(lambda: sign_up(server, "after")) == 201, timeout=SECONDS)
    eventually(lambda: requests.get(f"{server.base}/health/ready", timeout=15).ok, timeout=SECONDS)
    for name, call in calls.items():
        assert call().status_code in {200, 201, 409}, name


def test_a_restart_under_load(server: Running) -> None:
    """Four callers go on while all backends are ended, and then the server itself, which comes back."""
    signed = sign_up(server, "caller")
    assert signed.status_code == 201, signed.text
    token = signed.json()["tokens"]["access_token"]
    counts: Counter[int] = Counter()
    later: Counter[int] = Counter()
    stop, returned = threading.Event(), threading.Event()

    def call(number: int) -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            seen = later if returned.is_set() else counts
            for method, path, body in (
                ("GET", "/user/me", None),
                ("GET", f"/performers?limit={turn % 90 + 1}", None),
                ("POST", "/user/login", {"login": "caller", "password": PERSON["password"]}),
                ("POST", "/user/password/forgot", {"email": f"u{number}@example.org"}),
            ):
                answer = server.api(method, path, token=token, json=body)
                seen[answer.status_code] += 1
                assert answer.status_code < 500 or answer.status_code == 503, answer.text
            stop.wait(0.02)

    def answered(count: int) -> bool:
        return sum(counts.values()) + sum(later.values()) >= count or bool(failures)

    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            call(number)
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        for many in (40, 60, 80):
            eventually(partial(answered, many), timeout=SECONDS)
            connections = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'marketplace'"
            query(ensure_running(server.instance), connections)
        (parent,), _ = database_of(server)
        send([parent], signal.SIGINT)
        eventually(lambda: database_of(server)[0] not in ([parent], []), timeout=SECONDS)
        eventually(lambda: requests.get(f"{server.base}/health/ready", timeout=15).ok, timeout=SECONDS)
        returned.set()
        eventually(partial(answered, sum(counts.values()) + 60), timeout=SECONDS)
    finally:
        stop.set()
        for thread in threads:
            thread.join(SECONDS)
    assert not failures, failures
    assert not any(code >= 500 for code in later), later
    assert 500 not in counts
    assert "unhandled exception" not in server.log.read_text()
