"""Preparations of `make run` and `make demo`: the database, its tables, the reference data."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask_migrate import upgrade

from marketplace.app import create_app
from marketplace.blueprints.catalog.wiring import catalog
from marketplace.blueprints.operations.adapters import DatabaseCheck, MigrationsCheck
from marketplace.config import Settings
from marketplace.embedded.places import home_of
from marketplace.embedded.users import ensure_running
from marketplace.extensions import db

STEPS = 5
"""Steps of a first start; scripts/environment.py takes the first two, before there is anything to import."""


def prepare(settings: Settings) -> None:
    """Prepare the database for serving. Steps that are already done print nothing."""
    if settings.database_url is None and not (home_of(settings.instance_path) / "data").exists():
        with step(3, "Database server", 3):
            ensure_running(settings.instance_path)
    app = create_app(settings)
    # Thirty lines from Alembic say less than one of ours.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        with app.app_context():
            with step(4, "Tables", 3, told=DatabaseCheck()() is None and MigrationsCheck()() is not None):
                # When the database does not answer, it prints one line and exits with 1.
                upgrade(revision="heads")
            reference = catalog().reference
            with step(5, "Categories and cities of the world", 5, told=not reference.is_loaded()):
                reference.load(if_changed=True)
    finally:
        with app.app_context():
            db.engine.dispose()


@contextmanager
def step(number: int, name: str, seconds: int, *, told: bool = True) -> Iterator[None]:
    """Say that a step begins and how long it usually takes, then how long it took."""
    began = time.monotonic()
    if told:
        say(f"[{number}/{STEPS}] {name} ({seconds} s) ..")
    try:
        yield
    except BaseException:
        if told:
            say("\n")
        raise
    if told:
        say(f" {time.monotonic() - began:.0f} s\n")


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
