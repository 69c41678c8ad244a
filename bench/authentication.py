"""What authentication costs, and what four log-ins at once do to everybody else.

    .venv/bin/python -m bench.authentication

1. A protected request against its unprotected twin, in process, in turns: the difference of the medians is
   what authentication spends. The promise is 1 ms.
2. Four clients log in without pause (Argon2id with the parameters of production) while another one reads; the
   promise is a p95 of the reads under 50 ms.
3. A log-in to a known account against one to an unknown account; the promise is medians within 10 ms.
"""

import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Blueprint, Response
from flask_migrate import upgrade
from werkzeug.test import EnvironBuilder, run_wsgi_app

from marketplace.app import create_app
from marketplace.blueprints.accounts.services.sessions import Device
from marketplace.blueprints.accounts.wiring import Accounts
from marketplace.config import load_settings
from marketplace.embedded.clusters import discard_instance
from marketplace.embedded.users import ensure_running
from marketplace.web.access import public, signed_in

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3000
SECONDS = 8.0
LOGINS_AT_ONCE = 4
PASSWORD = "Correct-Horse-7"
PERSON = {
    "username": "ann",
    "email": "ann@example.org",
    "password": PASSWORD,
    "first_name": "Ann",
    "last_name": "Lee",
}


def twins() -> Blueprint:
    """Two views that do nothing: one for everybody, one for who is signed in."""
    found = Blueprint("bench", __name__)

    @found.get("/bench/open")
    @public
    def open_view() -> Response:
        return Response("ok")

    @found.get("/bench/closed")
    @signed_in
    def closed_view() -> Response:
        return Response("ok")

    return found


def cost_of_a_token(url: str, instance: str) -> None:
    """Print the medians of both twins, and the difference."""
    environ = {"DATABASE_URL": url, "INSTANCE_PATH": instance, "LOG_LEVEL": "WARNING"}
    settings = replace(load_settings(environ), rate_limit_enabled=False)
    app = create_app(settings)
    app.register_blueprint(twins())
    with app.app_context():
        accounts = app.extensions["marketplace"].get(Accounts)
        user_id = accounts.registration.sign_up(PERSON, Device()).user.user.id
        token = accounts.sessions.open(user_id, Device()).access_token

    def request(path: str, headers: dict[str, str]) -> float:
        environ = EnvironBuilder(path, headers=headers).get_environ()
        began = time.perf_counter()
        _, status, _ = run_wsgi_app(app.wsgi_app, environ)
        took = time.perf_counter() - began
        assert status == "200 OK", status
        return took

    taken: dict[str, list[float]] = {"open": [], "closed": []}
    for number in range(ROUNDS + 200):
        for path, headers in (("open", {}), ("closed", {"Authorization": f"Bearer {token}"})):
            took = request(f"/bench/{path}", headers)
            if number >= 200:
                taken[path].append(took)
    unprotected, protected = (statistics.median(taken[path]) * 1000 for path in ("open", "closed"))
    print(f"unprotected request: median {unprotected:.2f} ms")
    print(
        f"protected request:   median {protected:.2f} ms; authentication {protected - unprotected:.2f} ms"
        " (promise: 1)"
    )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Caller:
    """One client with one connection that is kept."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any, float]:
        """(status, JSON, seconds)."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        began = time.perf_counter()
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        raw = answer.read()
        took = time.perf_counter() - began
        return answer.status, json.loads(raw) if raw else None, took


def reads(port: int, token: str, seconds: float) -> list[float]:
    """The times of reads of the own profile, 100 a second at most, in milliseconds."""
    caller, found = Caller(port), []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status, _, took = caller.call("GET", "/api/v1/user/me", token=token)
        assert status == 200, status
        found.append(took * 1000)
        time.sleep(max(0.0, 0.01 - took))
    return found


def told(name: str, found: list[float]) -> None:
    """One line: how many, median and p95."""
    p95 = statistics.quantiles(found, n=20)[-1]
    print(f"{name}: {len(found)} requests, median {statistics.median(found):.1f} ms, p95 {p95:.1f} ms")


def others_beside_logins(url: str, instance: str) -> None:
    """Print what reads take alone, and beside log-ins; and known beside unknown accounts."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": url,
            "INSTANCE_PATH": instance,
            "PORT": str(port),
            "RATE_LIMIT_ENABLED": "false",
            "LOG_LEVEL": "WARNING",
        },
        stderr=subprocess.DEVNULL,
    )
    try:
        caller = Caller(port)
        while True:
            try:
                if caller.call("GET", "/health/ready")[0] == 200:
                    break
            except OSError:
                caller = Caller(port)
                time.sleep(0.1)
        login = {"login": "ann", "password": PASSWORD}
        status, tokens, _ = caller.call("POST", "/api/v1/user/login", login)
        assert status == 200, tokens
        reads(port, tokens["access_token"], 2)
        told("reads alone                  ", reads(port, tokens["access_token"], SECONDS))

        stop = threading.Event()
        logins: list[float] = []

        def log_in() -> None:
            own = Caller(port)
            while not stop.is_set():
                status, answer, took = own.call("POST", "/api/v1/user/login", login)
                assert status == 200, answer
                logins.append(took * 1000)

        threads = [threading.Thread(target=log_in) for _ in range(LOGINS_AT_ONCE)]
        for thread in threads:
            thread.start()
        beside = reads(port, tokens["access_token"], SECONDS)
        stop.set()
        for thread in threads:
            thread.join()
        told(f"reads beside {LOGINS_AT_ONCE} log-ins at once", beside)
        told("those log-ins                ", logins)

        caller = Caller(port)  # the one from before has been idle for too long
        taken: dict[str, list[float]] = {"ann": [], "nobody": []}
        for _ in range(60):
            for name, times in taken.items():
                status, _, took = caller.call(
                    "POST", "/api/v1/user/login", {"login": name, "password": "Wrong-Horse-8"}
                )
                assert status == 401, status
                times.append(took * 1000)
        known, unknown = (statistics.median(taken[name]) for name in ("ann", "nobody"))
        print(f"known account {known:.1f} ms, unknown account {unknown:.1f} ms (promise: within 10)")
    finally:
        server.terminate()
        server.wait(60)


def main() -> None:
    """Both parts, on an embedded PostgreSQL of its own."""
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as folder:
        instance = f"{folder}/instance"
        place = Path(instance)
        place.mkdir()
        url = ensure_running(place)
        try:
            app = create_app(load_settings({"DATABASE_URL": url, "INSTANCE_PATH": instance}))
            with app.app_context():
                upgrade(revision="heads")
            cost_of_a_token(url, instance)
            others_beside_logins(url, instance)
        finally:
            discard_instance(place)


if __name__ == "__main__":
    main()
