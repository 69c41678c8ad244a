"""A database for a plugin that is installed by itself."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from marketplace.testing.databases import execute


@pytest.fixture
def empty_database(server_url: str) -> Iterator[str]:
    """A database without tables."""
    name = f"plugin_{os.getpid()}"
    execute(server_url, f'CREATE DATABASE "{name}"')
    yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')
