"""What root's embedded servers leave behind is known by its instance, and removed only when somebody asks."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from marketplace.config import PROJECT_ROOT
from marketplace.embedded import clusters
from marketplace.embedded.clusters import HomeInUse, discard, discard_below, discard_instance
from marketplace.embedded.places import home_of
from marketplace.embedded.users import ensure_running, release

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's homes lie outside of the instance")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Path]:
    """An instance whose server runs."""
    place = tmp_path / "instance"
    ensure_running(place, fsync=False)
    yield place
    discard_instance(place)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """As an operator runs it."""
    return subprocess.run(
        [sys.executable, "-m", "marketplace.embedded.clusters", *arguments],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_home_in_use_stays(instance: Path) -> None:
    with pytest.raises(HomeInUse):
        discard(home_of(instance), patience=0.1)
    assert (home_of(instance) / "data" / "PG_VERSION").exists()


def test_many_discard_one_home_at_once(instance: Path) -> None:
    home = home_of(instance)
    for _ in range(3):
        ensure_running(instance, fsync=False)
        release(instance)
        gate = threading.Barrier(6)

        def remove(_number: int, gate: threading.Barrier = gate) -> None:
            gate.wait(30)
            discard(home)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(remove, range(6)))
        assert not home.exists()


def test_an_instance_is_discarded_and_starts_anew(instance: Path) -> None:
    home = home_of(instance)
    discard_instance(instance)
    assert not home.exists()
    assert not os.path.lexists(instance / "postgres")
    discard_instance(instance)
    ensure_running(instance, fsync=False)
    assert (home / "data" / "PG_VERSION").exists()


@needs_root
def test_what_lies_below_a_folder_goes_and_its_neighbours_stay(instance: Path, tmp_path: Path) -> None:
    neighbour = tmp_path / "instance-2"
    ensure_running(neighbour, fsync=False)
    release(neighbour)
    shutil.rmtree(instance)
    discard_below(instance)
    assert not home_of(instance).exists()
    assert home_of(neighbour).exists()
    discard_below(tmp_path)
    assert not home_of(neighbour).exists()


@needs_root
def test_the_command_lists_and_removes_only_what_it_is_told(instance: Path, tmp_path: Path) -> None:
    home = str(home_of(instance))
    (line,) = [line for line in command().stdout.splitlines() if line.startswith(home)]
    assert str(instance) in line
    assert "in its place" in line
    refused = command("--discard", home)
    assert refused.returncode == 1
    assert refused.stderr == f"the server in {home} is in use: stop its programs first\n"

    release(instance)
    shutil.rmtree(instance)
    (line,) = [line for line in command().stdout.splitlines() if line.startswith(home)]
    assert "instance gone, or not mounted" in line
    assert command("--discard", str(tmp_path)).returncode == 1
    assert command("--discard", home).returncode == 0
    assert home not in command().stdout


def test_a_home_of_before_is_listed_without_its_instance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "0123456789abcdef"
    old.mkdir()
    (old / "users.lock").touch()
    (tmp_path / "programs-1").mkdir()
    monkeypatch.setattr(clusters, "ROOT_HOME", tmp_path)
    (found,) = clusters.homes()
    assert (found.folder, found.instance, found.state) == (old, None, "instance not known")
    discard_below(tmp_path)
    assert old.exists()
