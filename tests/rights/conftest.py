"""The stage of the matrix, built once a module: a row starts from the same people as the one before."""

from collections.abc import Iterator

import pytest
from flask import Flask

from marketplace.extensions import db, limiter
from marketplace.kernel.clock import FrozenClock
from tests.conftest import START
from tests.rights.scenario import Stage, build_stage


@pytest.fixture(scope="module")
def stage(app: Flask, frozen_clock: FrozenClock) -> Iterator[Stage]:
    """The people of the matrix, signed in; all of it is rolled back at the end."""
    frozen_clock.set(START)
    limiter.enabled = False
    with app.app_context():
        engines = db._app_engines[app]
        engine = engines[None]
        connection = engine.connect()
        transaction = connection.begin()
        # Readiness checks run in threads, which must not share this one.
        connection.connect = engine.connect  # type: ignore[attr-defined]  # as the engine has it
        engines[None] = connection  # type: ignore[assignment]  # a connection serves as well
        try:
            yield build_stage(app, connection)
        finally:
            db.session.remove()
            engines[None] = engine
            transaction.rollback()
            connection.close()
