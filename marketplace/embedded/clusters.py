"""The database clusters of servers that root starts: lists them, and removes those that are no longer needed.

`python -m marketplace.embedded.clusters` lists them, and discards the named one. None is removed
automatically: a missing instance folder may lie on a disk that is not mounted.
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

from .places import home_of, socket_folder
from .server import INSTANCE_FILE, ROOT_HOME, SERVER_LOCK, take
from .users import release

STOP_SECONDS = 5.0
"""How long a server may take to stop after its last user has gone."""


class HomeInUse(Exception):
    """The server of this cluster runs; the message says where."""


@dataclass(frozen=True)
class Home:
    """A cluster folder of root, and its instance; None when the instance was not recorded."""

    folder: Path
    instance: Path | None

    @property
    def state(self) -> str:
        """Whether the instance still exists at its place."""
        if self.instance is None:
            return "instance not known"
        return "in its place" if self.instance.is_dir() else "instance gone, or not mounted"


def homes() -> list[Home]:
    """All cluster folders on this machine that root made."""
    return [
        Home(folder, _instance_of(folder))
        for folder in sorted(ROOT_HOME.glob("*"))
        if (folder / "users.lock").exists()
    ]


def discard(home: Path, *, patience: float = STOP_SECONDS) -> None:
    """Remove a cluster with all its data. Raises HomeInUse if its server runs beyond `patience` seconds."""
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
        # While the locks are held, nobody starts the server. Without its file another process was faster.
        if os.fstat(lock.fileno()).st_nlink == 0:
            return
        instance = _instance_of(home)
        # In one step: other processes find all of the folder or nothing.
        going = home.with_name(f".going-{home.name}")
        home.rename(going)
        shutil.rmtree(going)
        if run != home / "run":
            shutil.rmtree(run, ignore_errors=True)
        pointer = instance / "postgres" if instance else home
        if pointer.is_symlink() and pointer.readlink() == home:
            pointer.unlink()


def discard_instance(instance_path: Path) -> None:
    """Release the server of an instance, and remove its cluster. Raises HomeInUse."""
    release(instance_path)
    discard(home_of(instance_path))


def discard_below(folder: Path) -> None:
    """Remove the clusters of root whose instances lie, or lay, below `folder`; those in use stay."""
    folder = folder.resolve()
    for home in homes():
        if home.instance is not None and home.instance.is_relative_to(folder):
            release(home.instance)
            try:
                discard(home.folder, patience=1.0)
            except HomeInUse:
                continue


def _alone(home: Path, users: IO[bytes], held: contextlib.ExitStack) -> bool:
    """Whether nobody uses the server and none of its processes is left over from a kill.

    The locks are held no longer than needed, since the supervisor stops the server when it gets the lock of
    the users.
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
    except (FileNotFoundError, PermissionError):  # others may not read what root made under a strict umask
        return None


def _size(folder: Path) -> int:
    """Bytes on disk; files that vanish while they are counted are left out."""
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            try:
                total += (Path(path) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


def main(arguments: Sequence[str]) -> int:
    """List the clusters, or discard one; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m marketplace.embedded.clusters",
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
