"""The stage of the matrix, built once a module: a row starts from the same people as the one before."""

from collections.abc import Iterator

import pytest
from flask import Flask

from marketplace.extensions import db
from marketplace.kernel.clock import FrozenClock
from marketplace.testing import START
from marketplace.testing.databases import rolled_back
from tests.rights.scenario import Stage, build_stage


@pytest.fixture(scope="module")
def stage(app: Flask, frozen_clock: FrozenClock) -> Iterator[Stage]:
    """The people of the matrix, signed in; all of it is rolled back at the end."""
    frozen_clock.set(START)
    with app.app_context():
        engine = db.engine
    with rolled_back(app) as connection:
        # Readiness checks run in threads, which must not share this one.
        connection.connect = engine.connect  # type: ignore[attr-defined]  # as the engine has it
        yield build_stage(app, connection)
