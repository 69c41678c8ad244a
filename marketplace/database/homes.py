"""Where embedded servers keep their data when root starts them, and how a home that nobody needs is removed.

`python -m marketplace.database.homes` lists them, and discards the one that is named. None is removed by
itself: an instance folder that is gone may lie on a disk that is not mounted.
"""

import argparse
import contextlib
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from marketplace.database.embedded import (
    INSTANCE_FILE,
    ROOT_HOME,
    SERVER_LOCK,
    home_of,
    release,
    socket_folder,
    take,
)

STOP_SECONDS = 5.0
"""How long a server whose last user has just gone may take to stop."""


class HomeInUse(Exception):
    """Its server runs; the message says where."""


@dataclass(frozen=True)
class Home:
    """A home of root's, and the instance that it belongs to; None where that was not noted."""

    folder: Path
    instance: Path | None

    @property
    def state(self) -> str:
        """Whether the instance still is where it was."""
        if self.instance is None:
            return "instance not known"
        return "in its place" if self.instance.is_dir() else "instance gone, or not mounted"


def homes() -> list[Home]:
    """All homes of this machine that root made."""
    return [
        Home(folder, _instance_of(folder))
        for folder in sorted(ROOT_HOME.glob("*"))
        if (folder / "users.lock").exists()
    ]


def discard(home: Path, *, patience: float = STOP_SECONDS) -> None:
    """Remove a home with all its data. Raises HomeInUse while its server runs, after `patience` seconds."""
    run = socket_folder(home)
    try:
        lock = (home / "users.lock").open("rb")
    except FileNotFoundError:
        return
    with lock, contextlib.ExitStack() as held:
        deadline = time.monotonic() + patience
        while not _alone(home, lock, held):
            if time.monotonic() >= deadline:
                raise HomeInUse(f"the server in {home} is in use: stop its programs first")
            time.sleep(0.02)
        # With the locks held nobody starts the server meanwhile. Without its file somebody else was first.
        if os.fstat(lock.fileno()).st_nlink == 0:
            return
        instance = _instance_of(home)
        # In one step: who comes to the name meanwhile finds all of it or nothing.
        going = home.with_name(f".going-{home.name}")
        home.rename(going)
        shutil.rmtree(going)
        if run != home / "run":
            shutil.rmtree(run, ignore_errors=True)
        pointer = instance / "postgres" if instance else home
        if pointer.is_symlink() and pointer.readlink() == home:
            pointer.unlink()


def discard_instance(instance_path: Path) -> None:
    """Give the server of an instance up, and remove its home. Raises HomeInUse."""
    release(instance_path)
    discard(home_of(instance_path))


def discard_below(folder: Path) -> None:
    """Remove the homes of root's whose instances lie, or lay, below `folder`; those in use stay."""
    folder = folder.resolve()
    for home in homes():
        if home.instance is not None and home.instance.is_relative_to(folder):
            release(home.instance)
            try:
                discard(home.folder, patience=1.0)
            except HomeInUse:
                continue


def _alone(home: Path, users: IO[bytes], held: contextlib.ExitStack) -> bool:
    """Whether nobody uses the server, and none of its processes is left, as may be where all else was killed.

    Not for a moment longer than needed do we stand in the way of the supervisor, which stops the server when
    it gets the lock of the users.
    """
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    if os.fstat(users.fileno()).st_nlink == 0:
        return True
    server = take(home / SERVER_LOCK)
    if server is None:
        fcntl.flock(users, fcntl.LOCK_UN)
        return False
    held.enter_context(server)
    return True


def _instance_of(home: Path) -> Path | None:
    try:
        return Path(os.fsdecode((home / INSTANCE_FILE).read_bytes()))
    except FileNotFoundError:
        return None


def _size(folder: Path) -> int:
    """Bytes on disk, as far as the files stay while they are counted."""
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            try:
                total += (Path(path) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


def main(arguments: Sequence[str]) -> int:
    """List the homes, or discard one; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m marketplace.database.homes",
        description=f"The databases of embedded servers below {ROOT_HOME}.",
    )
    parser.add_argument("--discard", metavar="HOME", type=Path, help="remove this home with all its data")
    wanted: Path | None = parser.parse_args(arguments).discard
    known = homes()
    if wanted is None:
        for home in known:
            size = _size(home.folder) // 1_000_000
            sys.stdout.write(f"{home.folder}  {size} MB  {home.instance or '-'}  ({home.state})\n")
        return 0
    if wanted.resolve() not in {home.folder for home in known}:
        sys.stderr.write(f"{wanted} is no home below {ROOT_HOME}\n")
        return 1
    try:
        discard(wanted.resolve())
    except (HomeInUse, PermissionError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Removed {wanted}.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
