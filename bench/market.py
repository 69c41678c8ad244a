"""A database with a demo market for the benchmarks: a new one in a temporary folder, or a given one."""

import argparse
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask.cli import ScriptInfo
from flask_migrate import upgrade
from sqlalchemy import text

from marketplace.app import create_app
from marketplace.config import load_settings
from marketplace.embedded.clusters import discard_instance
from marketplace.embedded.users import ensure_running, release
from marketplace.extensions import db


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def add_arguments(parser: argparse.ArgumentParser, performers: int) -> None:
    """`--performers` or `--instance`."""
    parser.add_argument("--performers", type=int, default=performers)
    parser.add_argument(
        "--instance", type=Path, help="an instance folder whose market is there already, instead of a new one"
    )


@contextmanager
def market(arguments: argparse.Namespace) -> Iterator[Flask]:
    """The program on such a database; a new one is removed at the end."""
    if arguments.instance is not None:
        yield from _on(arguments.instance.resolve(), None)
        return
    with tempfile.TemporaryDirectory(prefix="marketplace-bench-") as folder:
        place = Path(folder) / "instance"
        try:
            yield from _on(place, arguments.performers)
        finally:
            discard_instance(place)


def _on(place: Path, performers: int | None) -> Iterator[Flask]:
    place.mkdir(parents=True, exist_ok=True)
    url = ensure_running(place)
    try:
        settings = {"DATABASE_URL": url, "INSTANCE_PATH": str(place), "LOG_LEVEL": "WARNING"}
        app = create_app(load_settings(settings))
        if performers is not None:
            seed(app, performers)
        yield app
        with app.app_context():
            db.engine.dispose()
    finally:
        release(place)


def seed(app: Flask, performers: int) -> None:
    """The schema, the reference data and the performers; says how long the performers took."""
    with app.app_context():
        upgrade(revision="heads")
    for command in (["catalog", "load"], ["demo", "seed", "--performers", str(performers)]):
        began = time.monotonic()
        app.cli.main(command, obj=ScriptInfo(create_app=lambda: app), standalone_mode=False)
    print(f"seeded {performers:,} performers in {time.monotonic() - began:.0f} s", flush=True)
    with app.app_context(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
