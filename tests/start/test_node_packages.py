"""scripts/node_packages.py: the packages of a lock file, installed once, and clear words when that fails."""

import os
import stat
from pathlib import Path

import pytest

from scripts.node_packages import INSTALL, NoPackages, ready

NPM = """#!/bin/sh
echo "$@" >> "$CALLS"
mkdir -p node_modules
test -z "$REFUSE" || { echo "no such registry" >&2; exit 1; }
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs with an npm that notes how it is called; the real one needs a registry."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"npm": NPM, "node": "#!/bin/sh\necho v18.20.4\n"}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "package"
    found.mkdir()
    (found / "package-lock.json").write_text("{}")
    return found


def test_packages_are_installed_once_and_again_after_a_change_of_the_lock(calls: Path, folder: Path) -> None:
    assert ready(folder) == folder / "node_modules"
    ready(folder)
    assert calls.read_text() == " ".join(INSTALL[1:]) + "\n"
    (folder / "package-lock.json").write_text('{"a": 1}')
    ready(folder)
    assert len(calls.read_text().splitlines()) == 2


def test_a_failed_registry_is_told_and_tried_again(
    calls: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFUSE", "yes")
    for _ in range(2):
        with pytest.raises(NoPackages, match="no such registry"):
            ready(folder)
    assert len(calls.read_text().splitlines()) == 2


def test_a_missing_program_is_told_with_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(NoPackages, match="apt-get install nodejs npm"):
        ready(folder)


def test_an_old_node_is_refused(calls: Path, folder: Path) -> None:
    (calls.parent / "bin" / "node").write_text("#!/bin/sh\necho v16.20.2\n")
    with pytest.raises(NoPackages, match=r"node v16\.20\.2 is too old"):
        ready(folder)
    assert not calls.exists()
