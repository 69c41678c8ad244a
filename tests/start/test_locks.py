"""The lock files are whole: installing them asks an index for nothing that they do not name."""

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from marketplace.config import PROJECT_ROOT
from scripts import environment
from tests.support.wheels import make_wheel

LOCKS = sorted(path.name for path in PROJECT_ROOT.glob("requirements*.txt"))


def locked(name: str) -> dict[str, Requirement]:
    """The requirements of a lock file, by name."""
    lines = (PROJECT_ROOT / name).read_text().replace("\\\n", "").splitlines()
    found = [Requirement(line.split(" --hash")[0]) for line in lines if line and line[0] not in " #"]
    return {one.name: one for one in found}


def needed_by(name: str, version: str) -> list[str]:
    """What a package says that it requires, where this environment has it."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return []
    return (found.requires or []) if found.version == version else []


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the pip that this Python ships with, the oldest that anybody has who runs it: 23.2.1
    in Python 3.11.7.
    """
    folder = tmp_path_factory.mktemp("bundled") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
    return folder / "bin" / "python"


@pytest.mark.parametrize("name", LOCKS)
def test_an_index_with_the_locked_versions_alone_is_enough(name: str, bundled: Path, tmp_path: Path) -> None:
    """The packages are stand-ins that require what the real ones do, so that pip would look it up."""
    index = tmp_path / "index"
    index.mkdir()
    lines = []
    for one in locked(name).values():
        version = str(one.specifier).removeprefix("==")
        digest = make_wheel(index, one.name, version, needed_by(one.name, version))
        lines.append(f"{one} --hash=sha256:{digest}\n")
    lock = tmp_path / "lock.txt"
    lock.write_text("".join(lines))
    result = subprocess.run(
        [
            *environment.pip_command(bundled),
            *environment.EXACTLY,
            *("--dry-run", "--no-index", "--find-links", str(index), "-r", str(lock)),
        ],
        env={"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""


def test_what_is_installed_goes_together() -> None:
    """This environment is that of requirements-dev.txt, which has all others but moto's."""
    result = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "name", [name for name in LOCKS if name not in {"requirements-s3.txt", "requirements-h1c.txt"}]
)
def test_development_has_what_the_program_has(name: str) -> None:
    """Else `make run` after `make test` would run with other versions, or none."""
    ours, development = locked(name), locked("requirements-dev.txt")
    assert {key: str(one.specifier) for key, one in ours.items()} == {
        key: str(development[key].specifier) if key in development else None for key in ours
    }


@pytest.mark.parametrize("path", ["README.md", "docs/operators.md", "CONTRIBUTING.md", "bench/README.md"])
def test_the_commands_in_documents_look_nothing_up(path: str) -> None:
    """`pip install -r` of a lock file without --no-deps asks the index what else there is by now."""
    text = (PROJECT_ROOT / path).read_text()
    commands = re.findall(r"pip install[^`\n]*-r requirements[^`\n]*", text)
    assert all(set(environment.EXACTLY) <= set(command.split()) for command in commands), commands
    assert commands or path not in {"README.md", "docs/operators.md"}
