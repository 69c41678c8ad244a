"""Lints the documents with Redocly, Spectral and the AsyncAPI parser: `python -m scripts.lint_documents`.

Outside CI it says why and lets be where there is no Node, or no registry to install the linters from;
tests/contract/test_document_rules.py then still checks the most important rules.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.documents import documents_of, without_database, write
from scripts.node_packages import NoPackages, ready

HOME = Path(__file__).resolve().parent / "lint"
LINT_SECONDS = 120
SILENT = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
"""Redocly's CLI would report its use and look for newer versions."""


@dataclass(frozen=True)
class Finding:
    """One finding of a linter."""

    file: str
    rule: str
    message: str
    where: str

    def __str__(self) -> str:
        return f"{self.file}: {self.rule}: {self.message} ({self.where})"


class LintError(Exception):
    """A linter that could not do its work."""


def lint(folder: Path) -> list[Finding]:
    """The findings in the documents below `folder`. Raises NoPackages and LintError."""
    programs = ready(HOME)
    found: list[Finding] = []
    for file in sorted(folder.glob("*/openapi.json")):
        found.extend(_redocly(programs, file))
        found.extend(_spectral(programs, file))
    found.extend(_asyncapi(sorted(folder.glob("*/asyncapi.json"))))
    return found


def _redocly(programs: Path, file: Path) -> Iterator[Finding]:
    cli = programs / "@redocly" / "cli" / "bin" / "cli.js"
    said = _run(
        *(cli, "lint", file, f"--config={HOME / 'redocly.yaml'}"), "--format=json", "--max-problems=100000"
    )
    for one in said["problems"]:
        yield Finding(_name(file), f"redocly {one['ruleId']}", one["message"], one["location"][0]["pointer"])


def _spectral(programs: Path, file: Path) -> Iterator[Finding]:
    cli = programs / "@stoplight" / "spectral-cli" / "dist" / "index.js"
    said = _run(cli, "lint", file, "--quiet", "--format=json", f"--ruleset={HOME / 'spectral.yaml'}")
    for one in said:
        where = "/".join(map(str, one["path"]))
        yield Finding(_name(file), f"spectral {one['code']}", one["message"], where)


def _asyncapi(files: list[Path]) -> Iterator[Finding]:
    for one in _run(HOME / "asyncapi.mjs", *files):
        yield Finding(_name(Path(one["file"])), f"asyncapi {one['rule']}", one["message"], one["where"])


def _run(*command: object) -> Any:
    """What a program of Node prints, as JSON; its exit code says only that there are findings."""
    done = subprocess.run(
        ["node", *map(str, command)],
        env={**os.environ, **SILENT},
        capture_output=True,
        text=True,
        timeout=LINT_SECONDS,
        check=False,
    )
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise LintError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}") from None


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def main() -> int:
    """Exit code: 1 for findings, or in CI without linters."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        try:
            ready(HOME)
            write(documents_of(without_database(folder / "instance")), folder)
            found = lint(folder)
        except NoPackages as error:
            sys.stderr.write(f"The documents are not linted: {error}\n")
            return 1 if os.environ.get("CI") else 0
        except LintError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    for one in found:
        print(one)
    print(f"Documents: {len(found)} findings of linters")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
