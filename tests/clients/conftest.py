"""A real server, and the clients in a folder of their own, generated from the document that it serves."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from marketplace.config import PROJECT_ROOT
from scripts.node_packages import NoPackages, ready
from tests.e2e.conftest import Running, launch

ADMIN, PASSWORD = "root1", "Correct-Horse-7"
MADE = ("node_modules", "dist", "schema.ts", "rest", "__pycache__", ".mypy_cache")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A program with an admin."""
    running = launch(tmp_path_factory.mktemp("clients") / "instance")
    running.flask(
        *("accounts", "create-admin", "--username", ADMIN),
        *("--email", "root1@example.org", "--password", PASSWORD),
    )
    yield running
    running.stop()


@pytest.fixture(scope="session")
def checkout(server: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `clients/` without what is generated, and the documents of the server in `docs/api`."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(PROJECT_ROOT / "clients", folder / "clients", ignore=shutil.ignore_patterns(*MADE))
    (folder / "docs" / "api").mkdir(parents=True)
    for version in ("v1", "v2"):
        document = requests.get(f"{server.base}/api/{version}/openapi.json", timeout=30).json()
        (folder / "docs" / "api" / f"{version}.json").write_text(json.dumps(document))
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture(scope="session")
def typescript(checkout: Path) -> Path:
    """`clients/typescript` of the copy, with its packages."""
    folder = checkout / "clients" / "typescript"
    try:
        packages = ready(PROJECT_ROOT / "clients" / "typescript")
    except NoPackages as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"needs Node and its packages; CI must have them: {error}")
    # A copy, since a link's programs would look for packages where it leads.
    shutil.copytree(packages, folder / "node_modules", symlinks=True)
    return folder
