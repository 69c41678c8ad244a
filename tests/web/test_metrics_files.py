"""Metrics never end a process: where there is no room for their files, it goes on without them."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import values

from marketplace.web.observability import metrics_files

_COUNT = """
import signal, sys
from prometheus_client import CollectorRegistry, Counter
from marketplace.web.observability import metrics_files
counter = Counter("steps", "Steps.", ("name",), registry=CollectorRegistry())
for number in range(int(sys.argv[1])):
    counter.labels(f"a-name-that-takes-room-{number:060}").inc()
print("counted")
"""


def count(folder: Path, names: int, **limits: int) -> str:
    """What a process says that counts `names` things in files of `folder`."""
    done = subprocess.run(
        [sys.executable, "-c", _COUNT, str(names)],
        env={**os.environ, metrics_files.VARIABLE: str(folder)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limits["size"],) * 2))
        if "size" in limits
        else None,
    )
    assert done.returncode == 0, f"{done.returncode}: {done.stderr}"
    return done.stdout


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 80 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=80k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if made.returncode:
        assert not os.environ.get("CI"), made.stderr
        pytest.skip("only root can make a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_ends_nobody(small_disk: Path) -> None:
    (small_disk / "full").write_bytes(bytes(40 * 1024))
    assert count(small_disk, 3) == "counted\n"
    assert list(small_disk.glob("*.db*")) == []


def test_a_disk_that_fills_up_ends_nobody(small_disk: Path) -> None:
    assert count(small_disk, 1000) == "counted\n"
    (file,) = small_disk.glob("*.db")
    assert file.stat().st_size == metrics_files.FILE_BYTES


def test_a_limit_of_file_sizes_ends_nobody(tmp_path: Path) -> None:
    assert count(tmp_path, 1000, size=70 * 1024) == "counted\n"


def test_files_have_their_blocks(tmp_path: Path) -> None:
    count(tmp_path, 1000)
    (file,) = tmp_path.glob("*.db")
    found = file.stat()
    assert found.st_size > metrics_files.FILE_BYTES
    assert found.st_blocks * 512 >= found.st_size


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Where folders are tried: memory, then TMPDIR."""
    found = [tmp_path / "memory", tmp_path / "disk"]
    for place in found:
        place.mkdir()
    monkeypatch.setattr(metrics_files, "SHARED_MEMORY", found[0])
    monkeypatch.setattr("tempfile.tempdir", str(found[1]))
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setattr(metrics_files, "_held", [])
    monkeypatch.setenv(metrics_files.VARIABLE, "")
    yield found
    for lock in metrics_files._held:
        lock.close()


def test_a_folder_lies_in_memory_and_is_forgotten(places: list[Path]) -> None:
    folder = metrics_files.share()
    assert folder is not None
    assert folder.parent == places[0]
    assert os.environ[metrics_files.VARIABLE] == str(folder)
    assert metrics_files.is_shared()
    metrics_files.forget(folder)
    assert not folder.exists()


def test_folders_of_the_killed_are_removed_and_those_of_the_living_stay(places: list[Path]) -> None:
    mine = metrics_files.share()
    dead = [places[0] / f"{metrics_files.PREFIX}{name}" for name in ("half-removed", "killed")]
    for folder in dead:
        folder.mkdir()
        (folder / "counter_1.db").touch()
    (dead[1] / "in-use").touch()
    theirs = metrics_files.share()
    assert mine is not None
    assert theirs is not None
    assert [folder.exists() for folder in (mine, theirs, *dead)] == [True, True, False, False]


def test_without_room_in_memory_the_folder_lies_in_tmpdir_and_else_nowhere(
    places: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_files, "SHARED_MEMORY", places[0] / "absent")
    folder = metrics_files.share()
    assert folder is not None
    assert folder.parent == places[1]
    monkeypatch.setattr("tempfile.tempdir", str(places[1] / "absent"))
    assert metrics_files.share() is None
    assert metrics_files.VARIABLE not in os.environ
