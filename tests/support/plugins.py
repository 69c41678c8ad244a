"""Plugins as packages: an environment with one installed, and what it runs there."""

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketplace.config import PROJECT_ROOT
from marketplace.testing.databases import FLASK_SECONDS
from tests.support.document_rules import findings

PRINT_DOCUMENT = """
from marketplace import create_app

print(create_app().test_client().get("/api/v1/openapi.json").get_data(as_text=True))
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment with our packages and one plugin, installed as its author does it."""

    folder: Path
    database_url: str

    @property
    def python(self) -> str:
        return str(self.folder / "venv" / "bin" / "python")

    def run(self, *arguments: str) -> str:
        """What Python says to these arguments; a failure fails the test."""
        return succeed(
            [self.python, *arguments],
            {
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "DATABASE_URL": self.database_url,
                "INSTANCE_PATH": str(self.folder / "instance"),
                "LOG_LEVEL": "ERROR",
            },
        )

    def flask(self, *arguments: str) -> str:
        return self.run("-m", "flask", "--app", "wsgi", *arguments)


def install(folder: Path, source: Path, database_url: str) -> Environment:
    """An environment in `folder` with the plugin in `source`, by `pip install -e`, without a network."""
    made = Environment(folder, database_url)
    succeed([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")])
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    # Our packages and the program, which is not installed: that would write into the checkout.
    (site / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n{PROJECT_ROOT}\n")
    pip = [sys.executable, "-m", "pip", "--python", made.python, "install", "--quiet", "--no-index"]
    succeed([*pip, "--no-deps", "--no-build-isolation", "-e", str(source)])
    return made


def tool(name: str) -> str:
    """A program of the environment that the tests run in."""
    return str(Path(sysconfig.get_path("scripts")) / name)


def check_types(package: Path, tests: Path) -> None:
    """mypy finds nothing, told of the package as the program is: by the folder that it stands in."""
    environment = {"PATH": os.environ["PATH"], "MYPYPATH": str(package.parent)}
    succeed([tool("mypy"), "--strict", str(package), str(tests)], environment)


def check_document(installed: Environment, name: str) -> dict[str, Any]:
    """The document, which describes all that the plugin serves, as it does for the program's own operations."""
    document: dict[str, Any] = json.loads(installed.run("-c", PRINT_DOCUMENT).splitlines()[-1])
    assert [path for path in document["paths"] if path.startswith(f"/api/v1/{name}")]
    assert [str(one) for one in findings(document) if name in one.where.lower()] == []
    return document


def succeed(command: list[str], environment: dict[str, str] | None = None) -> str:
    result = subprocess.run(
        command,
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=2 * FLASK_SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout
