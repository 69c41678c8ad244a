"""The program without one of its shortcuts, by the plain way in its place, for bench/shortcuts.py.

BENCH_WITHOUT=microcache gunicorn 'bench.without:make()'
"""

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import structlog
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from werkzeug.test import create_environ

from marketplace.app import create_app
from marketplace.database import prepared
from marketplace.extensions import limiter
from marketplace.web.application import Application
from marketplace.web.caching.microcache import Microcache
from marketplace.web.limits import budgets, callers
from marketplace.web.observability import logs, redaction
from marketplace.web.observability.metrics import Metrics
from marketplace.web.server import worker


def _replace(old: Any, new: Any) -> None:
    """In every module that has imported it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("marketplace"):
            for key, value in list(vars(module).items()):
                if value is old:
                    setattr(module, key, new)


def _microcache() -> None:
    def call(self: Any, environ: Any, start_response: Any) -> Any:
        return self._behind(environ, start_response)

    Microcache.__call__ = call


def _prepared() -> None:
    prepared._execute_prepared = Connection.exec_driver_sql  # noqa: SLF001 - as above


@contextmanager
def _in_a_transaction(session: Session) -> Iterator[Connection]:
    yield session.connection()


def _autocommit() -> None:
    _replace(prepared.read_connection, _in_a_transaction)


def _log_lines() -> None:
    logger = structlog.stdlib.get_logger(logs.REQUESTS)
    own = {"event", "level", "logger", "timestamp", "request_id"}

    def handle(level: int, event: Any) -> None:
        logger.log(level, event["event"], **{key: event[key] for key in event.keys() - own})

    logs._handle = handle  # noqa: SLF001 - as above


def _log_lock() -> None:
    logs.StderrHandler.handle = logging.Handler.handle


def _quick_look() -> None:
    redaction._SUSPICIOUS = re.compile("")  # noqa: SLF001 - as above


def _default_budget() -> None:
    init = limiter.init_app

    def init_app(app: Flask) -> None:
        app.config["RATELIMIT_DEFAULT"] = "100000000/minute"
        init(app)

    limiter.init_app = init_app
    limiter._key_func = callers.caller_key  # noqa: SLF001 - as above


def _default_budget_after(app: Flask) -> None:
    hooks = app.before_request_funcs[None]
    hooks[hooks.index(budgets._spend_default)] = limiter._check_request_limit  # noqa: SLF001 - as above


def _networks() -> None:
    _replace(callers.network_of, callers.network_of.__wrapped__)


def _no_sessions() -> None:
    Application.session_interface = SecureCookieSessionInterface()


def _labels() -> None:
    def observe(self: Metrics, method: str, route: str, status: int, seconds: float) -> None:
        self.requests.labels(method, route, str(status)).inc()
        self.latency.labels(method, route, str(status)).observe(seconds)

    Metrics.observe = observe


def _staying() -> None:
    worker.REQUESTS_A_TURN = 1


OF_THE_SERVER = ("log_lock", "staying")
"""What shows only where threads answer, behind the server."""
SHORTCUTS: dict[str, tuple[str, Callable[[], None]]] = {
    "microcache": ("kept answers before Flask", _microcache),
    "prepared": ("prepared statements", _prepared),
    "autocommit": ("connections that commit by themselves, prepared statements", _autocommit),
    "default_budget": ("default budget without Flask-Limiter", _default_budget),
    "log_lines": ("request lines past structlog's chain", _log_lines),
    "log_lock": ("log lines without a lock", _log_lock),
    "quick_look": ("one look before seven patterns of secrets", _quick_look),
    "networks": ("networks of addresses remembered", _networks),
    "labels": ("children of the metrics remembered", _labels),
    "no_sessions": ("no cookie sessions", _no_sessions),
    "staying": ("a thread stays for prompt clients", _staying),
}
"""name -> what it is, and how to do without it."""


def make() -> Flask:
    """The program without the shortcut that BENCH_WITHOUT names, or with all."""
    name = os.environ.get("BENCH_WITHOUT", "")
    if name:
        SHORTCUTS[name][1]()
    made = create_app()
    if name == "default_budget":
        _default_budget_after(made)
    return made


def answer(made: Flask, environ: dict[str, Any]) -> None:
    """One request."""
    told: list[str] = []
    pieces = made.wsgi_app(environ, lambda status, *_: told.append(status))
    for _ in pieces:
        pass
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
    if told != ["200 OK"]:
        raise SystemExit(f"{environ['QUERY_STRING']}: {told}")


def main() -> None:
    """Until there are no more lines."""
    made = make()
    lines = Path(os.environ["BENCH_ADDRESSES"]).read_text().splitlines()
    many = cycle(lines)
    for turn in sys.stdin:
        kind, count = turn.split()
        queries = [lines[0] if kind == "one" else next(many) for _ in range(int(count))]
        environs = [create_environ("/api/v1/performers", query_string=query) for query in queries]
        for environ in environs:
            environ["REMOTE_ADDR"] = "127.0.0.1"
        began = time.process_time()
        for environ in environs:
            answer(made, environ)
        print((time.process_time() - began) / int(count) * 1e6, flush=True)


if __name__ == "__main__":
    main()
